package model_test

import (
	"testing"

	"deeprank/internal/kernel"
	"deeprank/model"
)

// BenchmarkStep times forward and backward of the demo preset's network, 16 triplets.
func BenchmarkStep(b *testing.B) {
	team := kernel.NewTeam(0)
	defer team.Close()
	spec := model.Spec{Size: 64, Width: 0.125, FCDim: 128, EmbedDim: 64, Head: model.HeadGAP}
	w, err := model.NewWeights(spec)
	if err != nil {
		b.Fatal(err)
	}
	w.Init(team, 1, nil)
	s, err := model.NewSiamese(team, w, nil, 16, 1)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	batch := model.Batch{Triplets: 16, Pixels: make([]byte, 48*64*64*3)}
	for i := range batch.Pixels {
		batch.Pixels[i] = byte(i * 7919 >> 3)
	}
	for b.Loop() {
		if _, err := s.Step(batch, 16, false); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/48, "µs/image")
}
