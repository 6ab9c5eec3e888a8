// Package op holds the operations of the network as gorgonia Ops. Each is a thin wrapper: shapes and the
// symbolic gradient are here, the arithmetic is in internal/kernel.
//
// # Conventions
//
// Activations are float32 and NHWC ([images][height][width][channels]) or [images][features]; parameters have
// torch's layout (convolution [out][in][ky][kx], dense [out][in]). A graph is built for a capacity of images;
// at run time every op works on the first Runtime.Images of them (Start sets it), so that one compiled graph serves full
// batches, short ones and micro-batches.
//
// An op owns its output buffer, so a step allocates nothing. Buffers may share memory: ops whose
// slots have the same name get places in the same memory, which is right as long as the graph's order keeps their lives apart. The backward
// chain of a path is totally ordered (the gradient to the weights runs before the gradient to the data, see
// below), so two slots, written in turn, serve a whole path.
//
// # Gradients
//
// Grad (symbolic differentiation) asks each op for the nodes of its gradient. For a layer y = relu(x*w + b)
// they are
//
//	mask = dy where y > 0              in place in dy's buffer; left out where the layer above, a convolution, did it in its dx
//	dw   = gradient to the weights     (x, mask)
//	db   = gradient to the bias        left by dw, so it has dw as its child
//	dx   = gradient to the data        (mask, w), with dw as an extra child that fixes the order
//
// The gradient of an image whose triplets all have a hinge of zero is zero. The backward ops therefore work on the first
// Runtime.Active images, those that Narrow, called by the first of them, brings to the front of every map that they read: an
// op that reads a map of the forward pass declares it with Keep. Without an active image they run no kernel.
//
// A layer whose input needs no gradient (the picture, or all below it is frozen) has no dx; a frozen parameter
// has no dw and db.
//
// Read op.go first, then layer.go, unary.go and narrow.go; block.go is two layers in one.
package op
