package audit

import (
	"slices"

	"deeprank/data"
)

// leak is a product, or a picture whose product is unknown, that both files use.
type leak struct {
	row        int32 // the first of its rows that the triplets use
	train, val int   // first record of each file that uses it
	lines      int   // of the triplets
}

// identity is what must not be on both sides.
type identity struct {
	unknown bool // of the product
	text    string
}

func identityOf(m *data.Metadata, row int32) identity {
	if id := m.ID[row]; id != "" {
		return identity{false, id}
	}
	return identity{true, m.Name[row]}
}

// rows gives the three rows of a triplet, each once.
func rows(t data.Triplet) []int32 {
	list := append(make([]int32, 0, 3), t.Query)
	if t.Positive != t.Query {
		list = append(list, t.Positive)
	}
	if t.Negative != t.Query && t.Negative != t.Positive {
		list = append(list, t.Negative)
	}
	return list
}

// firstUse gives for each row of the metadata the first record that names it, or -1. Records that are not usable do not count.
func (f *File) firstUse(n int) []int32 {
	first := make([]int32, n)
	for i := range first {
		first[i] = -1
	}
	for i, t := range f.Triplets {
		if !f.usable(i) {
			continue
		}
		for _, row := range [...]int32{t.Query, t.Positive, t.Negative} {
			if first[row] < 0 {
				first[row] = int32(i)
			}
		}
	}
	return first
}

// findLeaks flags the lines of the triplets that use what validation uses.
func (r *Report) findLeaks() {
	m := r.Metadata
	valFirst := map[identity]int32{}
	for row, record := range r.Val.firstUse(m.Rows()) {
		if record < 0 {
			continue
		}
		key := identityOf(m, int32(row))
		if known, ok := valFirst[key]; !ok || record < known {
			valFirst[key] = record
		}
	}
	number := map[identity]int32{} // of a leak in r.leaks
	ofRow := make([]int32, m.Rows())
	for row, record := range r.Train.firstUse(m.Rows()) {
		ofRow[row] = -1
		if record < 0 {
			continue
		}
		key := identityOf(m, int32(row))
		val, ok := valFirst[key]
		if !ok {
			continue
		}
		n, ok := number[key]
		if !ok {
			n = int32(len(r.leaks))
			number[key] = n
			r.leaks = append(r.leaks, leak{row: int32(row), train: int(record), val: int(val)})
		}
		if l := &r.leaks[n]; int(record) < l.train {
			l.train = int(record)
		}
		ofRow[row] = n
	}
	r.countLeaks(ofRow)
	slices.SortStableFunc(r.leaks, func(a, b leak) int { return a.train - b.train })
}

func (r *Report) countLeaks(ofRow []int32) {
	f := r.Train
	for i, t := range f.Triplets {
		if !f.usable(i) {
			continue
		}
		a, b, c := ofRow[t.Query], ofRow[t.Positive], ofRow[t.Negative]
		if a < 0 && b < 0 && c < 0 {
			continue
		}
		f.flags[i] |= Leak.flag()
		for _, n := range rows(data.Triplet{Query: a, Positive: b, Negative: c}) { // each leak once
			if n >= 0 {
				r.leaks[n].lines++
			}
		}
	}
}

// Leaks counts the products and pictures that both files use.
func (r *Report) Leaks() int { return len(r.leaks) }
