package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deeprank/data"
	"deeprank/internal/kernel"
)

// table makes a gallery of all rows of a metadata table, written as "id category color", "-" for unknown.
func table(rows ...string) *gallery {
	m := &data.Metadata{}
	all := make([]int32, len(rows))
	for i, r := range rows {
		f := strings.Fields(strings.ReplaceAll(r, "-", " - "))
		for k := range f {
			f[k] = strings.TrimPrefix(f[k], "-")
		}
		m.ID, m.Category, m.Color = append(m.ID, f[0]), append(m.Category, f[1]), append(m.Color, f[2])
		m.Name = append(m.Name, fmt.Sprint(i))
		all[i] = int32(i)
	}
	g := &gallery{meta: m}
	g.setRows(all)
	return g
}

// points are embeddings on a line.
func points(x ...float32) [][]float32 {
	v := make([][]float32, len(x))
	for i := range x {
		v[i] = []float32{x[i], 0}
	}
	return v
}

func TestSearch(t *testing.T) {
	for _, c := range []struct {
		name     string
		gallery  *gallery
		points   [][]float32
		triplets []data.Triplet
		top      int
		want     scores
		nearest  map[int][]int
	}{
		{
			// From 1: 2 (a), 0 (a), 3 (b). Nobody is its own answer.
			"by distance", table("a x y", "a x y", "a x y", "b x y", "b x y"), points(0, 2, 3, 7, 6), nil, 3,
			scores{5, 1, 1, 0, 0}, map[int][]int{1: {2, 0, 4}},
		},
		{
			// All at one point: the order is that of the places. First for 0 is 1 (a), for 1 and 2 it is 0;
			// of the first R = 1: only the pair 0, 1 is right.
			"ties", table("a x y", "a x y", "b x y", "b x y"), points(5, 5, 5, 5), []data.Triplet{{Query: 0, Positive: 1, Negative: 2}}, 9,
			scores{4, 0.5, 0.5, 1, 0}, map[int][]int{2: {0, 1, 3}},
		},
		{
			// R is 2 for product a: 0 finds 1 and 3, so half of them; 1 the same; 2 finds 3 and 1, so half.
			// 3 has no other picture of its product and is no query.
			"a single one", table("a x y", "a x y", "a x y", "b x y"), points(0, 1, 10, 4), []data.Triplet{{Query: 0, Positive: 1, Negative: 3}, {Query: 2, Positive: 0, Negative: 3}}, 2,
			scores{3, 2. / 3, 0.5, 2, 0.5}, map[int][]int{0: {1, 3}},
		},
		{
			// Unknown products are no queries, and right for nobody.
			"unknown products", table("- x y", "- x y", "a x y", "a x y"), points(0, 0, 1, 9), nil, 1,
			scores{2, 0.5, 0.5, 0, 0}, map[int][]int{2: {0}, 3: {2}},
		},
	} {
		for _, threads := range []int{1, 3} {
			team := kernel.NewTeam(threads)
			c.gallery.triplets = c.triplets
			var shown []int
			for q := range c.nearest {
				shown = append(shown, q)
			}
			nearest, got, err := search(t.Context(), team, c.gallery, c.points, shown, c.top)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.nearest, nearest); diff != "" {
				t.Errorf("%s: %s", c.name, diff)
			}
			if !(math.Abs(got.Recall1-c.want.Recall1)+math.Abs(got.RPrecision-c.want.RPrecision) <= 1e-12) ||
				got.Queries != c.want.Queries || got.Triplets != c.want.Triplets || got.TripletAccuracy != c.want.TripletAccuracy {
				t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
			}
			team.Close()
		}
	}
}

func TestSearchStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	team := kernel.NewTeam(1)
	defer team.Close()
	if _, _, err := search(ctx, team, table("a x y", "a x y"), points(1, 2), nil, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestFirstTriplets(t *testing.T) {
	ts := []data.Triplet{{Query: 1, Positive: 2, Negative: 3}, {Query: 2, Positive: 1, Negative: 4}, {Query: 5, Positive: 6, Negative: 1}}
	for most, want := range map[int]int{3: 1, 4: 2, 5: 2, 6: 3, 100: 3} {
		if got := len(firstTriplets(ts, most)); got != want {
			t.Errorf("at most %d pictures: %d triplets, want %d", most, got, want)
		}
	}
}

func TestChooseQueries(t *testing.T) {
	shop := []string{
		"1 bag red", "1 bag red", "2 bag red", "2 bag red", "3 bag blue", "3 bag blue",
		"4 coat blue", "4 coat blue", "5 coat red", "5 coat red", "6 hat red", "- hat red",
		"7 skirt blue", "7 skirt blue", "8 tie red", "8 tie red",
	}
	for _, c := range []struct {
		name string
		rows []string
		n    int
		want []int
	}{
		// The hats have no second picture. A second bag is of another colour, a third one of another product.
		{"one of each", shop, 4, []int{0, 6, 12, 14}},
		{"categories at equal distances", shop, 2, []int{0, 12}},
		{"second round", shop, 6, []int{0, 4, 6, 12, 13, 14}},
		{"all", shop, 99, []int{0, 4, 2, 5, 1, 3, 6, 8, 7, 9, 12, 13, 14, 15}},
		{"no categories", []string{"1 - -", "1 - -", "2 - -", "2 - -"}, 2, []int{0, 2}},
		{"none", []string{"1 a b", "2 a b"}, 2, nil},
	} {
		got := chooseQueries(table(c.rows...), c.n)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}
