package data

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Worked by hand, from the rule: the first of each group of two or more by the size of the group, then the smallest (2k-1)/2n, the last of a group after all.
func TestApportion(t *testing.T) {
	for _, c := range []struct {
		sizes []int
		want  int
		take  []int
	}{
		{[]int{100, 50, 50}, 20, []int{10, 5, 5}},
		{[]int{90, 9, 1}, 10, []int{9, 1, 0}},
		{[]int{90, 2, 2}, 10, []int{8, 1, 1}},     // the small ones have one each
		{[]int{5, 3, 4, 1}, 2, []int{1, 0, 1, 0}}, // the share is too small for all: the larger first
		{[]int{3, 3, 3}, 8, []int{3, 3, 2}},       // nearly all: training keeps one where it can
		{[]int{3, 3, 3}, 6, []int{2, 2, 2}},
		{[]int{1, 1, 4}, 3, []int{0, 0, 3}},
		{[]int{1, 1, 1}, 1, []int{1, 0, 0}},
		{[]int{53, 24, 23}, 7, []int{3, 2, 2}}, // where the method of D'Hondt gives 4, 2, 1
		{[]int{7}, 3, []int{3}},
		{[]int{0, 2}, 1, []int{0, 1}},
	} {
		var groups [][]int32
		for _, n := range c.sizes {
			groups = append(groups, make([]int32, n))
		}
		if got := apportion(groups, c.want); !slices.Equal(got, c.take) {
			t.Errorf("%d of groups of %v: %v, want %v", c.want, c.sizes, got, c.take)
		}
	}
}

// productOf is the rule once more: the id, or else the picture.
func productOf(m *Metadata, row int32) string {
	if m.ID[row] != "" {
		return "id " + m.ID[row]
	}
	return "picture " + m.Name[row]
}

// checkSplit checks what every split must be.
func checkSplit(t *testing.T, m *Metadata, o SplitOptions, s *Split) {
	t.Helper()
	all := slices.Concat(s.Train, s.Val)
	slices.Sort(all)
	for i, row := range all {
		if int(row) != i {
			t.Fatalf("%+v: row %d is on no side, or on both", o, i)
		}
	}
	if len(all) != m.Rows() || !slices.IsSorted(s.Train) || !slices.IsSorted(s.Val) {
		t.Fatalf("%+v: %d of %d rows, or not in order", o, len(all), m.Rows())
	}
	train, val := map[string]bool{}, map[string]bool{}
	for _, row := range s.Train {
		train[productOf(m, row)] = true
	}
	for _, row := range s.Val {
		if val[productOf(m, row)] = true; train[productOf(m, row)] {
			t.Fatalf("%+v: %s is on both sides", o, productOf(m, row))
		}
	}
	if len(train) != s.TrainProducts || len(val) != s.ValProducts {
		t.Fatalf("%+v: %d and %d products, counted %d and %d", o, s.TrainProducts, s.ValProducts, len(train), len(val))
	}
	n := float64(len(train) + len(val))
	if off := math.Abs(float64(len(val)) - o.Val*n); len(train) == 0 || len(val) == 0 || !o.ByCategory && off > 0.5+1e-9 && min(len(train), len(val)) > 1 {
		t.Fatalf("%+v: %d of %v products", o, len(val), n)
	}
}

