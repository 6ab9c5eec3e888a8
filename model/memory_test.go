package model_test

import (
	"math"
	"runtime"
	"testing"

	"deeprank/model"
)

// allocated is the least that a call of f allocates in a few, after two to warm up.
func allocated(f func()) uint64 {
	f()
	f()
	least := uint64(math.MaxUint64)
	for range 5 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	return least
}

// TestAllocations: maps and gradients are allocated once. What gorgonia allocates for each operation is little, and does not
// grow with the pictures: a single map of the larger network has a megabyte.
func TestAllocations(t *testing.T) {
	const most, growth = 256 << 10, 16 << 10
	team := newTeam(t, 2)
	var steps, embeds []uint64
	for _, size := range []int{32, 128} {
		spec := small
		spec.Size = size
		w, b := newWeights(t, spec), newBatch(size, 2, 1)
		s, e := newSiamese(t, team, w, nil, 2), newEmbedder(t, team, w, 6)
		out := make([]float32, 6*e.Dim())
		steps = append(steps, allocated(func() { step(t, s, b, 2, false) }))
		embeds = append(embeds, allocated(func() {
			if err := e.Embed(b.Pixels, 6, out); err != nil {
				t.Fatal(err)
			}
		}))
	}
	t.Logf("bytes a step %d, an embedding %d", steps, embeds)
	for _, n := range [][]uint64{steps, embeds} {
		if n[0] > most || n[1] > n[0]+growth {
			t.Errorf("%d bytes a call for 32 pixels, %d for 128; want at most %d, and %d more", n[0], n[1], most, growth)
		}
	}
}

// TestBytes: Bytes says what a network's run takes, within a tenth.
func TestBytes(t *testing.T) {
	spec := model.Spec{Size: 128, Width: 0.25, FCDim: 256, EmbedDim: 64, Head: model.HeadFC}
	team, w, b := newTeam(t, 2), newWeights(t, spec), newBatch(spec.Size, 2, 1)
	step(t, newSiamese(t, team, w, nil, 2), b, 2, false) // the team's workspaces
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	s := newSiamese(t, team, w, nil, 2)
	step(t, s, b, 2, false)
	took := heap() - before
	t.Logf("Bytes %d, the heap grew by %d", s.Bytes(), took)
	if r := float64(s.Bytes()) / float64(took); !(r > 0.9 && r < 1.1) {
		t.Errorf("Bytes says %d, the heap grew by %d", s.Bytes(), took)
	}
	runtime.KeepAlive(s)
}
