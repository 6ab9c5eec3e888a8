package data

import (
	"fmt"
	"math/rand/v2"
)

// Sampler draws triplets by a Rule, each in constant expected time. Its tables are made in O(rows) and take some 24 bytes a row, and 4
// more for each of the four kinds of triplets that not all rows have.
//
// It holds the rows in two orders, in both of which all that a draw may take or must leave out lies together. A place is an
// index into rows.
type Sampler struct {
	rule Rule
	path string

	rows []place // by category, colour (unknown first), product

	cells      []cell
	pairs      []pair
	categories []span  // of places
	coloured   []int32 // of each category: where the places with a known colour begin

	byProduct []int32 // places, by product
	products  []span  // of byProduct

	able [2][2]ableRows // by kind of positive and of negative
}

// place is a row and where it belongs; together in memory, as a draw asks for all of them.
type place struct {
	row  int32
	cell int32
	turn int32 // its index in byProduct
	id   int32 // its product
}

// span is a range [from, to).
type span struct{ from, to int32 }

func (s span) len() int32 { return s.to - s.from }

// cell is a product's part of a pair: places of one product, category and colour. Its rows are alike in all that a draw asks.
type cell struct {
	span
	pair, product int32
	own           span // of byProduct: the product
	// Places of the product in the category, and those of them that have a known colour.
	inCategory, inColoured int32
}

// pair is the places of one category and colour.
type pair struct {
	span
	category, colour int32
}

// NewSampler makes a sampler. A kind of triplets that the rule asks for and the data cannot give is a *Refused.
func NewSampler(l *Labels, rule Rule) (*Sampler, error) {
	if err := rule.validate(l.Rows()); err != nil {
		return nil, err
	}
	s := &Sampler{rule: rule, path: l.Path}
	s.order(l)
	s.groupProducts()
	s.findAble()
	if err := s.check(); err != nil {
		return nil, err
	}
	return s, nil
}

// order fills all that follows the first order.
func (s *Sampler) order(l *Labels) {
	usable := usableRows(l, s.rule.Rows)
	n := len(usable)
	// Codes are numbered anew among the usable rows, so that others cannot be seen in what is drawn.
	category, categories := renumber(l.Category, usable)
	colour, colours := renumber(l.Color, usable)
	product, products := renumber(l.ID, usable)
	spare := make([]int32, n)
	sortBy(usable, spare, products, func(row int32) int32 { return product[l.ID[row]] })
	sortBy(spare, usable, colours+1, func(row int32) int32 {
		if k := l.Color[row]; k != Unknown {
			return colour[k] + 1
		}
		return 0
	})
	sortBy(usable, spare, categories, func(row int32) int32 { return category[l.Category[row]] })
	s.rows = make([]place, n)
	s.products = make([]span, products)
	for i, row := range spare {
		at := int32(i)
		c, p, k := category[l.Category[row]], product[l.ID[row]], int32(Unknown)
		if l.Color[row] != Unknown {
			k = colour[l.Color[row]]
		}
		newCategory := i == 0 || c != int32(len(s.categories)-1)
		newPair := newCategory || k != s.pairs[len(s.pairs)-1].colour
		newCell := newPair || p != s.rows[i-1].id
		if newCategory {
			s.categories, s.coloured = append(s.categories, span{at, at}), append(s.coloured, at)
		}
		if newPair {
			s.pairs = append(s.pairs, pair{span: span{at, at}, category: c, colour: k})
		}
		if newCell {
			s.cells = append(s.cells, cell{span: span{at, at}, pair: int32(len(s.pairs) - 1), product: p})
		}
		s.categories[len(s.categories)-1].to++
		s.pairs[len(s.pairs)-1].to++
		s.cells[len(s.cells)-1].to++
		s.rows[i] = place{row: row, cell: int32(len(s.cells) - 1), id: p}
		if k == Unknown {
			s.coloured[len(s.coloured)-1] = at + 1
		}
	}
	s.byProduct = usable // its memory
	for i := range s.byProduct {
		s.byProduct[i] = int32(i)
	}
	sortBy(s.byProduct, spare, products, func(i int32) int32 { return s.rows[i].id })
	s.byProduct = spare
}

// usableRows gives the rows to draw from that have a product and a category, each once, in ascending order.
func usableRows(l *Labels, subset []int32) []int32 {
	var in []bool
	all := subset == nil
	if !all {
		in = make([]bool, l.Rows())
		for _, row := range subset {
			in[row] = true
		}
	}
	usable := func(row int) bool {
		return (all || in[row]) && l.Category[row] != Unknown && l.ID[row] != Unknown
	}
	n := 0
	for row := range l.Rows() {
		if usable(row) {
			n++
		}
	}
	rows := make([]int32, 0, n)
	for row := range l.Rows() {
		if usable(row) {
			rows = append(rows, int32(row))
		}
	}
	return rows
}

// renumber numbers the known codes of the rows from 0 in the order in which they first come.
func renumber(codes []int32, rows []int32) (fresh []int32, n int) {
	most := int32(-1)
	for _, row := range rows {
		most = max(most, codes[row])
	}
	fresh = make([]int32, most+1)
	for _, row := range rows {
		if c := codes[row]; c != Unknown && fresh[c] == 0 {
			n++
			fresh[c] = int32(n)
		}
	}
	for i := range fresh {
		fresh[i]--
	}
	return fresh, n
}

