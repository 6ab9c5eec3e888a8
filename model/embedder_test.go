package model_test

import (
	"fmt"
	"math"
	"testing"

	"deeprank/model"
)

// TestEmbedder: an image's embedding has the same bits alone and in a batch, and unit length; dropout has no part in it.
func TestEmbedder(t *testing.T) {
	for _, head := range []string{model.HeadFC, model.HeadGAP} {
		t.Run(head, func(t *testing.T) {
			spec := small
			spec.Size, spec.Head = 64, head
			team, w := newTeam(t, 2), newWeights(t, spec)
			one, seven := newEmbedder(t, team, w, 1), newEmbedder(t, team, w, 7)
			pixels := newBatch(spec.Size, 3, 1).Pixels
			per, n := spec.Size*spec.Size*3, 7
			batch := embed(t, seven, pixels[:n*per], n)
			for i := range n {
				alone := embed(t, one, pixels[i*per:(i+1)*per], 1)
				if !sameBits(alone, batch[i*one.Dim():(i+1)*one.Dim()]) {
					t.Errorf("image %d: other bits alone than in a batch", i)
				}
				sum := 0.0
				for _, v := range alone {
					sum += float64(v) * float64(v)
				}
				if !(math.Abs(sum-1) <= 1e-6) {
					t.Errorf("image %d: squared length %v", i, sum)
				}
			}
			if !sameBits(embed(t, seven, pixels[2*per:5*per], 3), batch[2*one.Dim():5*one.Dim()]) {
				t.Error("other bits in a short batch")
			}
			plain := spec
			plain.Dropout = 0
			if !sameBits(embed(t, newEmbedder(t, team, newWeights(t, plain), 7), pixels[:n*per], n), batch) {
				t.Error("dropout changes embeddings")
			}
		})
	}
}

// TestEmbedderFollowsTraining: an embedder computes with the weights as they are when it runs, and gives what the training graph gives.
func TestEmbedderFollowsTraining(t *testing.T) {
	spec := small
	spec.Dropout = 0
	team, w, b := newTeam(t, 2), newWeights(t, spec), newBatch(spec.Size, 1, 1)
	e, s := newEmbedder(t, team, w, 3), newSiamese(t, team, w, nil, 1)
	opt := newSGD(s)
	var last []float32
	for i := range 3 {
		out := embed(t, e, b.Pixels, 3)
		if i > 0 && sameBits(out, last) {
			t.Fatal("a step did not change the embeddings")
		}
		last = out
		var dp, dn float64
		for k := range e.Dim() {
			q, p, n := float64(out[k]), float64(out[e.Dim()+k]), float64(out[2*e.Dim()+k])
			dp += (q - p) * (q - p)
			dn += (q - n) * (q - n)
		}
		r := step(t, s, b, 1, false)
		if !(math.Abs(float64(r.DPos[0])-dp) <= 1e-6 && math.Abs(float64(r.DNeg[0])-dn) <= 1e-6) {
			t.Errorf("step %d: distances %v and %v in training, %v and %v of the embeddings", i, r.DPos, r.DNeg, dp, dn)
		}
		opt.Step(team, s.Params(), 0.1, 1)
	}
}

func TestEmbedErrors(t *testing.T) {
	team, w := newTeam(t, 1), newWeights(t, small)
	e := newEmbedder(t, team, w, 2)
	per := small.Size * small.Size * 3
	for _, c := range []struct{ images, pixels, out int }{
		{3, 3 * per, 3 * small.EmbedDim}, {0, 0, 0}, {-1, per, small.EmbedDim}, {2, 2*per - 1, 2 * small.EmbedDim}, {2, 2 * per, 2*small.EmbedDim - 1},
	} {
		if err := e.Embed(make([]byte, c.pixels), c.images, make([]float32, c.out)); err == nil {
			t.Errorf("%s: no error", fmt.Sprintf("%+v", c))
		}
	}
	if _, err := model.NewEmbedder(team, w, 0); err == nil {
		t.Error("an embedder for no image")
	}
}
