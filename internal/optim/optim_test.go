package optim_test

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"deeprank/internal/kernel"
	"deeprank/internal/optim"
)

// peer is testdata/torch.json, written by testdata/make.py.
type peer struct {
	Trajectories []trajectory
	Schedules    []schedule
}

type trajectory struct {
	Name, Optimizer string
	Momentum        float64
	WeightDecay     float64 `json:"weight_decay"`
	Nesterov        bool
	Clip            float64
	Start           map[string][]float32
	Steps           []struct {
		LR, Norm      float64
		Grads, Values map[string][]float32
		State         map[string]map[string][]float32
	}
}

type schedule struct {
	Name, Kind    string
	Base          float64
	Warmup, Total int
	StepEvery     int     `json:"step_every"`
	StepFactor    float64 `json:"step_factor"`
	LRs           []float64
}

func readPeer(t *testing.T) peer {
	t.Helper()
	b, err := os.ReadFile("testdata/torch.json")
	if err != nil {
		t.Fatal(err)
	}
	var p peer
	if err := json.Unmarshal(b, &p); err != nil {
		t.Fatal(err)
	}
	if len(p.Trajectories) == 0 || len(p.Schedules) == 0 {
		t.Fatal("testdata/torch.json is empty")
	}
	return p
}

func newTeam(t *testing.T, threads int) *kernel.Team {
	team := kernel.NewTeam(threads)
	t.Cleanup(team.Close)
	return team
}

func (tr *trajectory) params() []optim.Param {
	return []optim.Param{
		{Name: "a.weight", Shape: []int{3, 4}, Value: append([]float32(nil), tr.Start["a.weight"]...), Grad: make([]float32, 12)},
		{Name: "a.bias", Shape: []int{5}, Value: append([]float32(nil), tr.Start["a.bias"]...), Grad: make([]float32, 5)},
	}
}

func (tr *trajectory) optimizer(params []optim.Param) optim.Optimizer {
	if tr.Optimizer == "adamw" {
		return optim.NewAdamW(params, tr.WeightDecay)
	}
	return optim.NewSGD(params, tr.Momentum, tr.WeightDecay, tr.Nesterov)
}

// near compares with a tolerance relative to the largest magnitude; NaN fails.
func near(t *testing.T, what string, have, want []float32, tolerance float64) {
	t.Helper()
	if len(have) != len(want) {
		t.Fatalf("%s: %d elements, want %d", what, len(have), len(want))
	}
	largest := 0.0
	for _, v := range want {
		largest = max(largest, math.Abs(float64(v)))
	}
	for i := range want {
		if err := math.Abs(float64(have[i]) - float64(want[i])); !(err <= tolerance*largest) {
			t.Fatalf("%s[%d] = %v, want %v", what, i, have[i], want[i])
		}
	}
}

// TestTorch follows PyTorch's optimisers step by step: parameters, state and the norm of the gradients.
func TestTorch(t *testing.T) {
	team := newTeam(t, 2)
	for _, tr := range readPeer(t).Trajectories {
		t.Run(tr.Name, func(t *testing.T) {
			params := tr.params()
			o := tr.optimizer(params)
			for n, s := range tr.Steps {
				for _, p := range params {
					copy(p.Grad, s.Grads[p.Name])
				}
				norm, scale := optim.GradNorm(team, params), float32(1)
				if !(math.Abs(norm-s.Norm) <= 1e-6*s.Norm) {
					t.Fatalf("step %d: norm %v, want %v", n, norm, s.Norm)
				}
				if tr.Clip > 0 {
					scale = optim.ClipScale(norm, tr.Clip)
				}
				o.Step(team, params, s.LR, scale)
				if o.Count() != n+1 {
					t.Fatalf("step %d: Count is %d", n, o.Count())
				}
				if len(o.Slots()) != len(s.State) {
					t.Fatalf("slots %q, torch has %d", o.Slots(), len(s.State))
				}
				for _, p := range params {
					near(t, p.Name, p.Value, s.Values[p.Name], 1e-6)
					for _, slot := range o.Slots() {
						near(t, slot+" of "+p.Name, o.State(slot, p.Name), s.State[slot][p.Name], 1e-6)
					}
					for i, g := range p.Grad {
						if g != s.Grads[p.Name][i] {
							t.Fatalf("step %d changed the gradient of %s", n, p.Name)
						}
					}
				}
			}
		})
	}
}

// TestResume stops each trajectory in the middle, moves the state to a new optimizer and wants the same bits at the end.
func TestResume(t *testing.T) {
	team := newTeam(t, 1)
	for _, tr := range readPeer(t).Trajectories {
		t.Run(tr.Name, func(t *testing.T) {
			run := func(stop int) []optim.Param {
				params := tr.params()
				o := tr.optimizer(params)
				for n, s := range tr.Steps {
					if n == stop {
						old := o
						o = tr.optimizer(params)
						o.SetCount(old.Count())
						for _, slot := range old.Slots() {
							for _, p := range params {
								v := old.State(slot, p.Name)
								if err := o.SetState(slot, p.Name, v); err != nil {
									t.Fatal(err)
								}
								clear(v) // the new one must have a copy
							}
						}
					}
					for _, p := range params {
						copy(p.Grad, s.Grads[p.Name])
					}
					o.Step(team, params, s.LR, 1)
				}
				return params
			}
			through, resumed := run(-1), run(3)
			for i, p := range through {
				near(t, p.Name, resumed[i].Value, p.Value, 0)
			}
		})
	}
}

