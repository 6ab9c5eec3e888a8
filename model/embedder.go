package model

import (
	"fmt"

	"gorgonia.org/gorgonia"

	"deeprank/internal/kernel"
	"deeprank/internal/op"
)

// Embedder runs the tower forward only: no dropout, no gradients, and maps that share memory. It is not safe for
// concurrent use.
type Embedder struct {
	tower   *tower
	input   []float32
	machine gorgonia.VM
	out     *gorgonia.Node
	dim     int

	source Features // of heads alone
	flat   []float32
}

// NewEmbedder builds the graph of the embedding for up to capacity images at a time.
func NewEmbedder(team *kernel.Team, w *Weights, capacity int) (*Embedder, error) {
	return newEmbedder(team, w, capacity, (*tower).embedding)
}

// NewFC7 builds the graph of fc7's features after their ReLU, which torchvision gives as classifier[:5] of
// vgg16 in evaluation mode.
func NewFC7(team *kernel.Team, w *Weights, capacity int) (*Embedder, error) {
	return newEmbedder(team, w, capacity, (*tower).fc7)
}

func newEmbedder(team *kernel.Team, w *Weights, capacity int, build func(*tower, op.Var) op.Var) (*Embedder, error) {
	if capacity < 1 {
		return nil, fmt.Errorf("model: capacity of %d images", capacity)
	}
	t, x, input := newTower(team, w, capacity, nil)
	e := build(t, x)
	if t.err != nil {
		return nil, t.err
	}
	return &Embedder{tower: t, input: input, machine: gorgonia.NewTapeMachine(t.graph), out: e.Node, dim: e.Node.Shape()[1]}, nil
}

// Dim is the length of an embedding.
func (e *Embedder) Dim() int { return e.dim }

// Capacity is the largest number of images at a time.
func (e *Embedder) Capacity() int { return e.tower.capacity }

// Embed computes the embeddings [images][Dim] of pixels (images x Size x Size x 3 bytes) into out.
func (e *Embedder) Embed(pixels []byte, images int, out []float32) error {
	size := e.tower.weights.Spec.Size
	if images < 1 || images > e.tower.capacity || len(pixels) < images*size*size*3 || len(out) < images*e.dim {
		return fmt.Errorf("model: %d images of %d bytes and %d floats do not fit a graph for %d", images, len(pixels), len(out), e.tower.capacity)
	}
	r := e.tower.Runtime
	r.Start(images)
	r.Train = false
	kernel.PixelsToInput(r.Team, images, size, pixels[:images*size*size*3], e.input[:images*size*size*3])
	if e.source != nil {
		if err := e.source.Features(pixels, images, e.flat[:images*e.tower.weights.Spec.Flat()]); err != nil {
			return err
		}
	}
	e.machine.Reset()
	if err := e.machine.RunAll(); err != nil {
		return fmt.Errorf("model: %w", err)
	}
	copy(out[:images*e.dim], e.out.Value().Data().([]float32))
	return nil
}

// Bytes is the memory of the input, maps once the network has run.
func (e *Embedder) Bytes() int64 { return e.tower.Bytes() + 4*int64(len(e.input)+len(e.flat)) }

// Close releases the graph's machine.
func (e *Embedder) Close() error { return e.machine.Close() }
