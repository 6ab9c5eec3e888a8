package retrieval

import (
	"context"
	"errors"
	"fmt"
	"math"

	"deeprank/internal/kernel"
)

// The sizes of a block of scores. A strip of queries is packed once for each chunk of the gallery, which is read once for each strip.
const (
	stripRows    = 256
	chunkColumns = 4096
	// maxCandidates bounds the entries kept for a strip, 8 bytes each.
	maxCandidates = 8 << 20
)

// chunkFor is how many embeddings of that length are read at a time: 8 MiB for the long ones.
func chunkFor(dim int) int { return max(64, min(chunkColumns, (2<<20)/max(1, dim))) }

// HalfNorms computes -|g|^2/2 of each row. An embedding that is not finite, or so large that a product overflows, is an error that says which row.
func HalfNorms(ctx context.Context, team *kernel.Team, s Source) ([]float32, error) {
	rows, dim := s.Rows(), s.Dim()
	out := make([]float32, rows)
	chunk := chunkFor(dim)
	buffer := make([]float32, min(chunk, rows)*dim)
	for from := 0; from < rows; from += chunk {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		to := min(from+chunk, rows)
		v, err := s.Read(from, to, buffer)
		if err != nil {
			return nil, err
		}
		const part = 64
		team.Run((to-from+part-1)/part, func(task, _ int) {
			for i := task * part; i < min((task+1)*part, to-from); i++ {
				row := v[i*dim : (i+1)*dim]
				out[from+i] = float32(-kernel.InnerProduct(row, row) / 2)
			}
		})
	}
	const most = 1e30 // far from overflow; ours are 1
	for i, h := range out {
		if !(h >= -most) {
			return nil, notFinite(i)
		}
	}
	return out, nil
}

// ErrNotFinite is what is wrong with embeddings that cannot be compared.
var ErrNotFinite = errors.New("holds numbers that are infinite, no numbers, or far too large for an embedding")

func notFinite(row int) error { return fmt.Errorf("row %d %w", row, ErrNotFinite) }

// blocks is one search: every query against the whole gallery.
type blocks struct {
	team    *kernel.Team
	gallery Source
	bias    []float32 // HalfNorms of the gallery
	// keep is how many of the nearest are wanted for a query: at least 1.
	keep func(query int) int
	// skip, if not nil, says whether a place of the gallery does not count for a query.
	skip func(query, place int) bool
}

// run calls each for every query, by several threads at once, with its nearest entries from the nearest on (valid during the call), and strip, if not nil,
// after some queries, from this goroutine: at most stripRows, in order. progress, if not nil, is told how many queries' worth of work is done.
func (b *blocks) run(ctx context.Context, queries Source, each func(query int, nearest []uint64), strip func(from, to int), progress func(done int)) error {
	if queries.Dim() != b.gallery.Dim() {
		return fmt.Errorf("retrieval: queries of %d numbers and a gallery of %d", queries.Dim(), b.gallery.Dim())
	}
	if b.gallery.Rows() > math.MaxInt32 {
		return fmt.Errorf("retrieval: a gallery of %d embeddings", b.gallery.Rows())
	}
	if total := b.room(queries.Rows()); sameSource(queries, b.gallery) && total <= maxCandidates {
		return b.runSame(ctx, total, each, strip, progress)
	}
	return b.runApart(ctx, queries, each, strip, progress)
}

// room is the room for the entries of so many queries, or more than maxCandidates.
func (b *blocks) room(queries int) int {
	total := 0
	for q := 0; q < queries && total <= maxCandidates; q++ {
		total += room(min(b.keep(q), b.gallery.Rows()))
	}
	return total
}

// runApart searches strip after strip.
func (b *blocks) runApart(ctx context.Context, queries Source, each func(query int, nearest []uint64), strip func(from, to int), progress func(done int)) error {
	n, dim, columns := queries.Rows(), queries.Dim(), b.gallery.Rows()
	chunk := min(chunkFor(dim), max(1, columns))
	widest := min(stripRows, max(1, n))
	var (
		found      = make([]best, widest)
		candidates []uint64
		qBuffer    = make([]float32, widest*dim)
		gBuffer    = make([]float32, chunk*dim)
		scores     = make([]float32, widest*chunk)
	)
	for from := 0; from < n; {
		// As many queries as their candidates have room, whatever they keep.
		to, total := from, 0
		for to < min(n, from+widest) {
			more := room(min(b.keep(to), columns))
			if to > from && total+more > maxCandidates {
				break
			}
			total += more
			to++
		}
		if cap(candidates) < total {
			candidates = make([]uint64, total)
		}
		rest := candidates[:cap(candidates)]
		for i := range to - from {
			k := min(b.keep(from+i), columns)
			found[i].reset(rest[:0:room(k)], k)
			rest = rest[room(k):]
		}
		q, err := queries.Read(from, to, qBuffer)
		if err != nil {
			return err
		}
		for c := 0; c < columns; c += chunk {
			if err := ctx.Err(); err != nil {
				return err
			}
			width := min(chunk, columns-c)
			g, err := b.gallery.Read(c, c+width, gBuffer)
			if err != nil {
				return err
			}
			block := scores[:(to-from)*width]
			kernel.DenseForward(b.team, to-from, dim, width, q, g, b.bias[c:c+width], block, false)
			b.team.Run(to-from, func(i, _ int) {
				var skip func(place int) bool
				if b.skip != nil {
					skip = func(place int) bool { return b.skip(from+i, place) }
				}
				found[i].add(block[i*width:(i+1)*width], c, skip)
			})
		}
		b.team.Run(to-from, func(i, _ int) { each(from+i, found[i].sorted()) })
		if strip != nil {
			strip(from, to)
		}
		if progress != nil {
			progress(to)
		}
		from = to
	}
	return nil
}
