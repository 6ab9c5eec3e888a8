package data

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

// skewedTable makes a table whose categories, colours and products are of very different sizes, with single pictures, unknown
// colours, and pairs that no row has.
func skewedTable(seed uint64, rows int) *Metadata {
	r := rand.New(rand.NewPCG(seed, 77))
	m := &Metadata{Path: "table"}
	skewed := func(n int) int { return int(float64(n) * math.Pow(r.Float64(), 2.5)) }
	for product := 0; len(m.ID) < rows; product++ {
		c, k := skewed(7), skewed(9)
		for range 1 + skewed(6) {
			m.Category = append(m.Category, string(rune('a'+c)))
			m.Color = append(m.Color, []string{"", "rot", "grün", "blau", "x y", "1", "2", "3", "4"}[k])
			m.ID = append(m.ID, string(rune(0x4e00+product)))
			m.Gender = append(m.Gender, []string{"f", "m", ""}[r.IntN(3)])
			m.Name = append(m.Name, "x.jpg")
			if r.IntN(20) == 0 {
				k = skewed(9) // a product in several colours
			}
			if r.IntN(40) == 0 {
				c = skewed(7)
			}
		}
	}
	return m
}

// shares of triplets by what is counted of them.
type shares map[string]map[string]float64

func (s shares) add(of, value string, p float64) {
	if s[of] == nil {
		s[of] = map[string]float64{}
	}
	s[of][value] += p
}

// count adds what a triplet of weight p shows.
func (s shares) count(m *Metadata, t Triplet, p float64) {
	q, n := t.Query, t.Negative
	s.add("category", m.Category[q], p)
	s.add("colour", m.Color[q], p)
	s.add("pair", m.Category[q]+" "+m.Color[q], p)
	s.add("kind", m.KindOf(t).String(), p)
	s.add("query", string(q), p)
	s.add("positive's colour", m.Color[t.Positive], p)
	s.add("negative's pair", m.Category[n]+" "+m.Color[n], p)
}

// exactly computes the shares that Rule's documentation says, row by row.
func exactly(m *Metadata, u Rule) shares {
	rows := len(m.ID)
	categories, colours, pairs := map[string]float64{}, map[string]float64{}, map[string]float64{}
	n := 0.0
	for i := range rows {
		if known(m, i) {
			n++
			categories[m.Category[i]]++
			colours[m.Color[i]]++
			pairs[m.Category[i]+"\t"+m.Color[i]]++
		}
	}
	inClass := isInClass
	if u.Negatives == OtherProduct {
		inClass = func(m *Metadata, q, n int) bool {
			return known(m, q) && known(m, n) && m.ID[q] != m.ID[n] && m.Category[q] == m.Category[n]
		}
	}
	all := shares{}
	for p, positive := range []relation{isSameProduct, isSameColour} {
		for k, negative := range []relation{isOutOfClass, inClass} {
			share := []float64{1 - u.SameColour, u.SameColour}[p] * []float64{1 - u.InClass, u.InClass}[k]
			weights, total := make([]float64, rows), 0.0
			positives, negatives := make([][]int, rows), make([][]int, rows)
			for q := range rows {
				for x := range rows {
					if positive(m, q, x) {
						positives[q] = append(positives[q], x)
					}
					if negative(m, q, x) {
						negatives[q] = append(negatives[q], x)
					}
				}
				if len(positives[q]) == 0 || len(negatives[q]) == 0 {
					continue
				}
				weights[q] = 1 / n
				if u.Query == QueryPairs {
					weights[q] = categories[m.Category[q]] / n * colours[m.Color[q]] / n / pairs[m.Category[q]+"\t"+m.Color[q]]
				}
				total += weights[q]
			}
			for q, w := range weights {
				if w == 0 {
					continue
				}
				for _, x := range positives[q] {
					each := share * w / total / float64(len(positives[q]))
					left := float64(len(negatives[q]))
					if p == 1 && k == 1 && u.Negatives == OtherProduct {
						left-- // the positive is one of them
					}
					for _, y := range negatives[q] {
						if y != x {
							all.count(m, Triplet{int32(q), int32(x), int32(y)}, each/left)
						}
					}
				}
			}
		}
	}
	return all
}

