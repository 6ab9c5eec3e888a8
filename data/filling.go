package data

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
)

// filling is what the buffers of all categories hold for a while. A slot is an index into places; slots are in the order of places, so that a
// category's, and in it a colour's, lie together.
type filling struct {
	v        *Relevance
	places   []int32
	weight   []float64 // of each slot: 1/r
	category []span    // of each slot: its category's slots

	// The slots in groups of a product, category, colour and gender, all within a category.
	products, categories, colours, genders *groups
}

// groups are slots, group after group.
type groups struct {
	order []int32   // slots
	at    []int32   // of each slot: its index in order
	group []int32   // of each slot: its group
	spans []span    // of order
	below []float64 // for each of order: the weights before it in its group
	sums  []float64 // of each group
	known []bool    // of each group: it is of a known value; others have nothing in common
}

// newGroups makes groups of slots that are in the order of their groups.
func (f *filling) newGroups(order []int32, value func(slot int32) int32) *groups {
	n := len(order)
	g := &groups{order: order, at: make([]int32, n), group: make([]int32, n), below: make([]float64, n)}
	for i, slot := range order {
		if i == 0 || value(slot) != value(order[i-1]) || f.category[slot] != f.category[order[i-1]] {
			g.spans = append(g.spans, span{int32(i), int32(i)})
			g.sums = append(g.sums, 0)
			g.known = append(g.known, value(slot) != Unknown)
		}
		last := len(g.spans) - 1
		g.at[slot], g.group[slot], g.below[i] = int32(i), int32(last), g.sums[last]
		g.sums[last] += f.weight[slot]
		g.spans[last].to++
	}
	return g
}

// rest gives the weights of a slot's group without it.
func (g *groups) rest(slot int32, own float64) float64 {
	i := g.group[slot]
	if !g.known[i] || g.spans[i].len() < 2 {
		return 0
	}
	return max(0, g.sums[i]-own)
}

// draw draws a slot of the same group by weight, but not this one.
func (g *groups) draw(r *rand.Rand, slot int32, own float64) int32 {
	i := g.group[slot]
	s := g.spans[i]
	below := g.below[s.from:s.to]
	for {
		x := r.Float64() * (g.sums[i] - own)
		if x >= g.below[g.at[slot]] {
			x += own
		}
		k := sort.Search(len(below), func(k int) bool { return below[k] > x }) - 1
		if other := g.order[int(s.from)+k]; other != slot { // but for rounding it always is
			return other
		}
	}
}

// open fills the buffers for chunk i.
func (v *Relevance) open(seed uint64, i int) drawer {
	r := rand.New(rand.NewPCG(mix(seed, purposeFilling, uint64(i)), mix(uint64(i), purposeFilling, seed)))
	f := &filling{v: v}
	places, categories := v.fill(r)
	f.places = places
	n := len(places)
	f.weight, f.category = make([]float64, n), make([]span, n)
	order := make([]int32, n)
	for i, place := range places {
		f.weight[i], order[i] = 1/v.total[place], int32(i)
	}
	for _, s := range categories {
		for i := s.from; i < s.to; i++ {
			f.category[i] = s
		}
	}
	s := v.rows
	f.categories = f.newGroups(order, func(int32) int32 { return 0 })
	f.colours = f.newGroups(order, func(slot int32) int32 {
		c := &s.cells[s.rows[places[slot]].cell]
		if s.pairs[c.pair].colour == Unknown {
			return Unknown
		}
		return c.pair
	})
	within := func(key func(place int32) int32) []int32 {
		sorted := slices.Clone(order)
		for _, c := range categories {
			slices.SortFunc(sorted[c.from:c.to], func(a, b int32) int {
				return cmp.Or(cmp.Compare(key(places[a]), key(places[b])), cmp.Compare(a, b))
			})
		}
		return sorted
	}
	f.products = f.newGroups(within(func(p int32) int32 { return s.rows[p].id }), func(slot int32) int32 { return s.rows[places[slot]].id })
	f.genders = f.newGroups(within(func(p int32) int32 { return v.gender[p] }), func(slot int32) int32 { return v.gender[places[slot]] })
	return f
}

func (f *filling) kind(r *rand.Rand) Kind {
	if r.Float64() < f.v.rule.InClass {
		return Kind{Negative: InClass}
	}
	return Kind{Negative: OutOfClass}
}

// maxQueries bounds how many queries are tried for a triplet.
const maxQueries = 100_000

