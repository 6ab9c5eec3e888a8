package retrieval

import (
	"math"
	"math/rand/v2"
	"testing"

	"deeprank/internal/kernel"
)

// drawn is embeddings of products with five pictures each, as many as Stanford Online Products' test side has.
func drawn(rows, dim int) Pictures {
	random := rand.New(rand.NewPCG(1, 1))
	p := Pictures{Label: make([]int32, rows), Key: make([]int32, rows)}
	v := make([]float32, rows*dim)
	centre := make([]float64, dim)
	for i := range rows {
		p.Label[i], p.Key[i] = int32(i/5), int32(i)
		norm := 0.0
		row := v[i*dim : (i+1)*dim]
		for j := range row {
			if i%5 == 0 {
				centre[j] = random.NormFloat64()
			}
			row[j] = float32(centre[j] + 1.3*random.NormFloat64())
			norm += float64(row[j]) * float64(row[j])
		}
		for j := range row {
			row[j] /= float32(math.Sqrt(norm))
		}
	}
	p.Source = Matrix{v, dim}
	return p
}

// BenchmarkMeasure is the metrics of 60,000 embeddings of 512, each a query; bench/peers/retrieval.py is the same with pytorch-metric-learning.
func BenchmarkMeasure(b *testing.B) {
	p := drawn(60_000, 512)
	team := kernel.NewTeam(0)
	defer team.Close()
	for b.Loop() {
		if _, err := Measure(b.Context(), team, p, p, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSearch is one query among a million embeddings of 512; the rate is what it reads.
func BenchmarkSearch(b *testing.B) {
	const rows, dim = 1_000_000, 512
	team := kernel.NewTeam(0)
	defer team.Close()
	m := Matrix{make([]float32, rows*dim), dim}
	for i := range m.Values {
		m.Values[i] = float32(i%1013)/1013 - 0.5
	}
	query := Matrix{m.Values[:dim], dim}
	b.SetBytes(4 * rows * dim)
	for b.Loop() {
		if _, err := Search(b.Context(), team, query, m, 10, nil); err != nil {
			b.Fatal(err)
		}
	}
}
