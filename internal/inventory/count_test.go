package inventory

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deeprank/data"
)

// table makes metadata of rows "category colour product gender", a picture each.
func table(rows ...[4]string) *data.Metadata {
	m := &data.Metadata{Path: "sample_set.csv"}
	for i, r := range rows {
		m.Category, m.Color, m.ID, m.Gender = append(m.Category, r[0]), append(m.Color, r[1]), append(m.ID, r[2]), append(m.Gender, r[3])
		m.Name = append(m.Name, fmt.Sprintf("%d.png", i))
	}
	return m
}

func TestCount(t *testing.T) {
	m := table([4]string{"dress", "Red", "1", "f"}, [4]string{"dress", "Red", "1", "f"}, [4]string{"shoe", "", "2", "m"}, [4]string{"dress", "Blue", "3", ""},
		[4]string{"", "Blue", "", "f"}, [4]string{"dress", "Red", "1", "f"}, [4]string{"shoe", "Red", "2", "m"}, [4]string{"", "", "", ""})
	m.Name[4], m.Name[5], m.Name[7] = "0.png", "0.png", "3.png"
	want := &Inventory{
		Rows: 8, Products: 3, WithoutProduct: 2, Repeated: 3,
		Categories: []Value{{"dress", 4}, {"", 2}, {"shoe", 2}},
		Colours:    []Value{{"Red", 4}, {"", 2}, {"Blue", 2}},
		Genders:    []Value{{"f", 4}, {"", 2}, {"m", 2}},
		Pairs:      []Pair{{0, 0, 3}, {0, 2, 1}, {1, 1, 1}, {1, 2, 1}, {2, 0, 1}, {2, 1, 1}},
		PerProduct: []Bin{{1, 1}, {2, 1}, {3, 1}},
		Single:     []int32{3},
	}
	v := Count(m)
	if diff := cmp.Diff(want, v); diff != "" {
		t.Error(diff)
	}
	if v.Quantile(0) != 1 || v.Quantile(0.5) != 2 || v.Quantile(1) != 3 || v.Mean() != 2 {
		t.Errorf("pictures per product: %d, %d, %d, mean %v", v.Quantile(0), v.Quantile(0.5), v.Quantile(1), v.Mean())
	}
	if Known(v.Categories) != 2 || Known([]Value{{"a", 1}}) != 1 {
		t.Error("Known counts the unknown")
	}
}

// TestCountNaively compares with counts of rows that are compared one by one.
func TestCountNaively(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var rows [][4]string
		pick := func(n int) string { return []string{"", "a", "b", "ü", "c d", "e", "f"}[r.IntN(n)] }
		for range 1 + r.IntN(60) {
			rows = append(rows, [4]string{pick(7), pick(4), fmt.Sprint(r.IntN(20)), pick(2)})
			if r.IntN(8) == 0 {
				rows[len(rows)-1][2] = ""
			}
		}
		m := table(rows...)
		for i := range m.Name {
			m.Name[i] = fmt.Sprint(r.IntN(40))
		}
		v := Count(m)
		count := func(keep func(row int) bool) (n int) {
			for row := range rows {
				if keep(row) {
					n++
				}
			}
			return n
		}
		sum := 0
		for i, c := range v.Categories {
			if want := count(func(row int) bool { return m.Category[row] == c.Name }); c.Rows != want {
				t.Fatalf("%q: %d rows, want %d", c.Name, c.Rows, want)
			}
			if sum += c.Rows; i > 0 && c.Rows > v.Categories[i-1].Rows {
				t.Fatalf("not in order: %v", v.Categories)
			}
		}
		if sum != len(rows) {
			t.Fatalf("categories of %d rows, want %d", sum, len(rows))
		}
		sum = 0
		for _, p := range v.Pairs {
			want := count(func(row int) bool {
				return m.Category[row] == v.Categories[p.Category].Name && m.Color[row] == v.Colours[p.Colour].Name
			})
			if sum += want; p.Rows != want || want == 0 {
				t.Fatalf("%v: want %d rows", p, want)
			}
		}
		if sum != len(rows) {
			t.Fatalf("pairs of %d rows, want %d", sum, len(rows))
		}
		var pictures []int // of each product
		var single []int32
		for row, id := range m.ID {
			if id == "" || slices.Index(m.ID, id) != row {
				continue
			}
			n := count(func(other int) bool { return m.ID[other] == id })
			if pictures = append(pictures, n); n == 1 {
				single = append(single, int32(row))
			}
		}
		sort.Ints(pictures)
		if v.Products != len(pictures) || !slices.Equal(v.Single, single) {
			t.Fatalf("%d products, %v single; want %d, %v", v.Products, v.Single, len(pictures), single)
		}
		for i, q := range []float64{0, 0.25, 0.5, 0.9, 1} {
			if len(pictures) == 0 {
				break
			}
			if want := pictures[int(q*float64(len(pictures)-1))]; v.Quantile(q) != want {
				t.Fatalf("quantile %d is %d, want %d of %v", i, v.Quantile(q), want, pictures)
			}
		}
		total := 0
		for _, r := range v.Ranges() {
			total += r.Products
		}
		if total != v.Products {
			t.Fatalf("ranges of %d products, want %d", total, v.Products)
		}
		if want := count(func(row int) bool { return slices.Index(m.Name, m.Name[row]) < row }); v.Repeated != want {
			t.Fatalf("%d names repeat, want %d", v.Repeated, want)
		}
	}
}

func TestRanges(t *testing.T) {
	v := &Inventory{PerProduct: []Bin{{2, 5}, {10, 1}, {11, 2}, {20, 3}, {21, 4}, {51, 7}, {1500, 1}}}
	var got []string
	for _, r := range v.Ranges() {
		if r.Products > 0 {
			got = append(got, fmt.Sprint(r.Label, ":", r.Products))
		}
	}
	if diff := cmp.Diff([]string{"2:5", "10:1", "11–20:5", "21–50:4", "51–100:7", "1,001–2,000:1"}, got); diff != "" {
		t.Error(diff)
	}
}
