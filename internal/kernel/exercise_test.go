package kernel_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"deeprank/internal/kernel"
	"deeprank/internal/reference"
)

// exercise runs a kernel with 1, 2 and 3 threads on copies of its inputs, into outputs of the given lengths that are full of
// NaN. It wants the same bits each time, every output written, inputs untouched, and nothing written before or behind any
// slice. It returns the outputs. The slices are not aligned.
func exercise(t *testing.T, in [][]float32, lengths []int, run func(team *kernel.Team, in, out [][]float32)) [][]float32 {
	t.Helper()
	var first [][]float32
	for threads := 1; threads <= 3; threads++ {
		team := kernel.NewTeam(threads)
		var all []guarded
		var ins, outs [][]float32
		for _, v := range in {
			g := guard(len(v))
			copy(g.inner, v)
			all, ins = append(all, g), append(ins, g.inner)
		}
		for _, n := range lengths {
			g := guard(n)
			all, outs = append(all, g), append(outs, g.inner)
		}
		run(team, ins, outs)
		team.Close()
		for i, g := range all {
			if !g.intact() {
				t.Fatalf("%d threads: written outside slice %d", threads, i)
			}
		}
		for i, v := range in {
			if !sameBits(ins[i], v) {
				t.Fatalf("%d threads: input %d has changed", threads, i)
			}
		}
		if first == nil {
			first = outs
		}
		for i := range outs {
			for j, v := range outs[i] {
				if math.Float32bits(v) == pattern {
					t.Fatalf("%d threads: output %d: element %d is not written", threads, i, j)
				}
			}
			if !sameBits(outs[i], first[i]) {
				t.Fatalf("output %d: other bits with %d threads than with 1", i, threads)
			}
		}
	}
	return first
}

// guarded is a slice between two strips that must stay as they are.
type guarded struct{ whole, inner []float32 }

const strip, pattern = 19, 0x7fc0beef // a NaN

func guard(n int) guarded {
	whole := make([]float32, n+2*strip)
	for i := range whole {
		whole[i] = math.Float32frombits(pattern)
	}
	return guarded{whole, whole[strip : strip+n : strip+n]}
}

func (g guarded) intact() bool {
	for i := range strip {
		if math.Float32bits(g.whole[i]) != pattern || math.Float32bits(g.whole[len(g.whole)-1-i]) != pattern {
			return false
		}
	}
	return true
}

func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

// random returns n values from a standard normal distribution.
func random(seed uint64, n int) []float32 {
	r := rand.New(rand.NewPCG(seed, 1))
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

// distinct returns n values in random order, of both signs, no two closer than 1/64.
func distinct(seed uint64, n int) []float32 {
	v := make([]float32, n)
	for i, k := range rand.New(rand.NewPCG(seed, 2)).Perm(n) {
		v[i] = float32(k-n/2) / 64
	}
	return v
}

func float64s(v []float32) []float64 {
	d := make([]float64, len(v))
	for i := range v {
		d[i] = float64(v[i])
	}
	return d
}

// near wants have to be want, within tolerance times the largest magnitude of want; NaN fails.
func near(t *testing.T, what string, have []float32, want []float64, tolerance float64) {
	t.Helper()
	if len(have) != len(want) {
		t.Fatalf("%s: %d elements, want %d", what, len(have), len(want))
	}
	largest := 0.0
	for _, v := range want {
		largest = max(largest, math.Abs(v))
	}
	for i := range want {
		if err := math.Abs(float64(have[i]) - want[i]); !(err <= tolerance*largest) {
			t.Fatalf("%s[%d] = %v, want %v (largest %v)", what, i, have[i], want[i], largest)
		}
	}
}

// nearGradient wants dx to be the gradient of sum(dy*forward(x)) by finite differences. tolerance is as in near. Of a long x
// only some elements are tried: the ends, and others here and there.
func nearGradient(t *testing.T, what string, dx, x, dy []float32, forward func(x []float64) []float64, h, tolerance float64) {
	t.Helper()
	whole := float64s(x)
	var tried []int
	for i := range x {
		if len(x) <= 1500 || i < 8 || i >= len(x)-8 || i%(len(x)/60) == i%61 {
			tried = append(tried, i)
		}
	}
	values, have := make([]float64, len(tried)), make([]float32, len(tried))
	for k, i := range tried {
		values[k], have[k] = whole[i], dx[i]
	}
	loss := func(values []float64) float64 {
		for k, i := range tried {
			whole[i] = values[k]
		}
		sum := 0.0
		for i, y := range forward(whole) {
			sum += float64(dy[i]) * y
		}
		return sum
	}
	near(t, what, have, reference.Gradient(loss, values, h), tolerance)
}

// wantPanic wants f to panic with a message that starts with "kernel: " and has part in it.
func wantPanic(t *testing.T, part string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if s, ok := recover().(string); !ok || !strings.HasPrefix(s, "kernel: ") || !strings.Contains(s, part) {
			t.Errorf("panic %q, want one of kernel: with %q", s, part)
		}
	}()
	f()
}
