package health

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// usual is a run that goes well: the loss falls from the gap towards 0.1 of it, noisy as a batch of 8 is.
func usual(gap float64, steps int) []Sample {
	r := rand.New(rand.NewPCG(7, uint64(steps)))
	samples := make([]Sample, steps)
	for i := range samples {
		left := math.Exp(-float64(i) / 400)
		noise := 0.3 * gap * r.NormFloat64()
		samples[i] = Sample{Step: i + 1, Loss: math.Abs(gap*(0.1+0.9*left) + noise), DPos: 0.3 + 0.05*r.Float64(), DNeg: 0.3 + gap*(1-left),
			Active: 0.2 + 0.8*left, Wait: 0.05 * r.Float64(), GradNorm: math.Exp(r.NormFloat64())}
	}
	return samples
}

// from changes the samples from step on.
func from(samples []Sample, step int, change func(s *Sample)) []Sample {
	for i := range samples {
		if samples[i].Step >= step {
			change(&samples[i])
		}
	}
	return samples
}

func TestMonitor(t *testing.T) {
	tests := []struct {
		name    string
		gap     float64
		samples []Sample
		want    []string // a part of each message, in their order
		within  int      // the first one must come at most this many steps after `after`
		after   int
	}{
		{name: "a good run", gap: 1, samples: usual(1, 5000)},
		{name: "a good run with a small gap", gap: 0.1, samples: usual(0.1, 5000)},
		{name: "a short run", gap: 1, samples: usual(1, 60)},
		{name: "noise on a level", gap: 1, samples: func() []Sample {
			r := rand.New(rand.NewPCG(3, 3))
			s := usual(1, 20000)
			for i := range s {
				s[i].Loss = math.Abs(0.5 + 0.4*r.NormFloat64())
			}
			return s
		}()},
		{name: "collapse from the start", gap: 1, after: 1, within: 200, want: []string{"collapsed"},
			samples: from(usual(1, 3000), 1, func(s *Sample) { s.Loss, s.DPos, s.DNeg, s.Active = 1, 1e-4, 1.1e-4, 1 })},
		{name: "collapse later", gap: 1, after: 1000, within: 300, want: []string{"collapsed"},
			samples: from(usual(1, 3000), 1000, func(s *Sample) { s.Loss, s.DPos, s.DNeg, s.Active = 1, 0.003, 0.0031, 1 })},
		{name: "collapse with a small gap", gap: 0.1, after: 1, within: 200, want: []string{"collapsed"},
			samples: from(usual(0.1, 1000), 1, func(s *Sample) { s.Loss, s.DPos, s.DNeg, s.Active = 0.1, 1e-4, 1.1e-4, 1 })},
		{name: "small distances of a small gap that works", gap: 0.1,
			samples: from(usual(0.1, 2000), 1, func(s *Sample) { s.DPos, s.DNeg = 0.01, 0.08 })},
		{name: "an untrained network that spreads out slowly", gap: 1,
			samples: from(usual(1, 800), 1, func(s *Sample) {
				s.DNeg = 0.002 * math.Exp(float64(s.Step)/120)
				s.DPos, s.Active = s.DNeg/2, 1
				s.Loss = 1 + s.DPos - s.DNeg
			})},
		{name: "no active triplets", gap: 1, after: 2000, within: 500, want: []string{"hardly any triplet has a loss"},
			samples: from(usual(1, 4000), 2000, func(s *Sample) { s.Loss, s.Active = 0, 0 })},
		{name: "few active triplets", gap: 1,
			samples: from(usual(1, 4000), 2000, func(s *Sample) { s.Loss, s.Active = 0.02, 0.03 })},
		{name: "a few steps without active triplets", gap: 1,
			samples: func() []Sample {
				s := usual(1, 3000)
				for i := range s {
					if i%10 > 2 {
						s[i].Active = 0
					}
				}
				return s
			}()},
		{name: "loss rises", gap: 1, after: 1500, within: 600, want: []string{"rising"},
			samples: from(usual(1, 3000), 1500, func(s *Sample) { s.Loss += float64(s.Step-1500) / 1000 })},
		{name: "loss rises a little", gap: 1,
			samples: from(usual(1, 3000), 1500, func(s *Sample) { s.Loss += 0.02 })},
		{name: "loading is slow", gap: 1, after: 1, within: 100, want: []string{"waiting for pictures"},
			samples: from(usual(1, 3000), 1, func(s *Sample) { s.Wait = 0.6 })},
		{name: "loading hiccups", gap: 1,
			samples: from(usual(1, 3000), 1, func(s *Sample) {
				if s.Step%100 < 5 {
					s.Wait = 0.9
				}
			})},
		{name: "gradients explode", gap: 1, after: 1000, within: 100, want: []string{"gradients have grown"},
			samples: from(usual(1, 1500), 1000, func(s *Sample) { s.GradNorm *= 1e4 })},
		{name: "now and then a step without a gradient", gap: 1,
			samples: from(usual(1, 1500), 100, func(s *Sample) {
				if s.Step < 300 && s.Step%10 == 0 {
					s.GradNorm, s.Loss, s.Active = 0, 0, 0
				}
			})},
		{name: "one large gradient", gap: 1,
			samples: from(usual(1, 1500), 1, func(s *Sample) {
				if s.Step == 1000 {
					s.GradNorm = 1e12
				}
			})},
		{name: "gradients vanish", gap: 1, after: 1, within: 200, want: []string{"gradients have vanished"},
			samples: from(usual(1, 1500), 1, func(s *Sample) { s.GradNorm, s.Loss, s.Active = 0, 1, 1 })},
		{name: "gradients vanish because all is learned", gap: 1, after: 2000, within: 500, want: []string{"hardly any triplet has a loss"},
			samples: from(usual(1, 3000), 2000, func(s *Sample) { s.GradNorm, s.Loss, s.Active = 0, 0, 0 })},
		{name: "NaN is the trainer's", gap: 1,
			samples: from(usual(1, 1000), 500, func(s *Sample) { s.Loss = math.NaN() })},
		{name: "gap 0", gap: 0, samples: from(usual(1, 2000), 1, func(s *Sample) { s.Loss /= 10 })},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := New(test.gap)
			var got []string
			first := 0
			for _, s := range test.samples {
				messages := m.Step(s)
				if len(messages) > 0 && first == 0 {
					first = s.Step
				}
				got = append(got, messages...)
			}
			if len(got) != len(test.want) {
				t.Fatalf("got %d messages from step %d on, want %d: %q", len(got), first, len(test.want), got)
			}
			for i, want := range test.want {
				if !strings.Contains(got[i], want) || !strings.Contains(got[i], "ry ") {
					t.Errorf("got %q, want %q and what to try in it", got[i], want)
				}
			}
			if len(got) > 0 && (first < test.after || first > test.after+test.within) {
				t.Errorf("the first message came at step %d, want it in %d steps from %d", first, test.within, test.after)
			}
		})
	}
}

