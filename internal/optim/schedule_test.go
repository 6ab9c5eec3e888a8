package optim_test

import (
	"math"
	"strings"
	"testing"

	"deeprank/internal/optim"
)

// TestScheduleTorch compares with torch.optim.lr_scheduler, step by step and one step past the end.
func TestScheduleTorch(t *testing.T) {
	for _, c := range readPeer(t).Schedules {
		s := optim.Schedule{Kind: c.Kind, Base: c.Base, Warmup: c.Warmup, Total: c.Total, StepEvery: c.StepEvery, StepFactor: c.StepFactor}
		if err := s.Check(); err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
		for step, want := range c.LRs {
			if have := s.LR(step); !(math.Abs(have-want) <= 1e-9*c.Base) {
				t.Errorf("%s: step %d: %v, want %v", c.Name, step, have, want)
			}
		}
	}
}

// TestScheduleByHand holds what torch has no equal for.
func TestScheduleByHand(t *testing.T) {
	for _, c := range []struct {
		s    optim.Schedule
		step int
		want float64
	}{
		{optim.Schedule{Kind: optim.Constant, Base: 0.5, Warmup: 1}, 0, 0.5},
		{optim.Schedule{Kind: optim.Constant, Base: 1, Warmup: 10}, 0, 0.1},
		{optim.Schedule{Kind: optim.Constant, Base: 1, Warmup: 10}, 9, 1},
		{optim.Schedule{Kind: optim.Cosine, Base: 1, Total: 8}, 4, 0.5},
		{optim.Schedule{Kind: optim.Cosine, Base: 1, Total: 8}, 8, 0},
		{optim.Schedule{Kind: optim.Cosine, Base: 1, Total: 8}, 12, 0}, // a run that goes on does not climb again
		{optim.Schedule{Kind: optim.Cosine, Base: 1, Warmup: 4, Total: 2}, 3, 1},
		{optim.Schedule{Kind: optim.Cosine, Base: 1, Warmup: 4, Total: 2}, 4, 0},
		{optim.Schedule{Kind: optim.Step, Base: 1, StepEvery: 10, StepFactor: 0.1}, 9, 1},
		{optim.Schedule{Kind: optim.Step, Base: 1, StepEvery: 10, StepFactor: 0}, 10, 0},
	} {
		if have := c.s.LR(c.step); !(math.Abs(have-c.want) <= 1e-12) {
			t.Errorf("%+v: step %d: %v, want %v", c.s, c.step, have, c.want)
		}
	}
}

func TestScheduleCheck(t *testing.T) {
	for _, c := range []struct {
		s    optim.Schedule
		want string // part of the error
	}{
		{optim.Schedule{Kind: "linear", Base: 1}, `"linear"`},
		{optim.Schedule{Kind: optim.Constant, Base: math.NaN()}, "NaN"},
		{optim.Schedule{Kind: optim.Constant, Base: -1}, "-1"},
		{optim.Schedule{Kind: optim.Constant, Base: 1, Warmup: -2}, "-2"},
		{optim.Schedule{Kind: optim.Step, Base: 1, StepFactor: 1}, "every 0"},
		{optim.Schedule{Kind: optim.Step, Base: 1, StepEvery: 1, StepFactor: math.Inf(1)}, "factor"},
		{optim.Schedule{Kind: optim.Cosine, Base: 1, Warmup: 5, Total: 5}, "over 5 steps"},
	} {
		if err := c.s.Check(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want an error with %q", c.s, err, c.want)
		}
	}
}
