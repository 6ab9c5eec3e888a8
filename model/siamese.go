package model

import (
	"fmt"

	"gorgonia.org/gorgonia"

	"deeprank/internal/kernel"
	"deeprank/internal/op"
	"deeprank/internal/optim"
	"deeprank/loss"
)

// Siamese is the network that trains: one tower over stacks of 3B images, the hinge on their embeddings, and the
// gradients to the parameters. The stack goes triplet by triplet, and gradients are summed in its order, so that the parts of a
// batch come to the bits of the whole. It is not safe for concurrent use.
type Siamese struct {
	tower   *tower
	input   []float32
	loss    *loss.Triplet
	machine gorgonia.VM
	grads   gorgonia.Nodes
	params  []optim.Param

	source Features // of heads alone
	flat   []float32

	distinct    distinct
	rows        []int32 // of the embeddings: queries, positives, negatives
	runRepeated bool
}

// NewSiamese builds the training graph for up to capacity triplets at a time. frozen names the parameters that
// are left as they are; nil freezes none.
func NewSiamese(team *kernel.Team, w *Weights, frozen func(name string) bool, capacity int, gap float64) (*Siamese, error) {
	return newSiamese(team, w, frozen, capacity, gap, nil)
}

func newSiamese(team *kernel.Team, w *Weights, frozen func(name string) bool, capacity int, gap float64, source Features) (*Siamese, error) {
	if capacity < 1 {
		return nil, fmt.Errorf("model: capacity of %d triplets", capacity)
	}
	t, x, input := newTower(team, w, 3*capacity, func(name string) bool { return frozen == nil || !frozen(name) })
	var e op.Var
	var flat []float32
	if source == nil {
		e = t.embedding(x)
	} else {
		var node op.Var
		node, flat = t.flatInput()
		e = t.embeddingOf(x, node)
	}
	if t.err != nil {
		return nil, t.err
	}
	l, err := loss.NewTriplet(t.Runtime, e, gap)
	if err != nil {
		return nil, err
	}
	s := &Siamese{tower: t, input: input, source: source, flat: flat, loss: l, distinct: newDistinct(3 * capacity), rows: make([]int32, 3*capacity)}
	nodes := make(gorgonia.Nodes, len(t.params))
	for i, p := range t.params {
		nodes[i] = p.node
	}
	if s.grads, err = gorgonia.Grad(l.Loss, nodes...); err != nil {
		return nil, fmt.Errorf("model: gradients: %w", err)
	}
	s.machine = gorgonia.NewTapeMachine(t.graph)
	for _, p := range t.params {
		s.params = append(s.params, optim.Param{Name: p.weight.Name, Shape: p.weight.Shape, Value: p.weight.Data})
	}
	return s, nil
}

// Batch is what one run of the network works on.
type Batch struct {
	// Pixels are 3*Triplets images of Size x Size x 3 bytes: query, positive and negative of each triplet.
	Pixels   []byte
	Triplets int
	// Keys gives each image its dropout masks; unused when the network has no dropout.
	Keys []uint64
}

// Result is what a batch gave; the slices are valid until the next run.
type Result struct {
	DPos, DNeg, Hinge []float32 // for each triplet
	Loss              float64   // sum of the hinges over total
	Forward, Backward int       // images that the passes ran on
}

// LeaveOut says what a step may leave out, as it does unless told otherwise: the backward pass of images whose triplets all
// have a hinge of zero, and all but one of pictures that are equal, where there is no dropout. The loss is the same without,
// the gradients differ by the rounding of sums in another order.
func (s *Siamese) LeaveOut(inactive, repeated bool) {
	s.loss.WholeBackward, s.runRepeated = !inactive, !repeated
}

// Step runs a batch forward and backward. Its loss and gradients are those of the mean over total triplets, so
// that the parts of a batch add up to it: accumulate adds the gradients to those of the step before.
func (s *Siamese) Step(b Batch, total int, accumulate bool) (Result, error) {
	r := s.tower.Runtime
	if b.Triplets < 1 || 3*b.Triplets > s.tower.capacity {
		return Result{}, fmt.Errorf("model: %d triplets in a graph for %d", b.Triplets, s.tower.capacity/3)
	}
	size := s.tower.weights.Spec.Size
	if want := 3 * b.Triplets * size * size * 3; len(b.Pixels) != want {
		return Result{}, fmt.Errorf("model: %d bytes of pixels for %d triplets, want %d", len(b.Pixels), b.Triplets, want)
	}
	first, rows := s.distinct.all(3 * b.Triplets)
	if !s.runRepeated && s.tower.weights.Spec.Dropout == 0 {
		first, rows = s.distinct.find(r.Team, b.Pixels, 3*b.Triplets)
	}
	for i, row := range rows {
		s.rows[i%3*b.Triplets+i/3] = row
	}
	s.loss.Rows = s.rows[:len(rows)]
	r.Start(len(first))
	r.Total, r.Accumulate, r.Train, r.Keys = total, accumulate, true, b.Keys
	if err := s.fill(b.Pixels, first); err != nil {
		return Result{}, err
	}
	s.machine.Reset()
	if err := s.machine.RunAll(); err != nil {
		return Result{}, fmt.Errorf("model: %w", err)
	}
	for i := range s.params {
		s.params[i].Grad = s.grads[i].Value().Data().([]float32)
	}
	var sum float64
	for _, h := range s.loss.Hinge {
		sum += float64(h)
	}
	return Result{DPos: s.loss.DPos, DNeg: s.loss.DNeg, Hinge: s.loss.Hinge, Loss: sum / float64(total), Forward: r.Images, Backward: r.Active}, nil
}

// fill makes the tower's input of the pictures listed, which lie in ascending order.
func (s *Siamese) fill(pixels []byte, pictures []int32) error {
	size := s.tower.weights.Spec.Size
	per, flat := size*size*3, s.tower.weights.Spec.Flat()
	for i := 0; i < len(pictures); { // neighbours in one go
		n := 1
		for i+n < len(pictures) && pictures[i+n] == pictures[i]+int32(n) {
			n++
		}
		from := int(pictures[i]) * per
		kernel.PixelsToInput(s.tower.Team, n, size, pixels[from:from+n*per], s.input[i*per:(i+n)*per])
		if s.source != nil {
			if err := s.source.Features(pixels[from:from+n*per], n, s.flat[i*flat:(i+n)*flat]); err != nil {
				return err
			}
		}
		i += n
	}
	return nil
}

// Params are the trained parameters with the gradients of the last step.
func (s *Siamese) Params() []optim.Param { return s.params }

// Bytes is the memory of the input, maps and gradients once the network has run.
func (s *Siamese) Bytes() int64 { return s.tower.Bytes() + 4*int64(len(s.input)+len(s.flat)) }

// Close releases the graph's machine.
func (s *Siamese) Close() error { return s.machine.Close() }
