package data

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// randomTable makes a table with few values, so that everything odd occurs: unknown values, products in several
// categories and colours, products with one picture.
func randomTable(r *rand.Rand, rows, categories, colours, products int, unknown float64) *Metadata {
	m := &Metadata{Path: "table"}
	pick := func(name string, n int) string {
		if r.Float64() < unknown {
			return ""
		}
		return fmt.Sprint(name, r.IntN(n))
	}
	for i := range rows {
		m.Category = append(m.Category, pick("category", categories))
		m.Color = append(m.Color, pick("colour", colours))
		m.ID = append(m.ID, pick("id", products))
		m.Gender = append(m.Gender, "")
		m.Name = append(m.Name, fmt.Sprintf("%d.jpg", i))
	}
	return m
}

// The rules again, as predicates on rows, straight from Sample's documentation.
func known(m *Metadata, row int) bool { return m.ID[row] != "" && m.Category[row] != "" }

func isSameProduct(m *Metadata, q, p int) bool {
	return known(m, q) && known(m, p) && q != p && m.ID[q] == m.ID[p]
}

func isSameColour(m *Metadata, q, p int) bool {
	return known(m, q) && known(m, p) && m.ID[q] != m.ID[p] && m.Category[q] == m.Category[p] && m.Color[q] == m.Color[p] && m.Color[q] != ""
}

func isOutOfClass(m *Metadata, q, n int) bool {
	return known(m, q) && known(m, n) && m.ID[q] != m.ID[n] && m.Category[q] != m.Category[n]
}

func isInClass(m *Metadata, q, n int) bool {
	return known(m, q) && known(m, n) && m.ID[q] != m.ID[n] && m.Category[q] == m.Category[n] &&
		m.Color[q] != m.Color[n] && m.Color[q] != "" && m.Color[n] != ""
}

type relation func(m *Metadata, a, b int) bool

// rowsAble finds by trial the rows that have both.
func rowsAble(m *Metadata, rows []int32, positive, negative relation) []int32 {
	var able []int32
	for _, q := range rows {
		has := func(f relation) bool {
			return slices.ContainsFunc(rows, func(x int32) bool { return f(m, int(q), int(x)) })
		}
		if has(positive) && has(negative) {
			able = append(able, q)
		}
	}
	return able
}

func TestSampleOnRandomTables(t *testing.T) {
	positives, negatives := []relation{isSameProduct, isSameColour}, []relation{isOutOfClass, isInClass}
	shares := []float64{0, 0.1, 0.5, 1}
	refused, drawn := 0, 0
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 1))
		m := randomTable(r, 1+r.IntN(40), 1+r.IntN(4), 1+r.IntN(4), 1+r.IntN(12), []float64{0, 0, 0.2}[r.IntN(3)])
		o := SampleOptions{Count: 200, SameColour: shares[r.IntN(4)], InClass: shares[r.IntN(4)], Seed: seed}
		rows := make([]int32, m.Rows())
		for i := range rows {
			rows[i] = int32(i)
		}
		if r.IntN(2) == 0 {
			r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
			rows = rows[:1+r.IntN(len(rows))]
			o.Rows = append(slices.Clone(rows), rows[0]) // a row given twice counts once
		}
		possible := true
		for p, positive := range positives {
			for n, negative := range negatives {
				wanted := []bool{o.SameColour < 1, o.SameColour > 0}[p] && []bool{o.InClass < 1, o.InClass > 0}[n]
				if wanted && len(rowsAble(m, rows, positive, negative)) == 0 {
					possible = false
				}
			}
		}
		ts, err := Sample(m, o)
		if !possible {
			var no *Refused
			if !errors.As(err, &no) || no.Remedy == "" {
				t.Fatalf("seed %d: a kind is impossible, but the error is %v", seed, err)
			}
			refused++
			continue
		}
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		drawn++
		if len(ts) != o.Count {
			t.Fatalf("seed %d: %d triplets of %d", seed, len(ts), o.Count)
		}
		for i, v := range ts {
			for _, row := range []int32{v.Query, v.Positive, v.Negative} {
				if !slices.Contains(rows, row) {
					t.Fatalf("seed %d, triplet %d: row %d is not to be drawn from", seed, i, row)
				}
			}
			q, p, n := int(v.Query), int(v.Positive), int(v.Negative)
			if a, b := isSameProduct(m, q, p), isSameColour(m, q, p); a == b || b && o.SameColour == 0 || a && o.SameColour == 1 {
				t.Fatalf("seed %d, triplet %d: wrong positive: %v", seed, i, v)
			}
			if a, b := isOutOfClass(m, q, n), isInClass(m, q, n); a == b || b && o.InClass == 0 || a && o.InClass == 1 {
				t.Fatalf("seed %d, triplet %d: wrong negative: %v", seed, i, v)
			}
		}
	}
	if refused < 20 || drawn < 100 {
		t.Errorf("%d tables refused and %d drawn from: the tables no longer try both", refused, drawn)
	}
}

