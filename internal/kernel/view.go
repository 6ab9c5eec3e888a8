package kernel

// A view is a matrix in memory: element (i, k) is data[i*rs+k*cs]. A transposed view needs no copy. One of the strides is 1.
type view struct {
	data   []float32
	rs, cs int
}

func (v view) packLeft(p *implementation, dst []float32, i0, i1, k0, k1 int) layout {
	if v.cs == 1 {
		l := byRows(k1 - k0)
		p.copyRows.run(i1-i0, k1-k0, dst, l.rs, v.data[i0*v.rs+k0:], v.rs)
		return l
	}
	l := byColumns(k1 - k0)
	for i := i0; i < i1; i += l.group {
		p.copyRows.run(k1-k0, min(l.group, i1-i), dst[(i-i0)/l.group*l.stride:], l.cs, v.data[k0*v.cs+i:], v.cs)
	}
	return l
}

func (v view) packRight(p *implementation, dst []float32, k0, k1, j0, j1, panel int) {
	nr, rows := p.gemm.nr, k1-k0
	if rows == 0 {
		return
	}
	for j := j0; j < j1; j += nr {
		to, n := dst[(j-j0)/nr*panel:][:rows*nr], min(nr, j1-j)
		if n < nr {
			clear(to)
		}
		if v.cs == 1 { // element (k, j) of B is data[k*rs+j]
			p.copyRows.run(rows, n, to, nr, v.data[k0*v.rs+j:], v.rs)
			continue
		}
		for c := 0; c < n; c += 8 {
			interleave(to[c:], nr, v.data[(j+c)*v.cs+k0:], v.cs, min(8, n-c), rows)
		}
	}
}

// interleave writes dst[i*ld+c] = src[c*step+i] for up to 8 columns c and i in [0, n): a strip of a transposed matrix.
func interleave(dst []float32, ld int, src []float32, step, columns, n int) {
	if columns < 8 {
		for c := range columns {
			for i, x := range src[c*step:][:n] {
				dst[i*ld+c] = x
			}
		}
		return
	}
	s0, s1, s2, s3 := src[0*step:][:n], src[1*step:][:n], src[2*step:][:n], src[3*step:][:n]
	s4, s5, s6, s7 := src[4*step:][:n], src[5*step:][:n], src[6*step:][:n], src[7*step:][:n]
	for i := range n {
		d := (*[8]float32)(dst[i*ld:])
		d[0], d[1], d[2], d[3] = s0[i], s1[i], s2[i], s3[i]
		d[4], d[5], d[6], d[7] = s4[i], s5[i], s6[i], s7[i]
	}
}
