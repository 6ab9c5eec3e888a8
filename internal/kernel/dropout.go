package kernel

import (
	"fmt"
	"math"
)

// Dropout zeroes each value with the probability p and scales the others by 1/(1-p). The mask of row r depends on keys[r]
// and the column alone, so that it does not matter in which batch, or in which part of it, an image comes. On the gradient,
// with the same keys, it is its own backward pass. y may be x.
//
//	x, y  [rows][cols]
//	keys  [rows], see StreamKey
func Dropout(t *Team, rows, cols int, x, y []float32, keys []uint64, p float64) {
	checkRows("Dropout", rows, cols)
	wantLength("Dropout", "x", len(x), rows*cols)
	wantLength("Dropout", "y", len(y), rows*cols)
	wantLength("Dropout", "keys", len(keys), rows)
	if !(p >= 0 && p <= 1) {
		panic(fmt.Sprintf("kernel: Dropout: p is %v, want 0 to 1", p))
	}
	if p == 0 {
		copy(y, x)
		return
	}
	// The element is dropped when its 53 random bits, as a number in [0, 1), are below p.
	limit := uint64(p * (1 << 53))
	scale := math.Float32bits(float32(1 / (1 - p))) // +Inf for p = 1, where nothing is kept
	tasks, size := cut(rows, cols)
	t.Run(tasks, func(task, _ int) {
		for r := task * size; r < min(rows, (task+1)*size); r++ {
			state := mix(keys[r] ^ golden)
			xs := x[r*cols : (r+1)*cols]
			ys := y[r*cols : (r+1)*cols][:len(xs)]
			for i, v := range xs {
				state += golden
				factor := scale
				if mix(state)>>11 < limit {
					factor = 0
				}
				ys[i] = v * math.Float32frombits(factor) // a product, so that NaN and infinity still show
			}
		}
	})
}
