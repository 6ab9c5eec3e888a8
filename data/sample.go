package data

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

const purposeSample = 0x73616d706c65 // drawing of triplets; see augment.go

// Shares that Sample's callers start from.
const (
	DefaultSameColour = 0.1
	DefaultInClass    = 0.3
)

// SampleOptions say which triplets to draw.
type SampleOptions struct {
	Count      int     // triplets wanted; exactly so many come
	SameColour float64 // share of the positives that are another product of the query's category and colour
	InClass    float64 // share of the negatives that are of the query's category and another colour
	Seed       uint64  // the same seed, rows and shares give the same list; a shorter list is its beginning
	Rows       []int32 // the rows that may occur; nil means all. Their order does not matter
}

// Sample draws triplets by what the metadata knows:
//
//   - the query: a pair of category and colour in proportion to its rows, then a row of the pair;
//   - the positive: another picture of the query's product, or, in the share SameColour, a picture of another product of the
//     same category and colour;
//   - the negative: a picture of another category, or, in the share InClass, of the same category and another colour. It is
//     never of the query's product.
//
// Both kinds are drawn first, independently, and the query among the rows that have both, so that the shares hold up to
// chance. What is unknown (empty) equals nothing and differs from nothing: rows without id or category do not occur, rows without colour
// only where the colour does not matter.
//
// A triplet costs constant time after tables of O(rows log rows). A kind that the data cannot give is a *Refused.
func Sample(m *Metadata, o SampleOptions) ([]Triplet, error) {
	if o.Count < 0 {
		return nil, fmt.Errorf("data: Sample: %d triplets", o.Count)
	}
	for _, share := range []float64{o.SameColour, o.InClass} {
		if !(share >= 0 && share <= 1) {
			return nil, fmt.Errorf("data: Sample: a share of %v; it must be from 0 to 1", share)
		}
	}
	for _, row := range o.Rows {
		if row < 0 || int(row) >= m.Rows() {
			return nil, fmt.Errorf("data: Sample: row %d of %d", row, m.Rows())
		}
	}
	if o.Count == 0 {
		return nil, nil
	}
	s := newSampler(m, o.Rows)
	if err := s.check(m.Path, o); err != nil {
		return nil, err
	}
	r := rand.New(rand.NewPCG(mix(o.Seed, purposeSample), mix(purposeSample, o.Seed)))
	ts := make([]Triplet, o.Count)
	for i := range ts {
		positive, negative := SameProduct, OutOfClass
		if r.Float64() < o.SameColour {
			positive = SameColour
		}
		if r.Float64() < o.InClass {
			negative = InClass
		}
		able := s.able[positive][negative]
		q := able[r.IntN(len(able))]
		ts[i] = Triplet{s.rows[q], s.positive(r, q, positive), s.negative(r, q, negative)}
	}
	return ts, nil
}

// sampler holds the rows in two orders, in both of which all that a draw may take or must leave out lies together. A place is an
// index into rows.
type sampler struct {
	rows []int32 // by category, colour (unknown first), product
	// Of each place:
	category, pair, cell []int32 // its spans below; a pair is a category and colour, a cell a product's part of a pair
	product, turn        []int32 // its product, and its index in byProduct

	categories, pairs, cells, products []span // of places; products: of byProduct

	coloured []int32 // of each category: where the places with a known colour begin
	// Of each cell: places of its product in its category, and those of them that have a known colour.
	inCategory, inColoured []int32

	byProduct []int32 // places, by product

	able [2][2][]int32 // places that have a positive and a negative of the kinds that index it
}

// span is a range [from, to).
type span struct{ from, to int32 }

func (s span) len() int32 { return s.to - s.from }

// key is a row's category, colour and product as numbers; -1 means unknown.
type key struct{ category, colour, product, row int32 }

func newSampler(m *Metadata, subset []int32) *sampler {
	keys := sampleKeys(m, subset)
	n := len(keys)
	s := &sampler{rows: make([]int32, n), byProduct: make([]int32, n)}
	for _, column := range []*[]int32{&s.category, &s.pair, &s.cell, &s.product, &s.turn} {
		*column = make([]int32, n)
	}
	for i, k := range keys {
		var last key
		first := i == 0
		if !first {
			last = keys[i-1]
		}
		newCategory := first || k.category != last.category
		newPair := newCategory || k.colour != last.colour
		newCell := newPair || k.product != last.product
		place := int32(i)
		s.categories = extend(s.categories, place, newCategory)
		s.pairs = extend(s.pairs, place, newPair)
		s.cells = extend(s.cells, place, newCell)
		if newCategory {
			s.coloured = append(s.coloured, place)
		}
		s.rows[i] = k.row
		s.category[i] = int32(len(s.categories) - 1)
		s.pair[i] = int32(len(s.pairs) - 1)
		s.cell[i] = int32(len(s.cells) - 1)
		s.product[i] = k.product
		s.byProduct[i] = place
		if k.colour < 0 {
			s.coloured[len(s.coloured)-1] = place + 1
		}
	}
	s.groupProducts(keys)
	s.findAble(keys)
	return s
}

// extend ends the last span after place, or begins a new one at it.
func extend(spans []span, place int32, fresh bool) []span {
	if fresh {
		return append(spans, span{place, place + 1})
	}
	spans[len(spans)-1].to = place + 1
	return spans
}

