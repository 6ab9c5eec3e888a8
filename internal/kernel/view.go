package kernel

// A view is a matrix in memory: element (i, k) is data[i*rs+k*cs]. A transposed view needs no copy. One of the strides is 1.
type view struct {
	data   []float32
	rs, cs int
	direct bool // as a left operand, is read where it lies: for one that is used once
}

func (v view) packLeft(p *implementation, dst []float32, i0, i1, k0, k1 int) ([]float32, layout) {
	if v.cs == 1 {
		if v.direct && (i1-i0)%p.gemm.mr == 0 && k0 < k1 {
			return v.data[i0*v.rs+k0 : (i1-1)*v.rs+k1], layout{group: 1 << 40, rs: v.rs, cs: 1}
		}
		l := byRows(k1 - k0)
		p.copyRows.run(i1-i0, k1-k0, dst, l.rs, v.data[i0*v.rs+k0:], v.rs)
		return dst, l
	}
	l := byColumns(k1 - k0)
	for i := i0; i < i1; i += l.group {
		p.copyRows.run(k1-k0, min(l.group, i1-i), dst[(i-i0)/l.group*l.stride:], l.cs, v.data[k0*v.cs+i:], v.cs)
	}
	return dst, l
}

func (v view) packRight(p *implementation, dst []float32, k0, k1, j0, j1, panel int) {
	nr, rows, whole := p.gemm.nr, k1-k0, (j1-j0)/p.gemm.nr
	if rows == 0 {
		return
	}
	if v.cs == 1 { // element (k, j) of B is data[k*rs+j]
		for w := range whole {
			p.copyRows.run(rows, nr, dst[w*panel:], nr, v.data[k0*v.rs+j0+w*nr:], v.rs)
		}
	} else {
		for j := j0; j < j0+whole*nr; j += 8 {
			interleave(dst[(j-j0)/nr*panel+(j-j0)%nr:], nr, v.data[j*v.cs+k0:], v.cs, rows)
		}
	}
	if j := j0 + whole*nr; j < j1 {
		to := dst[whole*panel:][:rows*nr]
		clear(to)
		for c := range j1 - j {
			for k := range rows {
				to[k*nr+c] = v.data[(k0+k)*v.rs+(j+c)*v.cs]
			}
		}
	}
}

// interleave writes dst[i*ld+c] = src[c*step+i] for 8 columns c and i in [0, n): a strip of a transposed matrix.
func interleave(dst []float32, ld int, src []float32, step, n int) {
	s0, s1, s2, s3 := src[0*step:][:n], src[1*step:][:n], src[2*step:][:n], src[3*step:][:n]
	s4, s5, s6, s7 := src[4*step:][:n], src[5*step:][:n], src[6*step:][:n], src[7*step:][:n]
	for i := range n {
		d := (*[8]float32)(dst[i*ld:])
		d[0], d[1], d[2], d[3] = s0[i], s1[i], s2[i], s3[i]
		d[4], d[5], d[6], d[7] = s4[i], s5[i], s6[i], s7[i]
	}
}
