package health

import (
	"math"
)

// Sample is what one step measured.
type Sample struct {
	Step       int
	Loss       float64 // mean hinge of the batch
	DPos, DNeg float64 // mean squared distances, 0 to 4
	Active     float64 // share of triplets with a loss, 0 to 1
	Wait       float64 // share of the step spent waiting for data, 0 to 1
	GradNorm   float64 // norm of all gradients together, before clipping
}

func (s Sample) finite() bool {
	sum := s.Loss + s.DPos + s.DNeg + s.Active + s.Wait + s.GradNorm
	return !math.IsNaN(sum) && !math.IsInf(sum, 0)
}

// Monitor follows one run. It is for one goroutine.
type Monitor struct {
	gap   float64
	seen  int // samples
	sized int // samples with a gradient
	loss  average
	noise average // squared distance of the loss from its average
	dPos  average
	dNeg  average
	dSlow average // of dNeg, over a longer time: tells distances that grow from ones that stay
	act   average
	wait  average
	grad  average // of log10 of the norm
	best  float64 // lowest smoothed loss
	calm  float64 // lowest smoothed log10 of the norm
	signs []sign
}

// New returns a Monitor for a run with this gap.
func New(gap float64) *Monitor {
	return &Monitor{
		gap:  gap,
		loss: average{span: 100}, noise: average{span: 400},
		dPos: average{span: 20}, dNeg: average{span: 20}, dSlow: average{span: 100},
		act: average{span: 50}, wait: average{span: 50}, grad: average{span: 20},
		best: math.Inf(1), calm: math.Inf(1),
		signs: signs(),
	}
}

// Step takes the numbers of one step and returns what there is to say, mostly nothing. A sample with NaN
// or infinity is left out: the trainer stops for it.
func (m *Monitor) Step(s Sample) []string {
	if !s.finite() {
		return nil
	}
	m.seen++
	if m.seen > 1 {
		d := s.Loss - m.loss.value()
		m.noise.add(d * d)
	}
	m.loss.add(s.Loss)
	m.dPos.add(s.DPos)
	m.dNeg.add(s.DNeg)
	m.dSlow.add(s.DNeg)
	m.act.add(s.Active)
	m.wait.add(s.Wait)
	if s.Active > 0 { // without a loss there is no gradient, which says nothing about their size
		m.grad.add(max(math.Log10(s.GradNorm), smallest))
		m.sized++
	}
	if m.seen >= settled {
		m.best = min(m.best, m.loss.value())
	}
	if m.sized >= settled {
		m.calm = min(m.calm, m.grad.value())
	}
	var messages []string
	for i := range m.signs {
		sign := &m.signs[i]
		if sign.update(s.Step, m.seen >= settled && sign.holds(m)) {
			messages = append(messages, sign.tell(m))
		}
	}
	return messages
}

// average is an exponential moving average over about span values, without the pull of its start to 0.
type average struct {
	span   float64
	sum    float64
	weight float64
}

func (a *average) add(v float64) {
	k := 2 / (a.span + 1)
	a.sum += k * (v - a.sum)
	a.weight += k * (1 - a.weight)
}

// value is the average so far; 0 before the first value.
func (a *average) value() float64 {
	if a.weight == 0 {
		return 0
	}
	return a.sum / a.weight
}

// sign is one thing that can go wrong.
type sign struct {
	need  int // steps in a row that it must hold, or not hold, to count
	holds func(m *Monitor) bool
	tell  func(m *Monitor) string

	on, off int  // steps in a row that it held, did not hold
	told    bool // and has not gone away since
	ever    bool
	last    int // step at which it was told
}

// update counts and reports whether it is time to tell.
func (s *sign) update(step int, holds bool) bool {
	if !holds {
		s.on, s.off = 0, s.off+1
		if s.off >= s.need {
			s.told = false
		}
		return false
	}
	s.on, s.off = s.on+1, 0
	if s.on < s.need || s.told || (s.ever && step-s.last < apart) {
		return false
	}
	s.told, s.ever, s.last = true, true, step
	return true
}
