package curves

import (
	"math"
	"strconv"
)

// axis is a range of values and the round numbers in it that are written.
type axis struct {
	low, high float64
	step      float64
	ticks     []float64
}

// newAxis gives an axis for values from low to high with about n ticks; its ends are ticks where round is set.
func newAxis(low, high float64, n int, round bool) axis {
	if !(low < high) { // a single value
		by := math.Max(math.Abs(low)/10, 1e-9)
		low, high = low-by, high+by
	}
	raw := (high - low) / float64(max(1, n))
	unit := math.Pow(10, math.Floor(math.Log10(raw)))
	step := 10 * unit
	for _, k := range [...]float64{1, 2, 5} {
		if raw <= k*unit*(1+1e-9) {
			step = k * unit
			break
		}
	}
	a := axis{low: low, high: high, step: step}
	const slack = 1e-9
	from, to := math.Ceil(low/step-slack), math.Floor(high/step+slack)
	if round {
		from, to = math.Floor(low/step+slack), math.Ceil(high/step-slack)
		a.low, a.high = from*step, to*step
	}
	for k := from; k <= to; k++ {
		a.ticks = append(a.ticks, k*step)
	}
	return a
}

// label writes a tick with as many places as the step needs.
func (a axis) label(v float64, percent bool) string {
	step := a.step
	if percent {
		v, step = 100*v, 100*step
	}
	if top := math.Max(math.Abs(a.low), math.Abs(a.high)); top >= 1e6 || top < 1e-4 {
		return strconv.FormatFloat(v, 'g', 4, 64)
	}
	places := max(0, int(math.Ceil(-math.Log10(step)-1e-9)))
	if math.Abs(v) < step/2 {
		v = 0 // no -0
	}
	s := strconv.FormatFloat(v, 'f', places, 64)
	if percent {
		s += " %"
	}
	return s
}

// at is where a value lies between the ends: 0 to 1.
func (a axis) at(v float64) float64 { return (v - a.low) / (a.high - a.low) }
