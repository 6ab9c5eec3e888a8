package onnx

import (
	"strconv"

	"deeprank/internal/wire"
)

// Versions of the format: onnxruntime has read both since 1.14 (2023).
const (
	irVersion = 8
	opset     = 17
)

// dataType is TensorProto.DataType.
type dataType int64

const (
	float32Type dataType = 1
	uint8Type   dataType = 2
)

// Model is what a file holds.
type Model struct {
	Producer, Version string
	Doc               string
	Metadata          []Property

	name         string
	nodes        []node
	initializers []initializer
	input        value
	output       value
}

// Property is a key of a model's metadata and its value.
type Property struct{ Key, Value string }

// node is one operator.
type node struct {
	op, name        string
	inputs, outputs []string
	attributes      []attribute
}

// attribute is an int64, a float32 or a []int64 by its name.
type attribute struct {
	name  string
	value any
}

// initializer is a tensor of the graph with fixed values.
type initializer struct {
	name  string
	shape []int
	data  []float32
}

// value is an input or output; a side of 0 is free and is called by its batch name.
type value struct {
	name  string
	kind  dataType
	shape []int
}

const batchName = "N"

// Values of AttributeProto.type.
const (
	attributeFloat = 1
	attributeInt   = 2
	attributeInts  = 7
)

func (a attribute) encode() wire.Message { // AttributeProto
	var m wire.Message
	m.String(1, a.name)
	switch v := a.value.(type) {
	case float32:
		m.Float(2, v)
		m.Int(20, attributeFloat)
	case int:
		m.Int(3, int64(v))
		m.Int(20, attributeInt)
	case []int:
		for _, i := range v {
			m.Int(8, int64(i))
		}
		m.Int(20, attributeInts)
	}
	return m
}

func (n node) encode() wire.Message { // NodeProto
	var m wire.Message
	for _, s := range n.inputs {
		m.String(1, s)
	}
	for _, s := range n.outputs {
		m.String(2, s)
	}
	m.String(3, n.name)
	m.String(4, n.op)
	for _, a := range n.attributes {
		m.Bytes(5, a.encode())
	}
	return m
}

func (v value) encode() wire.Message { // ValueInfoProto
	var shape wire.Message // TensorShapeProto
	for _, side := range v.shape {
		var dim wire.Message
		if side == 0 {
			dim.String(2, batchName)
		} else {
			dim.Int(1, int64(side))
		}
		shape.Bytes(1, dim)
	}
	var tensor, kind, m wire.Message // TypeProto.Tensor, TypeProto
	tensor.Int(1, int64(v.kind))
	tensor.Bytes(2, shape)
	kind.Bytes(1, tensor)
	m.String(1, v.name)
	m.Bytes(2, kind)
	return m
}

// bytes is the length of the values.
func (i initializer) bytes() int64 { return 4 * int64(len(i.data)) }

// head is a TensorProto up to its values, which follow it; those in another file have their place there instead.
func (i initializer) head(external string, offset int64) wire.Message {
	var m wire.Message
	for _, side := range i.shape {
		m.Int(1, int64(side))
	}
	m.Int(2, int64(float32Type))
	m.String(8, i.name)
	if external == "" {
		m.Head(9, i.bytes())
		return m
	}
	for _, p := range []Property{
		{"location", external}, {"offset", strconv.FormatInt(offset, 10)}, {"length", strconv.FormatInt(i.bytes(), 10)},
	} {
		m.Bytes(13, p.encode())
	}
	const externalLocation = 1
	m.Int(14, externalLocation)
	return m
}

func (p Property) encode() wire.Message { // StringStringEntryProto
	var m wire.Message
	m.String(1, p.Key)
	m.String(2, p.Value)
	return m
}

// graph is a GraphProto without its initialisers.
func (m *Model) graph() wire.Message {
	var g wire.Message
	for _, n := range m.nodes {
		g.Bytes(1, n.encode())
	}
	g.String(2, m.name)
	g.Bytes(11, m.input.encode())
	g.Bytes(12, m.output.encode())
	return g
}

// head is a ModelProto without its graph.
func (m *Model) head() wire.Message {
	var b, set wire.Message
	b.Int(1, irVersion)
	b.String(2, m.Producer)
	b.String(3, m.Version)
	b.String(6, m.Doc)
	set.String(1, "") // OperatorSetIdProto: ONNX's own operators
	set.Int(2, opset)
	b.Bytes(8, set)
	for _, p := range m.Metadata {
		b.Bytes(14, p.encode())
	}
	return b
}