func (f *filling) draw(r *rand.Rand, k Kind, tries *int) (Triplet, Kind, error) {
	v := f.v
	for *tries > 0 {
		*tries--
		q := int32(r.IntN(len(f.places)))
		p, ok := f.relevant(r, q, v.rule.Weights)
		if !ok {
			continue
		}
		var n int32
		if k.Negative == InClass {
			n, ok = f.inClass(r, q, p)
		} else {
			n, ok = f.outOfClass(r, q)
		}
		if !ok {
			continue
		}
		s := v.rows
		x, y, z := f.places[q], f.places[p], f.places[n]
		k.Positive = OtherPositive
		switch a, b := &s.cells[s.rows[x].cell], &s.cells[s.rows[y].cell]; {
		case a.product == b.product:
			k.Positive = SameProduct
		case a.pair == b.pair && s.pairs[a.pair].colour != Unknown:
			k.Positive = SameColour
		}
		return Triplet{s.rows[x].row, s.rows[y].row, s.rows[z].row}, k, nil
	}
	why := "has a relevant positive and a negative of another category"
	if k.Negative == InClass {
		why = fmt.Sprintf("has a positive and a negative of the same category whose relevance differs by %v or more", v.rule.Margin)
	}
	return Triplet{}, k, &Refused{
		Path:   v.rows.path,
		Reason: fmt.Sprintf("none of %d queries tried %s", maxQueries, why),
		Remedy: "change the weights, the margin or the share of in-class negatives, or take larger buffers",
	}
}

func (f *filling) fill(r *rand.Rand, drawn, became []Kind, ts []Triplet) (err error) {
	for i := range ts {
		drawn[i] = f.kind(r)
		tries := maxQueries
		if ts[i], became[i], err = f.draw(r, drawn[i], &tries); err != nil {
			return err
		}
	}
	return nil
}

// relevant draws a slot p of q's category in proportion to r(q,p)/r(p) with the given weights.
func (f *filling) relevant(r *rand.Rand, q int32, w Weights) (int32, bool) {
	own := f.weight[q]
	parts := [...]struct {
		g      *groups
		weight float64
	}{{f.products, w.Product}, {f.categories, w.Category}, {f.colours, w.Colour}, {f.genders, w.Gender}}
	var sums [len(parts)]float64
	total := 0.0
	for i, part := range parts {
		if part.weight > 0 {
			sums[i] = float64(part.weight * part.g.rest(q, own))
			total += sums[i]
		}
	}
	if total <= 0 {
		return 0, false
	}
	x := r.Float64() * total
	last := -1
	for i, sum := range sums {
		if sum <= 0 {
			continue
		}
		last = i
		if x < sum {
			break
		}
		x -= sum
	}
	return parts[last].g.draw(r, q, own), true
}

// inClass draws a negative of q's category by relevance within the margin.
func (f *filling) inClass(r *rand.Rand, q, p int32) (int32, bool) {
	v := f.v
	s, w := v.rows, v.rule.Weights
	limit := v.relevance(f.places[q], f.places[p]) - v.rule.Margin
	limit += 1e-9 * max(1, v.rule.Margin) // what sums round off
	fits := func(n int32) bool {
		return n != q && n != p && s.rows[f.places[n]].id != s.rows[f.places[q]].id && v.relevance(f.places[q], f.places[n]) <= limit
	}
	// What no fitting negative can have in common need not be drawn.
	w.Product = 0
	if w.Category > limit {
		return 0, false
	}
	if w.Category+w.Colour > limit {
		w.Colour = 0
	}
	if w.Category+w.Gender > limit {
		w.Gender = 0
	}
	for range 64 {
		n, ok := f.relevant(r, q, w)
		if !ok {
			return 0, false
		}
		if fits(n) {
			return n, true
		}
	}
	return f.scan(r, f.category[q], func(n int32) float64 {
		if !fits(n) {
			return 0
		}
		return f.weight[n] * v.relevance(f.places[q], f.places[n])
	})
}

// outOfClass draws a negative of another category, evenly.
func (f *filling) outOfClass(r *rand.Rand, q int32) (int32, bool) {
	s := f.v.rows
	all := span{0, int32(len(f.places))}
	if f.category[q].len() == all.len() {
		return 0, false
	}
	for range 64 {
		if n := without(all, f.category[q], r); s.rows[f.places[n]].id != s.rows[f.places[q]].id {
			return n, true
		}
	}
	return f.scan(r, all, func(n int32) float64 {
		if f.category[n] == f.category[q] || s.rows[f.places[n]].id == s.rows[f.places[q]].id {
			return 0
		}
		return 1
	})
}

// scan draws a slot of a span by weight, looking at each.
func (f *filling) scan(r *rand.Rand, s span, weight func(int32) float64) (int32, bool) {
	total := 0.0
	for n := s.from; n < s.to; n++ {
		total += weight(n)
	}
	x, last := r.Float64()*total, int32(-1)
	for n := s.from; n < s.to; n++ {
		w := weight(n)
		if w <= 0 {
			continue
		}
		if last = n; x < w {
			break
		}
		x -= w
	}
	return last, last >= 0
}
