package reference

// AveragePool is average pooling on NHWC maps with windows side by side.
type AveragePool struct{ Images, Height, Width, Channels, Kernel int }

// OutHeight counts the windows down.
func (p AveragePool) OutHeight() int { return windows(p.Height, p.Kernel, p.Kernel, 0) }

// OutWidth counts the windows across.
func (p AveragePool) OutWidth() int { return windows(p.Width, p.Kernel, p.Kernel, 0) }

// Forward writes each window's mean.
func (p AveragePool) Forward(x, y []float64) {
	at := 0
	for image := range p.Images {
		for oy := range p.OutHeight() {
			for ox := range p.OutWidth() {
				for c := range p.Channels {
					sum := 0.0
					for ky := range p.Kernel {
						for kx := range p.Kernel {
							sum += x[((image*p.Height+oy*p.Kernel+ky)*p.Width+ox*p.Kernel+kx)*p.Channels+c]
						}
					}
					y[at] = sum / float64(p.Kernel*p.Kernel)
					at++
				}
			}
		}
	}
}

// GlobalAverageForward is the mean over positions: [images][positions][channels] to [images][channels].
func GlobalAverageForward(images, positions, channels int, x, y []float64) {
	for image := range images {
		for c := range channels {
			sum := 0.0
			for p := range positions {
				sum += x[(image*positions+p)*channels+c]
			}
			y[image*channels+c] = sum / float64(positions)
		}
	}
}
