package model_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"deeprank/model"
)

// TestDropoutKeys: the same keys give the same step, other keys another; without dropout keys change nothing and may be left out.
func TestDropoutKeys(t *testing.T) {
	team, b, other := newTeam(t, 2), newBatch(small.Size, 3, 1), newBatch(small.Size, 3, 2)
	other.Pixels = b.Pixels
	s := newSiamese(t, team, newWeights(t, small), nil, 3)
	loss := step(t, s, b, 3, false).Loss
	gradients := snapshot(s)
	if got := step(t, s, other, 3, false).Loss; got == loss {
		t.Error("other keys gave the same loss")
	}
	if got := step(t, s, b, 3, false).Loss; got != loss {
		t.Errorf("loss %v with the first keys again, want %v", got, loss)
	}
	wantSame(t, "gradients with the first keys again", snapshot(s), gradients)

	plain := small
	plain.Dropout = 0
	s = newSiamese(t, team, newWeights(t, plain), nil, 3)
	without := step(t, s, b, 3, false).Loss
	other.Keys = nil
	if got := step(t, s, other, 3, false).Loss; got != without || got == loss {
		t.Errorf("without dropout: loss %v with keys, %v without, %v with dropout", without, got, loss)
	}
}

// TestDropoutIsOfTheImage: an image's masks go with its key, wherever in the batch it is.
func TestDropoutIsOfTheImage(t *testing.T) {
	const n = 3
	b := newBatch(small.Size, n, 1)
	s := newSiamese(t, newTeam(t, 2), newWeights(t, small), nil, n)
	hinges := slices.Clone(step(t, s, b, n, false).Hinge)
	backwards := model.Batch{Triplets: n}
	for i := range n {
		p := part(b, n-1-i, 1)
		backwards.Pixels, backwards.Keys = append(backwards.Pixels, p.Pixels...), append(backwards.Keys, p.Keys...)
	}
	got := slices.Clone(step(t, s, backwards, n, false).Hinge)
	slices.Reverse(got)
	for i, h := range hinges {
		if got[i] != h {
			t.Errorf("triplet %d: hinge %v at another place of the batch, %v at its own", i, got[i], h)
		}
	}
}

// TestShortBatch: a graph with room for more triplets gives the same bits as one made for exactly as many, also after a full batch.
func TestShortBatch(t *testing.T) {
	team, w := newTeam(t, 2), newWeights(t, small)
	roomy := newSiamese(t, team, w, nil, 5)
	for _, n := range []int{2, 5, 1, 4} {
		b := newBatch(small.Size, n, uint64(n))
		exact := newSiamese(t, team, w, nil, n)
		want := step(t, exact, b, n, false)
		got := step(t, roomy, b, n, false)
		if got.Loss != want.Loss || !sameBits(got.DPos, want.DPos) || !sameBits(got.DNeg, want.DNeg) || !sameBits(got.Hinge, want.Hinge) {
			t.Errorf("%d triplets in a graph for 5: %+v, in one for %d: %+v", n, got, n, want)
		}
		wantSame(t, fmt.Sprintf("gradients of %d triplets", n), snapshot(roomy), snapshot(exact))
	}
}

// TestThreads: three steps with SGD give the same bits on any number of threads.
func TestThreads(t *testing.T) {
	spec := model.Spec{Size: 64, Width: 0.2, FCDim: 96, EmbedDim: 40, Head: model.HeadGAP, Dropout: 0.4}
	var losses []float64
	var final map[string][]float32
	for _, threads := range []int{1, 2, 3} {
		w := newWeights(t, spec)
		team := newTeam(t, threads)
		s := newSiamese(t, team, w, nil, 3)
		opt := newSGD(s)
		var got []float64
		for i := range 3 {
			got = append(got, step(t, s, newBatch(spec.Size, 3, uint64(i)), 3, false).Loss)
			opt.Step(team, s.Params(), 0.01, 1)
		}
		if threads == 1 {
			losses, final = got, copyWeights(w)
			if losses[0] == losses[1] || math.IsNaN(losses[2]) {
				t.Fatalf("losses %v", losses)
			}
			continue
		}
		if !slices.Equal(got, losses) {
			t.Errorf("%d threads: losses %v, with one %v", threads, got, losses)
		}
		wantSame(t, fmt.Sprintf("%d threads", threads), copyWeights(w), final)
	}
}

