package preview

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deeprank/data"
)

// shop is metadata of six pictures: products 1 (twice) and 2 are red dresses, 3 is a blue dress, 4 a red shoe, 5 a red shoe.
func shop() *data.Metadata {
	return &data.Metadata{
		Path:     "sample_set.csv",
		Category: []string{"dress", "dress", "dress", "dress", "shoe", "shoe"},
		Color:    []string{"Red", "Red", "Red", "Blue", "Red", "Red"},
		ID:       []string{"1", "1", "2", "3", "4", "5"},
		Gender:   []string{"f", "f", "f", "", "m", "m"},
		Name:     []string{"0.png", "1.png", "2.png", "3.png", "4.png", "5.png"},
	}
}

func TestParseKinds(t *testing.T) {
	for text, want := range map[string]string{
		"": "", " ": "", "same-product": "00 01 02", "in-class": "01 11 21", "same-colour/out-of-class": "10",
		"own-product, same-product/in-class": "01 02 12 22", "other-positive": "20 21 22", "out-of-class,in-class,own-product": "00 01 02 10 11 12 20 21 22",
	} {
		k, err := ParseKinds(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		var got []string
		for kind := range k {
			got = append(got, string([]byte{'0' + byte(kind.Positive), '0' + byte(kind.Negative)}))
		}
		slices.Sort(got)
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %v, want %q", text, got, want)
		}
	}
	for _, text := range []string{"x", "same-product,", "same-product/same-colour", "in-class/same-product", ","} {
		if _, err := ParseKinds(text); err == nil || !strings.Contains(err.Error(), "is no kind") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if !(Kinds)(nil).Has(data.Kind{Positive: 2, Negative: 2}) {
		t.Error("no choice leaves kinds out")
	}
}

func TestChoose(t *testing.T) {
	m := shop()
	// Kinds in turn: same product / out of class, same product / in class, same colour / out of class.
	var ts []data.Triplet
	for range 100 {
		ts = append(ts, data.Triplet{Query: 0, Positive: 1, Negative: 4}, data.Triplet{Query: 0, Positive: 1, Negative: 3}, data.Triplet{Query: 0, Positive: 2, Negative: 5})
	}
	kinds := func(text string) Kinds {
		k, err := ParseKinds(text)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	for _, c := range []struct {
		choice Choice
		want   []int // nil: a sample
		shown  int
		of     int
		step   int // 3: only places that are in-class
	}{
		{Choice{Count: 4, First: true}, []int{0, 1, 2, 3}, 4, 300, 1},
		{Choice{Count: 3, First: true, Kinds: kinds("in-class")}, []int{1, 4, 7}, 3, 100, 3},
		{Choice{Count: 20, Kinds: kinds("in-class")}, nil, 20, 100, 3},
		{Choice{Count: 1000}, nil, 300, 300, 1},
		{Choice{Count: 5, Kinds: kinds("own-product")}, []int{}, 0, 0, 1},
	} {
		places, of := Choose(m, ts, c.choice)
		if of != c.of || len(places) != c.shown || !slices.IsSorted(places) || len(slices.Compact(slices.Clone(places))) != c.shown {
			t.Errorf("%+v: %v of %d, want %d of %d", c.choice, places, of, c.shown, c.of)
		}
		for _, p := range places {
			if c.step == 3 && p%3 != 1 {
				t.Errorf("%+v: place %d is of another kind", c.choice, p)
			}
		}
		if c.want != nil && !slices.Equal(places, c.want) {
			t.Errorf("%+v: %v, want %v", c.choice, places, c.want)
		}
	}
	a, _ := Choose(m, ts, Choice{Count: 10, Seed: 1})
	b, _ := Choose(m, ts, Choice{Count: 10, Seed: 1})
	other, _ := Choose(m, ts, Choice{Count: 10, Seed: 2})
	if diff := cmp.Diff(a, b); diff != "" || slices.Equal(a, other) {
		t.Errorf("seeds: %v, %v and %v", a, b, other)
	}
}

// TestChooseEvenly: each triplet is drawn equally often: chi-square with 29 degrees of freedom.
func TestChooseEvenly(t *testing.T) {
	ts := make([]data.Triplet, 30)
	var counts [30]float64
	const rounds, shown = 3000, 10
	for seed := range uint64(rounds) {
		places, _ := Choose(shop(), ts, Choice{Count: shown, Seed: seed})
		for _, p := range places {
			counts[p]++
		}
	}
	const want = rounds * shown / 30.0
	chi := 0.0
	for _, n := range counts {
		chi += (n - want) * (n - want) / want
	}
	if chi > 58.3 { // the 0.999 quantile
		t.Errorf("chi-square %.1f: %v", chi, counts)
	}
}
