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
	s.algorithm().forward(s, t, x, w, bias, y, relu)
}

// BackwardData computes dx, the gradient of x, from dy and w.
func (s Conv) BackwardData(t *Team, dy, w, dx []float32) {
	s.want("Conv.BackwardData", dx, w, dy)
	s.algorithm().backwardData(s, t, dy, w, dx)
}

// BackwardWeights computes dw and db, the gradients of w and bias, from x and dy; with accumulate it adds them to what
// dw and db hold.
func (s Conv) BackwardWeights(t *Team, x, dy, dw, db []float32, accumulate bool) {
	s.want("Conv.BackwardWeights", x, dw, dy)
	wantLength("Conv.BackwardWeights", "db", len(db), s.Out)
	s.algorithm().backwardWeights(s, t, x, dy, dw, db, accumulate)
}

// convAlgorithm is a way to compute a convolution and its gradients.
type convAlgorithm struct {
	name            string
	supports        func(s Conv) bool
	forward         func(s Conv, t *Team, x, w, bias, y []float32, relu bool)
	backwardData    func(s Conv, t *Team, dy, w, dx []float32)
	backwardWeights func(s Conv, t *Team, x, dy, dw, db []float32, accumulate bool)
}

// convAlgorithms lists them, the preferred first; the last supports every shape.
func convAlgorithms() []convAlgorithm {
	return []convAlgorithm{{
		name:            "direct",
		supports:        func(Conv) bool { return true },
		forward:         Conv.directForward,
		backwardData:    Conv.directBackwardData,
		backwardWeights: Conv.directBackwardWeights,
	}}
}

// algorithm returns the first that supports the shape.
func (s Conv) algorithm() convAlgorithm {
	for _, a := range convAlgorithms() {
		if a.supports(s) {
			return a
		}
	}
	panic(fmt.Sprintf("kernel: no algorithm for %+v", s))
}

// want panics unless the shape makes sense and activations and weights have its lengths.
func (s Conv) want(op string, x, w, y []float32) {
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
	wantLength(op, "output or its gradient", len(y), s.Images*s.OutHeight()*s.OutWidth()*s.Out)
}
