package retrieval

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deeprank/checkpoints"
	"deeprank/internal/kernel"
)

// expected is what testdata/make.py wrote of a case.
type expected struct {
	Labels     [2][]int32
	Without    int
	Recall     []float64 `json:"recall_at"`
	Precision  []float64 `json:"precision_at"`
	RPrecision float64   `json:"r_precision"`
	MAPAtR     float64   `json:"mean_average_precision_at_r"`
}

func readExpected(t *testing.T) (Matrix, map[string]expected) {
	t.Helper()
	f, err := checkpoints.Read("testdata/embeddings.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	e, err := f.Tensor("embeddings")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases map[string]expected
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	return Matrix{e.Data, e.Shape[1]}, cases
}

func (m Matrix) part(from, to int) Matrix {
	return Matrix{m.Values[from*m.Columns : to*m.Columns], m.Columns}
}

func keys(from, to int) []int32 {
	var k []int32
	for i := from; i < to; i++ {
		k = append(k, int32(i))
	}
	return k
}

// testCases gives the queries and galleries of make.py's cases.
func testCases(m Matrix, cases map[string]expected) map[string][2]Pictures {
	of := func(name string, side, from, to int) Pictures {
		return Pictures{Source: m.part(from, to), Label: cases[name].Labels[side], Key: keys(from, to)}
	}
	n := m.Rows()
	return map[string][2]Pictures{
		"same":     {of("same", 0, 0, n), of("same", 1, 0, n)},
		"apart":    {of("apart", 0, 0, 90), of("apart", 1, 90, n)},
		"few":      {of("few", 0, 0, 60), of("few", 1, 0, n)},
		"category": {of("category", 0, 0, n), of("category", 1, 0, n)},
	}
}

func TestEqualsPytorchMetricLearning(t *testing.T) {
	m, cases := readExpected(t)
	team := kernel.NewTeam(2)
	defer team.Close()
	for name, p := range testCases(m, cases) {
		want := cases[name]
		r, err := Measure(t.Context(), team, p[0], p[1], nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		near := func(what string, got, want float64) {
			if !(math.Abs(got-want) <= 1e-6) {
				t.Errorf("%s: %s is %.9f, want %.9f", name, what, got, want)
			}
		}
		for d := range Depths() {
			near("recall", r.All.Recall[d], want.Recall[d])
			near("precision", r.All.Precision[d], want.Precision[d])
		}
		near("R-precision", r.All.RPrecision, want.RPrecision)
		near("mAP@R", r.All.MAPAtR, want.MAPAtR)
		if r.All.Without != want.Without || r.All.Queries+r.All.Without != p[0].Rows() {
			t.Errorf("%s: %d queries, %d without, want %d without", name, r.All.Queries, r.All.Without, want.Without)
		}
	}
}

func TestGroupsPartTheQueries(t *testing.T) {
	m, cases := readExpected(t)
	team := kernel.NewTeam(1)
	defer team.Close()
	p := testCases(m, cases)["apart"]
	p[0].Group = make([]int32, p[0].Rows())
	for i := range p[0].Group {
		p[0].Group[i] = int32(i/30) - 1 // the first 30 are of none
	}
	r, err := Measure(t.Context(), team, p[0], p[1], nil)
	if err != nil {
		t.Fatal(err)
	}
	for g := range 2 {
		alone := p[0]
		alone.Source, alone.Group = m.part(30*(g+1), 30*(g+2)), nil
		alone.Label, alone.Key = alone.Label[30*(g+1):30*(g+2)], alone.Key[30*(g+1):30*(g+2)]
		want, err := Measure(t.Context(), team, alone, p[1], nil)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want.All, r.Groups[g]); d != "" {
			t.Errorf("group %d: %s", g, d)
		}
	}
}

func TestThreadsChangeNothing(t *testing.T) {
	m, cases := readExpected(t)
	var first *Result
	for threads := 1; threads <= 3; threads++ {
		team := kernel.NewTeam(threads)
		p := testCases(m, cases)["category"]
		r, err := Measure(t.Context(), team, p[0], p[1], nil)
		team.Close()
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = r
		}
		if d := cmp.Diff(first, r); d != "" {
			t.Errorf("%d threads: %s", threads, d)
		}
	}
}

