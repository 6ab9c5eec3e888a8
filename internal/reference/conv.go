package reference

// Conv is a convolution as torch.nn.functional.conv2d; x is NHWC, w [Out][In][Kernel][Kernel].
type Conv struct{ Images, Height, Width, In, Out, Kernel, Stride, Pad int }

// OutHeight counts the windows down.
func (s Conv) OutHeight() int { return windows(s.Height, s.Kernel, s.Stride, s.Pad) }

// OutWidth counts the windows across.
func (s Conv) OutWidth() int { return windows(s.Width, s.Kernel, s.Stride, s.Pad) }

// each calls f for every product of the sum: y[yi] has x[xi]*w[wi] in it.
func (s Conv) each(f func(yi, xi, wi int)) {
	oh, ow := s.OutHeight(), s.OutWidth()
	for n := range s.Images {
		for oy := range oh {
			for ox := range ow {
				for o := range s.Out {
					for c := range s.In {
						for ky := range s.Kernel {
							for kx := range s.Kernel {
								iy, ix := oy*s.Stride+ky-s.Pad, ox*s.Stride+kx-s.Pad
								if iy < 0 || iy >= s.Height || ix < 0 || ix >= s.Width {
									continue
								}
								f(((n*oh+oy)*ow+ox)*s.Out+o, ((n*s.Height+iy)*s.Width+ix)*s.In+c, ((o*s.In+c)*s.Kernel+ky)*s.Kernel+kx)
							}
						}
					}
				}
			}
		}
	}
}

// Forward computes y = conv(x, w) + bias, and ReLU of that if relu is set.
func (s Conv) Forward(x, w, bias, y []float64, relu bool) {
	for i := range y {
		y[i] = bias[i%s.Out]
	}
	s.each(func(yi, xi, wi int) { y[yi] += x[xi] * w[wi] })
	if relu {
		for i, v := range y {
			if v < 0 {
				y[i] = 0
			}
		}
	}
}

// BackwardData computes dx from dy and w.
func (s Conv) BackwardData(dy, w, dx []float64) {
	clear(dx)
	s.each(func(yi, xi, wi int) { dx[xi] += dy[yi] * w[wi] })
}

// BackwardWeights adds the gradients of w and bias to dw and db, or overwrites these.
func (s Conv) BackwardWeights(x, dy, dw, db []float64, accumulate bool) {
	if !accumulate {
		clear(dw)
		clear(db)
	}
	s.each(func(yi, xi, wi int) { dw[wi] += dy[yi] * x[xi] })
	for i, v := range dy {
		db[i%s.Out] += v
	}
}

// MaskReLU sets dy to 0 where y is not above 0.
func MaskReLU(dy, y []float64) {
	for i, v := range y {
		if !(v > 0) {
			dy[i] = 0
		}
	}
}
