package retrieval

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"deeprank/internal/kernel"
)

// Hit is a picture of the gallery that a search found.
type Hit struct {
	Place    int     // in the gallery
	Distance float64 // squared Euclidean distance
}

// spare is how many more than wanted are kept until their distances are known exactly.
const spare = 32

// Search finds the top nearest of each query, the nearest first, equally near ones by place. bias is HalfNorms of the gallery. skip, if not nil, says
// whether a place does not count for a query. The distances are summed in float64, and the order follows them.
func Search(ctx context.Context, team *kernel.Team, queries Matrix, gallery Source, bias []float32, top int, skip func(query, place int) bool) ([][]Hit, error) {
	if gallery.Rows() == 0 {
		return nil, ErrEmptyGallery
	}
	if _, err := HalfNorms(ctx, team, queries); err != nil {
		return nil, fmt.Errorf("the queries: %w", err)
	}
	found := make([][]Hit, queries.Rows())
	b := blocks{team: team, gallery: gallery, bias: bias, skip: skip, keep: func(int) int { return top + spare }}
	err := b.run(ctx, queries, func(q int, nearest []uint64) {
		for _, e := range nearest {
			found[q] = append(found[q], Hit{Place: placeOf(e)})
		}
	}, nil, nil)
	if err != nil {
		return nil, err
	}
	buffer := make([]float32, gallery.Dim())
	for q, hits := range found {
		v := queries.Values[q*queries.Columns : (q+1)*queries.Columns]
		for i := range hits {
			g, err := gallery.Read(hits[i].Place, hits[i].Place+1, buffer)
			if err != nil {
				return nil, err
			}
			for j, x := range v {
				d := float64(x) - float64(g[j])
				hits[i].Distance += d * d
			}
		}
		slices.SortFunc(hits, func(a, b Hit) int { return cmp.Or(cmp.Compare(a.Distance, b.Distance), a.Place-b.Place) })
		found[q] = hits[:min(top, len(hits))]
	}
	return found, nil
}
