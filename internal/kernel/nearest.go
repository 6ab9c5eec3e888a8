package kernel

// distancesKernel sets d[i] to the sum of (q[j]-x[i*len(q)+j])^2 over j, for each i below len(d).
type distancesKernel struct {
	name string
	run  func(q, x, d []float32)
}

// SquaredDistances computes the squared Euclidean distances of rows vectors q [rows][dim] to count vectors x [count][dim]:
// d[r][i] = sum over j of (q[r][j]-x[i][j])^2, summed in float32 in several lanes. x is read from memory once, whatever rows is, so that for a few rows this
// runs at the memory's speed; for many a matrix product does less.
func SquaredDistances(t *Team, rows, count, dim int, q, x, d []float32) {
	const op = "SquaredDistances"
	wantShape(op, "rows", rows, 0)
	wantShape(op, "count", count, 0)
	wantShape(op, "dim", dim, 0)
	wantLength(op, "q", len(q), rows*dim)
	wantLength(op, "x", len(x), count*dim)
	wantLength(op, "d", len(d), rows*count)
	total := count * dim
	task := min(nearTask, max(nearBlock, ceilDiv(total, 2*t.Threads())))
	size, blockSize := max(1, task/max(1, dim)), max(1, nearBlock/max(1, dim))
	if rows == 1 {
		blockSize = size
	}
	t.Run(ceilDiv(count, size), func(task, _ int) {
		last := min(count, (task+1)*size)
		for from := task * size; from < last; from += blockSize {
			to := min(last, from+blockSize)
			block := x[from*dim : to*dim]
			for r := range rows {
				t.impl.distances.run(q[r*dim:(r+1)*dim], block, d[r*count+from:r*count+to])
			}
		}
	})
}

// nearTask is how many elements of x a task takes at most: 8 MiB, since memory is read faster in long runs.
// Of nearBlock elements, 256 KiB, all rows' distances are taken before the next, so that they stay in the second-level cache.
const (
	nearTask  = 1 << 21
	nearBlock = 1 << 16
)

// distancesGeneric is the plain twin of the microkernels in assembly.
func distancesGeneric(q, x, d []float32) {
	for i := range d {
		d[i] = distancesTail(q, x[i*len(q):(i+1)*len(q)])
	}
}

// distancesTail sums (q-x)^2 in two lanes.
func distancesTail(q, x []float32) float32 {
	x = x[:len(q)]
	var s0, s1 float32
	for len(q) >= 2 && len(x) >= 2 {
		d0, d1 := q[0]-x[0], q[1]-x[1]
		s0 += d0 * d0
		s1 += d1 * d1
		q, x = q[2:], x[2:]
	}
	for i, v := range q {
		d := v - x[i]
		s0 += d * d
	}
	return s0 + s1
}