// sortBy writes from into to, sorted by a key below n; what is equal keeps its order.
func sortBy(from, to []int32, n int, key func(int32) int32) {
	start := make([]int32, n+1)
	for _, v := range from {
		start[key(v)+1]++
	}
	for i := range n {
		start[i+1] += start[i]
	}
	for _, v := range from {
		k := key(v)
		to[start[k]] = v
		start[k]++
	}
}

// groupProducts fills what is known of each product.
func (s *Sampler) groupProducts() {
	category := func(place int32) int32 { return s.pairs[s.cells[s.rows[place].cell].pair].category }
	group := 0 // where the product's part of the current category begins in byProduct
	for i, place := range s.byProduct {
		s.rows[place].turn = int32(i)
		product := s.rows[place].id
		fresh := i == 0 || product != s.rows[s.byProduct[i-1]].id
		if fresh {
			s.products[product].from = int32(i)
		}
		s.products[product].to = int32(i + 1)
		if fresh || category(place) != category(s.byProduct[i-1]) {
			group = i
		}
		if i+1 < len(s.byProduct) {
			if next := s.byProduct[i+1]; s.rows[next].id == product && category(next) == category(place) {
				continue
			}
		}
		part, coloured := s.byProduct[group:i+1], int32(0)
		for _, p := range part {
			if s.pairs[s.cells[s.rows[p].cell].pair].colour != Unknown {
				coloured++
			}
		}
		for _, p := range part {
			c := &s.cells[s.rows[p].cell]
			c.inCategory, c.inColoured = int32(len(part)), coloured
		}
	}
	for i := range s.cells {
		s.cells[i].own = s.products[s.cells[i].product]
	}
}

// kind draws the kinds of a triplet.
func (s *Sampler) kind(r *rand.Rand) Kind {
	k := Kind{SameProduct, OutOfClass}
	if r.Float64() < s.rule.SameColour {
		k.Positive = SameColour
	}
	if r.Float64() < s.rule.InClass {
		k.Negative = InClass
	}
	return k
}

// triplet draws a triplet of a kind.
func (s *Sampler) triplet(r *rand.Rand, k Kind) Triplet {
	able := &s.able[k.Positive][k.Negative]
	q := able.place(able.draw(r))
	p := s.positive(r, q, k.Positive)
	n := s.negative(r, q, k.Negative)
	for n == p { // where it can be, there is another one
		n = s.negative(r, q, k.Negative)
	}
	return Triplet{s.rows[q].row, s.rows[p].row, s.rows[n].row}
}

// positive draws a place for the query's place.
func (s *Sampler) positive(r *rand.Rand, q int32, kind PositiveKind) int32 {
	if kind == SameColour {
		c := &s.cells[s.rows[q].cell]
		return without(s.pairs[c.pair].span, c.span, r)
	}
	at := &s.rows[q]
	return s.byProduct[without(s.cells[at.cell].own, span{at.turn, at.turn + 1}, r)]
}

// negatives gives the places that a negative is drawn from: all but left, and but those of the query's product, of which own are among them.
func (s *Sampler) negatives(c *cell, kind NegativeKind) (all, left span, own int32) {
	pair := &s.pairs[c.pair]
	category := s.categories[pair.category]
	switch {
	case kind == OutOfClass:
		return span{0, int32(len(s.rows))}, category, c.own.len() - c.inCategory
	case s.rule.Negatives == OtherProduct:
		return category, span{category.from, category.from}, c.inCategory
	}
	return span{s.coloured[pair.category], category.to}, pair.span, c.inColoured - c.len()
}

// negative draws a place for the query's place.
func (s *Sampler) negative(r *rand.Rand, q int32, kind NegativeKind) int32 {
	c := &s.cells[s.rows[q].cell]
	all, left, own := s.negatives(c, kind)
	// A product rarely has a large part of these places, so that the first draw is nearly always good.
	for range 64 {
		if n := without(all, left, r); s.rows[n].id != c.product {
			return n
		}
	}
	k := int32(r.IntN(int(all.len() - left.len() - own)))
	for i := s.rows[all.from].cell; ; i++ {
		switch c2 := &s.cells[i]; {
		case c2.product == c.product || c2.from >= left.from && c2.to <= left.to:
		case k < c2.len():
			return c2.from + k
		default:
			k -= c2.len()
		}
	}
}

// without draws from all of a span but a part of it; some must be left.
func without(all, part span, r *rand.Rand) int32 {
	k := all.from + r.Int32N(all.len()-part.len())
	if k >= part.from {
		k += part.len()
	}
	return k
}

// Rows gives the number of rows that may occur.
func (s *Sampler) Rows() int { return len(s.rows) }

func (s *Sampler) String() string {
	return fmt.Sprintf("%d pictures of %d products, %d categories, %d pairs of category and colour", len(s.rows), len(s.products), len(s.categories), len(s.pairs))
}
