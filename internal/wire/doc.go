// Package wire writes messages of Protocol Buffers field by field, for formats of which this program needs a few
// messages only (ONNX, TensorBoard's events). It does without generated code: that needs protoc, and a model as a
// generated message would hold its weights twice in memory, while what is written here can be followed by data that is
// streamed. Each call shows a field's number and type, to be laid beside the format's description.
//
//	m.String(2, "x")  ──>  tag (2<<3 | bytes), length, "x"
package wire
