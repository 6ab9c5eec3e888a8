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
func (p patches) gather(dst []float32, ld, p0, p1 int, segments []segment) {
	s := p.s
	oh, ow, rowLen := s.OutHeight(), s.OutWidth(), s.Width*s.In
	if p0 >= p1 {
		return
	}
	n, oy, ox := p0/(oh*ow), p0/ow%oh, p0%ow
	for q := p0; q < p1; q++ {
		row := dst[(q-p0)*ld:]
		left := ox*s.Stride - s.Pad
		lo, hi := max(0, -left)*s.In, min(s.Kernel, s.Width-left)*s.In // columns of a ky within the image
		for i := range segments {
			g := &segments[i]
			d := row[g.at : g.at+g.to-g.from]
			iy := oy*s.Stride + g.ky - s.Pad
			if uint(iy) >= uint(s.Height) {
				clear(d)
				continue
			}
			start := (n*s.Height+iy)*rowLen + left*s.In
			if lo <= g.from && g.to <= hi {
				copy(d, p.x[start+g.from:start+g.to])
				continue
			}
			from := min(max(lo, g.from), g.to)
			to := max(min(hi, g.to), from)
			clear(d[:from-g.from])
			if from < to {
				copy(d[from-g.from:], p.x[start+from:start+to])
			}
			clear(d[to-g.from:])
		}
		if ox++; ox == ow {
			ox = 0
			if oy++; oy == oh {
				oy, n = 0, n+1
			}
		}
	}
}

func (p patches) packLeft(dst []float32, i0, i1, k0, k1 int) layout {
	var room [16]segment
	l := byRows(k1 - k0)
	p.gather(dst, l.rs, i0, i1, p.segments(room[:], k0, k1))
	return l
}

// patchesTransposed is patchesᵀ with a row of ones below: rows (ky, kx, c), columns are positions.
type patchesTransposed struct{ patches }

func (p patchesTransposed) packLeft(dst []float32, i0, i1, k0, k1 int) layout {
	var room [16]segment
	l := byColumns(k1 - k0)
	ones := p.s.Kernel * p.s.Kernel * p.s.In
	for i := i0; i < i1; i += l.group {
		group := dst[(i-i0)/l.group*l.stride:]
		end := min(i+l.group, i1)
		p.gather(group, l.cs, k0, k1, p.segments(room[:], i, min(end, ones)))
		if end > ones {
			for k := range k1 - k0 {
				group[k*l.cs+ones-i] = 1
			}
		}
	}
	return l
}

// filters is the right operand of a convolution, from w [out][in][taps]: rows (tap, c), a column for each o; or, flipped, for the
// gradient to the data: rows (tap, o) with the taps in reverse, a column for each c.
type filters struct {
	w             []float32
	in, out, taps int
	flipped       bool
}

func (f filters) packRight(dst []float32, k0, k1, j0, j1, nr, panel int) {
	depth, ofO, ofC := f.in, f.in*f.taps, f.taps // depth: channels under a tap
	column, row := ofO, ofC
	if f.flipped {
		depth, column, row = f.out, ofC, ofO
	}
	for j := j0; j < j1; j += nr {
		p := dst[(j-j0)/nr*panel:][:(k1-k0)*nr]
		n := min(nr, j1-j)
		if n < nr {
			clear(p)
		}
		for k := k0; k < k1; {
			tap := k / depth
			end := min(k1, (tap+1)*depth)
			if f.flipped {
				for ; k < end; k++ {
					from := f.w[(k-tap*depth)*row+f.taps-1-tap+j*column:]
					to := p[(k-k0)*nr:][:n]
					for c := range to {
						to[c] = from[c*column]
					}
				}
				continue
			}
			for c := range n {
				from := f.w[(k-tap*depth)*row+tap+(j+c)*column:]
				to := p[(k-k0)*nr+c:]
				for i := range end - k {
					to[i*nr] = from[i*row]
				}
			}
			k = end
		}
	}
}
