package kernel

import (
	"sync/atomic"
	"time"
)

// PeakGFLOPS measures what all threads together can do at most: multiply-adds of values that stay in registers, in 1e9
// operations a second (a multiply-add counts as two), with the instructions of the team's microkernels. It lets the threads
// run for about d, rounds times, and returns the best. In plain Go it is the limit of plain Go.
//
// No kernel can be faster by its own arithmetic; one that leaves arithmetic out, as Winograd's convolution, can seem to be.
func (t *Team) PeakGFLOPS(d time.Duration, rounds int) float64 {
	peak := t.impl.peak
	if peak == nil {
		peak = peakGeneric
	}
	chunk := 1 << 10 // grows to about a hundredth of d, so that looking at the clock costs nothing
	for {
		begin := time.Now()
		peak(chunk)
		if time.Since(begin) > d/128 || chunk >= 1<<24 {
			break
		}
		chunk *= 2
	}
	best := 0.0
	for range max(1, rounds) {
		var flops atomic.Int64
		begin := time.Now()
		t.Run(t.Threads(), func(int, int) {
			done := 0
			for time.Since(begin) < d {
				done += peak(chunk)
			}
			flops.Add(int64(done))
		})
		best = max(best, float64(flops.Load())/time.Since(begin).Seconds()/1e9)
	}
	return best
}

// peakGeneric does n times 8 multiplications and additions, each on the one before of its own chain.
func peakGeneric(n int) (flops int) {
	const a, b = 0.5, 1
	var x0, x1, x2, x3, x4, x5, x6, x7 float32
	for range n {
		x0, x1, x2, x3 = x0*a+b, x1*a+b, x2*a+b, x3*a+b
		x4, x5, x6, x7 = x4*a+b, x5*a+b, x6*a+b, x7*a+b
	}
	if x0+x1+x2+x3+x4+x5+x6+x7 < 0 { // never; keeps the loop
		return 0
	}
	return n * 16
}