// within says whether a count is the mean of n draws of probability p, up to five deviations.
func within(count, n int, p float64) bool {
	mean, deviation := float64(n)*p, math.Sqrt(float64(n)*p*(1-p))
	return math.Abs(float64(count)-mean) <= 5*deviation+1e-9
}

func TestSampleDrawsEvenly(t *testing.T) {
	m := randomTable(rand.New(rand.NewPCG(3, 1)), 24, 3, 3, 6, 0.1)
	rows := make([]int32, m.Rows())
	for i := range rows {
		rows[i] = int32(i)
	}
	for _, c := range []struct {
		sameColour, inClass float64
		positive, negative  relation
	}{
		{0, 0, isSameProduct, isOutOfClass},
		{0, 1, isSameProduct, isInClass},
		{1, 0, isSameColour, isOutOfClass},
		{1, 1, isSameColour, isInClass},
	} {
		const count = 60000
		ts, err := Sample(m, SampleOptions{Count: count, SameColour: c.sameColour, InClass: c.inClass, Seed: 5})
		if err != nil {
			t.Fatal(err)
		}
		able := rowsAble(m, rows, c.positive, c.negative)
		queries, positives, negatives := map[int32]int{}, map[[2]int32]int{}, map[[2]int32]int{}
		for _, v := range ts {
			queries[v.Query]++
			positives[[2]int32{v.Query, v.Positive}]++
			negatives[[2]int32{v.Query, v.Negative}]++
		}
		for _, q := range able {
			if !within(queries[q], count, 1/float64(len(able))) {
				t.Errorf("shares %v, %v: query %d drawn %d times of %d, %d could be", c.sameColour, c.inClass, q, queries[q], count, len(able))
			}
			even := func(drawn map[[2]int32]int, fits relation) {
				var can []int32
				for _, x := range rows {
					if fits(m, int(q), int(x)) {
						can = append(can, x)
					}
				}
				for _, x := range can {
					if n := drawn[[2]int32{q, x}]; !within(n, queries[q], 1/float64(len(can))) {
						t.Errorf("shares %v, %v: query %d with %d: %d times of %d, %d could be", c.sameColour, c.inClass, q, x, n, queries[q], len(can))
					}
				}
			}
			even(positives, c.positive)
			even(negatives, c.negative)
		}
	}
}

func TestSampleShares(t *testing.T) {
	m := randomTable(rand.New(rand.NewPCG(9, 1)), 3000, 8, 6, 700, 0)
	const count = 50000
	for _, c := range []struct{ sameColour, inClass float64 }{{DefaultSameColour, DefaultInClass}, {0.5, 0.9}, {0, 1}} {
		ts, err := Sample(m, SampleOptions{Count: count, SameColour: c.sameColour, InClass: c.inClass, Seed: 2})
		if err != nil {
			t.Fatal(err)
		}
		s := Summarize(m, ts)
		if !within(s.PositiveSameCategoryColor, count, c.sameColour) || s.PositiveSameProduct != count-s.PositiveSameCategoryColor {
			t.Errorf("share %v: %d positives of the same category and colour, %d of the same product, of %d", c.sameColour, s.PositiveSameCategoryColor, s.PositiveSameProduct, count)
		}
		if !within(s.NegativeInClass, count, c.inClass) || s.NegativeOutOfClass != count-s.NegativeInClass {
			t.Errorf("share %v: %d negatives of the same category, %d of another, of %d", c.inClass, s.NegativeInClass, s.NegativeOutOfClass, count)
		}
	}
}

