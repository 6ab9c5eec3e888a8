package data

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Six pictures and triplets of each kind, counted by hand.
func TestSummarize(t *testing.T) {
	m := &Metadata{
		Category: []string{"shoes", "shoes", "shoes", "bags", "", "shoes"},
		Color:    []string{"red", "red", "red", "red", "", "blue"},
		ID:       []string{"1", "1", "2", "3", "", ""},
		Gender:   make([]string, 6), Name: make([]string, 6),
	}
	ts := []Triplet{
		{0, 1, 3}, // same product; other category
		{0, 2, 5}, // same category and colour; same category
		{0, 5, 1}, // same category, other colour; same product
		{0, 3, 4}, // same colour, other category; unknown
		{4, 5, 5}, // unknown ids are not one product; p = n
		{4, 4, 0}, // q = p is the same product, even where it is unknown
		{2, 0, 2}, // n = q
	}
	got := Summarize(m, ts)
	want := Summary{
		Rows: 6, Products: 3, Categories: 2, Colors: 2, Triplets: 7, Pictures: 6,
		PositiveSameProduct: 2, PositiveSameCategoryColor: 2, PositiveOther: 3,
		NegativeSameProduct: 2, NegativeInClass: 1, NegativeOutOfClass: 4,
		QueryIsPositive: 1, QueryIsNegative: 1, PositiveIsNegative: 1,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	const text = `metadata   6 pictures of 3 products, 2 categories, 2 colours
triplets   7 on 6 pictures
positives  2 same product, 2 same category and colour, 3 other
negatives  1 same category, 4 other category, 2 same product
warning    1 triplets have q = p
warning    1 triplets have n = q
warning    1 triplets have p = n`
	if d := cmp.Diff(text, got.String()); d != "" {
		t.Error(d)
	}
}

func TestUsedRows(t *testing.T) {
	if got := UsedRows([]Triplet{{5, 1, 5}, {1, 7, 0}}, 9); !slices.Equal(got, []int32{0, 1, 5, 7}) {
		t.Errorf("got %v", got)
	}
	if got := UsedRows(nil, 3); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}
