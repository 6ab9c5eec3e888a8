package retrieval

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"deeprank/internal/kernel"
)

// Pictures are embeddings and what they show.
type Pictures struct {
	Source
	// Label says what is right: pictures of one label belong together. -1 is unknown, and belongs to none.
	Label []int32
	// Key is the picture's identity: a query is never its own answer. nil gives no identities, -1 is none.
	Key []int32
	// Group, which may be nil, parts the queries for numbers of their own, from 0.
	Group []int32
}

// Depths are the k of recall and precision at k.
func Depths() []int { return []int{1, 5, 10, 20} }

// Numbers say how well a gallery answers queries. Means are over Queries.
type Numbers struct {
	Queries int // with a right answer in the gallery
	Without int // without one; they are left out
	// Recall is the share of queries that have a right answer among the first k, for each of Depths.
	Recall []float64
	// Precision is the mean share of right answers among the first k.
	Precision []float64
	// RPrecision is the mean share of right answers among the first R, if R are right in all.
	RPrecision float64
	// MAPAtR is the mean of (1/R) sum over ranks i <= R of precision at i where the i-th answer is right, else 0: Musgrave, Belongie, Lim,
	// "A Metric Learning Reality Check" (2020), section 3.2.
	MAPAtR float64
}

// Result is the numbers over all queries, and those of each group.
type Result struct {
	All    Numbers
	Groups []Numbers
}

// ErrEmptyGallery says that there is nothing to search in.
var ErrEmptyGallery = errors.New("the gallery is empty")

// Measure searches the gallery for each query and counts the right answers. The numbers equal those of pytorch-metric-learning's AccuracyCalculator.
// progress, if not nil, is told how many queries are done.
func Measure(ctx context.Context, team *kernel.Team, queries, gallery Pictures, progress func(done int)) (*Result, error) {
	if gallery.Rows() == 0 {
		return nil, ErrEmptyGallery
	}
	if len(queries.Label) != queries.Rows() || len(gallery.Label) != gallery.Rows() {
		return nil, fmt.Errorf("retrieval: %d labels for %d queries, %d for a gallery of %d", len(queries.Label), queries.Rows(), len(gallery.Label), gallery.Rows())
	}
	bias, err := HalfNorms(ctx, team, gallery)
	if err != nil {
		return nil, fmt.Errorf("the gallery: %w", err)
	}
	if !sameSource(queries.Source, gallery.Source) {
		if _, err := HalfNorms(ctx, team, queries); err != nil {
			return nil, fmt.Errorf("the queries: %w", err)
		}
	}
	relevant := countRelevant(queries, gallery)
	depths := Depths()
	deepest := slices.Max(depths)
	groups := 0
	for _, g := range queries.Group {
		groups = max(groups, int(g)+1)
	}
	totals := make([]total, 1+groups)
	b := blocks{
		team: team, gallery: gallery.Source, bias: bias,
		keep: func(q int) int { return max(deepest, relevant[q]) },
	}
	if queries.Key != nil && gallery.Key != nil {
		b.skip = func(q, g int) bool { return queries.Key[q] >= 0 && queries.Key[q] == gallery.Key[g] }
	}
	answers := make([]answer, min(stripRows, max(1, queries.Rows()))) // of a strip, by q % len
	err = b.run(ctx, queries.Source, func(q int, nearest []uint64) {
		a := &answers[q%len(answers)]
		*a = answer{}
		if relevant[q] > 0 {
			a.count(nearest, queries.Label[q], gallery.Label, relevant[q], depths)
		}
	}, func(from, to int) {
		// One after the other, so that the sums do not depend on the threads.
		for q := from; q < to; q++ {
			totals[0].add(&answers[q%len(answers)], relevant[q])
			if len(queries.Group) > 0 && queries.Group[q] >= 0 {
				totals[1+queries.Group[q]].add(&answers[q%len(answers)], relevant[q])
			}
		}
	}, progress)
	if err != nil {
		return nil, err
	}
	r := &Result{All: totals[0].numbers(depths)}
	for i := range groups {
		r.Groups = append(r.Groups, totals[1+i].numbers(depths))
	}
	return r, nil
}

// countRelevant counts the right answers of each query: pictures of its label, itself not among them.
func countRelevant(queries, gallery Pictures) []int {
	count := map[int32]int{}
	for _, l := range gallery.Label {
		count[l]++
	}
	own := map[[2]int32]int{} // how often the gallery holds a picture with a label
	if gallery.Key != nil {
		for i, k := range gallery.Key {
			own[[2]int32{k, gallery.Label[i]}]++
		}
	}
	relevant := make([]int, len(queries.Label))
	for q, l := range queries.Label {
		if l < 0 {
			continue
		}
		relevant[q] = count[l]
		if len(queries.Key) > 0 && queries.Key[q] >= 0 {
			relevant[q] -= own[[2]int32{queries.Key[q], l}]
		}
	}
	return relevant
}

// answer is what the search found for a query.
type answer struct {
	right      [8]int // among the first k, by depth
	rPrecision float64
	precision  float64 // average, at R
}

// count fills the answer from a query's nearest.
func (a *answer) count(nearest []uint64, label int32, labels []int32, relevant int, depths []int) {
	right := 0
	sum := 0.0
	for i, e := range nearest {
		rank := i + 1
		if labels[placeOf(e)] == label {
			right++
			if rank <= relevant {
				sum += float64(right) / float64(rank)
			}
		}
		if rank == relevant {
			a.rPrecision = float64(right) / float64(relevant)
		}
		for d, k := range depths {
			if rank <= k {
				a.right[d] = right
			}
		}
	}
	a.precision = sum / float64(relevant)
}

// total adds up answers.
type total struct {
	queries, without int
	hits, right      [8]int // by depth
	rPrecision, mean float64
}

func (t *total) add(a *answer, relevant int) {
	if relevant == 0 {
		t.without++
		return
	}
	t.queries++
	for d, n := range a.right {
		t.right[d] += n
		if n > 0 {
			t.hits[d]++
		}
	}
	t.rPrecision += a.rPrecision
	t.mean += a.precision
}

func (t *total) numbers(depths []int) Numbers {
	n := float64(max(1, t.queries))
	r := Numbers{Queries: t.queries, Without: t.without, RPrecision: t.rPrecision / n, MAPAtR: t.mean / n}
	for d, k := range depths {
		r.Recall = append(r.Recall, float64(t.hits[d])/n)
		r.Precision = append(r.Precision, float64(t.right[d])/n/float64(k))
	}
	return r
}
