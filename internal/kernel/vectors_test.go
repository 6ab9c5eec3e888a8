package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// draw returns n random values, near normal, on float32's grid, so that float32 and float64 code get the same numbers.
func draw(rng *rand.Rand, n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = float64(float32(rng.NormFloat64()))
	}
	return v
}

// canary is a NaN that no arithmetic makes.
var canary = math.Float32frombits(0x7fc0dead)

// guarded is a slice between canaries, starting at an address that no vector register likes.
type guarded struct {
	all []float32
	v   []float32
}

const guard = 67

func newGuarded(n int) *guarded {
	g := &guarded{all: make([]float32, n+2*guard)}
	for i := range g.all {
		g.all[i] = canary
	}
	g.v = g.all[guard : guard+n : guard+n]
	return g
}

func guardedCopy(v []float64) *guarded {
	g := newGuarded(len(v))
	for i, x := range v {
		g.v[i] = float32(x)
	}
	return g
}

// intact reports a changed canary.
func (g *guarded) intact(t *testing.T, name string) {
	t.Helper()
	for i, v := range g.all {
		if (i < guard || i >= guard+len(g.v)) && math.Float32bits(v) != math.Float32bits(canary) {
			t.Errorf("%s: wrote %v at %d, outside its %d elements", name, v, i-guard, len(g.v))
			return
		}
	}
}

// unchanged reports a changed input.
func (g *guarded) unchanged(t *testing.T, name string, want []float64) {
	t.Helper()
	g.intact(t, name)
	for i, v := range g.v {
		if float64(v) != want[i] {
			t.Errorf("%s: input element %d was changed to %v", name, i, v)
			return
		}
	}
}

// near compares with the expected values; the error is relative to the largest of them.
func near(t *testing.T, name string, got []float32, want []float64, tolerance float64) {
	t.Helper()
	largest := 0.0
	for _, v := range want {
		largest = max(largest, math.Abs(v))
	}
	for i, v := range got {
		if err := math.Abs(float64(v) - want[i]); !(err <= tolerance*largest) {
			t.Errorf("%s: element %d is %v, want %v (error %.2g of the largest, %.3g)", name, i, v, want[i], err/largest, largest)
			return
		}
	}
}

// sameBits compares bit by bit.
func sameBits(t *testing.T, name string, got, want []float32) {
	t.Helper()
	for i, v := range got {
		if math.Float32bits(v) != math.Float32bits(want[i]) {
			t.Errorf("%s: element %d is %x, with another number of threads %x", name, i, v, want[i])
			return
		}
	}
}

// eachImplementation runs a test with teams of 1, 2 and 3 threads for every implementation that this machine can run.
func eachImplementation(t *testing.T, test func(t *testing.T, teams []*Team)) {
	for _, p := range implementations() {
		t.Run(p.name, func(t *testing.T) {
			if !p.available {
				t.Skip("this machine cannot run it")
			}
			var teams []*Team
			for threads := 1; threads <= 3; threads++ {
				team := NewTeam(threads)
				defer team.Close()
				team.impl = p
				teams = append(teams, team)
			}
			test(t, teams)
		})
	}
}

// compare runs an operation with each of the teams. Its outputs, by name, must be near those expected, the same bits for all
// teams, and within their slices; its inputs must stay as they are.
func compare(t *testing.T, teams []*Team, tolerance float64, inputs, before, want map[string][]float64,
	run func(team *Team, in, out map[string][]float32)) {
	t.Helper()
	var earlier map[string]*guarded
	for _, team := range teams {
		in, out := map[string]*guarded{}, map[string]*guarded{}
		inV, outV := map[string][]float32{}, map[string][]float32{}
		for name, v := range inputs {
			in[name] = guardedCopy(v)
			inV[name] = in[name].v
		}
		for name, v := range want {
			out[name] = newGuarded(len(v))
			if b, ok := before[name]; ok {
				out[name] = guardedCopy(b)
			}
			outV[name] = out[name].v
		}
		run(team, inV, outV)
		for name, g := range in {
			g.unchanged(t, name, inputs[name])
		}
		for name, g := range out {
			label := fmt.Sprintf("%s, %d threads", name, team.Threads())
			g.intact(t, label)
			near(t, label, g.v, want[name], tolerance)
			if earlier != nil {
				sameBits(t, label, g.v, earlier[name].v)
			}
		}
		earlier = out
	}
}

func plus(a, b []float64) []float64 {
	s := make([]float64, len(a))
	for i := range s {
		s[i] = a[i] + b[i]
	}
	return s
}

func dot64(a, b []float64) (s float64) {
	for i := range a {
		s += a[i] * b[i]
	}
	return s
}
