package kernel

import "fmt"

// A Conv is the shape of a two-dimensional convolution (a cross-correlation, as torch.nn.functional.conv2d):
//
//	y[n][oy][ox][o] = bias[o] + sum over ky, kx, c of x[n][oy*Stride+ky-Pad][ox*Stride+kx-Pad][c] * w[o][c][ky][kx]
//
// with x zero outside the image. Activations are NHWC: x [Images][Height][Width][In], y [Images][OutHeight][OutWidth][Out].
// The parameters are in torch's layout: w [Out][In][Kernel][Kernel], bias [Out].
type Conv struct{ Images, Height, Width, In, Out, Kernel, Stride, Pad int }

// OutHeight returns the height of y.
func (s Conv) OutHeight() int { return outSize(s.Height, s.Kernel, s.Stride, s.Pad) }

// OutWidth returns the width of y.
func (s Conv) OutWidth() int { return outSize(s.Width, s.Kernel, s.Stride, s.Pad) }

// outSize counts the places of a window along one side, 0 where it does not fit.
func outSize(in, kernel, stride, pad int) int {
	if in+2*pad < kernel {
		return 0
	}
	return (in+2*pad-kernel)/stride + 1
}

// Forward computes y from x, w and bias; where relu is set, negative elements of y become 0 and NaN stays.
func (s Conv) Forward(t *Team, x, w, bias, y []float32, relu bool) {
	s.want("Conv.Forward", x, w, y)
	wantLength("Conv.Forward", "bias", len(bias), s.Out)
	s.algorithm(t, ForwardPass).forward(s, t, x, w, bias, y, relu)
}

// ForwardPool is Forward with ReLU and then max pooling by 2x2, without a place for the map in between: y is
// [Images][OutHeight/2][OutWidth/2][Out], index as [Pool.Forward] gives it, and both have the bits that Forward and
// Pool.Forward give. OutHeight and OutWidth are even.
func (s Conv) ForwardPool(t *Team, x, w, bias, y []float32, index []uint8) {
	s.wantInputs("Conv.ForwardPool", x, w)
	wantLength("Conv.ForwardPool", "bias", len(bias), s.Out)
	wantLength("Conv.ForwardPool", "output", len(y), s.Images*(s.OutHeight()/2)*(s.OutWidth()/2)*s.Out)
	wantLength("Conv.ForwardPool", "index", len(index), len(y))
	if s.OutHeight()%2 != 0 || s.OutWidth()%2 != 0 {
		panic(fmt.Sprintf("kernel: Conv.ForwardPool: %d x %d outputs, want even sides", s.OutHeight(), s.OutWidth()))
	}
	s.algorithm(t, ForwardPass).forwardPool(s, t, x, w, bias, y, index)
}

// BackwardData computes dx, the gradient of x, from dy and w.
func (s Conv) BackwardData(t *Team, dy, w, dx []float32) { s.BackwardDataMasked(t, dy, w, nil, dx) }

// BackwardDataMasked is BackwardData where x is itself the output of a ReLU, and the gradient that of the ReLU's input: dx
// is 0 where x is not above 0. Without x, nil, nothing is masked.
func (s Conv) BackwardDataMasked(t *Team, dy, w, x, dx []float32) {
	s.want("Conv.BackwardData", dx, w, dy)
	if x != nil {
		wantLength("Conv.BackwardDataMasked", "x", len(x), len(dx))
	}
	s.algorithm(t, DataPass).backwardData(s, t, dy, w, x, dx)
}

// BackwardWeights computes dw and db, the gradients of w and bias, from x and dy; with accumulate it adds them to what
// dw and db hold.
func (s Conv) BackwardWeights(t *Team, x, dy, dw, db []float32, accumulate bool) {
	s.want("Conv.BackwardWeights", x, dw, dy)
	wantLength("Conv.BackwardWeights", "db", len(db), s.Out)
	s.algorithm(t, WeightsPass).backwardWeights(s, t, x, dy, dw, db, accumulate)
}

// Exact makes all convolutions direct, which is slower and loses fewer bits; Exact(false) chooses by shape again.
func (t *Team) Exact(on bool) { t.exact = on }

// A Pass is what is computed of a convolution.
type Pass int

// The passes: forward, and the gradients to the input and to the weights.
const (
	ForwardPass Pass = iota
	DataPass
	WeightsPass
)

// Algorithm names the algorithm that the team uses for a pass: winograd or direct.
func (s Conv) Algorithm(t *Team, p Pass) string { return s.algorithm(t, p).name }

// convAlgorithm is a way to compute a convolution and its gradients.
type convAlgorithm struct {
	name            string
	supports        func(s Conv, p Pass) bool // can compute it
	wins            func(s Conv, p Pass) bool // is faster than those after it, where it supports the shape
	forward         func(s Conv, t *Team, x, w, bias, y []float32, relu bool)
	forwardPool     func(s Conv, t *Team, x, w, bias, y []float32, index []uint8)
	backwardData    func(s Conv, t *Team, dy, w, x, dx []float32)
	backwardWeights func(s Conv, t *Team, x, dy, dw, db []float32, accumulate bool)
}

// convAlgorithms lists them, the preferred first; the last supports every shape.
func convAlgorithms() []convAlgorithm {
	always := func(Conv, Pass) bool { return true }
	return []convAlgorithm{
		{
			name:            "winograd",
			supports:        Conv.winogradSupports,
			wins:            Conv.winogradWins,
			forward:         Conv.winogradForward,
			forwardPool:     Conv.winogradForwardPool,
			backwardData:    Conv.winogradBackwardData,
			backwardWeights: Conv.winogradBackwardWeights,
		},
		{
			name:            "direct",
			supports:        always,
			wins:            always,
			forward:         Conv.directForward,
			forwardPool:     Conv.directForwardPool,
			backwardData:    Conv.directBackwardData,
			backwardWeights: Conv.directBackwardWeights,
		},
	}
}

// algorithm returns the first that supports the shape and wins there.
func (s Conv) algorithm(t *Team, p Pass) convAlgorithm {
	list := convAlgorithms()
	for _, a := range list {
		if !t.exact && a.supports(s, p) && a.wins(s, p) {
			return a
		}
	}
	return list[len(list)-1]
}

// want panics unless the shape makes sense and activations and weights have its lengths.
func (s Conv) want(op string, x, w, y []float32) {
	s.wantInputs(op, x, w)
	wantLength(op, "output or its gradient", len(y), s.Images*s.OutHeight()*s.OutWidth()*s.Out)
}

// wantInputs is want without the output.
func (s Conv) wantInputs(op string, x, w []float32) {
	for _, d := range []struct {
		name         string
		have, lowest int
	}{
		{"Images", s.Images, 0}, {"Height", s.Height, 0}, {"Width", s.Width, 0}, {"In", s.In, 0}, {"Out", s.Out, 0},
		{"Kernel", s.Kernel, 1}, {"Stride", s.Stride, 1}, {"Pad", s.Pad, 0},
	} {
		wantShape(op, d.name, d.have, d.lowest)
	}
	wantLength(op, "input or its gradient", len(x), s.Images*s.Height*s.Width*s.In)
	wantLength(op, "weights or their gradient", len(w), s.Out*s.In*s.Kernel*s.Kernel)
}
