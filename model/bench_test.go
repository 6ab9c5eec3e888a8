package model_test

import (
	"fmt"
	"math"
	"testing"

	"deeprank/internal/kernel"
	"deeprank/model"
)

// BenchmarkStep times forward and backward of the demo preset's network, 16 triplets, by the share of them that is active. Dropout
// is on, so that each picture runs.
func BenchmarkStep(b *testing.B) {
	const triplets = 16
	team := kernel.NewTeam(0)
	defer team.Close()
	spec := model.Spec{Size: 64, Width: 0.125, FCDim: 128, EmbedDim: 64, Head: model.HeadGAP, Dropout: 0.4}
	w, err := model.NewWeights(spec)
	if err != nil {
		b.Fatal(err)
	}
	w.Init(team, 1, nil)
	s, err := model.NewSiamese(team, w, nil, triplets, 1e-6)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	batch := model.Batch{Triplets: triplets, Pixels: make([]byte, 3*triplets*64*64*3), Keys: make([]uint64, 3*triplets)}
	for i := range batch.Pixels {
		batch.Pixels[i] = byte(i * 7919 >> 3)
	}
	for i := range batch.Keys {
		batch.Keys[i] = uint64(i)
	}
	for _, share := range []float64{1, 0.5, 0.1} {
		b.Run(fmt.Sprintf("active=%g", share), func(b *testing.B) {
			active := int(math.Round(share * triplets))
			activate(b, s, batch, active)
			r, err := s.Step(batch, triplets, false)
			if err != nil || r.Backward != 3*active {
				b.Fatalf("%d images backward, want %d: %v", r.Backward, 3*active, err)
			}
			for b.Loop() {
				if _, err := s.Step(batch, triplets, false); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/(3*triplets), "µs/image")
		})
	}
}

// activate makes so many of the triplets active, the first ones, by exchanging positives and negatives. The gap is near 0: a
// triplet is active where the positive is farther than the negative.
func activate(b *testing.B, s *model.Siamese, batch model.Batch, active int) {
	r, err := s.Step(batch, batch.Triplets, false)
	if err != nil {
		b.Fatal(err)
	}
	per := len(batch.Pixels) / (3 * batch.Triplets)
	for i := range batch.Triplets {
		if far := r.DPos[i] > r.DNeg[i]; far == (i < active) {
			continue
		}
		p, q := batch.Pixels[(3*i+1)*per:(3*i+2)*per], batch.Pixels[(3*i+2)*per:(3*i+3)*per]
		for k := range p {
			p[k], q[k] = q[k], p[k]
		}
		batch.Keys[3*i+1], batch.Keys[3*i+2] = batch.Keys[3*i+2], batch.Keys[3*i+1]
	}
}