func TestEqualDistancesRankByPlace(t *testing.T) {
	team := kernel.NewTeam(2)
	defer team.Close()
	const n, dim = 9000, 3 // more than a chunk
	g := Matrix{make([]float32, n*dim), dim}
	for i := range n {
		g.Values[i*dim] = float32(i % 3)
	}
	// Every third picture is equal to the query.
	queries := Matrix{[]float32{1, 0, 0, 2, 0, 0}, dim}
	want := [][]Hit{{{1, 0}, {7, 0}, {10, 0}, {13, 0}}, {{2, 0}, {5, 0}, {8, 0}, {11, 0}}}
	for queries.Rows() <= 2*fewQueries { // one by one, and as a product
		found, err := Search(t.Context(), team, queries, g, 4, func(q, place int) bool { return q%2 == 0 && place == 4 })
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, found); d != "" {
			t.Error(d)
		}
		queries.Values, want = append(queries.Values, queries.Values...), append(want, want...)
	}
}

// A query finds the same alone, among few and among many, in a gallery that is read in several pieces.
func TestSearchAloneAndAmongMany(t *testing.T) {
	team := kernel.NewTeam(2)
	defer team.Close()
	const dim = 3000
	g := drawn(scanElements/dim+40, dim).Source.(Matrix)
	last := g.Rows() - 1
	queries := Matrix{append([]float32(nil), g.Values[(last-2*fewQueries)*dim:]...), dim}
	all, err := Search(t.Context(), team, queries, g, 7, nil)
	if err != nil {
		t.Fatal(err)
	}
	for from := 0; from < queries.Rows(); from += fewQueries {
		to := min(from+fewQueries, queries.Rows())
		few, err := Search(t.Context(), team, Matrix{queries.Values[from*dim : to*dim], dim}, g, 7, nil)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(all[from:to], few); d != "" {
			t.Errorf("queries %d to %d: %s", from, to, d)
		}
	}
	if h := all[len(all)-1]; len(h) != 7 || h[0].Place != last || h[0].Distance != 0 || h[1].Distance > h[2].Distance {
		t.Errorf("the last picture finds %v", h)
	}
}

func TestRefusals(t *testing.T) {
	team := kernel.NewTeam(1)
	defer team.Close()
	one := Pictures{Source: Matrix{[]float32{1, 2}, 2}, Label: []int32{0}}
	if _, err := Measure(t.Context(), team, one, Pictures{Source: Matrix{nil, 2}}, nil); !errors.Is(err, ErrEmptyGallery) {
		t.Errorf("an empty gallery gives %v", err)
	}
	for _, wrong := range []float32{float32(math.NaN()), float32(math.Inf(1)), 1e20} {
		bad := Pictures{Source: Matrix{[]float32{1, 2, wrong, 0}, 2}, Label: []int32{0, 0}}
		if _, err := Measure(t.Context(), team, one, bad, nil); err == nil {
			t.Errorf("a gallery with %v is searched", wrong)
		}
		if _, err := Measure(t.Context(), team, bad, one, nil); err == nil {
			t.Errorf("queries with %v are searched", wrong)
		}
		for _, n := range []int{1, fewQueries + 1} {
			if _, err := Search(t.Context(), team, Matrix{make([]float32, 2*n), 2}, bad.Source, 1, nil); !errors.Is(err, ErrNotFinite) {
				t.Errorf("%d queries in a gallery with %v: %v", n, wrong, err)
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Measure(ctx, team, one, one, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled context gives %v", err)
	}
	// Nothing right anywhere: no query, no division by zero.
	r, err := Measure(t.Context(), team, one, Pictures{Source: one.Source, Label: []int32{-1}}, nil)
	if err != nil || r.All.Queries != 0 || r.All.Without != 1 || r.All.MAPAtR != 0 {
		t.Errorf("without answers: %+v, %v", r, err)
	}
}

// apart hides that a source is the gallery itself.
type apart struct{ Matrix }

// TestSameAndApartAgree holds the way by half the products against the way by all of them, over several strips and chunks, with equal embeddings.
func TestSameAndApartAgree(t *testing.T) {
	team := kernel.NewTeam(2)
	defer team.Close()
	p := drawn(9001, 8)
	m := p.Source.(Matrix)
	for i := range 3000 { // copies far apart
		copy(m.Values[(i*3)*8:(i*3+1)*8], m.Values[:8])
	}
	for i := range p.Label {
		p.Label[i] %= 700
	}
	want, err := Measure(t.Context(), team, Pictures{Source: apart{m}, Label: p.Label, Key: p.Key}, p, nil)
	if err != nil {
		t.Fatal(err)
	}
	last := 0
	got, err := Measure(t.Context(), team, p, p, func(done int) {
		if done < last || done > 9001 {
			t.Errorf("progress from %d to %d", last, done)
		}
		last = done
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" || last != 9001 {
		t.Errorf("%s; progress to %d", d, last)
	}
	if got.All.Queries != 9001 || got.All.MAPAtR == 0 {
		t.Errorf("%+v", got.All)
	}
}
