// Package onnx writes the network as an ONNX model (https://onnx.ai), which onnxruntime and many other programs run.
//
//	model.Weights ── Tower ──> Model (nodes, initialisers) ── Write ──> model.onnx
//
// The graph is that of package model, in ONNX's layout NCHW, of operators that have been there since opset 13 (2021):
//
//	pixels uint8 [N][S][S][3] ─ Cast ─ Transpose ─ /255 - mean, / deviation ─┐    with preprocessing
//	images float [N][3][S][S] ───────────────────────────────────────────────┴─ tower ─ embedding float [N][E]
//
// N is free. A file is one protobuf message, whose limit is 2 GiB: weights beyond that lie in a second file beside it,
// as ONNX's "external data". The weights are streamed from the network's own memory.
//
// Start with tower.go; format.go has the messages, write.go the files.
package onnx
