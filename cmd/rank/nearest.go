package main

import (
	"context"
	"fmt"
	"slices"

	"deeprank/internal/embed"
	"deeprank/internal/kernel"
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

// candidate is a picture at a squared distance from a query.
type candidate struct {
	distance float64
	place    int
}

// ranked appends to buffer all pictures but the one at place query, the nearest first, equally near ones by place.
func ranked(vectors [][]float32, query int, buffer []candidate) []candidate {
	for i, v := range vectors {
		if i != query {
			buffer = append(buffer, candidate{embed.SquaredDistance(vectors[query], v), i})
		}
	}
	slices.SortFunc(buffer, func(a, b candidate) int {
		switch {
		case a.distance < b.distance:
			return -1
		case a.distance > b.distance:
			return 1
		}
		return a.place - b.place
	})
	return buffer
}

// search compares each picture of the gallery with all others. It returns the top nearest places of the shown queries
// and the scores over all; vectors are by place, without a nil or NaN.
func search(ctx context.Context, team *kernel.Team, g *gallery, vectors [][]float32, shown []int, top int) (map[int][]int, scores, error) {
	nearest := make([][]int, len(vectors)) // of the shown ones
	isShown := make([]bool, len(vectors))
	for _, q := range shown {
		isShown[q] = true
	}
	first, precision := make([]bool, len(vectors)), make([]float64, len(vectors))
	buffers := make([][]candidate, team.Threads())
	team.Run(len(vectors), func(q, worker int) {
		if ctx.Err() != nil || g.relevant[q] == 0 {
			return
		}
		all := ranked(vectors, q, buffers[worker][:0])
		buffers[worker] = all
		first[q] = g.sameProduct(q, all[0].place)
		right := 0
		for _, c := range all[:g.relevant[q]] {
			if g.sameProduct(q, c.place) {
				right++
			}
		}
		precision[q] = float64(right) / float64(g.relevant[q])
		if isShown[q] {
			for _, c := range all[:min(top, len(all))] {
				nearest[q] = append(nearest[q], c.place)
			}
		}
	})
	if ctx.Err() != nil {
		return nil, scores{}, ctx.Err()
	}

	var s scores
	hits := 0
	for q := range vectors {
		if g.relevant[q] > 0 {
			s.Queries++
			s.RPrecision += precision[q]
			if first[q] {
				hits++
			}
		}
	}
	s.Recall1 = float64(hits) / float64(max(1, s.Queries))
	s.RPrecision /= float64(max(1, s.Queries))
	s.Triplets, s.TripletAccuracy = len(g.triplets), tripletAccuracy(g, vectors)
	byQuery := map[int][]int{}
	for _, q := range shown {
		byQuery[q] = nearest[q]
	}
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