// misfits names what differs from the exact shares by a chi-square test at a chance of one in 100,000.
func misfits(m *Metadata, want shares, ts []Triplet) []string {
	got := shares{}
	for _, t := range ts {
		got.count(m, t, 1)
	}
	var wrong []string
	for of := range want {
		chi, k := 0.0, float64(len(want[of])-1)
		for value, n := range got[of] {
			if want[of][value] == 0 && n > 0 {
				chi = math.Inf(1)
			}
		}
		for value, p := range want[of] {
			e := p * float64(len(ts))
			chi += (got[of][value] - e) * (got[of][value] - e) / e
		}
		const z = 4.265 // of the normal distribution; Wilson and Hilferty 1931
		if limit := k * math.Pow(1-2/(9*k)+z*math.Sqrt(2/(9*k)), 3); !(chi <= limit) {
			wrong = append(wrong, of)
		}
	}
	return wrong
}

// list generates triplets as Generate writes them.
func list(t testing.TB, src Source, o GenerateOptions) ([]Triplet, Tally, error) {
	t.Helper()
	var ts []Triplet
	var v [3]int32
	column, in := 0, false
	tally, err := Generate(t.Context(), src, o, func(lines []byte) error {
		for _, b := range lines {
			if b >= '0' && b <= '9' {
				if !in {
					v[column], in = 0, true
				}
				v[column] = v[column]*10 + int32(b-'0')
				continue
			}
			in = false
			if column++; b == '\n' {
				if column != 3 {
					t.Fatalf("a line of %d columns", column)
				}
				ts, column = append(ts, Triplet{v[0], v[1], v[2]}), 0
			}
		}
		return nil
	})
	return ts, tally, err
}

const million = 1_000_000

func TestRuleDistribution(t *testing.T) {
	m := skewedTable(1, 400)
	for _, u := range []Rule{
		{Query: QueryPairs, SameColour: 0.1, InClass: 0.3},
		{Query: QueryRows, SameColour: 0.1, InClass: 0.3},
		{Query: QueryPairs, SameColour: 0.4, InClass: 0.5, Negatives: OtherProduct},
	} {
		s, err := NewSampler(m.Labels(), u)
		if err != nil {
			t.Fatal(err)
		}
		ts, tally, err := list(t, s, GenerateOptions{Count: million, Seed: 3, Threads: 2})
		if err != nil || len(ts) != million {
			t.Fatalf("%d triplets, %v", len(ts), err)
		}
		want := exactly(m, u)
		if wrong := misfits(m, want, ts); wrong != nil {
			t.Errorf("%+v: not as the rule says: %v", u, wrong)
		}
		var counted Tally
		for _, x := range ts {
			if x.Query == x.Positive || x.Query == x.Negative || x.Positive == x.Negative {
				t.Fatalf("%v names a picture twice", x)
			}
			k := m.KindOf(x)
			counted[k.Positive][k.Negative]++
		}
		if counted != tally {
			t.Errorf("tally %v, counted %v", tally, counted)
		}
	}
}

