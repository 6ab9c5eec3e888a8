package kernel

import (
	"math"
	"testing"
)

// TestFromHalf compares every half, at several lengths and offsets, with the formula of IEEE 754 in float64.
func TestFromHalf(t *testing.T) {
	want := make([]float64, 1<<16)
	for i := range want {
		exponent, fraction := i>>10&31, float64(i&1023)
		switch {
		case exponent == 31 && fraction == 0:
			want[i] = math.Inf(1)
		case exponent == 31:
			want[i] = math.NaN()
		case exponent == 0:
			want[i] = math.Ldexp(fraction, -24)
		default:
			want[i] = math.Ldexp(1024+fraction, exponent-25)
		}
		want[i] = math.Copysign(want[i], float64(1-i>>15*2))
	}
	for _, p := range implementations() {
		if !p.available {
			continue
		}
		t.Run(p.half.name, func(t *testing.T) {
			for _, n := range []int{0, 1, 31, 32, 33, 95, 1 << 16} {
				for _, from := range []int{0, 1, 777, 0x7bf0} {
					src := make([]uint16, n)
					for i := range src {
						src[i] = uint16(from + i)
					}
					dst := newGuarded(n)
					p.half.run(dst.v, src)
					dst.intact(t, "dst")
					for i, v := range dst.v {
						w := want[src[i]]
						if float64(v) != w && !(math.IsNaN(w) && math.IsNaN(float64(v))) || math.Signbit(float64(v)) != math.Signbit(w) && w == 0 {
							t.Fatalf("%d numbers: %#04x is %v, want %v", n, src[i], v, w)
						}
					}
				}
			}
		})
	}
}
