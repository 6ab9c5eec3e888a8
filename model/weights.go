package model

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"

	"gorgonia.org/tensor"

	"deeprank/internal/kernel"
)

// Weight is one parameter's values. The graphs of a network hold them without a copy, so a change in place (an
// optimiser's update) is what the next run computes with.
type Weight struct {
	Parameter
	Data  []float32
	dense *tensor.Dense
}

// Weights are all parameters of a network, in the order of Spec.Parameters.
type Weights struct {
	Spec   Spec
	List   []*Weight
	byName map[string]*Weight
}

// NewWeights allocates zeroed parameters.
func NewWeights(s Spec) (*Weights, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	w := &Weights{Spec: s, byName: map[string]*Weight{}}
	for _, p := range s.Parameters() {
		v := &Weight{Parameter: p, Data: make([]float32, p.Len())}
		v.dense = tensor.New(tensor.WithShape(p.Shape...), tensor.WithBacking(v.Data))
		w.List = append(w.List, v)
		w.byName[p.Name] = v
	}
	return w, nil
}

// Get returns the parameter of that name, or nil.
func (w *Weights) Get(name string) *Weight { return w.byName[name] }

// initBlock is how many values one random stream fills; it fixes the numbers whatever the threads.
const initBlock = 1 << 16

// Init draws the weights from a normal distribution with mean 0 and variance 2/fan_in (He et al. 2015, as
// torch.nn.init.kaiming_normal_ with relu), and sets the biases to 0. Each value depends on the seed, the
// parameter's name and its place only. skip leaves parameters as they are; nil skips none.
func (w *Weights) Init(t *kernel.Team, seed uint64, skip func(name string) bool) {
	for _, p := range w.List {
		if skip != nil && skip(p.Name) {
			continue
		}
		if p.FanIn == 0 {
			clear(p.Data)
			continue
		}
		h := fnv.New64a()
		_, _ = h.Write([]byte(p.Name))
		name, deviation := h.Sum64(), math.Sqrt(2/float64(p.FanIn))
		blocks := (len(p.Data) + initBlock - 1) / initBlock
		t.Run(blocks, func(b, _ int) {
			r := rand.New(rand.NewPCG(seed, name+uint64(b)))
			block := p.Data[b*initBlock : min((b+1)*initBlock, len(p.Data))]
			for i := range block {
				block[i] = float32(r.NormFloat64() * deviation)
			}
		})
	}
}

// Loaded says what Load took from a file.
type Loaded struct {
	Taken   []string // parameters of the network that the file held
	Missing []string // parameters of the network that it lacked
	Unused  []string // its tensors that the network has no place for
}

// Load copies the named tensors into the parameters of the same name and says what was taken, missing and unused.
// A tensor of another shape than its parameter's is an error that lists all of them; nothing is copied then.
func (w *Weights) Load(names []string, tensors func(name string) (shape []int, data []float32)) (Loaded, error) {
	var l Loaded
	var wrong []string
	have := map[string]bool{}
	for _, n := range names {
		p := w.byName[n]
		if p == nil {
			l.Unused = append(l.Unused, n)
			continue
		}
		if shape, _ := tensors(n); !slices.Equal(shape, p.Shape) {
			wrong = append(wrong, fmt.Sprintf("%s is %v, the network wants %v", n, shape, p.Shape))
			continue
		}
		have[n] = true
	}
	if len(wrong) > 0 {
		return Loaded{}, &ShapeError{Wrong: wrong}
	}
	for _, p := range w.List {
		if !have[p.Name] {
			l.Missing = append(l.Missing, p.Name)
			continue
		}
		_, data := tensors(p.Name)
		copy(p.Data, data)
		l.Taken = append(l.Taken, p.Name)
	}
	return l, nil
}

// ShapeError says which tensors of a file do not fit the network.
type ShapeError struct{ Wrong []string }

func (e *ShapeError) Error() string {
	const most = 5
	s := ""
	for i, w := range e.Wrong {
		if i == most {
			s += fmt.Sprintf("; and %d more", len(e.Wrong)-most)
			break
		}
		if i > 0 {
			s += "; "
		}
		s += w
	}
	return s
}