// The test above sees it when a sampler is biased, even a little.
func TestBiasIsSeen(t *testing.T) {
	m := skewedTable(1, 400)
	u := Rule{Query: QueryPairs, SameColour: 0.1, InClass: 0.3}
	want := exactly(m, u)
	for name, bias := range map[string]struct {
		wrong  string
		rule   Rule
		spoilt func(s *Sampler)
	}{
		"queries drawn evenly": {"category", Rule{Query: QueryRows, SameColour: 0.1, InClass: 0.3}, func(*Sampler) {}},
		"a share of 0.102":     {"kind", Rule{SameColour: 0.102, InClass: 0.3}, func(*Sampler) {}},
		"a pair drawn too rarely": {"colour", u, func(s *Sampler) {
			for p := range s.able {
				for n := range s.able[p] {
					s.able[p][n].pairs.keep[3] *= 0.7
				}
			}
		}},
		"the last row never drawn": {"negative's pair", u, func(s *Sampler) { s.rows[len(s.rows)-1] = s.rows[0] }},
	} {
		s, err := NewSampler(m.Labels(), bias.rule)
		if err != nil {
			t.Fatal(err)
		}
		bias.spoilt(s)
		ts, _, err := list(t, s, GenerateOptions{Count: million, Seed: 3})
		if err != nil {
			t.Fatal(err)
		}
		seen := false
		for _, of := range misfits(m, want, ts) {
			seen = seen || of == bias.wrong
		}
		if !seen {
			t.Errorf("%s: not seen in %q", name, bias.wrong)
		}
	}
}

// checkTriplets checks what holds of all triplets.
func checkTriplets(t *testing.T, m *Metadata, ts []Triplet, o GenerateOptions) {
	t.Helper()
	if len(ts) != o.Count {
		t.Fatalf("%d triplets of %d", len(ts), o.Count)
	}
	seen, uses := map[Triplet]bool{}, map[int32]int{}
	for _, x := range ts {
		if x.Query == x.Positive || x.Query == x.Negative || x.Positive == x.Negative {
			t.Fatalf("%v names a picture twice", x)
		}
		if !known(m, int(x.Query)) || !known(m, int(x.Positive)) || !known(m, int(x.Negative)) {
			t.Fatalf("%v has a picture without product or category", x)
		}
		if m.ID[x.Query] == m.ID[x.Negative] {
			t.Fatalf("%v: the negative shows the query's product", x)
		}
		if o.Unique && seen[x] {
			t.Fatalf("%v comes twice", x)
		}
		seen[x] = true
		for _, row := range []int32{x.Query, x.Positive, x.Negative} {
			if uses[row]++; o.Balance > 0 && uses[row] > o.Balance {
				t.Fatalf("row %d comes more than %d times", row, o.Balance)
			}
		}
	}
}

// FuzzGenerate: on any table, by any rule, the triplets are as they must be and as many as were wanted, or the data is refused.
func FuzzGenerate(f *testing.F) {
	f.Add(uint64(1), uint8(40), uint8(3), uint8(3), uint8(10), uint8(0), uint8(0), uint16(100), uint8(0))
	f.Add(uint64(2), uint8(30), uint8(1), uint8(1), uint8(30), uint8(20), uint8(3), uint16(50), uint8(1))
	f.Add(uint64(3), uint8(60), uint8(4), uint8(2), uint8(9), uint8(99), uint8(7), uint16(300), uint8(2))
	f.Add(uint64(4), uint8(60), uint8(2), uint8(5), uint8(20), uint8(0), uint8(31), uint16(30), uint8(7))
	f.Add(uint64(5), uint8(30), uint8(1), uint8(1), uint8(3), uint8(0), uint8(64), uint16(499), uint8(0))
	f.Fuzz(func(t *testing.T, seed uint64, rows, categories, colours, products, unknown, how uint8, count uint16, balance uint8) {
		r := rand.New(rand.NewPCG(seed, 2))
		m := randomTable(r, 1+int(rows), 1+int(categories%8), 1+int(colours%8), 1+int(products), float64(unknown%100)/100)
		for i := range m.ID { // texts of every kind
			m.Category[i] += []string{"", " ", "ü 帽", "\"\t"}[how%4]
			m.Gender[i] = []string{"", "f", "m"}[r.IntN(3)]
		}
		o := GenerateOptions{Count: int(count % 500), Seed: seed, Threads: 1, Unique: how&16 != 0, Balance: int(balance)}
		share := []float64{0, 0.1, 0.5, 1}
		var src Source
		var err error
		if how&8 == 0 {
			src, err = NewSampler(m.Labels(), Rule{
				Query: QueryRule(how >> 5 & 1), SameColour: share[r.IntN(4)], InClass: share[r.IntN(4)], Negatives: InClassRule(how >> 6 & 1),
			})
		} else {
			src, err = NewRelevance(m.Labels(), RelevanceRule{Weights: DefaultWeights(), InClass: share[r.IntN(4)], Margin: DefaultMargin, Buffer: 2 + r.IntN(50)})
		}
		var ts []Triplet
		if err == nil {
			ts, _, err = list(t, src, o)
		}
		if no, ok := errors.AsType[*Refused](err); err != nil && (!ok || no.Remedy == "" || no.Path != "table") {
			t.Fatalf("got %v, want a *Refused", err)
		}
		if err != nil {
			return
		}
		checkTriplets(t, m, ts, o)
		o.Threads = 3
		if again, _, err := list(t, src, o); err != nil || !equalTriplets(again, ts) {
			t.Fatalf("three threads give other triplets: %v", err)
		}
	})
}