func TestSampleRepeats(t *testing.T) {
	m := randomTable(rand.New(rand.NewPCG(9, 1)), 500, 5, 5, 100, 0.05)
	o := SampleOptions{Count: 1000, SameColour: 0.1, InClass: 0.3, Seed: 7}
	list := func(o SampleOptions) []Triplet {
		t.Helper()
		ts, err := Sample(m, o)
		if err != nil {
			t.Fatal(err)
		}
		return ts
	}
	long := list(o)
	if !slices.Equal(long, list(o)) {
		t.Error("the same seed gives another list")
	}
	short := o
	short.Count = 10
	if !slices.Equal(long[:10], list(short)) {
		t.Error("a shorter list is not the beginning of a longer one")
	}
	rows := make([]int32, 500)
	for i := range rows {
		rows[i] = int32(499 - i)
	}
	all := o
	all.Rows = rows
	if !slices.Equal(long, list(all)) {
		t.Error("the order of Rows matters")
	}
	other := o
	other.Seed++
	if slices.Equal(long, list(other)) {
		t.Error("another seed gives the same list")
	}
}

func TestSampleBadOptions(t *testing.T) {
	m := randomTable(rand.New(rand.NewPCG(1, 1)), 50, 3, 3, 5, 0)
	for _, c := range []struct {
		options SampleOptions
		want    string
	}{
		{SampleOptions{Count: -1}, "-1 triplets"},
		{SampleOptions{Count: 1, SameColour: 1.5}, "share of 1.5"},
		{SampleOptions{Count: 1, InClass: -0.1}, "share of -0.1"},
		{SampleOptions{Count: 1, InClass: math.NaN()}, "share of NaN"},
		{SampleOptions{Count: 1, Rows: []int32{50}}, "row 50 of 50"},
		{SampleOptions{Count: 1, Rows: []int32{-1}}, "row -1 of 50"},
		{SampleOptions{Count: 1, Rows: []int32{}}, "none of the 0 pictures"},
	} {
		if _, err := Sample(m, c.options); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want %q", c.options, err, c.want)
		}
	}
	if ts, err := Sample(m, SampleOptions{Rows: []int32{}}); err != nil || len(ts) != 0 {
		t.Errorf("no triplets wanted: %v, %v", ts, err)
	}
}

// A product that fills all other categories too leaves hardly a negative; drawing one must still end.
func TestSampleRareNegative(t *testing.T) {
	m := &Metadata{Path: "table"}
	for i := range 5000 {
		m.Category = append(m.Category, []string{"hat", "shoe"}[i%2])
		m.Color = append(m.Color, "red")
		m.ID = append(m.ID, "1")
		m.Gender, m.Name = append(m.Gender, ""), append(m.Name, "x.jpg")
	}
	m.ID[4999] = "2"
	ts, err := Sample(m, SampleOptions{Count: 200, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range ts {
		if v.Negative != 4999 {
			t.Fatalf("negative %d", v.Negative)
		}
	}
}

// The demo's figures rest on Sample's lists: the sum is that of the first implementation, which sorted rows by comparison and
// knew no rules.
func TestSampleKeepsItsBits(t *testing.T) {
	h := fnv.New64a()
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 8))
		m := randomTable(r, 1+r.IntN(60), 1+r.IntN(4), 1+r.IntN(4), 1+r.IntN(12), []float64{0, 0, 0.2}[r.IntN(3)])
		o := SampleOptions{Count: 100, SameColour: 0.1 * float64(r.IntN(3)), InClass: 0.3 * float64(r.IntN(3)), Seed: seed}
		if r.IntN(2) == 0 {
			for i := range m.Rows() {
				if r.IntN(3) > 0 {
					o.Rows = append(o.Rows, int32(i))
				}
			}
			o.Rows = append(o.Rows, 0)
		}
		ts, err := Sample(m, o)
		fmt.Fprintln(h, ts, err != nil)
	}
	if got := h.Sum64(); got != 0xa7928676b622ec7a {
		t.Errorf("the lists' sum is %x", got)
	}
}
