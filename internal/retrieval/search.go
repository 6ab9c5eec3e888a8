package retrieval

import (
	"cmp"
	"context"
	"fmt"
	"math"
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

// fewQueries is up to how many queries are compared with each embedding as it lies; from there on a matrix product is faster.
const fewQueries = 8

// Search finds the top nearest of each query, the nearest first, equally near ones by place. skip, if not nil, says whether a place does not count for a
// query. The distances are summed in float64, and the order follows them. Embeddings that are not finite are an error that says which row.
func Search(ctx context.Context, team *kernel.Team, queries Matrix, gallery Source, top int, skip func(query, place int) bool) ([][]Hit, error) {
	if gallery.Rows() == 0 {
		return nil, ErrEmptyGallery
	}
	if _, err := HalfNorms(ctx, team, queries); err != nil {
		return nil, fmt.Errorf("the queries: %w", err)
	}
	found := make([][]Hit, queries.Rows())
	take := func(q int, nearest []uint64) {
		for _, e := range nearest {
			found[q] = append(found[q], Hit{Place: placeOf(e)})
		}
	}
	var err error
	if queries.Rows() <= fewQueries {
		err = scan(ctx, team, queries, gallery, top+spare, skip, take)
	} else {
		b := blocks{team: team, gallery: gallery, skip: skip, keep: func(int) int { return top + spare }}
		if b.bias, err = HalfNorms(ctx, team, gallery); err == nil {
			err = b.run(ctx, queries, take, nil, nil)
		}
	}
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

// Neighbours finds, for each of some places of m, the places of the top nearest others, as Search orders them.
func Neighbours(ctx context.Context, team *kernel.Team, m Matrix, places []int, top int) ([][]int, error) {
	queries := Matrix{Columns: m.Columns}
	for _, p := range places {
		queries.Values = append(queries.Values, m.Values[p*m.Columns:(p+1)*m.Columns]...)
	}
	found, err := Search(ctx, team, queries, m, top, func(q, place int) bool { return places[q] == place })
	if err != nil {
		return nil, err
	}
	near := make([][]int, len(places))
	for q, hits := range found {
		for _, h := range hits {
			near[q] = append(near[q], h.Place)
		}
	}
	return near, nil
}

// scanElements is how much of the gallery a scan reads at a time: 16 MiB, so that what had to be decoded is still in a cache.
const scanElements = 4 << 20

// scan reads the gallery once and calls each for every query with its keep nearest entries, from the nearest on.
func scan(ctx context.Context, team *kernel.Team, queries Matrix, gallery Source, keep int, skip func(query, place int) bool, each func(query int, nearest []uint64)) error {
	n, dim, columns := queries.Rows(), queries.Dim(), gallery.Rows()
	if dim != gallery.Dim() {
		return fmt.Errorf("retrieval: queries of %d numbers and a gallery of %d", dim, gallery.Dim())
	}
	if columns > math.MaxInt32 {
		return fmt.Errorf("retrieval: a gallery of %d embeddings", columns)
	}
	chunk := max(1, min(columns, scanElements/max(1, dim)))
	buffer, distances := make([]float32, chunk*dim), make([]float32, n*chunk)
	// Each query's row of distances is looked through in parts, one for each thread, each with the nearest that it has met.
	parts := team.Threads()
	k := min(keep, columns)
	found := make([]best, n*parts)
	for i := range found {
		found[i].reset(make([]uint64, 0, room(k)), k)
	}
	bad := make([]int, n*parts) // the first row whose distance is not finite, or columns
	for from := 0; from < columns; from += chunk {
		if err := ctx.Err(); err != nil {
			return err
		}
		width := min(chunk, columns-from)
		g, err := gallery.Read(from, from+width, buffer)
		if err != nil {
			return err
		}
		kernel.SquaredDistances(team, n, width, dim, queries.Values, g, distances[:n*width])
		team.Run(n*parts, func(task, _ int) {
			q, part := task/parts, task%parts
			begin, end := part*width/parts, (part+1)*width/parts
			var out func(place int) bool
			if skip != nil {
				out = func(place int) bool { return skip(q, place) }
			}
			bad[task] = columns
			if i := found[task].addDistances(distances[q*width+begin:q*width+end], from+begin, out); i >= 0 {
				bad[task] = from + begin + i
			}
		})
		if i := slices.Min(bad); i < columns {
			return notFinite(i)
		}
	}
	for q := range n {
		var nearest []uint64
		for i := range parts {
			nearest = append(nearest, found[q*parts+i].entries...)
		}
		slices.Sort(nearest)
		each(q, nearest[:min(k, len(nearest))])
	}
	return nil
}
