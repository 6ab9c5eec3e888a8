package kernel

import "math"

// normalizeEpsilon is the smallest length that NormalizeRows divides by, F.normalize's eps.
const normalizeEpsilon = float32(1e-12)

// NormalizeRows gives each row unit length, y = x / max(|x|, 1e-12), as torch.nn.functional.normalize; a row of zeros
// stays zero. The squares are summed in float64. norms receives |x|, which the gradient needs. y may be x.
//
//	x, y   [rows][cols]
//	norms  [rows]
func NormalizeRows(t *Team, rows, cols int, x, y, norms []float32) {
	checkRows("NormalizeRows", rows, cols)
	wantLength("NormalizeRows", "x", len(x), rows*cols)
	wantLength("NormalizeRows", "y", len(y), rows*cols)
	wantLength("NormalizeRows", "norms", len(norms), rows)
	tasks, size := cut(rows, cols)
	t.Run(tasks, func(task, _ int) {
		for r := task * size; r < min(rows, (task+1)*size); r++ {
			xs := x[r*cols : (r+1)*cols]
			norm := float32(math.Sqrt(InnerProduct(xs, xs)))
			norms[r] = norm
			d := norm
			if d < normalizeEpsilon { // not max: NaN stays NaN
				d = normalizeEpsilon
			}
			ys := y[r*cols : (r+1)*cols][:len(xs)]
			for i, v := range xs {
				ys[i] = v / d
			}
		}
	})
}

// NormalizeRowsBackward computes the gradient of NormalizeRows from its results: dx = (dy - y (y.dy)) / |x|, and
// dx = dy / 1e-12 for rows shorter than that. dx may be dy.
//
//	y, dy, dx  [rows][cols]
//	norms      [rows]
func NormalizeRowsBackward(t *Team, rows, cols int, y, norms, dy, dx []float32) {
	checkRows("NormalizeRowsBackward", rows, cols)
	wantLength("NormalizeRowsBackward", "y", len(y), rows*cols)
	wantLength("NormalizeRowsBackward", "norms", len(norms), rows)
	wantLength("NormalizeRowsBackward", "dy", len(dy), rows*cols)
	wantLength("NormalizeRowsBackward", "dx", len(dx), rows*cols)
	tasks, size := cut(rows, cols)
	t.Run(tasks, func(task, _ int) {
		for r := task * size; r < min(rows, (task+1)*size); r++ {
			gs := dy[r*cols : (r+1)*cols]
			ys, ds := y[r*cols : (r+1)*cols][:len(gs)], dx[r*cols : (r+1)*cols][:len(gs)]
			norm := norms[r]
			if norm < normalizeEpsilon {
				for i, g := range gs {
					ds[i] = g / normalizeEpsilon
				}
				continue
			}
			along := float32(InnerProduct(ys, gs))
			for i, g := range gs {
				ds[i] = (g - float32(ys[i]*along)) / norm
			}
		}
	})
}

// InnerProduct is the inner product of a and b, summed in float64 in four lanes.
func InnerProduct(a, b []float32) float64 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float64
	for len(a) >= 4 && len(b) >= 4 {
		s0 += float64(a[0]) * float64(b[0])
		s1 += float64(a[1]) * float64(b[1])
		s2 += float64(a[2]) * float64(b[2])
		s3 += float64(a[3]) * float64(b[3])
		a, b = a[4:], b[4:]
	}
	for i, v := range a {
		s0 += float64(v) * float64(b[i])
	}
	return (s0 + s1) + (s2 + s3)
}

func checkRows(op string, rows, cols int) {
	wantShape(op, "rows", rows, 0)
	wantShape(op, "cols", cols, 0)
}