// sampleKeys numbers categories, colours and products and gives the usable rows, each once, in the order of sampler.rows.
func sampleKeys(m *Metadata, subset []int32) []key {
	number := func() func(string) int32 {
		known := map[string]int32{"": -1}
		return func(v string) int32 {
			n, ok := known[v]
			if !ok {
				n = int32(len(known) - 1)
				known[v] = n
			}
			return n
		}
	}
	category, colour, product := number(), number(), number()
	if subset == nil {
		subset = make([]int32, m.Rows())
		for i := range subset {
			subset[i] = int32(i)
		}
	} else {
		subset = slices.Clone(subset)
		slices.Sort(subset)
		subset = slices.Compact(subset)
	}
	keys := make([]key, 0, len(subset))
	for _, row := range subset {
		if m.Category[row] == "" || m.ID[row] == "" {
			continue
		}
		keys = append(keys, key{category(m.Category[row]), colour(m.Color[row]), product(m.ID[row]), row})
	}
	slices.SortFunc(keys, func(a, b key) int {
		for _, d := range [...]int32{a.category - b.category, a.colour - b.colour, a.product - b.product} {
			if d != 0 {
				return int(d)
			}
		}
		return int(a.row - b.row)
	})
	return keys
}

// groupProducts fills what is known of each product.
func (s *sampler) groupProducts(keys []key) {
	slices.SortFunc(s.byProduct, func(a, b int32) int {
		if d := s.product[a] - s.product[b]; d != 0 {
			return int(d)
		}
		return int(a - b)
	})
	s.inCategory = make([]int32, len(s.cells))
	s.inColoured = make([]int32, len(s.cells))
	group := 0 // where the product's part of the current category begins in byProduct
	for i, place := range s.byProduct {
		s.turn[place] = int32(i)
		fresh := i == 0 || s.product[place] != s.product[s.byProduct[i-1]]
		if fresh || s.category[place] != s.category[s.byProduct[i-1]] {
			group = i
		}
		s.products = extend(s.products, int32(i), fresh)
		last := i+1 == len(s.byProduct)
		if !last {
			next := s.byProduct[i+1]
			last = s.product[next] != s.product[place] || s.category[next] != s.category[place]
		}
		if !last {
			continue
		}
		part, coloured := s.byProduct[group:i+1], int32(0)
		for _, p := range part {
			if keys[p].colour >= 0 {
				coloured++
			}
		}
		for _, p := range part {
			s.inCategory[s.cell[p]], s.inColoured[s.cell[p]] = int32(len(part)), coloured
		}
	}
}

// findAble lists, for both kinds of positives and of negatives, the places that have them.
func (s *sampler) findAble(keys []key) {
	for q := range s.rows {
		known := keys[q].colour >= 0
		category, pair, cell := s.categories[s.category[q]], s.pairs[s.pair[q]], s.cells[s.cell[q]]
		own := s.products[s.product[q]].len()
		positive := [2]bool{own > 1, known && pair.len() > cell.len()}
		outside := int32(len(s.rows)) - category.len() - (own - s.inCategory[s.cell[q]])
		inside := category.to - s.coloured[s.category[q]] - pair.len() - (s.inColoured[s.cell[q]] - cell.len())
		negative := [2]bool{outside > 0, known && inside > 0}
		for p := range positive {
			for n := range negative {
				if positive[p] && negative[n] {
					s.able[p][n] = append(s.able[p][n], int32(q))
				}
			}
		}
	}
}

// check refuses data that lacks a kind of triplets that the shares ask for.
func (s *sampler) check(path string, o SampleOptions) error {
	positives := [2]string{"a second picture of its product", "a product beside it of the same category and colour"}
	negatives := [2]string{"a picture of another category", "a picture of the same category, another colour and another product"}
	wanted := [2][2]bool{{o.SameColour < 1, o.SameColour > 0}, {o.InClass < 1, o.InClass > 0}}
	for p := range positives {
		for n := range negatives {
			if !wanted[0][p] || !wanted[1][n] || len(s.able[p][n]) > 0 {
				continue
			}
			of := "no picture"
			if o.Rows != nil {
				of = fmt.Sprintf("none of the %d pictures to draw from", len(o.Rows))
			}
			return &Refused{
				Path:   path,
				Reason: fmt.Sprintf("%s has both %s and %s", of, positives[p], negatives[n]),
				Remedy: "fill in _category, _color and _id, add such pictures, or set the share of this kind of triplets to 0",
			}
		}
	}
	return nil
}

// positive draws a row for the query's place.
func (s *sampler) positive(r *rand.Rand, q int32, kind PositiveKind) int32 {
	if kind == SameColour {
		return s.rows[without(s.pairs[s.pair[q]], s.cells[s.cell[q]], r)]
	}
	turn := s.turn[q]
	return s.rows[s.byProduct[without(s.products[s.product[q]], span{turn, turn + 1}, r)]]
}

// negative draws a row for the query's place.
func (s *sampler) negative(r *rand.Rand, q int32, kind NegativeKind) int32 {
	from, left := span{0, int32(len(s.rows))}, s.categories[s.category[q]]
	if kind == InClass {
		from, left = span{s.coloured[s.category[q]], left.to}, s.pairs[s.pair[q]]
	}
	// A product rarely stands in several categories or colours, so that the first draw is nearly always good.
	for range 64 {
		if n := without(from, left, r); s.product[n] != s.product[q] {
			return s.rows[n]
		}
	}
	var rest []int32
	for n := from.from; n < from.to; n++ {
		if (n < left.from || n >= left.to) && s.product[n] != s.product[q] {
			rest = append(rest, n)
		}
	}
	return s.rows[rest[r.IntN(len(rest))]]
}

// without draws from all of a span but a part of it; some must be left.
func without(all, part span, r *rand.Rand) int32 {
	k := all.from + r.Int32N(all.len()-part.len())
	if k >= part.from {
		k += part.len()
	}
	return k
}
