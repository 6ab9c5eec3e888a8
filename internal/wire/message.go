package wire

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Message is the encoded form of a message; its methods append one field.
type Message []byte

// Int appends an int32, int64, uint64, bool or enum.
func (m *Message) Int(field protowire.Number, v int64) {
	*m = protowire.AppendVarint(protowire.AppendTag(*m, field, protowire.VarintType), uint64(v))
}

// Float appends a float.
func (m *Message) Float(field protowire.Number, v float32) {
	*m = protowire.AppendFixed32(protowire.AppendTag(*m, field, protowire.Fixed32Type), math.Float32bits(v))
}

// Double appends a double.
func (m *Message) Double(field protowire.Number, v float64) {
	*m = protowire.AppendFixed64(protowire.AppendTag(*m, field, protowire.Fixed64Type), math.Float64bits(v))
}

// String appends a string.
func (m *Message) String(field protowire.Number, v string) {
	*m = protowire.AppendString(protowire.AppendTag(*m, field, protowire.BytesType), v)
}

// Bytes appends bytes, or a message.
func (m *Message) Bytes(field protowire.Number, v []byte) {
	*m = protowire.AppendBytes(protowire.AppendTag(*m, field, protowire.BytesType), v)
}

// Head appends the beginning of bytes or a message of n bytes, which are to follow.
func (m *Message) Head(field protowire.Number, n int64) {
	*m = protowire.AppendVarint(protowire.AppendTag(*m, field, protowire.BytesType), uint64(n))
}

// Doubles appends a packed list of doubles.
func (m *Message) Doubles(field protowire.Number, vs []float64) {
	m.Head(field, int64(8*len(vs)))
	for _, v := range vs {
		*m = protowire.AppendFixed64(*m, math.Float64bits(v))
	}
}
