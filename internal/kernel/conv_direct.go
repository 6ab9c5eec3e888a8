package kernel

// Direct convolution as a matrix product whose left operand, the image patches (im2col), exists only block by block, as the
// product packs it. With P = Images*OutHeight*OutWidth positions and T = Kernel*Kernel taps:
//
//	forward           y  [P][Out]  = patches(x) [P][T*In] * filters [T*In][Out]
//	to the data       dx [P'][In]  = patches(dy) [P'][T*Out] * flipped filters [T*Out][In]       (stride 1)
//	to the weights    dw [T*In][Out], stored as [Out][In][T], = patches(x)ᵀ * dy [P][Out]

func (s Conv) directForward(t *Team, x, w, bias, y []float32, relu bool) {
	s.patchProduct(t, x, filters{w: w, in: s.In, out: s.Out, taps: s.Kernel * s.Kernel}, bias, y, relu)
}

func (s Conv) directBackwardData(t *Team, dy, w, dx []float32) {
	if s.Stride > 1 || s.Pad >= s.Kernel {
		s.stridedBackwardData(t, dy, w, dx)
		return
	}
	// dx is the convolution of dy with the filters turned by 180 degrees, input and output channels exchanged.
	b := Conv{s.Images, s.OutHeight(), s.OutWidth(), s.Out, s.In, s.Kernel, 1, s.Kernel - 1 - s.Pad}
	b.patchProduct(t, dy, filters{w: w, in: s.In, out: s.Out, taps: s.Kernel * s.Kernel, flipped: true}, nil, dx, false)
}

// patchProduct computes y = patches(x)*f + bias for the convolution s.
func (s Conv) patchProduct(t *Team, x []float32, f filters, bias, y []float32, relu bool) {
	g := &t.impl.gemm
	p := product{
		m: s.positions(), n: s.Out, k: s.Kernel * s.Kernel * s.In,
		a: patches{s, x}, b: f, shareB: true,
		c: y, ldc: s.Out, bias: bias, relu: relu,
		kc: 304,
	}
	p.taskM = share(p.m, 8, g.mr, 96, 240)
	p.mc = p.taskM
	p.taskN = share(p.n, ceilDiv(32, max(1, ceilDiv(p.m, p.taskM))), g.nr, 128, 1<<30)
	p.run(t)
}

func (s Conv) positions() int { return s.Images * s.OutHeight() * s.OutWidth() }

func (s Conv) directBackwardWeights(t *Team, x, dy, dw, db []float32, accumulate bool) {
	taps := s.Kernel * s.Kernel
	p := product{
		m: taps*s.In + 1, n: s.Out, k: s.positions(), // one row more: db = ones * dy
		a: patchesTransposed{patches{s, x}}, b: view{dy, s.Out, 1},
		mc: 288, kc: 256, taskM: 288,
	}
	p.taskN = share(p.n, 1, t.impl.gemm.nr, 1, 512)
	blocks := ceilDiv(p.m, p.taskM) * ceilDiv(p.n, p.taskN)
	// Few blocks of dw, as in the first layers: cut the positions too, so that there is work for all threads.
	p.chunks = min(max(1, ceilDiv(16, blocks)), max(1, p.k/1024))
	partial := t.Shared(slotPartial, p.chunks*p.m*s.Out)
	p.store = func(chunk, i0, i1, j0, j1 int, block []float32, ld int) {
		for i := i0; i < i1; i++ {
			copy(partial[(chunk*p.m+i)*s.Out+j0:][:j1-j0], block[(i-i0)*ld:])
		}
	}
	p.run(t)

	// Add up the chunks and lay out dw as [Out][In][taps].
	const channels = 4
	t.Run(ceilDiv(s.In, channels)+1, func(task, _ int) {
		if task == 0 {
			sumRows(db, 1, partial[taps*s.In*s.Out:], p.chunks, p.m*s.Out, accumulate)
			return
		}
		for c := (task - 1) * channels; c < min(task*channels, s.In); c++ {
			for tap := range taps {
				sumRows(dw[c*taps+tap:], s.In*taps, partial[(tap*s.In+c)*s.Out:][:(p.chunks-1)*p.m*s.Out+s.Out], p.chunks, p.m*s.Out, accumulate)
			}
		}
	})
}

// sumRows sets dst[j*ld], or adds to it, the sum over i of src[i*stride+j], for the elements j of a row.
func sumRows(dst []float32, ld int, src []float32, rows, stride int, accumulate bool) {
	n := len(src) - (rows-1)*stride
	for j := range n {
		v := src[j]
		for i := 1; i < rows; i++ {
			v += src[i*stride+j]
		}
		if accumulate {
			v += dst[j*ld]
		}
		dst[j*ld] = v
	}
}

// stridedBackwardData is for any stride: column gradients dy*w, one image at a time, then each element of dx gathers its own.
func (s Conv) stridedBackwardData(t *Team, dy, w, dx []float32) {
	oh, ow, taps := s.OutHeight(), s.OutWidth(), s.Kernel*s.Kernel
	width := s.In * taps // of a column gradient: [In][taps], as w
	columns := t.Shared(slotColumns, oh*ow*width)
	for n := range s.Images {
		p := product{
			m: oh * ow, n: width, k: s.Out,
			a: view{dy[n*oh*ow*s.Out:], s.Out, 1}, b: view{w, width, 1}, shareB: true,
			c: columns, ldc: width, mc: 240, kc: 304, taskM: 240, taskN: 1024,
		}
		p.run(t)
		t.Run(s.Height, func(iy, _ int) {
			for ix := range s.Width {
				out := dx[((n*s.Height+iy)*s.Width+ix)*s.In:][:s.In]
				clear(out)
				for tap := range taps {
					oy, ox := iy+s.Pad-tap/s.Kernel, ix+s.Pad-tap%s.Kernel
					if oy < 0 || ox < 0 || oy%s.Stride != 0 || ox%s.Stride != 0 || oy/s.Stride >= oh || ox/s.Stride >= ow {
						continue
					}
					from := columns[(oy/s.Stride*ow+ox/s.Stride)*width+tap:]
					for c := range out {
						out[c] += from[c*taps]
					}
				}
			}
		})
	}
}