func equalTriplets(a, b []Triplet) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// Several chunks, of several threads, with and without a gate.
func TestGenerateThreads(t *testing.T) {
	m := skewedTable(5, 3000)
	s, err := NewSampler(m.Labels(), Rule{SameColour: 0.1, InClass: 0.3})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []GenerateOptions{{Count: 20_000, Seed: 1}, {Count: 20_000, Seed: 1, Unique: true, Balance: 200}} {
		one, _, err := list(t, s, o)
		if err != nil {
			t.Fatal(err)
		}
		checkTriplets(t, m, one, o)
		o.Threads = 5
		five, _, err := list(t, s, o)
		if err != nil || !equalTriplets(one, five) {
			t.Errorf("%+v: five threads give other triplets: %v", o, err)
		}
		o.Count = 9000
		if short, _, err := list(t, s, o); err != nil || !equalTriplets(one[:9000], short) {
			t.Errorf("%+v: a shorter list is not the beginning of a longer one: %v", o, err)
		}
		o.Seed++
		if other, _, err := list(t, s, o); err != nil || equalTriplets(one[:9000], other) {
			t.Errorf("%+v: another seed gives the same: %v", o, err)
		}
	}
}

// All different triplets that there are can be had, and not one more.
func TestUniqueToTheLast(t *testing.T) {
	m := &Metadata{Path: "table", Category: []string{"a", "a", "a", "b"}, Color: []string{"", "", "", ""}, ID: []string{"1", "1", "1", "2"},
		Gender: make([]string, 4), Name: make([]string, 4)}
	s, err := NewSampler(m.Labels(), Rule{})
	if err != nil {
		t.Fatal(err)
	}
	o := GenerateOptions{Count: 6, Unique: true}
	ts, _, err := list(t, s, o)
	if err != nil {
		t.Fatal(err)
	}
	checkTriplets(t, m, ts, o)
	o.Count = 7
	_, _, err = list(t, s, o)
	wantRefused(t, err, "table", 0, "6 different triplets", "about 7 are wanted", "--unique")

	// A query occurs in each triplet, and so does the only negative.
	_, _, err = list(t, s, GenerateOptions{Count: 5, Balance: 3})
	wantRefused(t, err, "table", 0, "3 x 5 pictures", "--balance")
	_, _, err = list(t, s, GenerateOptions{Count: 4, Balance: 3})
	wantRefused(t, err, "table", 0, "after 3 triplets", "--balance")
	ts, _, err = list(t, s, GenerateOptions{Count: 3, Balance: 3})
	if err != nil {
		t.Fatal(err)
	}
	checkTriplets(t, m, ts, GenerateOptions{Count: 3, Balance: 3})
}
