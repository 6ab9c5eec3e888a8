package main

import (
	"context"
	"fmt"
	"slices"

	"deeprank/configs"
	"deeprank/data"
	"deeprank/internal/embed"
	"deeprank/internal/progress"
	"deeprank/internal/retrieval"
)

// gallery is held-out pictures: each one is searched for among the others.
type gallery struct {
	meta     *data.Metadata
	pictures *data.Pictures
	rows     []int32
	label    []int32   // the product of each row, or data.Unknown
	values   []float32 // the embeddings' memory, for all evaluations the same
}

// bytes is the memory that measure takes: the embeddings, and the candidates that a search keeps for each picture, twice as many as count.
func (g *gallery) bytes(dim int) int64 {
	deepest, count := slices.Max(retrieval.Depths()), map[int32]int{}
	for _, l := range g.label {
		count[l]++
	}
	sum := int64(0)
	for _, l := range g.label {
		sum += 4*int64(dim) + 8*2*int64(max(deepest, count[l]))
	}
	return sum
}

// openGallery reads --val-metadata. Its pictures lie where those of the training do.
func openGallery(cfg *configs.Config, report *progress.Reporter) (*gallery, error) {
	m, err := data.ReadMetadata(cfg.ValMetadata)
	if err != nil {
		return nil, err
	}
	labels := m.Labels()
	g := &gallery{meta: m, rows: make([]int32, m.Rows()), label: labels.ID}
	count := make([]int, labels.Products)
	for i, product := range g.label {
		g.rows[i] = int32(i)
		if product != data.Unknown {
			count[product]++
		}
	}
	queries := 0
	for _, n := range count {
		if n > 1 {
			queries += n
		}
	}
	if queries == 0 {
		return nil, &data.Refused{Path: cfg.ValMetadata, Reason: "has no product with two pictures, so that no search has a right answer", Remedy: "name another table with --val-metadata, or leave it out"}
	}
	if g.pictures, err = openPictures(cfg, m, report); err != nil {
		return nil, err
	}
	report.Printf("gallery   %s: %d pictures of %d products, %d queries", cfg.ValMetadata, m.Rows(), labels.Products, queries)
	return g, nil
}

// warnOverlap says how many of the gallery's products are trained on.
func (g *gallery) warnOverlap(m *data.Metadata, ts []data.Triplet, report *progress.Reporter) {
	trained, both := map[string]bool{}, map[string]bool{}
	for _, row := range data.UsedRows(ts, m.Rows()) {
		trained[m.ID[row]] = true
	}
	for _, id := range g.meta.ID {
		if id != "" && trained[id] {
			both[id] = true
		}
	}
	if len(both) > 0 {
		report.Warnf("%d of the gallery's products are also trained on: its recall flatters the model", len(both))
	}
}

// measure embeds the pictures and searches; sample is the first pictures, valid until the next call, bad how many could not be read, each of which name is told.
func (g *gallery) measure(ctx context.Context, net *network, cfg *configs.Config, name func(err error), told func(done, total int)) (numbers retrieval.Numbers, sample []embed.Embedded, bad int, err error) {
	dim := net.embedder.Dim()
	if g.values == nil {
		g.values = make([]float32, 0, len(g.rows)*dim)
	}
	v := retrieval.Matrix{Values: g.values, Columns: dim}
	p := retrieval.Pictures{}
	err = embed.Rows(ctx, net.embedder, g.pictures, cfg.Size, g.rows, workers(cfg), func(i int, e []float32) error {
		v.Values = append(v.Values, e...)
		p.Label, p.Key = append(p.Label, g.label[i]), append(p.Key, g.rows[i])
		told(i+1, len(g.rows))
		return nil
	}, func(_ int, err error) {
		bad++
		name(err)
	})
	if err != nil {
		return numbers, nil, bad, err
	}
	p.Source = v
	if v.Rows() == 0 {
		return numbers, nil, bad, &data.Refused{Path: cfg.ValMetadata, Reason: fmt.Sprintf("none of its %d pictures can be read", bad), Remedy: "check the pictures, or leave --val-metadata out"}
	}
	r, err := retrieval.Measure(ctx, net.team, p, p, nil)
	if err != nil {
		return numbers, nil, bad, err
	}
	if r.All.Queries == 0 {
		return numbers, nil, bad, &data.Refused{Path: cfg.ValMetadata, Reason: fmt.Sprintf("%d of its pictures cannot be read, and no product has two that can", bad), Remedy: "check the pictures, or leave --val-metadata out"}
	}
	for i, row := range p.Key[:min(embed.MaxSample, len(p.Key))] {
		sample = append(sample, embed.Embedded{Row: row, Vector: v.Values[i*dim : (i+1)*dim]})
	}
	return r.All, sample, bad, nil
}
