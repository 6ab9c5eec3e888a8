package kernel

import (
	"fmt"
	"math"
)

// Pool is 2-D max pooling on NHWC maps, as torch.nn.functional.max_pool2d in floor mode: the padding counts as minus
// infinity, rows and columns that fill no window are left out.
type Pool struct {
	Images, Height, Width, Channels int
	Kernel, Stride, Pad             int // Kernel is at most 16 (the index is a byte), Pad at most Kernel/2
}

// OutHeight is the number of windows down.
func (p Pool) OutHeight() int { return (p.Height+2*p.Pad-p.Kernel)/p.Stride + 1 }

// OutWidth is the number of windows across.
func (p Pool) OutWidth() int { return (p.Width+2*p.Pad-p.Kernel)/p.Stride + 1 }

func (p Pool) check(op string) {
	wantShape(op, "Images", p.Images, 0)
	wantShape(op, "Channels", p.Channels, 1)
	wantShape(op, "Kernel", p.Kernel, 1)
	wantShape(op, "Stride", p.Stride, 1)
	wantShape(op, "Pad", p.Pad, 0)
	if p.Kernel > 16 || p.Pad > p.Kernel/2 {
		panic(fmt.Sprintf("kernel: %s: Kernel %d (at most 16) with Pad %d (at most half of it)", op, p.Kernel, p.Pad))
	}
	wantShape(op, "Height", p.Height, max(1, p.Kernel-2*p.Pad))
	wantShape(op, "Width", p.Width, max(1, p.Kernel-2*p.Pad))
}

// Forward writes the largest value of each window to y and its place in the window, ky*Kernel+kx, to index.
//
//	x      [Images][Height][Width][Channels]
//	y      [Images][OutHeight][OutWidth][Channels]
//	index  as y
//
// Of equal values the first in scan order wins; NaN wins over everything (of several the last one, as in torch).
func (p Pool) Forward(t *Team, x, y []float32, index []uint8) {
	p.check("Pool.Forward")
	oh, ow, c := p.OutHeight(), p.OutWidth(), p.Channels
	wantLength("Pool.Forward", "x", len(x), p.Images*p.Height*p.Width*c)
	wantLength("Pool.Forward", "y", len(y), p.Images*oh*ow*c)
	wantLength("Pool.Forward", "index", len(index), p.Images*oh*ow*c)
	rows := p.Images * oh
	tasks, size := cut(rows, ow*c*p.Kernel*p.Kernel)
	halving := p.Kernel == 2 && p.Stride == 2 && p.Pad == 0
	t.Run(tasks, func(task, _ int) {
		for r := task * size; r < min(rows, (task+1)*size); r++ {
			image, oy := r/oh, r%oh
			xi := x[image*p.Height*p.Width*c : (image+1)*p.Height*p.Width*c]
			yr, ir := y[r*ow*c:(r+1)*ow*c], index[r*ow*c:(r+1)*ow*c]
			if halving {
				p.rowHalving(xi, yr, ir, oy)
			} else {
				p.row(xi, yr, ir, oy)
			}
		}
	})
}

// row computes one row of outputs from one image.
func (p Pool) row(x, y []float32, index []uint8, oy int) {
	c := p.Channels
	for ox := range p.OutWidth() {
		yo, io := y[ox*c:(ox+1)*c], index[ox*c:(ox+1)*c]
		y0, x0 := oy*p.Stride-p.Pad, ox*p.Stride-p.Pad
		first := true
		for ky := max(0, -y0); ky < min(p.Kernel, p.Height-y0); ky++ {
			for kx := max(0, -x0); kx < min(p.Kernel, p.Width-x0); kx++ {
				at := ((y0+ky)*p.Width + x0 + kx) * c
				xs, k := x[at:at+c], uint8(ky*p.Kernel+kx)
				if first {
					first = false
					copy(yo, xs)
					for i := range io {
						io[i] = k
					}
					continue
				}
				xs, io := xs[:len(yo)], io[:len(yo)]
				for i, m := range yo {
					if v := xs[i]; v > m || v != v {
						yo[i], io[i] = v, k
					}
				}
			}
		}
	}
}

// rowHalving is row for 2x2 windows side by side, VGG's.
func (p Pool) rowHalving(x, y []float32, index []uint8, oy int) {
	c, line := p.Channels, p.Width*p.Channels
	top := x[2*oy*line : (2*oy+1)*line]
	bottom := x[(2*oy+1)*line : (2*oy+2)*line]
	for ox := range p.OutWidth() {
		at := 2 * ox * c
		max4(y[ox*c:(ox+1)*c], index[ox*c:(ox+1)*c], top[at:at+c], top[at+c:at+2*c], bottom[at:at+c], bottom[at+c:at+2*c])
	}
}

