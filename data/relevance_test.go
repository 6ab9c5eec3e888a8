package data

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// naiveRelevance is r(i,j) as the documentation says it.
func naiveRelevance(m *Metadata, w Weights, i, j int) float64 {
	if i == j || !known(m, i) || !known(m, j) || m.Category[i] != m.Category[j] {
		return 0
	}
	r := w.Category
	if m.ID[i] == m.ID[j] {
		r += w.Product
	}
	if m.Color[i] == m.Color[j] && m.Color[i] != "" {
		r += w.Colour
	}
	if m.Gender[i] == m.Gender[j] && m.Gender[i] != "" {
		r += w.Gender
	}
	return r
}

func naiveTotals(m *Metadata, w Weights) []float64 {
	total := make([]float64, m.Rows())
	for i := range total {
		for j := range total {
			total[i] += naiveRelevance(m, w, i, j)
		}
	}
	return total
}

func TestTotalRelevance(t *testing.T) {
	m := skewedTable(2, 300)
	for _, w := range []Weights{DefaultWeights(), {Product: 3}, {Colour: 2, Gender: 5}, {Category: 1}} {
		v, err := NewRelevance(m.Labels(), RelevanceRule{Weights: w, Buffer: 1000})
		if err != nil {
			t.Fatal(err)
		}
		want := naiveTotals(m, w)
		for place, at := range v.rows.rows {
			row := at.row
			if got := v.total[place]; math.Abs(got-want[row]) > 1e-9*(1+want[row]) {
				t.Fatalf("%+v: row %d: %v, want %v", w, row, got, want[row])
			}
		}
	}
}

