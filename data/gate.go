package data

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
)

const purposeAgain = 0x616761696e // drawing a triplet again

// maxAgain bounds how many queries are tried to draw one triplet again.
const maxAgain = 100_000

// gate lets no triplet pass twice, and no picture more often than it may.
type gate struct {
	o    GenerateOptions
	src  Source
	seen []Triplet // open addressing; the query is stored plus 1, 0 is free. Nil without Unique
	uses []int32   // of each row; grows with the rows that come. Nil without Balance
}

// newGate gives nil where all triplets may pass, and refuses what cannot be reached.
func newGate(src Source, o GenerateOptions) (*gate, error) {
	if !o.Unique && o.Balance == 0 {
		return nil, nil
	}
	if float64(o.Count)*3 > float64(o.Balance)*float64(src.pictures()) && o.Balance > 0 {
		return nil, &Refused{
			Path:   src.file(),
			Reason: fmt.Sprintf("%d triplets name 3 x %d pictures, but %d pictures at most %d times each are fewer", o.Count, o.Count, src.pictures(), o.Balance),
			Remedy: "lower --count or raise --balance",
		}
	}
	if err := src.capacity(o); err != nil {
		return nil, err
	}
	g := &gate{o: o, src: src}
	if o.Unique {
		g.seen = make([]Triplet, o.Count+o.Count/2+1)
	}
	if o.Balance > 0 {
		g.uses = make([]int32, src.pictures())
	}
	return g, nil
}

// admit passes a chunk's triplets, draws again what may not come, and writes the lines. first is the number of triplets before it.
func (g *gate) admit(c *chunkOf, first int) error {
	for i, t := range c.list {
		if !g.pass(t) {
			k := c.drawn[i]
			again := false
			r := rand.New(rand.NewPCG(mix(g.o.Seed, purposeAgain, uint64(first+i)), mix(uint64(first+i), purposeAgain, g.o.Seed)))
			for tries := maxAgain; tries > 0; {
				fresh, became, err := c.from.draw(r, k, &tries)
				if err != nil {
					break
				}
				if g.pass(fresh) {
					t, again = fresh, true
					c.tally[c.became[i].Positive][c.became[i].Negative]--
					c.tally[became.Positive][became.Negative]++
					break
				}
			}
			if !again {
				return &Refused{
					Path:   g.src.file(),
					Reason: fmt.Sprintf("after %d triplets, none of %d queries tried gave one that may still come: nearly all of the kind %q are used", first+i, maxAgain, k),
					Remedy: "lower --count, raise --balance, or leave out --unique",
				}
			}
		}
		c.text = appendTriplet(c.text, t)
	}
	return nil
}

// pass says whether a triplet may come, and takes note of it if so.
func (g *gate) pass(t Triplet) bool {
	rows := [3]int32{t.Query, t.Positive, t.Negative}
	if g.uses != nil {
		for _, row := range rows {
			if int(row) < len(g.uses) && int(g.uses[row]) >= g.o.Balance {
				return false
			}
		}
	}
	if g.seen != nil {
		t.Query++
		at, _ := bits.Mul64(mix(uint64(uint32(t.Query))<<32|uint64(uint32(t.Positive)), uint64(uint32(t.Negative))), uint64(len(g.seen)))
		for g.seen[at].Query != 0 {
			if g.seen[at] == t {
				return false
			}
			if at++; at == uint64(len(g.seen)) {
				at = 0
			}
		}
		g.seen[at] = t
	}
	if g.uses != nil {
		for _, row := range rows {
			for int(row) >= len(g.uses) {
				g.uses = append(g.uses, 0)
			}
			g.uses[row]++
		}
	}
	return true
}
