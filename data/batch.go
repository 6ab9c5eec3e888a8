package data

import "math/rand/v2"

// batch is a number of triplets that are drawn side by side. A draw follows some four references into tables that are larger than the caches;
// in a batch each step of all draws comes before the next step, so that the processor waits for many of them at once.
const batch = 128

// many draws triplets as triplet does, from the same distribution, in another order: it draws other ones from the same stream. Fewer of
// them are the beginning of more.
func (s *Sampler) many(r *rand.Rand, kinds []Kind, ts []Triplet) {
	for ; len(ts) >= batch; kinds, ts = kinds[batch:], ts[batch:] {
		s.batch(r, (*[batch]Kind)(kinds), (*[batch]Triplet)(ts))
	}
	if len(ts) > 0 {
		var ks [batch]Kind
		var rest [batch]Triplet
		s.batch(r, &ks, &rest)
		copy(kinds, ks[:])
		copy(ts, rest[:])
	}
}

func (s *Sampler) batch(r *rand.Rand, kinds *[batch]Kind, ts *[batch]Triplet) {
	var q, p, n [batch]int32
	var at [batch]place
	var cells [batch]cell
	for i := range ts {
		kinds[i] = s.kind(r)
		q[i] = s.able[kinds[i].Positive][kinds[i].Negative].draw(r)
	}
	for i := range ts {
		q[i] = s.able[kinds[i].Positive][kinds[i].Negative].place(q[i])
	}
	for i := range ts {
		at[i] = s.rows[q[i]]
	}
	for i := range ts {
		cells[i] = s.cells[at[i].cell]
	}
	for i := range ts {
		c := &cells[i]
		if kinds[i].Positive == SameColour {
			p[i] = without(s.pairs[c.pair].span, c.span, r)
		} else {
			p[i] = without(c.own, span{at[i].turn, at[i].turn + 1}, r)
		}
		all, left, _ := s.negatives(c, kinds[i].Negative)
		n[i] = without(all, left, r)
	}
	for i := range ts {
		if kinds[i].Positive == SameProduct {
			p[i] = s.byProduct[p[i]]
		}
	}
	for i := range ts {
		ts[i] = Triplet{at[i].row, s.rows[p[i]].row, s.rows[n[i]].row}
		at[i].id = s.rows[n[i]].id // of the negative, from now on
	}
	for i := range ts {
		for at[i].id == cells[i].product || n[i] == p[i] {
			n[i] = s.negative(r, q[i], kinds[i].Negative)
			at[i].id, ts[i].Negative = s.rows[n[i]].id, s.rows[n[i]].row
		}
	}
}
