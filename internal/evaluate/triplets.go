package evaluate

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"

	"deeprank/data"
	"deeprank/internal/embed"
	"deeprank/internal/kernel"
	"deeprank/internal/retrieval"
)

// Share is how many of so many triplets are in the right order: D(q,p) < D(q,n).
type Share struct {
	Triplets int        `json:"triplets"`
	Right    int        `json:"right"`
	Accuracy float64    `json:"accuracy"`
	Interval [2]float64 `json:"interval"` // of 95 %, see Interval
}

func (s *Share) finish() {
	s.Accuracy = float64(s.Right) / float64(max(1, s.Triplets))
	s.Interval = Interval(s.Right, s.Triplets)
}

// KindShare is the share of the triplets of one kind.
type KindShare struct {
	Positive string `json:"positive"`
	Negative string `json:"negative"`
	Share
}

// Top is the score at top K of Wang et al., "Learning Fine-grained Image Similarity with Deep Ranking" (2014), section 5.2: the number of triplets in the right
// order minus that of the others, over the triplets whose rank is within K. A triplet's rank is within K if its positive or its negative is among the K
// pictures nearest to its query.
//
// The paper searches 1000 pictures found by the query's text. Here it is the pictures that the triplets name, the query left out.
type Top struct {
	K        int `json:"k"`
	Pictures int `json:"pictures"` // searched
	Triplets int `json:"triplets"` // whose rank is within K
	Right    int `json:"right"`
	Score    int `json:"score"` // Right - (Triplets - Right)
}

// Report is how well a network ranks triplets. The share over all is the paper's similarity precision.
type Report struct {
	Share
	Skipped      int         `json:"skipped"` // with a picture that cannot be read
	DPos         float64     `json:"d_pos"`   // mean of D(q,p), squared Euclidean distances
	DNeg         float64     `json:"d_neg"`
	Gap          float64     `json:"gap"`
	Loss         float64     `json:"loss"`   // mean of the hinge max(0, gap + D(q,p) - D(q,n))
	Active       float64     `json:"active"` // share of triplets whose hinge is above 0
	Kinds        []KindShare `json:"kinds"`
	Top          *Top        `json:"top,omitempty"` // nil where the pictures are too few for it
	HistogramPos Histogram   `json:"histogram_pos"`
	HistogramNeg Histogram   `json:"histogram_neg"`
}

// TopK is the paper's K.
const TopK = 30

// Triplets ranks triplets of m's rows. place gives the place of a row in vectors, or -1 where its picture could not be read.
func Triplets(ctx context.Context, team *kernel.Team, m *data.Metadata, ts []data.Triplet, vectors retrieval.Matrix, place []int32, gap float64) (*Report, error) {
	r := &Report{Gap: gap, HistogramPos: newHistogram(), HistogramNeg: newHistogram()}
	at := func(row int32) []float32 {
		if place[row] < 0 {
			return nil
		}
		i := int(place[row]) * vectors.Columns
		return vectors.Values[i : i+vectors.Columns]
	}
	kinds := map[data.Kind]*KindShare{}
	right := make([]bool, len(ts))
	var queries []int // their places, each once
	number := map[int32]int{}
	for i, t := range ts {
		q, p, n := at(t.Query), at(t.Positive), at(t.Negative)
		if q == nil || p == nil || n == nil {
			r.Skipped++
			continue
		}
		dp, dn := embed.SquaredDistance(q, p), embed.SquaredDistance(q, n)
		right[i] = dp < dn
		k := m.KindOf(t)
		if kinds[k] == nil {
			kinds[k] = &KindShare{Positive: k.Positive.String(), Negative: k.Negative.String()}
		}
		for _, s := range [...]*Share{&r.Share, &kinds[k].Share} {
			s.Triplets++
			if right[i] {
				s.Right++
			}
		}
		r.DPos += dp
		r.DNeg += dn
		if hinge := gap + dp - dn; hinge > 0 {
			r.Loss += hinge
			r.Active++
		}
		r.HistogramPos.add(dp)
		r.HistogramNeg.add(dn)
		if _, ok := number[place[t.Query]]; !ok {
			number[place[t.Query]] = len(queries)
			queries = append(queries, int(place[t.Query]))
		}
	}
	n := float64(max(1, r.Share.Triplets))
	r.DPos, r.DNeg, r.Loss, r.Active = r.DPos/n, r.DNeg/n, r.Loss/n, r.Active/n
	r.finish()
	for _, k := range kinds {
		k.finish()
		r.Kinds = append(r.Kinds, *k)
	}
	slices.SortFunc(r.Kinds, func(a, b KindShare) int {
		return cmp.Or(cmp.Compare(b.Triplets, a.Triplets), cmp.Compare(a.Positive+a.Negative, b.Positive+b.Negative))
	})
	// With no more pictures than that, every triplet would count.
	if vectors.Rows() > TopK+2 && len(queries) > 0 {
		nearest, err := retrieval.Neighbours(ctx, team, vectors, queries, TopK)
		if err != nil {
			return nil, err
		}
		r.Top = &Top{K: TopK, Pictures: vectors.Rows() - 1}
		for i, t := range ts {
			q, p, n := place[t.Query], place[t.Positive], place[t.Negative]
			if q < 0 || p < 0 || n < 0 {
				continue
			}
			if near := nearest[number[q]]; slices.Contains(near, int(p)) || slices.Contains(near, int(n)) {
				r.Top.Triplets++
				if right[i] {
					r.Top.Right++
				}
			}
		}
		r.Top.Score = 2*r.Top.Right - r.Top.Triplets
	}
	return r, nil
}

// Write writes the report as text.
func (r *Report) Write(w io.Writer) {
	fmt.Fprintf(w, "triplets    %d in the right order of %d: %s\n", r.Right, r.Share.Triplets, r.percent())
	if r.Skipped > 0 {
		fmt.Fprintf(w, "            %d more have a picture that cannot be read\n", r.Skipped)
	}
	fmt.Fprintf(w, "distances   D(q,p) %.4f, D(q,n) %.4f in the mean; loss %.4f, active %.1f %% at the gap %g\n", r.DPos, r.DNeg, r.Loss, 100*r.Active, r.Gap)
	if t := r.Top; t != nil {
		fmt.Fprintf(w, "top %d      score %+d: of the %d triplets with a picture among their query's nearest %d (of %d), %d are right, %d wrong\n",
			t.K, t.Score, t.Triplets, t.K, t.Pictures, t.Right, t.Triplets-t.Right)
	} else {
		fmt.Fprintf(w, "top %d      no score: there are too few pictures to search\n", TopK)
	}
	if len(r.Kinds) > 0 {
		fmt.Fprintf(w, "\n  %-26s %-16s %8s  %s\n", "positive", "negative", "triplets", "in the right order (95 % interval)")
		for i := range r.Kinds {
			k := &r.Kinds[i]
			fmt.Fprintf(w, "  %-26s %-16s %8d  %s\n", k.Positive, k.Negative, k.Triplets, k.percent())
		}
		fmt.Fprintln(w)
		writeHistograms(w, &r.HistogramPos, &r.HistogramNeg)
	}
}

func (s *Share) percent() string {
	return fmt.Sprintf("%.1f %% (%.1f to %.1f)", 100*s.Accuracy, 100*s.Interval[0], 100*s.Interval[1])
}