// With buffers that hold all pictures, each triplet's chance can be computed.
func TestRelevanceDistribution(t *testing.T) {
	m := skewedTable(3, 90)
	w := Weights{Product: 20, Category: 0.5, Colour: 4, Gender: 1}
	total := naiveTotals(m, w)
	for _, margin := range []float64{0, 1, 3} {
		u := RelevanceRule{Weights: w, InClass: 0.4, Margin: margin, Buffer: 1000}
		want := shares{}
		for kind, share := range []float64{0.6, 0.4} {
			each, sum := map[Triplet]float64{}, 0.0
			for q := range m.ID {
				if total[q] == 0 {
					continue
				}
				positives := 0.0
				for p := range m.ID {
					if r := naiveRelevance(m, w, q, p); r > 0 {
						positives += r / total[p]
					}
				}
				for p := range m.ID {
					r := naiveRelevance(m, w, q, p)
					if r == 0 {
						continue
					}
					negatives, all := map[int]float64{}, 0.0
					for n := range m.ID {
						if total[n] == 0 || m.ID[n] == m.ID[q] || n == p {
							continue
						}
						weight := 0.0
						if x := naiveRelevance(m, w, q, n); kind == 1 && x > 0 && r-x >= margin {
							weight = x / total[n]
						} else if kind == 0 && m.Category[n] != m.Category[q] {
							weight = 1
						}
						if weight > 0 {
							negatives[n] = weight
							all += weight
						}
					}
					for n, weight := range negatives {
						chance := r / total[p] / positives * weight / all
						each[Triplet{int32(q), int32(p), int32(n)}] = chance
						sum += chance
					}
				}
			}
			for x, chance := range each {
				want.count(m, x, share*chance/sum)
			}
		}
		v, err := NewRelevance(m.Labels(), u)
		if err != nil {
			t.Fatal(err)
		}
		ts, tally, err := list(t, v, GenerateOptions{Count: million / 2, Seed: 4, Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		if wrong := misfits(m, want, ts); wrong != nil {
			t.Errorf("margin %v: not as the rule says: %v", margin, wrong)
		}
		var counted Tally
		for _, x := range ts {
			k := m.KindOf(x)
			counted[k.Positive][k.Negative]++
		}
		if counted != tally {
			t.Errorf("margin %v: tally %v, counted %v", margin, tally, counted)
		}
		// The same test sees other weights.
		u.Weights.Colour = 5
		if v, err = NewRelevance(m.Labels(), u); err != nil {
			t.Fatal(err)
		}
		if ts, _, err = list(t, v, GenerateOptions{Count: million / 2, Seed: 4}); err != nil {
			t.Fatal(err)
		}
		if misfits(m, want, ts) == nil {
			t.Error("other weights are not seen")
		}
	}
}

// A picture is in its category's buffer as often as by keys u^(1/r), taken literally.
func TestFilling(t *testing.T) {
	m := skewedTable(6, 200)
	w := Weights{Product: 20, Category: 0.01, Colour: 4}
	const size, rounds = 5, 20_000
	v, err := NewRelevance(m.Labels(), RelevanceRule{Weights: w, Buffer: size})
	if err != nil {
		t.Fatal(err)
	}
	total := naiveTotals(m, w)
	r, other := rand.New(rand.NewPCG(1, 2)), rand.New(rand.NewPCG(3, 4))
	got, want := make([]int, m.Rows()), make([]int, m.Rows())
	for range rounds {
		slots, categories := v.fill(r)
		if !slices.IsSorted(slots) {
			t.Fatal("the slots are not in order")
		}
		for i, c := range categories {
			n := 0
			for place := v.rows.categories[i].from; place < v.rows.categories[i].to; place++ {
				if v.total[place] > 0 {
					n++
				}
			}
			if int(c.len()) != min(n, size) {
				t.Fatalf("a buffer of %d, %d are to be had", c.len(), n)
			}
		}
		for _, place := range slots {
			got[v.rows.rows[place].row]++
		}
		type keyed struct {
			row int
			key float64
		}
		in := map[string][]keyed{}
		for row, sum := range total {
			if sum > 0 {
				in[m.Category[row]] = append(in[m.Category[row]], keyed{row, math.Pow(other.Float64(), 1/sum)})
			}
		}
		for _, list := range in {
			slices.SortFunc(list, func(a, b keyed) int {
				if a.key > b.key {
					return -1
				}
				return 1
			})
			for _, x := range list[:min(size, len(list))] {
				want[x.row]++
			}
		}
	}
	for row := range got {
		p := float64(got[row]+want[row]) / 2 / rounds
		if d := math.Abs(float64(got[row] - want[row])); d > 5*math.Sqrt(2*rounds*p*(1-p))+1e-9 {
			t.Errorf("row %d is in the buffer %d times, by the keys %d times, of %d", row, got[row], want[row], rounds)
		}
	}
}

func TestRelevanceRefuses(t *testing.T) {
	table := func(rows ...[4]string) *Metadata {
		m := &Metadata{Path: "table"}
		for i, x := range rows {
			m.Category, m.Color, m.ID, m.Gender = append(m.Category, x[0]), append(m.Color, x[1]), append(m.ID, x[2]), append(m.Gender, x[3])
			m.Name = append(m.Name, fmt.Sprint(i, ".jpg"))
		}
		return m
	}
	one := table([4]string{"a", "r", "1", ""}, [4]string{"a", "r", "1", ""}, [4]string{"a", "g", "2", ""}, [4]string{"a", "g", "2", ""})
	for _, c := range []struct {
		m    *Metadata
		u    RelevanceRule
		want string
	}{
		{one, RelevanceRule{Weights: DefaultWeights(), InClass: 0.3, Buffer: 9}, "one category"},
		{one, RelevanceRule{Weights: DefaultWeights(), InClass: 1, Margin: 2000, Buffer: 9}, "differs by 2000 or more"},
		{one, RelevanceRule{Weights: Weights{Gender: 1}, InClass: 1, Buffer: 9}, "anything in common"},
		{table([4]string{"a", "r", "1", ""}, [4]string{"b", "r", "1", ""}), RelevanceRule{Weights: DefaultWeights(), Buffer: 9}, "anything in common"},
		{table([4]string{"a", "r", "1", ""}, [4]string{"a", "r", "1", ""}, [4]string{"b", "r", "1", ""}, [4]string{"b", "r", "1", ""}),
			RelevanceRule{Weights: DefaultWeights(), Buffer: 9}, "a negative of another category"},
	} {
		_, err := NewRelevance(c.m.Labels(), c.u)
		wantRefused(t, err, "table", 0, c.want)
	}
	if _, err := NewRelevance(one.Labels(), RelevanceRule{Weights: DefaultWeights(), InClass: 1, Margin: 1000, Buffer: 9}); err != nil {
		t.Error(err)
	}
}
