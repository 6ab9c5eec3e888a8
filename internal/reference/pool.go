package reference

import "math"

// Pool is max pooling on NHWC maps; the padding counts as minus infinity.
type Pool struct{ Images, Height, Width, Channels, Kernel, Stride, Pad int }

// OutHeight counts the windows down, by trying them.
func (p Pool) OutHeight() int { return windows(p.Height, p.Kernel, p.Stride, p.Pad) }

// OutWidth counts the windows across.
func (p Pool) OutWidth() int { return windows(p.Width, p.Kernel, p.Stride, p.Pad) }

func windows(size, kernel, stride, pad int) (n int) {
	for start := -pad; start+kernel <= size+pad; start += stride {
		n++
	}
	return n
}

// Forward writes the largest value of each window and its place in the window, ky*Kernel+kx: the first of equal ones; of
// NaNs, which are larger than anything, the last one.
func (p Pool) Forward(x, y []float64, index []uint8) {
	at := 0
	for image := range p.Images {
		for oy := range p.OutHeight() {
			for ox := range p.OutWidth() {
				for c := range p.Channels {
					best, where, found := 0.0, 0, false
					for ky := range p.Kernel {
						for kx := range p.Kernel {
							iy, ix := oy*p.Stride-p.Pad+ky, ox*p.Stride-p.Pad+kx
							if iy < 0 || iy >= p.Height || ix < 0 || ix >= p.Width {
								continue
							}
							v := x[((image*p.Height+iy)*p.Width+ix)*p.Channels+c]
							if !found || v > best || math.IsNaN(v) {
								best, where, found = v, ky*p.Kernel+kx, true
							}
						}
					}
					y[at], index[at] = best, uint8(where)
					at++
				}
			}
		}
	}
}
