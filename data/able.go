package data

import (
	"fmt"
	"math/rand/v2"
	"sort"
)

// ableRows are the places that have a positive and a negative of one kind.
type ableRows struct {
	n        int32
	places   []int32 // ascending; nil means all
	triplets float64 // distinct triplets of the kind
	pairs    *alias  // for QueryPairs: draws a span
	spans    []span  // of places: those of each pair that has some
}

// draw draws a query, as an index for place.
func (a *ableRows) draw(r *rand.Rand) int32 {
	if a.pairs != nil {
		s := a.spans[a.pairs.draw(r)]
		return s.from + r.Int32N(s.len())
	}
	return int32(r.IntN(int(a.n)))
}

// place gives the place of an able row.
func (a *ableRows) place(i int32) int32 {
	if a.places != nil {
		return a.places[i]
	}
	return i
}

// has counts the positives and negatives of the rows of a cell, by kind.
func (s *Sampler) has(c *cell) (positives, negatives [2]int32) {
	pair := &s.pairs[c.pair]
	known := pair.colour != Unknown
	positives[SameProduct] = c.own.len() - 1
	if known {
		positives[SameColour] = pair.len() - c.len()
	}
	count := func(kind NegativeKind) int32 {
		all, left, own := s.negatives(c, kind)
		return all.len() - left.len() - own
	}
	negatives[OutOfClass] = count(OutOfClass)
	if known || s.rule.Negatives == OtherProduct {
		negatives[InClass] = count(InClass)
	}
	return positives, negatives
}

// findAble lists the rows that have the kinds of triplets that are wanted.
func (s *Sampler) findAble() {
	for p := range s.able {
		for n := range s.able[p] {
			if s.rule.wants(Kind{PositiveKind(p), NegativeKind(n)}) {
				s.able[p][n] = s.findKind(p, n)
			}
		}
	}
}

func (s *Sampler) findKind(p, n int) ableRows {
	// A positive of the query's category and colour may itself be among the negatives.
	overlap := int32(0)
	if PositiveKind(p) == SameColour && NegativeKind(n) == InClass && s.rule.Negatives == OtherProduct {
		overlap = 1
	}
	able := func(c *cell) (triplets float64) {
		positives, negatives := s.has(c)
		if positives[p] <= 0 || negatives[n] <= overlap {
			return 0
		}
		return float64(c.len()) * float64(positives[p]) * float64(negatives[n]-overlap)
	}
	var a ableRows
	for i := range s.cells {
		if t := able(&s.cells[i]); t > 0 {
			a.n += s.cells[i].len()
			a.triplets += t
		}
	}
	if int(a.n) < len(s.rows) {
		a.places = make([]int32, 0, a.n)
		for i := range s.cells {
			if c := &s.cells[i]; able(c) > 0 {
				for place := c.from; place < c.to; place++ {
					a.places = append(a.places, place)
				}
			}
		}
	}
	if s.rule.Query == QueryPairs && a.n > 0 {
		s.weighPairs(&a)
	}
	return a
}

// weighPairs gives each pair its share of the queries.
func (s *Sampler) weighPairs(a *ableRows) {
	colours := make([]int, 1) // rows of each colour; the first is the unknown one
	for _, p := range s.pairs {
		for len(colours) <= int(p.colour)+1 {
			colours = append(colours, 0)
		}
		colours[p.colour+1] += int(p.len())
	}
	var weights []float64
	next := int32(0)
	for i := range s.pairs {
		p := &s.pairs[i]
		part := span{next, p.to}
		if a.places != nil {
			rest := a.places[next:]
			part.to = next + int32(sort.Search(len(rest), func(k int) bool { return rest[k] >= p.to }))
		}
		next = part.to
		if part.len() == 0 {
			continue
		}
		a.spans = append(a.spans, part)
		weights = append(weights, float64(s.categories[p.category].len())*float64(colours[p.colour+1])*float64(part.len())/float64(p.len()))
	}
	a.pairs = newAlias(weights)
}

// check refuses data that lacks a kind of triplets that the shares ask for.
func (s *Sampler) check() error {
	negatives := [2]string{"a picture of another category and another product", "a picture of the same category, another colour and another product"}
	if s.rule.Negatives == OtherProduct {
		negatives[InClass] = "a picture of the same category and another product"
	}
	positives := [2]string{"a second picture of its product", "a product beside it of the same category and colour"}
	for p := range s.able {
		for n := range s.able[p] {
			if !s.rule.wants(Kind{PositiveKind(p), NegativeKind(n)}) || s.able[p][n].n > 0 {
				continue
			}
			of := "no picture"
			if s.rule.Rows != nil {
				of = fmt.Sprintf("none of the %d pictures to draw from", len(s.rule.Rows))
			}
			return &Refused{
				Path:   s.path,
				Reason: fmt.Sprintf("%s has both %s and %s", of, positives[p], negatives[n]),
				Remedy: "fill in _category, _color and _id, add such pictures, or set the share of this kind of triplets to 0",
			}
		}
	}
	return nil
}
