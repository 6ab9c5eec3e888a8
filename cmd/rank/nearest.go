package main

import (
	"context"
	"fmt"

	"deeprank/internal/embed"
	"deeprank/internal/kernel"
	"deeprank/internal/retrieval"
)

// scores say how well embeddings rank a gallery in which each picture is the query once.
type scores struct {
	Queries int `json:"queries"` // pictures that have another one of their product in the gallery; others cannot be right
	// Recall1 is the share of queries whose nearest picture is of the same product.
	Recall1 float64 `json:"recall_at_1"`
	// RPrecision is the mean share of the same product among a query's first R pictures, if R others show the product.
	RPrecision float64 `json:"r_precision"`
	// Triplets have three pictures that can be read; TripletAccuracy is the share of them with D(q,p) < D(q,n).
	Triplets        int     `json:"triplets"`
	TripletAccuracy float64 `json:"triplet_accuracy"`
}

// search compares each picture of the gallery with all others. It returns the top nearest places of the shown queries
// and the scores over all; vectors are by place, without a nil or NaN.
func search(ctx context.Context, team *kernel.Team, g *gallery, vectors [][]float32, shown []int, top int) (map[int][]int, scores, error) {
	dim := len(vectors[0])
	all := retrieval.Matrix{Values: make([]float32, 0, len(vectors)*dim), Columns: dim}
	pictures := retrieval.Pictures{Label: g.product}
	for place, v := range vectors {
		all.Values = append(all.Values, v...)
		pictures.Key = append(pictures.Key, int32(place))
	}
	pictures.Source = all
	r, err := retrieval.Measure(ctx, team, pictures, pictures, nil)
	if err != nil {
		return nil, scores{}, err
	}
	near, err := retrieval.Neighbours(ctx, team, all, shown, top)
	if err != nil {
		return nil, scores{}, err
	}
	byQuery := map[int][]int{}
	for i, q := range shown {
		byQuery[q] = near[i]
	}
	s := scores{Queries: r.All.Queries, Recall1: r.All.Recall[0], RPrecision: r.All.RPrecision}
	s.Triplets, s.TripletAccuracy = len(g.triplets), tripletAccuracy(g, vectors)
	return byQuery, s, nil
}

// tripletAccuracy is the share of the gallery's triplets with D(q,p) < D(q,n).
func tripletAccuracy(g *gallery, vectors [][]float32) float64 {
	place := g.places()
	right := 0
	for _, t := range g.triplets {
		q, p, n := vectors[place[t.Query]], vectors[place[t.Positive]], vectors[place[t.Negative]]
		if embed.SquaredDistance(q, p) < embed.SquaredDistance(q, n) {
			right++
		}
	}
	return float64(right) / float64(max(1, len(g.triplets)))
}

// summary says in a line what training changed.
func summary(before, after scores) string {
	percent := func(a, b float64) string { return fmt.Sprintf("%.1f %% -> %.1f %%", 100*a, 100*b) }
	return fmt.Sprintf("%d queries: nearest picture of the same product (recall@1) %s, R-precision %s; %d triplets in the right order %s",
		after.Queries, percent(before.Recall1, after.Recall1), percent(before.RPrecision, after.RPrecision),
		after.Triplets, percent(before.TripletAccuracy, after.TripletAccuracy))
}
