// Package optim changes a model's parameters by their gradients: SGD and AdamW as PyTorch computes them, the norm of all
// gradients, and schedules for the learning rate.
//
// A step has three parts that stay apart: the caller computes gradients into Param.Grad; GradNorm and ClipScale say by how
// much they are too long; Optimizer.Step applies them. Between the first and the second is where gradients of several
// machines can be summed.
//
// All parameters are taken as one row of blocks of at most blockElements, a block never spanning two parameters:
//
//	features.0.weight | features.0.bias | features.2.weight ...
//	[ 0 ][ 1 ][ 2 ]     [ 3 ]             [ 4 ][ 5 ] ...
//
// A step is one pass over these blocks, which reads each gradient once and writes parameters and state once; it is bound by
// memory: SGD with momentum moves 20 bytes a parameter, AdamW 28. Blocks follow from the shapes alone, so that any number
// of threads gives the same bits.
//
// Start reading with Optimizer in optim.go, then SGD in sgd.go.
package optim
