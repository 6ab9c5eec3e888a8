package wire

import (
	"math"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// Messages that the protobuf module knows are read back by it.
func TestMessage(t *testing.T) {
	var m Message
	m.Int(1, -5)
	var i wrapperspb.Int64Value
	if err := proto.Unmarshal(m, &i); err != nil || i.Value != -5 {
		t.Errorf("Int: %v, %v", i.Value, err)
	}
	m = nil
	m.Float(1, 1.5)
	var f wrapperspb.FloatValue
	if err := proto.Unmarshal(m, &f); err != nil || f.Value != 1.5 {
		t.Errorf("Float: %v, %v", f.Value, err)
	}
	m = nil
	m.Double(1, math.Pi)
	var d wrapperspb.DoubleValue
	if err := proto.Unmarshal(m, &d); err != nil || d.Value != math.Pi {
		t.Errorf("Double: %v, %v", d.Value, err)
	}

	// A list of two values in a struct of structpb, the second one's bytes after its head.
	var a, b, values Message
	a.String(3, "x")
	b.Double(2, 2)
	values.Bytes(1, a)
	values.Head(1, int64(len(b)))
	values = append(values, b...)
	var list structpb.ListValue
	if err := proto.Unmarshal(values, &list); err != nil || len(list.Values) != 2 || list.Values[0].GetStringValue() != "x" || list.Values[1].GetNumberValue() != 2 {
		t.Errorf("Bytes, Head: %v, %v", &list, err)
	}

	m = nil
	m.Doubles(7, []float64{1, 2})
	if want := "\x3a\x10\x00\x00\x00\x00\x00\x00\xf0\x3f\x00\x00\x00\x00\x00\x00\x00\x40"; string(m) != want {
		t.Errorf("Doubles: %x, want %x", string(m), want)
	}
}