// mixed returns parameters of awkward lengths, some longer than a block, some empty, and optimizers for them.
func mixed() []optim.Param {
	var params []optim.Param
	seed := uint64(1)
	for i, n := range []int{1, 0, 16384, 16385, 3, 70001, 32768, 13} {
		p := optim.Param{Name: string(rune('a' + i)), Shape: []int{n}, Value: make([]float32, n), Grad: make([]float32, n)}
		for j := range n {
			seed = seed*6364136223846793005 + 1442695040888963407
			p.Value[j] = float32(int32(seed>>32)) / (1 << 31)
			seed = seed*6364136223846793005 + 1442695040888963407
			p.Grad[j] = float32(int32(seed>>32)) / (1 << 31)
		}
		params = append(params, p)
	}
	return params
}

func kinds(params []optim.Param) map[string]optim.Optimizer {
	return map[string]optim.Optimizer{
		"plain":    optim.NewSGD(params, 0, 5e-4, false),
		"momentum": optim.NewSGD(params, 0.9, 5e-4, false),
		"nesterov": optim.NewSGD(params, 0.9, 5e-4, true),
		"adamw":    optim.NewAdamW(params, 0.01),
	}
}

// TestThreads wants the same bits for any number of threads, and the same as from one parameter at a time.
func TestThreads(t *testing.T) {
	for kind := range kinds(nil) {
		t.Run(kind, func(t *testing.T) {
			run := func(team *kernel.Team) []optim.Param {
				params := mixed()
				o := kinds(params)[kind]
				for range 3 {
					o.Step(team, params, 0.01, 0.5)
				}
				return params
			}
			want := mixed() // each parameter with an optimizer of its own
			for i := range want {
				o := kinds(want[i : i+1])[kind]
				for range 3 {
					o.Step(newTeam(t, 1), want[i:i+1], 0.01, 0.5)
				}
			}
			for threads := 1; threads <= 3; threads++ {
				for i, p := range run(newTeam(t, threads)) {
					near(t, p.Name, p.Value, want[i].Value, 0)
				}
			}
		})
	}
}

func TestGradNorm(t *testing.T) {
	params := mixed()
	want := 0.0
	for _, p := range params {
		for _, g := range p.Grad {
			want += float64(g) * float64(g)
		}
	}
	want = math.Sqrt(want)
	first := optim.GradNorm(newTeam(t, 1), params)
	if !(math.Abs(first-want) <= 1e-12*want) {
		t.Errorf("norm %v, want %v", first, want)
	}
	for threads := 2; threads <= 3; threads++ {
		if n := optim.GradNorm(newTeam(t, threads), params); n != first {
			t.Errorf("%d threads: %v, one thread: %v", threads, n, first)
		}
	}
	team := newTeam(t, 2)
	if n := optim.GradNorm(team, nil); n != 0 {
		t.Errorf("of nothing: %v", n)
	}
	huge := []optim.Param{{Grad: []float32{math.MaxFloat32, math.MaxFloat32}}}
	if n := optim.GradNorm(team, huge); !(math.Abs(n/math.MaxFloat32-math.Sqrt2) <= 1e-9) {
		t.Errorf("of two MaxFloat32: %v", n)
	}
	for _, at := range []int{0, 2, 70000} {
		params[5].Grad[at] = float32(math.Inf(-1))
		if n := optim.GradNorm(team, params); !math.IsInf(n, 1) {
			t.Errorf("with -Inf at %d: %v", at, n)
		}
		params[5].Grad[at] = float32(math.NaN())
		if n := optim.GradNorm(team, params); !math.IsNaN(n) {
			t.Errorf("with NaN at %d: %v", at, n)
		}
		params[5].Grad[at] = 0
	}
}

func TestClipScale(t *testing.T) {
	for _, c := range []struct {
		norm, limit float64
		want        float32
	}{
		{0, 1, 1}, {0.5, 1, 1}, {1, 1, float32(1 / 1.000001)}, {4, 1, float32(1 / 4.000001)}, {10, 5, float32(5 / 10.000001)}, {math.Inf(1), 1, 0},
	} {
		if have := optim.ClipScale(c.norm, c.limit); have != c.want {
			t.Errorf("ClipScale(%v, %v) = %v, want %v", c.norm, c.limit, have, c.want)
		}
	}
	if s := optim.ClipScale(math.NaN(), 1); s == s {
		t.Errorf("ClipScale(NaN) = %v", s)
	}
}

