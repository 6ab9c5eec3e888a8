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

// directForwardPool writes the map before pooling to a workspace.
func (s Conv) directForwardPool(t *Team, x, w, bias, y []float32, index []uint8) {
	whole := t.Shared(slotUnpooled, s.positions()*s.Out)
	s.directForward(t, x, w, bias, whole, true)
	s.pool2x2().Forward(t, whole, y, index)
}

// pool2x2 is the pooling of ForwardPool.
func (s Conv) pool2x2() Pool {
	return Pool{Images: s.Images, Height: s.OutHeight(), Width: s.OutWidth(), Channels: s.Out, Kernel: 2, Stride: 2}
}

func (s Conv) directBackwardData(t *Team, dy, w, x, dx []float32) {
	if x != nil {
		defer MaskReLU(t, dx, x)
	}
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
		a: patches{s, x}, b: f, shareB: max(1, s.Kernel*s.Kernel*s.In),
		c: y, ldc: s.Out, bias: bias, relu: relu,
		kc: 304,
	}
	p.taskM = share(p.m, 8, g.mr, 96, 240)
	p.mc = p.taskM
	p.taskN = share(p.n, ceilDiv(16, max(1, ceilDiv(p.m, p.taskM))), g.nr, 128, 1<<30)
	p.run(t)
}

func (s Conv) positions() int { return s.Images * s.OutHeight() * s.OutWidth() }

// directBackwardWeights adds to a copy of dw and db as the product has them, [taps*In+1][Out]: below the taps a row for ones * dy.
func (s Conv) directBackwardWeights(t *Team, x, dy, dw, db []float32, accumulate bool) {
	rows := s.Kernel*s.Kernel*s.In + 1
	total := t.Shared(slotTotal, rows*s.Out)
	if accumulate {
		s.layOutTaps(t, total, dw, db, false)
	} else {
		clear(total)
	}
	p := product{m: rows, n: s.Out, ldc: s.Out, kc: 256}
	p.taskM = share(p.m, max(1, p.m/288), groupRows, groupRows, 2*288)
	p.mc = p.taskM
	p.taskN = share(p.n, 1, t.impl.gemm.nr, 1, 256)
	const least = 16 // tasks
	blocks, positions := ceilDiv(p.m, p.taskM)*ceilDiv(p.n, p.taskN), s.OutHeight()*s.OutWidth()
	if blocks >= least || blocks*positions == 0 {
		p.k, p.c, p.accumulate = s.positions(), total, true
		p.a, p.b = patchesTransposed{patches{s, x}}, view{data: dy, rs: s.Out, cs: 1}
		p.run(t)
		s.layOutTaps(t, total, dw, db, true)
		return
	}
	// Few blocks, as in the first layers: cut the positions too, so that there is work for all threads. A chunk never has positions
	// of two images: so the batch may be cut anywhere.
	strips := 1
	for strips < 8 && positions%(2*strips) == 0 && positions/(2*strips) >= 1024 {
		strips *= 2
	}
	round := ceilDiv(least, strips*blocks) // images
	for first := 0; first < s.Images; first += round {
		part := s
		part.Images = min(round, s.Images-first)
		p.k, p.chunks = part.positions(), part.Images*strips
		p.a = patchesTransposed{patches{part, x[first*s.Height*s.Width*s.In:]}}
		p.b = view{data: dy[first*positions*s.Out:], rs: s.Out, cs: 1}
		p.c = t.Shared(slotPartial, p.chunks*rows*s.Out)
		p.run(t)
		tasks, size := cut(rows, s.Out)
		t.Run(tasks, func(task, _ int) {
			lo, hi := task*size*s.Out, min((task+1)*size, rows)*s.Out
			for h := range p.chunks {
				addTo(total[lo:hi], p.c[h*rows*s.Out+lo:])
			}
		})
	}
	s.layOutTaps(t, total, dw, db, true)
}

// layOutTaps copies total, [taps][In][Out] and a row of Out, to dw [Out][In][taps] and db; or, without out, the other way.
func (s Conv) layOutTaps(t *Team, total, dw, db []float32, out bool) {
	const strip = 8
	taps := s.Kernel * s.Kernel
	t.Run(ceilDiv(s.Out, strip), func(task, _ int) {
		o := task * strip
		n := min(strip, s.Out-o)
		for c := range s.In {
			for tap := range taps {
				sums := total[(tap*s.In+c)*s.Out+o:][:n]
				to := dw[(o*s.In+c)*taps+tap:]
				for i := range sums {
					if out {
						to[i*s.In*taps] = sums[i]
					} else {
						sums[i] = to[i*s.In*taps]
					}
				}
			}
		}
		if sums := total[taps*s.In*s.Out+o:][:n]; out {
			copy(db[o:], sums)
		} else {
			copy(sums, db[o:])
		}
	})
}

// stridedBackwardData is for any stride: column gradients dy*w, one image at a time, then each element of dx gathers its own.
func (s Conv) stridedBackwardData(t *Team, dy, w, dx []float32) {
	oh, ow, taps := s.OutHeight(), s.OutWidth(), s.Kernel*s.Kernel
	width := s.In * taps // of a column gradient: [In][taps], as w
	columns := t.Shared(slotColumns, oh*ow*width)
	for n := range s.Images {
		p := product{
			m: oh * ow, n: width, k: s.Out,
			a: view{data: dy[n*oh*ow*s.Out:], rs: s.Out, cs: 1}, b: view{data: w, rs: width, cs: 1}, shareB: 1024,
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
