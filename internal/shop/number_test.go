package shop

import (
	"math"
	"slices"
	"testing"
)

func TestSincos(t *testing.T) {
	for i := -4000; i <= 4000; i++ {
		turn := float64(i) / 1000
		sin, cos := sincos(turn)
		wantSin, wantCos := math.Sincos(2 * math.Pi * turn)
		if !(math.Abs(sin-wantSin) <= 1e-11 && math.Abs(cos-wantCos) <= 1e-11) {
			t.Fatalf("sincos(%v) = %v, %v, want %v, %v", turn, sin, cos, wantSin, wantCos)
		}
	}
}

// SplitMix64 from state 0; the numbers are those of its reference implementation.
func TestStreamIsSplitMix64(t *testing.T) {
	s := &stream{}
	for i, want := range []uint64{0xe220a8397b1dcdaf, 0x6e789e6aa1b965f4, 0x06c45d188009454f, 0xf88bb8a8724c81ec} {
		if got := s.bits(); got != want {
			t.Errorf("number %d is %#x, want %#x", i, got, want)
		}
	}
}

func TestStreams(t *testing.T) {
	first := map[uint64]string{}
	for name, s := range map[string]*stream{
		"1 a": newStream(1, "a"), "2 a": newStream(2, "a"), "1 b": newStream(1, "b"), "1 a 0": newStream(1, "a", 0),
		"1 a 1": newStream(1, "a", 1), "1 a 0 1": newStream(1, "a", 0, 1), "1 a 1 0": newStream(1, "a", 1, 0),
	} {
		v := s.bits()
		if other, ok := first[v]; ok {
			t.Errorf("the streams %s and %s are one", name, other)
		}
		first[v] = name
	}
	s := newStream(3, "test")
	count := [5]int{}
	for range 50000 {
		count[s.below(5)]++
	}
	for k, n := range count {
		if n < 9500 || n > 10500 {
			t.Errorf("below(5) gave %d %d times of 50000", k, n)
		}
	}
	p := s.permutation(100)
	sorted := slices.Sorted(slices.Values(p))
	for i, v := range sorted {
		if i != v {
			t.Fatalf("no permutation: %v", p)
		}
	}
	if slices.Equal(p, sorted) {
		t.Error("the permutation is the identity")
	}
}

// area is positive for one orientation and negative for the other.
func area(p polygon) float64 {
	sum := 0.0
	for i, a := range p {
		b := p[(i+1)%len(p)]
		sum += a.x*b.y - b.x*a.y
	}
	return sum / 2
}

func TestStrokeTurnsOneWay(t *testing.T) {
	line := polygon{{0, 0}, {1, 0.2}, {0.4, 1}, {-0.5, 0.3}, {-0.5, 0.3}, {0, -0.9}}
	parts := stroke(line, 0.1, true)
	if len(parts) != 6+5 { // a joint each; the line of no length has no ribbon
		t.Errorf("%d parts", len(parts))
	}
	for i, p := range parts {
		if !(area(p) > 0) {
			t.Errorf("part %d turns the other way", i)
		}
	}
}

func TestBlur(t *testing.T) {
	const size, radius = 9, 2
	from, to := make([]int32, size*size), make([]int32, size*size)
	r := newStream(1, "blur")
	for i := range from {
		from[i] = int32(r.below(256))
	}
	blur(to, from, size, radius)
	for y := range size {
		for x := range size {
			sum := int32(0)
			for k := x - radius; k <= x+radius; k++ {
				if k >= 0 && k < size {
					sum += from[y*size+k]
				}
			}
			if got := to[x*size+y]; got != sum/(2*radius+1) {
				t.Fatalf("at %d, %d: %d, want %d", x, y, got, sum/(2*radius+1))
			}
		}
	}
}