// TestNoGradient: a parameter without gradient stays as it is and gets no state.
func TestNoGradient(t *testing.T) {
	team := newTeam(t, 1)
	for kind := range kinds(nil) {
		params := mixed()
		before := append([]float32(nil), params[3].Value...)
		params[3].Grad = nil
		o := kinds(params)[kind]
		o.Step(team, params, 0.1, 1)
		near(t, kind, params[3].Value, before, 0)
		for _, slot := range o.Slots() {
			if o.State(slot, params[3].Name) != nil {
				t.Errorf("%s: %s of a parameter without gradient", kind, slot)
			}
			if len(o.State(slot, params[4].Name)) != 3 {
				t.Errorf("%s: no %s of a parameter with gradient", kind, slot)
			}
		}
	}
}

func TestState(t *testing.T) {
	params := []optim.Param{{Name: "w", Value: make([]float32, 3), Grad: make([]float32, 3)}}
	plain, momentum := optim.NewSGD(params, 0, 0, false), optim.NewSGD(params, 0.9, 0, false)
	if momentum.State("momentum_buffer", "w") != nil {
		t.Error("state before any step")
	}
	for _, c := range []struct {
		o           optim.Optimizer
		slot, param string
		length      int
		want        string // part of the error
	}{
		{momentum, "momentum_buffer", "w", 3, ""},
		{momentum, "momentum_buffer", "w", 2, "2 elements"},
		{momentum, "momentum_buffer", "v", 3, `"v"`},
		{momentum, "exp_avg", "w", 3, `"exp_avg"`},
		{plain, "momentum_buffer", "w", 3, `"momentum_buffer"`},
	} {
		err := c.o.SetState(c.slot, c.param, make([]float32, c.length))
		if (err == nil) != (c.want == "") || (err != nil && !strings.Contains(err.Error(), c.want)) {
			t.Errorf("SetState(%q, %q, %d) = %v, want %q", c.slot, c.param, c.length, err, c.want)
		}
	}
}

func TestMistakesPanic(t *testing.T) {
	team := newTeam(t, 1)
	w := optim.Param{Name: "w", Value: make([]float32, 3), Grad: make([]float32, 3)}
	v := optim.Param{Name: "v", Value: make([]float32, 3), Grad: make([]float32, 3)}
	short := optim.Param{Name: "w", Value: make([]float32, 3), Grad: make([]float32, 2)}
	for name, f := range map[string]func(){
		"Nesterov without momentum": func() { optim.NewSGD(nil, 0, 0, true) },
		"NaN momentum":              func() { optim.NewSGD(nil, math.NaN(), 0, false) },
		"negative decay":            func() { optim.NewAdamW(nil, -1) },
		"a name twice":              func() { optim.NewSGD([]optim.Param{w, w}, 0, 0, false) },
		"fewer parameters":          func() { optim.NewSGD([]optim.Param{w, v}, 0, 0, false).Step(team, []optim.Param{w}, 1, 1) },
		"another parameter":         func() { optim.NewSGD([]optim.Param{w}, 0, 0, false).Step(team, []optim.Param{v}, 1, 1) },
		"a short gradient":          func() { optim.NewSGD([]optim.Param{w}, 0, 0, false).Step(team, []optim.Param{short}, 1, 1) },
	} {
		func() {
			defer func() {
				if s, ok := recover().(string); !ok || !strings.HasPrefix(s, "optim: ") {
					t.Errorf("%s: panic %q, want one that starts with optim:", name, s)
				}
			}()
			f()
		}()
	}
}

func TestNoAllocation(t *testing.T) {
	team := newTeam(t, 1)
	for kind := range kinds(nil) {
		params := mixed()
		o := kinds(params)[kind]
		if n := testing.AllocsPerRun(5, func() { o.Step(team, params, 0.01, 1) }); n > 2 {
			t.Errorf("%s: %v allocations a step", kind, n)
		}
	}
}

func BenchmarkStep(b *testing.B) {
	const n = 16 << 20
	bytes := map[string]int64{"plain": 12, "momentum": 20, "nesterov": 20, "adamw": 28}
	for _, kind := range []string{"plain", "momentum", "nesterov", "adamw"} {
		b.Run(kind, func(b *testing.B) {
			params := []optim.Param{{Name: "w", Value: make([]float32, n), Grad: make([]float32, n)}}
			o := kinds(params)[kind]
			team := kernel.NewTeam(0)
			defer team.Close()
			o.Step(team, params, 1e-3, 1)
			b.SetBytes(n * bytes[kind])
			for b.Loop() {
				o.Step(team, params, 1e-3, 1)
			}
		})
	}
	b.Run("norm", func(b *testing.B) {
		params := []optim.Param{{Name: "w", Grad: make([]float32, n)}}
		team := kernel.NewTeam(0)
		defer team.Close()
		b.SetBytes(4 * n)
		for b.Loop() {
			optim.GradNorm(team, params)
		}
	})
}