// A sign that comes and goes is told when it comes back, but not more often than every `apart` steps.
func TestToldAgainOnlyAfterItHasGone(t *testing.T) {
	m := New(1)
	var told []int
	for _, s := range usual(1, 10000) {
		if s.Step/300%2 == 1 { // 300 steps of slow loading, 300 without
			s.Wait = 0.8
		}
		if len(m.Step(s)) > 0 {
			told = append(told, s.Step)
		}
	}
	if len(told) < 3 || len(told) > 11 {
		t.Fatalf("told at steps %v", told)
	}
	for i := 1; i < len(told); i++ {
		if told[i]-told[i-1] < 1000 {
			t.Errorf("told at steps %d and %d", told[i-1], told[i])
		}
	}
}

func TestMessagesHaveTheNumbers(t *testing.T) {
	m := New(0.5)
	var got []string
	for step := 1; step <= 300; step++ {
		got = append(got, m.Step(Sample{Step: step, Loss: 0.5, DPos: 0.00134, DNeg: 0.0012, Active: 1, Wait: 0.4, GradNorm: 1})...)
	}
	all := strings.Join(got, "\n")
	for _, part := range []string{"D(q,p) is 0.0013 and D(q,n) 0.0012", "stays at 0.5 with a gap of 0.5", "40 % of each step", "--warmup", "--workers"} {
		if !strings.Contains(all, part) {
			t.Errorf("%q is missing in: %s", part, all)
		}
	}
}
