package optim

import (
	"fmt"
	"math"
)

// The kinds of Schedule.
const (
	Constant = "constant" // Base all the time
	Step     = "step"     // times StepFactor every StepEvery steps: torch's StepLR
	Cosine   = "cosine"   // half a cosine from Base to 0 at step Total: torch's CosineAnnealingLR
)

// Schedule says the learning rate of each step. The first Warmup steps climb linearly to Base: step 0 has Base/Warmup, step
// Warmup-1 has Base; the Kind counts its steps from there, as torch.optim.lr_scheduler.SequentialLR does.
type Schedule struct {
	Kind       string
	Base       float64
	Warmup     int // steps
	Total      int // steps of the whole run, warm-up included; Cosine needs it
	StepEvery  int
	StepFactor float64
}

// Check returns what is wrong with the schedule, or nil.
func (s Schedule) Check() error {
	switch {
	case s.Kind != Constant && s.Kind != Step && s.Kind != Cosine:
		return fmt.Errorf("schedule is %q, want %s, %s or %s", s.Kind, Constant, Step, Cosine)
	case !(s.Base >= 0) || math.IsInf(s.Base, 0):
		return fmt.Errorf("learning rate is %v, want a number that is not negative", s.Base)
	case s.Warmup < 0:
		return fmt.Errorf("warm-up of %d steps, want 0 or more", s.Warmup)
	case s.Kind == Step && s.StepEvery < 1:
		return fmt.Errorf("schedule %s every %d steps, want 1 or more", Step, s.StepEvery)
	case s.Kind == Step && (!(s.StepFactor >= 0) || math.IsInf(s.StepFactor, 0)):
		return fmt.Errorf("schedule %s with factor %v, want a number that is not negative", Step, s.StepFactor)
	case s.Kind == Cosine && s.Total <= s.Warmup:
		return fmt.Errorf("schedule %s over %d steps, want more than the %d steps of warm-up", Cosine, s.Total, s.Warmup)
	}
	return nil
}

// LR returns the learning rate of a step, counted from 0. It panics where Kind or StepEvery is not what Check wants.
func (s Schedule) LR(step int) float64 {
	if step < s.Warmup {
		return s.Base * float64(step+1) / float64(s.Warmup)
	}
	since := step - s.Warmup
	switch {
	case s.Kind == Constant:
		return s.Base
	case s.Kind == Step && s.StepEvery > 0:
		return s.Base * math.Pow(s.StepFactor, float64(since/s.StepEvery))
	case s.Kind == Cosine && step >= s.Total:
		return 0
	case s.Kind == Cosine:
		return s.Base * (1 + math.Cos(math.Pi*float64(since)/float64(s.Total-s.Warmup))) / 2
	}
	panic(fmt.Sprintf("optim: schedule %q every %d steps", s.Kind, s.StepEvery))
}
