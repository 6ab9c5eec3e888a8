// Package reference defines the operations of package kernel: the same names and shapes as plain loops in float64, one
// thread, written to be read beside the formula and never tuned. Tests compare the kernels with it, forward results
// directly, and check both against Gradient, central differences of the forward operations.
//
// Activations are NHWC; parameters lie as in torch: convolutions [out][in][kernel][kernel], dense layers [out][in].
//
// Nothing but tests should import it. Start with conv.go.
package reference