func FuzzSplit(f *testing.F) {
	f.Add(uint64(1), uint16(100), uint8(4), uint8(30), 0.1)
	f.Add(uint64(2), uint16(40), uint8(10), uint8(40), 0.5)
	f.Add(uint64(3), uint16(7), uint8(1), uint8(2), 0.999)
	f.Fuzz(func(t *testing.T, seed uint64, rows uint16, categories, products uint8, val float64) {
		r := rand.New(rand.NewPCG(seed, 1))
		m := randomTable(r, 1+int(rows%500), 1+int(categories), 1, 1+int(products), []float64{0, 0.2, 1}[seed%3])
		if seed%2 == 0 && m.Rows() > 1 {
			m.Name[0] = m.Name[m.Rows()-1]
		}
		o := SplitOptions{Val: val, Seed: seed}
		s, err := SplitProducts(m, o)
		if err != nil {
			one := map[string]bool{}
			for row := range m.Rows() {
				one[productOf(m, int32(row))] = true
			}
			if val > 0 && val < 1 && len(one) > 1 {
				t.Fatalf("%+v: %v", o, err)
			}
			return
		}
		checkSplit(t, m, o, s)
		again, err := SplitProducts(m, o)
		if err != nil || !cmp.Equal(s, again) {
			t.Fatalf("%+v: the same seed gives another split, or %v", o, err)
		}
		o.ByCategory = true
		if s, err = SplitProducts(m, o); err == nil {
			checkSplit(t, m, o, s)
		} else if _, ok := errors.AsType[*Refused](err); !ok {
			t.Fatalf("%+v: %v", o, err)
		}
	})
}

// Every category has its share, to within one product, and both sides have all categories.
func TestSplitByCategory(t *testing.T) {
	m := &Metadata{Path: "table"}
	sizes := map[string]int{"dress": 100, "shoe": 40, "hat": 13, "belt": 2, "": 20}
	for _, category := range []string{"dress", "", "shoe", "belt", "hat"} {
		for i := range sizes[category] {
			for view := range 1 + i%3 {
				m.Category, m.Color = append(m.Category, category), append(m.Color, "")
				m.ID = append(m.ID, fmt.Sprint(category, i))
				m.Gender, m.Name = append(m.Gender, ""), append(m.Name, fmt.Sprint(category, i, view))
			}
		}
	}
	sides := map[string]bool{}
	for seed := range uint64(20) {
		o := SplitOptions{Val: 0.2, Seed: seed}
		s, err := SplitProducts(m, o)
		if err != nil {
			t.Fatal(err)
		}
		checkSplit(t, m, o, s)
		val := map[string]map[string]bool{}
		for _, row := range s.Val {
			c := m.Category[row]
			if val[c] == nil {
				val[c] = map[string]bool{}
			}
			val[c][m.ID[row]] = true
		}
		for c, n := range sizes {
			if got := float64(len(val[c])); math.Abs(got-0.2*float64(n)) > 1 || got == 0 {
				t.Errorf("seed %d: %v of %d products of %q are for validation", seed, got, n, c)
			}
		}
		sides[fmt.Sprint(s.Val)] = true
	}
	if len(sides) < 20 {
		t.Errorf("20 seeds give %d splits", len(sides))
	}
}