// TestMicroBatch: a batch of 8 in parts of 1, 3 and 8, with dropout, over three steps: the same bits. The pictures are large enough
// for Winograd's method in some layers.
func TestMicroBatch(t *testing.T) {
	const batch = 8
	for _, spec := range []model.Spec{small, {Size: 64, Width: 0.25, FCDim: 64, EmbedDim: 32, Head: model.HeadGAP, Dropout: 0.4}} {
		for _, exact := range []bool{false, true} {
			var losses []float64
			var final map[string][]float32
			for _, micro := range []int{batch, 1, 3} {
				w, team := newWeights(t, spec), newTeam(t, 2)
				team.Exact(exact)
				s := newSiamese(t, team, w, nil, micro)
				opt := newSGD(s)
				var got []float64
				for i := range 3 {
					b, loss := newBatch(spec.Size, batch, uint64(i)), 0.0
					for start := 0; start < batch; start += micro {
						loss += step(t, s, part(b, start, min(micro, batch-start)), batch, start > 0).Loss
					}
					got = append(got, loss)
					opt.Step(team, s.Params(), 0.01, 1)
				}
				if micro == batch {
					losses, final = got, copyWeights(w)
					continue
				}
				what := fmt.Sprintf("head %s, exact %v, parts of %d", spec.Head, exact, micro)
				for i, v := range losses {
					if !(math.Abs(got[i]-v) <= 1e-14) { // the parts' sums are added up
						t.Errorf("%s: loss %v in step %d, whole %v", what, got[i], i, v)
					}
				}
				wantSame(t, what, copyWeights(w), final)
			}
		}
	}
}

// TestStepErrors: what does not fit is an error, and the step after it is as if it had not been.
func TestStepErrors(t *testing.T) {
	team, w := newTeam(t, 2), newWeights(t, small)
	s := newSiamese(t, team, w, nil, 2)
	good := newBatch(small.Size, 2, 1)
	loss := step(t, s, good, 2, false).Loss
	gradients := snapshot(s)
	short, keyless := good, good
	short.Pixels, keyless.Keys = good.Pixels[1:], nil
	for name, b := range map[string]model.Batch{
		"too many": newBatch(small.Size, 3, 1), "none": {}, "negative": {Triplets: -1}, "pixels missing": short, "no keys": keyless,
	} {
		if _, err := s.Step(b, 2, false); err == nil {
			t.Errorf("%s: no error", name)
		}
		if got := step(t, s, good, 2, false).Loss; got != loss {
			t.Errorf("after %q: loss %v, want %v", name, got, loss)
		}
		wantSame(t, "after "+name, snapshot(s), gradients)
	}
	for _, capacity := range []int{0, -1} {
		if _, err := model.NewSiamese(team, w, nil, capacity, 1); err == nil {
			t.Errorf("a graph for %d triplets", capacity)
		}
	}
}

// TestNaNShows: a parameter that is not a number shows in the loss, whichever layer it is in.
func TestNaNShows(t *testing.T) {
	team, b := newTeam(t, 2), newBatch(small.Size, 2, 1)
	for _, name := range []string{"features.0.weight", "features.14.bias", "features.28.weight", "classifier.0.bias", "classifier.3.weight", "shallow4.weight", "shallow8.bias", "embed.weight"} {
		w := newWeights(t, small)
		s := newSiamese(t, team, w, nil, 2)
		for i := range w.Get(name).Data { // all: a single value may be of a feature that dropout takes away
			w.Get(name).Data[i] = float32(math.NaN())
		}
		if r := step(t, s, b, 2, false); r.Loss == r.Loss {
			t.Errorf("%s is NaN, the loss %v", name, r.Loss)
		}
	}
}
