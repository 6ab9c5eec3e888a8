package kernel

// patches is the matrix im2col(x) of a convolution: a row for each position (n, oy, ox) of the output, and in it the pixels
// under the window in the order (ky, kx, c), zero outside the image. NHWC keeps the Kernel*In values of one ky together.
type patches struct {
	s Conv
	x []float32
}

// segment is a stretch of columns of patches within one ky: [from, to) of its Kernel*In columns, which go to at.
type segment struct{ ky, from, to, at int }

// segments cuts columns [k0, k1) by ky.
func (p patches) segments(into []segment, k0, k1 int) []segment {
	into = into[:0]
	run := p.s.Kernel * p.s.In
	for k := k0; k < k1; {
		ky := k / run
		to := min(k1, (ky+1)*run)
		into = append(into, segment{ky, k - ky*run, to - ky*run, k - k0})
		k = to
	}
	return into
}

// gather writes the segments of rows [p0, p1) to dst, rows ld apart.
func (p patches) gather(c *copyKernel, dst []float32, ld, p0, p1 int, segments []segment) {
	ow := p.s.OutWidth()
	for p0 < p1 {
		ox := p0 % ow
		n := min(p1-p0, ow-ox) // positions in one row of the output
		for _, g := range segments {
			p.gatherRow(c, dst, ld, p0/ow, ox, n, g)
		}
		p0 += n
		if p0 < p1 {
			dst = dst[n*ld:]
		}
	}
}

// gatherRow writes one segment of n positions that start at ox in row (image, oy) of the output, row = image*OutHeight+oy.
func (p patches) gatherRow(c *copyKernel, dst []float32, ld, row, ox, n int, g segment) {
	s := &p.s
	oh := s.OutHeight()
	iy := row%oh*s.Stride + g.ky - s.Pad
	length := g.to - g.from
	if uint(iy) >= uint(s.Height) {
		for i := range n {
			clear(dst[i*ld+g.at:][:length])
		}
		return
	}
	// In the row of x, position i's segment is [start+i*step, ...+length); what lies outside the row counts as zero.
	x := p.x[(row/oh*s.Height+iy)*s.Width*s.In:][:s.Width*s.In]
	start, step := (ox*s.Stride-s.Pad)*s.In+g.from, s.Stride*s.In
	for i := 0; i < n; {
		at := start + i*step
		if at >= 0 && at+length <= len(x) {
			inside := min(n-i, (len(x)-length-at)/step+1)
			c.run(inside, length, dst[i*ld+g.at:], ld, x[at:], step)
			i += inside
			continue
		}
		d := dst[i*ld+g.at:][:length]
		from := min(max(-at, 0), length)
		to := max(min(len(x)-at, length), from)
		clear(d[:from])
		if from < to {
			copy(d[from:to], x[at+from:])
		}
		clear(d[to:])
		i++
	}
}

func (p patches) packLeft(c *implementation, dst []float32, i0, i1, k0, k1 int) ([]float32, layout) {
	var room [16]segment
	l := byRows(k1 - k0)
	p.gather(&c.copyRows, dst, l.rs, i0, i1, p.segments(room[:], k0, k1))
	return dst, l
}

// patchesTransposed is patchesᵀ with a row of ones below: rows (ky, kx, c), columns are positions.
type patchesTransposed struct{ patches }

func (p patchesTransposed) packLeft(c *implementation, dst []float32, i0, i1, k0, k1 int) ([]float32, layout) {
	var room [16]segment
	l := byColumns(k1 - k0)
	ones := p.s.Kernel * p.s.Kernel * p.s.In
	for i := i0; i < i1; i += l.group {
		group := dst[(i-i0)/l.group*l.stride:]
		end := min(i+l.group, i1)
		p.gather(&c.copyRows, group, l.cs, k0, k1, p.segments(room[:], i, min(end, ones)))
		if end > ones {
			for k := range k1 - k0 {
				group[k*l.cs+ones-i] = 1
			}
		}
	}
	return dst, l
}

// filters is the right operand of a convolution, from w [out][in][taps]: rows (tap, c), a column for each o; or, flipped, for the
// gradient to the data: rows (tap, o) with the taps in reverse, a column for each c.
type filters struct {
	w             []float32
	in, out, taps int
	flipped       bool
}

// packRight packs panels over all rows: k0 is 0 and k1 the number of rows.
func (f filters) packRight(p *implementation, dst []float32, k0, k1, j0, j1, panel int) {
	nr, ofO := p.gemm.nr, f.in*f.taps // from one output channel to the next in w
	for j := j0; j < j1; j += nr {
		to, n := dst[(j-j0)/nr*panel:][:(k1-k0)*nr], min(nr, j1-j)
		if n < nr {
			clear(to)
		}
		if f.flipped {
			for o := range f.out {
				from := f.w[o*ofO+j*f.taps:][:n*f.taps]
				for tap := range f.taps {
					d := to[((f.taps-1-tap)*f.out+o)*nr:][:n]
					for c := range d {
						d[c] = from[c*f.taps+tap]
					}
				}
			}
			continue
		}
		for c := 0; c < n; c += 8 { // runs along w, where c and tap are inner, and writes 8 columns of a row at a time
			interleaveTaps(to[c:], nr, f.w[(j+c)*ofO:], ofO, min(8, n-c), f.in, f.taps)
		}
	}
}

// interleaveTaps writes dst[(tap*channels+i)*ld+c] = src[c*step+i*taps+tap] for up to 8 columns c.
func interleaveTaps(dst []float32, ld int, src []float32, step, columns, channels, taps int) {
	n := channels * taps
	if columns < 8 {
		for c := range columns {
			from := src[c*step:][:n]
			for i := range channels {
				for tap := range taps {
					dst[(tap*channels+i)*ld+c] = from[i*taps+tap]
				}
			}
		}
		return
	}
	s0, s1, s2, s3 := src[0*step:][:n], src[1*step:][:n], src[2*step:][:n], src[3*step:][:n]
	s4, s5, s6, s7 := src[4*step:][:n], src[5*step:][:n], src[6*step:][:n], src[7*step:][:n]
	for i := range channels {
		for tap := range taps {
			at := i*taps + tap
			d := (*[8]float32)(dst[(tap*channels+i)*ld:])
			d[0], d[1], d[2], d[3] = s0[at], s1[at], s2[at], s3[at]
			d[4], d[5], d[6], d[7] = s4[at], s5[at], s6[at], s7[at]
		}
	}
}