func TestSplitWholeCategories(t *testing.T) {
	m := randomTable(rand.New(rand.NewPCG(4, 1)), 300, 10, 1, 1, 0)
	for row := range m.ID { // three rows a product; each product is of the category of its first two rows
		m.ID[row] = fmt.Sprint(row / 3)
		if row%3 == 1 {
			m.Category[row] = m.Category[row-1]
		}
	}
	chosen := map[string]int{}
	const seeds = 1000
	for seed := range uint64(seeds) {
		s, err := SplitProducts(m, SplitOptions{Val: 0.3, ByCategory: true, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		side := map[string]string{} // of a category
		products := map[string]bool{}
		for name, rows := range map[string][]int32{"train": s.Train, "val": s.Val} {
			for _, row := range rows {
				c := m.Category[row-row%3]
				if was, ok := side[c]; ok && was != name {
					t.Fatalf("seed %d: %s is on both sides", seed, c)
				}
				side[c] = name
				if name == "val" {
					products[m.ID[row]] = true
				}
			}
		}
		val := 0
		for c, name := range side {
			if name == "val" {
				val++
				chosen[c]++
			}
		}
		if len(side) != 10 || val != 3 || s.ValCategories != 3 || s.TrainCategories != 7 || s.ValProducts != len(products) || s.TrainProducts != 100-len(products) {
			t.Fatalf("seed %d: %d of %d categories, %d products: %+v", seed, val, len(side), len(products), s)
		}
	}
	for c, n := range chosen {
		if !within(n, seeds, 0.3) {
			t.Errorf("%s is for validation %d times of %d", c, n, seeds)
		}
	}
}

// Chance decides evenly: over many seeds each product is for validation in its share.
func TestSplitIsFair(t *testing.T) {
	m := randomTable(rand.New(rand.NewPCG(1, 1)), 400, 1, 1, 40, 0)
	const seeds = 2000
	count := map[string]int{}
	for seed := range uint64(seeds) {
		s, err := SplitProducts(m, SplitOptions{Val: 0.25, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, row := range s.Val {
			if !seen[m.ID[row]] {
				seen[m.ID[row]] = true
				count[m.ID[row]]++
			}
		}
	}
	if len(count) != 40 {
		t.Fatalf("%d products were ever for validation, want 40", len(count))
	}
	for id, n := range count {
		if !within(n, seeds, 0.25) {
			t.Errorf("%s is for validation %d times of %d, want about a quarter", id, n, seeds)
		}
	}
}

func TestGroupByCategory(t *testing.T) {
	m := &Metadata{
		Category: []string{"hat", "shoe", "shoe", "bag", "bag", "hat", ""},
		ID:       []string{"1", "1", "1", "2", "3", "3", ""},
		Name:     []string{"0", "1", "2", "3", "4", "5", "6"},
	}
	product, n := numberProducts(m)
	if d := cmp.Diff([]int32{0, 0, 0, 1, 2, 2, 3}, product); d != "" || n != 4 {
		t.Errorf("%d products: %s", n, d)
	}
	// Product 1 is mostly shoes; product 3 is a bag and a hat, and first a bag.
	if d := cmp.Diff([][]int32{{0}, {1, 2}, {3}}, groupByCategory(m, product, n)); d != "" {
		t.Error(d)
	}
}

func TestNumberProducts(t *testing.T) {
	m := &Metadata{ID: []string{"a", "", "", "a", "", "b"}, Name: []string{"1", "a", "b", "2", "a", "a"}}
	if got, n := numberProducts(m); !slices.Equal(got, []int32{0, 1, 2, 0, 1, 3}) || n != 4 {
		t.Errorf("%d products: %v", n, got)
	}
}

func TestSplitRefuses(t *testing.T) {
	m := randomTable(rand.New(rand.NewPCG(1, 1)), 20, 2, 1, 1, 0)
	_, err := SplitProducts(m, SplitOptions{Val: 0.5})
	wantRefused(t, err, "table", 0, "all pictures are of one product", "_id")
	m = randomTable(rand.New(rand.NewPCG(1, 1)), 20, 1, 1, 5, 0)
	_, err = SplitProducts(m, SplitOptions{Val: 0.5, ByCategory: true})
	wantRefused(t, err, "table", 0, "all products are of one category", "_category")
	for _, val := range []float64{0, 1, -0.1, 1.5, math.NaN(), math.Inf(1)} {
		if _, err := SplitProducts(m, SplitOptions{Val: val}); err == nil {
			t.Errorf("a share of %v was taken", val)
		}
	}
}

func TestSides(t *testing.T) {
	s := &Split{Train: []int32{0, 1, 4}, Val: []int32{2, 3, 5}}
	train, val, mixed := s.Sides([]Triplet{{0, 1, 4}, {2, 3, 5}, {0, 1, 2}, {2, 3, 4}, {0, 2, 1}, {4, 0, 1}})
	if d := cmp.Diff([]Triplet{{0, 1, 4}, {4, 0, 1}}, train); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]Triplet{{2, 3, 5}}, val); d != "" {
		t.Error(d)
	}
	if mixed != 3 {
		t.Errorf("%d mixed, want 3", mixed)
	}
}