// max4 writes the largest of four values and which one it was. The order of values in a picture is not predictable, so
// the choice is made on bit patterns, each on its own line: the compiler turns these into conditional moves.
func max4(y []float32, index []uint8, a, b, c, d []float32) {
	n := len(y)
	index, a, b, c, d = index[:n], a[:n], b[:n], c[:n], d[:n]
	for i := range y {
		v0, v1, v2, v3 := a[i], b[i], c[i], d[i]
		if sum := (v0 + v1) + (v2 + v3); sum != sum { // NaN, or infinities of both signs: rare
			y[i], index[i] = slowMax4([4]float32{v0, v1, v2, v3})
			continue
		}
		b0, b1, b2, b3 := math.Float32bits(v0), math.Float32bits(v1), math.Float32bits(v2), math.Float32bits(v3)
		k01, k23 := uint32(0), uint32(2)
		if v1 > v0 {
			b0 = b1
		}
		if v1 > v0 {
			k01 = 1
		}
		if v3 > v2 {
			b2 = b3
		}
		if v3 > v2 {
			k23 = 3
		}
		v01, v23 := math.Float32frombits(b0), math.Float32frombits(b2)
		if v23 > v01 {
			b0 = b2
		}
		if v23 > v01 {
			k01 = k23
		}
		y[i], index[i] = math.Float32frombits(b0), uint8(k01)
	}
}

func slowMax4(v [4]float32) (float32, uint8) {
	k := 0
	for i := 1; i < 4; i++ {
		if v[i] > v[k] || v[i] != v[i] {
			k = i
		}
	}
	return v[k], uint8(k)
}

// Backward sends each gradient to the value that won its window. Where windows overlap the gradients add up, in the scan
// order of the windows. dx is overwritten.
//
//	dy, index  [Images][OutHeight][OutWidth][Channels]
//	dx         [Images][Height][Width][Channels]
func (p Pool) Backward(t *Team, dy []float32, index []uint8, dx []float32) {
	p.check("Pool.Backward")
	oh, ow, c := p.OutHeight(), p.OutWidth(), p.Channels
	wantLength("Pool.Backward", "dy", len(dy), p.Images*oh*ow*c)
	wantLength("Pool.Backward", "index", len(index), p.Images*oh*ow*c)
	wantLength("Pool.Backward", "dx", len(dx), p.Images*p.Height*p.Width*c)
	rows := p.Images * p.Height
	tasks, size := cut(rows, p.Width*c)
	t.Run(tasks, func(task, _ int) {
		for r := task * size; r < min(rows, (task+1)*size); r++ {
			image, iy := r/p.Height, r%p.Height
			row := dx[r*p.Width*c : (r+1)*p.Width*c]
			from, to := image*oh*ow*c, (image+1)*oh*ow*c
			if p.Kernel == 2 && p.Stride == 2 && p.Pad == 0 {
				p.backwardRowHalving(dy[from:to], index[from:to], row, iy)
			} else {
				p.backwardRow(dy[from:to], index[from:to], row, iy)
			}
		}
	})
}

// backwardRow gathers one row of dx from all the windows of its image that cover it.
func (p Pool) backwardRow(dy []float32, index []uint8, dx []float32, iy int) {
	clear(dx)
	c, ow := p.Channels, p.OutWidth()
	// Windows oy with oy*Stride-Pad <= iy < oy*Stride-Pad+Kernel.
	first := max(0, (iy+p.Pad-p.Kernel+p.Stride)/p.Stride)
	last := min(p.OutHeight()-1, (iy+p.Pad)/p.Stride)
	for oy := first; oy <= last; oy++ {
		low := (iy + p.Pad - oy*p.Stride) * p.Kernel // the index of this row's first place in the window
		for ox := range ow {
			at := (oy*ow + ox) * c
			ks := index[at : at+c]
			gs := dy[at : at+c][:len(ks)]
			x0 := ox*p.Stride - p.Pad
			for i, k := range ks {
				if kx := int(k) - low; uint(kx) < uint(p.Kernel) {
					dx[(x0+kx)*c+i] += gs[i]
				}
			}
		}
	}
}

// backwardRowHalving is backwardRow for 2x2 windows side by side: each value is in one window at most.
func (p Pool) backwardRowHalving(dy []float32, index []uint8, dx []float32, iy int) {
	c, ow := p.Channels, p.OutWidth()
	oy := iy / 2
	if oy >= p.OutHeight() { // the last row of an odd height
		clear(dx)
		return
	}
	left := uint8(iy % 2 * 2)
	right := left + 1
	for ox := range ow {
		at := (oy*ow + ox) * c
		ks := index[at : at+c]
		gs, ls, rs := dy[at : at+c][:len(ks)], dx[2*ox*c : (2*ox+1)*c][:len(ks)], dx[(2*ox+1)*c : (2*ox+2)*c][:len(ks)]
		for i, k := range ks {
			g := math.Float32bits(gs[i])
			l, r := uint32(0), uint32(0)
			if k == left {
				l = g
			}
			if k == right {
				r = g
			}
			ls[i], rs[i] = math.Float32frombits(l), math.Float32frombits(r)
		}
	}
	clear(dx[2*ow*c:])
}
