package kernel

import "fmt"

// A Conv is the shape of a two-dimensional convolution (a cross-correlation, as in torch.nn.functional.conv2d):
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

func (s Conv) check() {
	if s.Images < 0 || s.Height < 0 || s.Width < 0 || s.In < 0 || s.Out < 0 || s.Kernel < 1 || s.Stride < 1 || s.Pad < 0 {
		panic(fmt.Sprintf("kernel: bad convolution %+v", s))
	}
}

func (s Conv) lenX() int { return s.Images * s.Height * s.Width * s.In }
func (s Conv) lenY() int { return s.Images * s.OutHeight() * s.OutWidth() * s.Out }
func (s Conv) lenW() int { return s.Out * s.In * s.Kernel * s.Kernel }

func checkLen(op, name string, v []float32, n int) {
	if len(v) != n {
		panic(fmt.Sprintf("kernel: %s: %s has %d elements, its shape needs %d", op, name, len(v), n))
	}
}

// Forward computes y from x, w and bias; where relu is set, negative elements of y become 0 and NaN stays.
func (s Conv) Forward(t *Team, x, w, bias, y []float32, relu bool) {
	s.check()
	checkLen("Conv.Forward", "x", x, s.lenX())
	checkLen("Conv.Forward", "w", w, s.lenW())
	checkLen("Conv.Forward", "bias", bias, s.Out)
	checkLen("Conv.Forward", "y", y, s.lenY())
	oh, ow, taps := s.OutHeight(), s.OutWidth(), s.Kernel*s.Kernel
	t.Run(s.Images*oh, func(task, _ int) {
		n, oy := task/oh, task%oh
		for ox := range ow {
			out := y[((n*oh+oy)*ow+ox)*s.Out:][:s.Out]
			copy(out, bias)
			for tap := range taps {
				iy, ix := oy*s.Stride+tap/s.Kernel-s.Pad, ox*s.Stride+tap%s.Kernel-s.Pad
				if iy < 0 || iy >= s.Height || ix < 0 || ix >= s.Width {
					continue
				}
				in := x[((n*s.Height+iy)*s.Width+ix)*s.In:][:s.In]
				for o := range out {
					wo := w[o*s.In*taps+tap:]
					sum := out[o]
					for c, v := range in {
						sum += v * wo[c*taps]
					}
					out[o] = sum
				}
			}
			if relu {
				for o, v := range out {
					if v < 0 {
						out[o] = 0
					}
				}
			}
		}
	})
}

// BackwardData computes dx, the gradient of x, from dy and w.
func (s Conv) BackwardData(t *Team, dy, w, dx []float32) {
	s.check()
	checkLen("Conv.BackwardData", "dy", dy, s.lenY())
	checkLen("Conv.BackwardData", "w", w, s.lenW())
	checkLen("Conv.BackwardData", "dx", dx, s.lenX())
	oh, ow, taps := s.OutHeight(), s.OutWidth(), s.Kernel*s.Kernel
	t.Run(s.Images*s.Height, func(task, _ int) {
		n, iy := task/s.Height, task%s.Height
		for ix := range s.Width {
			out := dx[((n*s.Height+iy)*s.Width+ix)*s.In:][:s.In]
			clear(out)
			for tap := range taps {
				oy, ox := iy+s.Pad-tap/s.Kernel, ix+s.Pad-tap%s.Kernel
				if oy < 0 || ox < 0 || oy%s.Stride != 0 || ox%s.Stride != 0 || oy/s.Stride >= oh || ox/s.Stride >= ow {
					continue
				}
				in := dy[((n*oh+oy/s.Stride)*ow+ox/s.Stride)*s.Out:][:s.Out]
				for o, v := range in {
					wo := w[o*s.In*taps+tap:]
					for c := range out {
						out[c] += v * wo[c*taps]
					}
				}
			}
		}
	})
}

// BackwardWeights computes dw and db, the gradients of w and bias, from x and dy; with accumulate it adds them to what
// dw and db hold.
func (s Conv) BackwardWeights(t *Team, x, dy, dw, db []float32, accumulate bool) {
	s.check()
	checkLen("Conv.BackwardWeights", "x", x, s.lenX())
	checkLen("Conv.BackwardWeights", "dy", dy, s.lenY())
	checkLen("Conv.BackwardWeights", "dw", dw, s.lenW())
	checkLen("Conv.BackwardWeights", "db", db, s.Out)
	oh, ow, taps := s.OutHeight(), s.OutWidth(), s.Kernel*s.Kernel
	t.Run(s.Out, func(o, _ int) {
		out := dw[o*s.In*taps:][:s.In*taps]
		if !accumulate {
			clear(out)
			db[o] = 0
		}
		for n := range s.Images {
			for oy := range oh {
				for ox := range ow {
					g := dy[((n*oh+oy)*ow+ox)*s.Out+o]
					db[o] += g
					for tap := range taps {
						iy, ix := oy*s.Stride+tap/s.Kernel-s.Pad, ox*s.Stride+tap%s.Kernel-s.Pad
						if iy < 0 || iy >= s.Height || ix < 0 || ix >= s.Width {
							continue
						}
						for c, v := range x[((n*s.Height+iy)*s.Width+ix)*s.In:][:s.In] {
							out[c*taps+tap] += g * v
						}
					}
				}
			}
		}
	})
}
