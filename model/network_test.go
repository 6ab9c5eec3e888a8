package model_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"deeprank/internal/kernel"
	"deeprank/internal/optim"
	"deeprank/model"
)

// small is a network that takes milliseconds; its pictures have 32 pixels.
var small = model.Spec{Size: 32, Width: 0.125, FCDim: 64, EmbedDim: 32, Head: model.HeadFC, Dropout: 0.4}

func newTeam(t *testing.T, threads int) *kernel.Team {
	t.Helper()
	team := kernel.NewTeam(threads)
	t.Cleanup(team.Close)
	return team
}

// newWeights draws the weights, and biases too, so that a lost bias shows.
func newWeights(t *testing.T, s model.Spec) *model.Weights {
	t.Helper()
	w, err := model.NewWeights(s)
	if err != nil {
		t.Fatal(err)
	}
	team := kernel.NewTeam(2)
	defer team.Close()
	w.Init(team, 1, nil)
	r := rand.New(rand.NewPCG(7, 8))
	for _, p := range w.List {
		if p.FanIn == 0 {
			for i := range p.Data {
				p.Data[i] = float32(0.05 * r.NormFloat64())
			}
		}
	}
	return w
}

func newSiamese(t *testing.T, team *kernel.Team, w *model.Weights, frozen func(string) bool, capacity int) *model.Siamese {
	t.Helper()
	s, err := model.NewSiamese(team, w, frozen, capacity, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// picture is a coarse pattern: fine noise would look the same to the network as any other.
func picture(r *rand.Rand, size int) []byte {
	var coarse [4][4][3]byte
	for y := range coarse {
		for x := range coarse[y] {
			for c := range 3 {
				coarse[y][x][c] = byte(r.IntN(256))
			}
		}
	}
	out := make([]byte, 0, size*size*3)
	for y := range size {
		for x := range size {
			out = append(out, coarse[y*4/size][x*4/size][:]...)
		}
	}
	return out
}

// newBatch draws triplets; each image has a key of its own.
func newBatch(size, triplets int, seed uint64) model.Batch {
	r := rand.New(rand.NewPCG(seed, 9))
	b := model.Batch{Triplets: triplets}
	for range 3 * triplets {
		b.Pixels = append(b.Pixels, picture(r, size)...)
		b.Keys = append(b.Keys, r.Uint64())
	}
	return b
}

// part is the batch's triplets from start on, n of them.
func part(b model.Batch, start, n int) model.Batch {
	out := model.Batch{Triplets: n}
	per := len(b.Pixels) / (3 * b.Triplets)
	out.Pixels, out.Keys = b.Pixels[3*start*per:3*(start+n)*per], b.Keys[3*start:3*(start+n)]
	return out
}

func step(t *testing.T, s *model.Siamese, b model.Batch, total int, accumulate bool) model.Result {
	t.Helper()
	r, err := s.Step(b, total, accumulate)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func embed(t *testing.T, e *model.Embedder, pixels []byte, images int) []float32 {
	t.Helper()
	out := make([]float32, images*e.Dim())
	if err := e.Embed(pixels, images, out); err != nil {
		t.Fatal(err)
	}
	return out
}

func newEmbedder(t *testing.T, team *kernel.Team, w *model.Weights, capacity int) *model.Embedder {
	t.Helper()
	e, err := model.NewEmbedder(team, w, capacity)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// snapshot copies the gradients of the last step, by parameter.
func snapshot(s *model.Siamese) map[string][]float32 {
	out := map[string][]float32{}
	for _, p := range s.Params() {
		out[p.Name] = append([]float32(nil), p.Grad...)
	}
	return out
}

func copyWeights(w *model.Weights) map[string][]float32 {
	out := map[string][]float32{}
	for _, p := range w.List {
		out[p.Name] = append([]float32(nil), p.Data...)
	}
	return out
}

func newSGD(s *model.Siamese) optim.Optimizer { return optim.NewSGD(s.Params(), 0.9, 5e-4, false) }

func sameBits(a, b []float32) bool {
	if len(a) != len(b) {
		return false
	}
	for i, v := range a {
		if math.Float32bits(v) != math.Float32bits(b[i]) {
			return false
		}
	}
	return true
}

func wantSame(t *testing.T, what string, got, want map[string][]float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d parameters, want %d", what, len(got), len(want))
	}
	for name, v := range want {
		if !sameBits(got[name], v) {
			t.Errorf("%s: %s has other bits", what, name)
		}
	}
}
