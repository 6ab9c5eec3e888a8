package shop

import "math"

// mad returns x*y + z with two roundings on every machine: the conversion
// forbids the compiler to fuse them.
func mad(x, y, z float64) float64 { return float64(x*y) + float64(z) }

// mul returns x*y, to which a sum may be fused no more.
func mul(x, y float64) float64 { return float64(x * y) }

// mix goes from a (t = 0) to b (t = 1).
func mix(a, b, t float64) float64 {
	return float64(a) + float64((float64(b)-float64(a))*t)
}

// dot returns ax*bx + ay*by, each product rounded for itself.
func dot(ax, ay, bx, by float64) float64 { return float64(ax*bx) + float64(ay*by) }

// clamp limits x to [0, 1].
func clamp(x float64) float64 { return min(max(x, 0), 1) }

// fraction returns x's distance above the next lower whole number, in [0, 1).
func fraction(x float64) float64 { return x - math.Floor(x) }

// length returns the Euclidean length; the square root is rounded correctly on
// every machine (IEEE 754).
func length(x, y float64) float64 { return math.Sqrt(dot(x, y, x, y)) }

// sincos returns the sine and cosine of a turn (1 = 360 degrees), to about
// 1e-12: Taylor's series on [-1/8, 1/8] of a turn, then quarter turns.
func sincos(turn float64) (sin, cos float64) {
	quarter := math.Floor(mad(4, turn, 0.5))
	x := mul(turn-mul(quarter, 0.25), 2*math.Pi)
	x2 := mul(x, x)
	s, c := 1.0, 1.0
	for k := 14.0; k >= 2; k -= 2 {
		s = 1 - float64(s*(x2/(k*(k+1))))
		c = 1 - float64(c*(x2/(k*(k-1))))
	}
	s *= x
	switch int(quarter) & 3 {
	case 0:
		return s, c
	case 1:
		return c, -s
	case 2:
		return -s, -c
	default:
		return -c, s
	}
}
