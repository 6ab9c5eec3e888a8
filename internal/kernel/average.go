package kernel

// AveragePool is 2-D average pooling on NHWC maps with windows side by side, as torch.nn.functional.avg_pool2d(x, Kernel):
// kernel = stride, no padding, rows and columns that fill no window are left out.
type AveragePool struct{ Images, Height, Width, Channels, Kernel int }

// OutHeight is the number of windows down.
func (p AveragePool) OutHeight() int { return p.Height / p.Kernel }

// OutWidth is the number of windows across.
func (p AveragePool) OutWidth() int { return p.Width / p.Kernel }

func (p AveragePool) check(op string, x, y []float32, nameX, nameY string) {
	wantShape(op, "Images", p.Images, 0)
	wantShape(op, "Channels", p.Channels, 1)
	wantShape(op, "Kernel", p.Kernel, 1)
	wantShape(op, "Height", p.Height, p.Kernel)
	wantShape(op, "Width", p.Width, p.Kernel)
	wantLength(op, nameX, len(x), p.Images*p.Height*p.Width*p.Channels)
	wantLength(op, nameY, len(y), p.Images*p.OutHeight()*p.OutWidth()*p.Channels)
}

// Forward writes each window's mean to y, summed in scan order.
//
//	x  [Images][Height][Width][Channels]
//	y  [Images][Height/Kernel][Width/Kernel][Channels]
func (p AveragePool) Forward(t *Team, x, y []float32) {
	p.check("AveragePool.Forward", x, y, "x", "y")
	oh, ow, c := p.OutHeight(), p.OutWidth(), p.Channels
	rows, area := p.Images*oh, float32(p.Kernel*p.Kernel)
	tasks, size := cut(rows, p.Kernel*p.Width*c)
	t.Run(tasks, func(task, _ int) {
		for r := task * size; r < min(rows, (task+1)*size); r++ {
			image, oy := r/oh, r%oh
			yr := y[r*ow*c : (r+1)*ow*c]
			clear(yr)
			for ky := range p.Kernel {
				at := (image*p.Height + oy*p.Kernel + ky) * p.Width * c
				for ox := range ow {
					sums := yr[ox*c : (ox+1)*c]
					for range p.Kernel {
						for i, v := range x[at : at+c][:len(sums)] {
							sums[i] += v
						}
						at += c
					}
				}
			}
			for i := range yr {
				yr[i] /= area
			}
		}
	})
}

// Backward gives each value of a window an equal share of the window's gradient. dx is overwritten.
//
//	dy  [Images][Height/Kernel][Width/Kernel][Channels]
//	dx  [Images][Height][Width][Channels]
func (p AveragePool) Backward(t *Team, dy, dx []float32) {
	p.check("AveragePool.Backward", dx, dy, "dx", "dy")
	oh, ow, c := p.OutHeight(), p.OutWidth(), p.Channels
	rows, area := p.Images*p.Height, float32(p.Kernel*p.Kernel)
	tasks, size := cut(rows, p.Width*c)
	t.Run(tasks, func(task, _ int) {
		for r := task * size; r < min(rows, (task+1)*size); r++ {
			image, oy := r/p.Height, r%p.Height/p.Kernel
			row := dx[r*p.Width*c : (r+1)*p.Width*c]
			if oy >= oh {
				clear(row)
				continue
			}
			for ox := range ow {
				at := ((image*oh+oy)*ow + ox) * c
				gs, ds := dy[at:at+c], row[ox*p.Kernel*c:]
				for i, g := range gs {
					ds[i] = g / area
				}
				for kx := 1; kx < p.Kernel; kx++ {
					copy(ds[kx*c:(kx+1)*c], ds[:c])
				}
			}
			clear(row[ow*p.Kernel*c:])
		}
	})
}

// sumLanes is how many channels GlobalAverageForward sums at a time.
const sumLanes = 64

// GlobalAverageForward writes the mean over all positions, torch's x.mean((2, 3)), summed in float64.
//
//	x  [images][positions][channels]
//	y  [images][channels]
func GlobalAverageForward(t *Team, images, positions, channels int, x, y []float32) {
	checkGlobalAverage("GlobalAverageForward", images, positions, channels, len(x), len(y), "x", "y")
	groups := (channels + sumLanes - 1) / sumLanes
	t.Run(images*groups, func(task, _ int) {
		image, from := task/groups, task%groups*sumLanes
		out := y[image*channels+from : image*channels+min(channels, from+sumLanes)]
		var sums [sumLanes]float64
		acc := sums[:len(out)]
		for p := range positions {
			at := (image*positions+p)*channels + from
			for i, v := range x[at : at+len(out)][:len(acc)] {
				acc[i] += float64(v)
			}
		}
		for i := range out {
			out[i] = float32(acc[i] / float64(positions))
		}
	})
}

// GlobalAverageBackward gives each position an equal share of the gradient. dx is overwritten.
//
//	dy  [images][channels]
//	dx  [images][positions][channels]
func GlobalAverageBackward(t *Team, images, positions, channels int, dy, dx []float32) {
	checkGlobalAverage("GlobalAverageBackward", images, positions, channels, len(dx), len(dy), "dx", "dy")
	n := float32(positions)
	t.Run(images, func(image, _ int) {
		gs := dy[image*channels : (image+1)*channels]
		ds := dx[image*positions*channels : (image+1)*positions*channels]
		for i, g := range gs {
			ds[i] = g / n
		}
		for p := 1; p < positions; p++ {
			copy(ds[p*channels:(p+1)*channels], ds[:channels])
		}
	})
}

func checkGlobalAverage(op string, images, positions, channels, whole, means int, nameWhole, nameMeans string) {
	wantShape(op, "images", images, 0)
	wantShape(op, "positions", positions, 1)
	wantShape(op, "channels", channels, 1)
	wantLength(op, nameWhole, whole, images*positions*channels)
	wantLength(op, nameMeans, means, images*channels)
}
