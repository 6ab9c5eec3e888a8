package evaluate

import "math"

// Interval is Wilson's score interval of a share at 95 %: E. B. Wilson, "Probable inference, the law of succession, and statistical inference" (1927).
// Unlike the usual plus or minus it stays within [0, 1] and is right for shares near 0 and 1. It takes the trials for independent; triplets that have
// pictures in common are not quite, so the true interval is somewhat wider. With no trials it is [0, 1].
func Interval(right, trials int) [2]float64 {
	if trials == 0 {
		return [2]float64{0, 1}
	}
	const z = 1.959963984540054 // the normal distribution's quantile at 0.975
	n := float64(trials)
	p := float64(right) / n
	middle := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	low, high := max(0, middle-half), min(1, middle+half)
	if right == 0 {
		low = 0
	}
	if right == trials {
		high = 1
	}
	return [2]float64{low, high}
}
