package kernel

// A view is a matrix in memory: element (i, k) is data[i*rs+k*cs]. A transposed view needs no copy. One of the strides is 1.
type view struct {
	data   []float32
	rs, cs int
}

func (v view) packLeft(dst []float32, i0, i1, k0, k1 int) layout {
	if v.cs == 1 {
		l := byRows(k1 - k0)
		for i := i0; i < i1; i++ {
			copy(dst[(i-i0)*l.rs:][:k1-k0], v.data[i*v.rs+k0:])
		}
		return l
	}
	l := byColumns(k1 - k0)
	for i := i0; i < i1; i += l.group {
		group := dst[(i-i0)/l.group*l.stride:]
		n := min(l.group, i1-i)
		for k := k0; k < k1; k++ {
			copy(group[(k-k0)*l.cs:][:n], v.data[k*v.cs+i:])
		}
	}
	return l
}

func (v view) packRight(dst []float32, k0, k1, j0, j1, nr, panel int) {
	if v.cs == 1 { // element (k, j) of B is data[k*rs+j]
		for k := k0; k < k1; k++ {
			row := v.data[k*v.rs+j0:][:j1-j0]
			for p := (k - k0) * nr; len(row) >= nr; p += panel {
				copy(dst[p:][:nr], row)
				row = row[nr:]
			}
			if len(row) > 0 {
				d := dst[(j1-j0)/nr*panel+(k-k0)*nr:][:nr]
				clear(d[copy(d, row):])
			}
		}
		return
	}
	for j := j0; j < j1; j += nr {
		p := dst[(j-j0)/nr*panel:][:(k1-k0)*nr]
		for c := range nr {
			if j+c >= j1 {
				for k := range k1 - k0 {
					p[k*nr+c] = 0
				}
				continue
			}
			for k, x := range v.data[(j+c)*v.cs+k0 : (j+c)*v.cs+k1] {
				p[k*nr+c] = x
			}
		}
	}
}
