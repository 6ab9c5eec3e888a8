package onnx

import (
	"encoding/binary"
	"io"
	"math"
	"path/filepath"

	"google.golang.org/protobuf/encoding/protowire"

	"deeprank/internal/atomicfile"
	"deeprank/internal/wire"
)

// maxMessage is protobuf's limit of a message, less something for what other programs add.
const maxMessage = 2<<30 - 1<<20

// Write writes the model to path. Where it is too large for one file, its weights go to path.data, and the second
// result is that path; the two belong together by name. Each file is there whole or, after an error, as it was before.
func (m *Model) Write(path string) (data string, err error) { return m.write(path, maxMessage) }

func (m *Model) write(path string, limit int64) (data string, err error) {
	if graph, heads := m.parts(""); m.size(graph, heads, false) <= limit {
		return "", atomicfile.Write(path, func(w io.Writer) error { return m.encode(w, graph, heads, true) })
	}
	data = path + ".data"
	if err := atomicfile.Write(data, func(w io.Writer) error {
		at := int64(0)
		for _, i := range m.initializers {
			if _, err := w.Write(make([]byte, aligned(at)-at)); err != nil {
				return err
			}
			at = aligned(at) + i.bytes()
			if err := writeFloats(w, i.data); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return "", err
	}
	graph, heads := m.parts(filepath.Base(data))
	return data, atomicfile.Write(path, func(w io.Writer) error { return m.encode(w, graph, heads, false) })
}

// aligned is the next place in the file of weights where a tensor may begin; pages can then be mapped.
func aligned(at int64) int64 {
	const page = 4096
	return (at + page - 1) / page * page
}

// parts are the graph without initialisers, and the head of each initialiser.
func (m *Model) parts(external string) (graph wire.Message, heads []wire.Message) {
	at := int64(0)
	for _, i := range m.initializers {
		at = aligned(at)
		heads = append(heads, i.head(external, at))
		at += i.bytes()
	}
	return m.graph(), heads
}

// initializerField is GraphProto.initializer, graphField ModelProto.graph.
const initializerField, graphField = 5, 7

// size is the length of the graph, with the weights in it or in another file.
func (m *Model) size(graph wire.Message, heads []wire.Message, external bool) int64 {
	n := int64(len(graph))
	for k, h := range heads {
		tensor := int64(len(h))
		if !external {
			tensor += m.initializers[k].bytes()
		}
		n += int64(protowire.SizeTag(initializerField)) + int64(protowire.SizeVarint(uint64(tensor))) + tensor
	}
	return n
}

func (m *Model) encode(w io.Writer, graph wire.Message, heads []wire.Message, inside bool) error {
	b := m.head()
	b.Head(graphField, m.size(graph, heads, !inside))
	b = append(b, graph...)
	for k, h := range heads {
		n := int64(len(h))
		if inside {
			n += m.initializers[k].bytes()
		}
		b.Head(initializerField, n)
		b = append(b, h...)
		if _, err := w.Write(b); err != nil {
			return err
		}
		b = b[:0]
		if inside {
			if err := writeFloats(w, m.initializers[k].data); err != nil {
				return err
			}
		}
	}
	_, err := w.Write(b)
	return err
}

// writeFloats writes little-endian float32.
func writeFloats(w io.Writer, v []float32) error {
	const piece = 1 << 14
	buf := make([]byte, 0, 4*piece)
	for len(v) > 0 {
		part := v[:min(piece, len(v))]
		v = v[len(part):]
		buf = buf[:0]
		for _, x := range part {
			buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(x))
		}
		if _, err := w.Write(buf); err != nil {
			return err
		}
	}
	return nil
}
