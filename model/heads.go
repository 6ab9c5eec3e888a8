package model

import (
	"fmt"

	"deeprank/internal/kernel"
	"deeprank/internal/op"
)

// Features gives what fc6 sees of pictures: [images][Spec.Flat] into out, from pixels (images x Size x Size x 3 bytes). Where all
// convolutions of the deep path are frozen it need compute them only once for each picture; package features keeps them on disk.
type Features interface {
	Features(pixels []byte, images int, out []float32) error
}

// NewFlat builds the graph of the features that Features gives.
func NewFlat(team *kernel.Team, w *Weights, capacity int) (*Embedder, error) {
	return newEmbedder(team, w, capacity, (*tower).flat)
}

// NewHeads is NewSiamese without the deep path's convolutions: source gives their output. All of them must be frozen.
func NewHeads(team *kernel.Team, w *Weights, frozen func(name string) bool, capacity int, gap float64, source Features) (*Siamese, error) {
	if !w.Spec.FeaturesFrozen(frozen) {
		return nil, fmt.Errorf("model: heads alone need all of features to be frozen")
	}
	return newSiamese(team, w, frozen, capacity, gap, source)
}

// NewHeadEmbedder is NewEmbedder without the deep path's convolutions: source gives their output.
func NewHeadEmbedder(team *kernel.Team, w *Weights, capacity int, source Features) (*Embedder, error) {
	var flat []float32
	e, err := newEmbedder(team, w, capacity, func(t *tower, x op.Var) op.Var {
		var node op.Var
		node, flat = t.flatInput()
		return t.embeddingOf(x, node)
	})
	if err == nil {
		e.source, e.flat = source, flat
	}
	return e, err
}

// FeaturesFrozen says whether no parameter of the deep path's convolutions is trained.
func (s Spec) FeaturesFrozen(frozen func(name string) bool) bool {
	convs, _, _ := s.convs()
	for _, c := range convs {
		if frozen == nil || !frozen(c.name+".weight") || !frozen(c.name+".bias") {
			return false
		}
	}
	return true
}
