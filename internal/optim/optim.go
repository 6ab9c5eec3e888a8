package optim

import (
	"fmt"
	"sort"

	"deeprank/internal/kernel"
)

// Param is one parameter tensor of a model and its gradient, both flat in Shape's order. Where Grad is nil there is nothing
// to apply: steps leave the parameter and its state alone, as PyTorch does where grad is None.
type Param struct {
	Name        string
	Shape       []int
	Value, Grad []float32
}

// Optimizer applies gradients to parameters. It keeps its state by the parameters' names, in slots that have the names of
// torch.optim's state.
type Optimizer interface {
	// Step updates the parameters, those that the optimizer was made for and in the same order, from their gradients times
	// scale (see ClipScale). It panics where they are others: that is a mistake in the program.
	Step(t *kernel.Team, params []Param, lr float64, scale float32)

	// Slots names the kinds of state that each parameter has; none where the optimizer keeps none.
	Slots() []string

	// State returns the state of a parameter, as flat as its Value: the optimizer's own memory, which the next Step
	// changes. It is nil before the first Step and for names that the optimizer does not know.
	State(slot, param string) []float32

	// SetState copies v to the state of a parameter. Errors: unknown slot or parameter, another length.
	SetState(slot, param string, v []float32) error

	// Count is the number of updates done, which AdamW's bias correction needs.
	Count() int

	// SetCount sets the number of updates done.
	SetCount(updates int)
}

// blockElements is the length of the blocks that a pass over the parameters is cut into: 64 KiB of each array.
const blockElements = 1 << 14

// blocks cuts parameters into blocks. starts[i] is the first block of parameter i; the last entry is their number.
type blocks struct{ starts []int }

func (b *blocks) cut(params []Param) (count int) {
	b.starts = append(b.starts[:0], 0)
	for i := range params {
		if params[i].Grad != nil {
			count += (len(params[i].Grad) + blockElements - 1) / blockElements
		}
		b.starts = append(b.starts, count)
	}
	return count
}

// find returns the parameter that a block belongs to, and the part of it.
func (b *blocks) find(params []Param, block int) (param, from, to int) {
	param = sort.Search(len(params), func(i int) bool { return b.starts[i+1] > block })
	from = (block - b.starts[param]) * blockElements
	return param, from, min(from+blockElements, len(params[param].Grad))
}

// state is what SGD and AdamW have in common: a tensor for each slot and parameter, made when it is first needed.
type state struct {
	slots   []string
	names   []string
	lengths []int
	indexes map[string]int
	values  [][][]float32 // [slot][parameter]
	count   int
	blocks  blocks
}

func newState(params []Param, slots ...string) state {
	s := state{slots: slots, indexes: make(map[string]int, len(params)), values: make([][][]float32, len(slots))}
	for i, p := range params {
		if _, twice := s.indexes[p.Name]; twice {
			panic(fmt.Sprintf("optim: two parameters have the name %q", p.Name))
		}
		s.indexes[p.Name] = i
		s.names, s.lengths = append(s.names, p.Name), append(s.lengths, len(p.Value))
	}
	for i := range s.values {
		s.values[i] = make([][]float32, len(params))
	}
	return s
}

func (s *state) Slots() []string { return append([]string(nil), s.slots...) }

func (s *state) Count() int { return s.count }

func (s *state) SetCount(updates int) { s.count = updates }

func (s *state) slot(name string) int {
	for i, have := range s.slots {
		if have == name {
			return i
		}
	}
	return -1
}

func (s *state) State(slot, param string) []float32 {
	k := s.slot(slot)
	i, known := s.indexes[param]
	if k < 0 || !known {
		return nil
	}
	return s.values[k][i]
}

func (s *state) SetState(slot, param string, v []float32) error {
	k := s.slot(slot)
	if k < 0 {
		return fmt.Errorf("optim: this optimizer has no state %q, only %q", slot, s.slots)
	}
	i, known := s.indexes[param]
	if !known {
		return fmt.Errorf("optim: state %q for a parameter %q that is not trained", slot, param)
	}
	if len(v) != s.lengths[i] {
		return fmt.Errorf("optim: state %q of %q has %d elements, the parameter has %d", slot, param, len(v), s.lengths[i])
	}
	s.values[k][i] = append(make([]float32, 0, len(v)), v...)
	return nil
}

// begin checks the parameters of a step, makes missing state (zeros) and returns the number of blocks.
func (s *state) begin(params []Param) int {
	if len(params) != len(s.names) {
		panic(fmt.Sprintf("optim: Step with %d parameters, made for %d", len(params), len(s.names)))
	}
	for i := range params {
		p := &params[i]
		if p.Name != s.names[i] || len(p.Value) != s.lengths[i] || (p.Grad != nil && len(p.Grad) != len(p.Value)) {
			panic(fmt.Sprintf("optim: Step: parameter %d is %q with %d values and %d gradients, made for %q with %d",
				i, p.Name, len(p.Value), len(p.Grad), s.names[i], s.lengths[i]))
		}
		if p.Grad == nil {
			continue
		}
		for k := range s.values {
			if s.values[k][i] == nil {
				s.values[k][i] = make([]float32, len(p.Value))
			}
		}
	}
	s.count++
	return s.blocks.cut(params)
}
