package data

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

const purposeSplit = 0x73706c6974 // which products are for validation; see augment.go

// SplitOptions say how to part the pictures.
type SplitOptions struct {
	Val        float64 // share of the products (or categories) that are for validation, between 0 and 1
	ByCategory bool    // whole categories go to a side
	Seed       uint64  // the same seed, metadata and options give the same parts
}

// Split is metadata parted in two, for training and for validation. No product is in both parts.
type Split struct {
	Train, Val                     []int32 // rows, in ascending order; each row is in one of the two
	TrainProducts, ValProducts     int
	TrainCategories, ValCategories int // that the products count in; those without a category are one more
}

// SplitProducts parts the rows so that all pictures of a product are on one side. A row without an id is a product of its own; rows without an id that
// name the same picture are one.
//
// The share of validation is met to within half a product, and at least one product is on each side. It is spread over the
// categories in proportion to their products, by Sainte-Laguë's method. A category of two or more products has some on each side, as far as the share
// allows. A product that is in several categories counts in the one that most of its rows are in, the first in the file of equals. In each
// category chance decides.
//
// ByCategory takes whole categories, with all products that count in them, instead: the share is one of the categories then, however many products
// they have.
func SplitProducts(m *Metadata, o SplitOptions) (*Split, error) {
	if !(o.Val > 0 && o.Val < 1) {
		return nil, fmt.Errorf("data: SplitProducts: a share of %v; it must be between 0 and 1", o.Val)
	}
	product, n := numberProducts(m)
	if n < 2 {
		return nil, &Refused{Path: m.Path, Reason: "all pictures are of one product", Remedy: "a split by product needs two or more; check the column _id"}
	}
	groups := groupByCategory(m, product, n)
	r := rand.New(rand.NewPCG(mix(o.Seed, purposeSplit), mix(purposeSplit, o.Seed)))
	var take []int // of each group, so many of its products
	if o.ByCategory {
		if len(groups) < 2 {
			return nil, &Refused{Path: m.Path, Reason: "all products are of one category", Remedy: "a split by category needs two or more; check the column _category, or split by product"}
		}
		take = make([]int, len(groups))
		for _, g := range r.Perm(len(groups))[:share(o.Val, len(groups))] {
			take[g] = len(groups[g])
		}
	} else {
		take = apportion(groups, share(o.Val, n))
	}
	s := &Split{}
	inVal := make([]bool, n)
	for g, members := range groups {
		r.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
		for _, p := range members[:take[g]] {
			inVal[p] = true
		}
		s.ValProducts += take[g]
		s.TrainProducts += len(members) - take[g]
		if take[g] > 0 {
			s.ValCategories++
		}
		if take[g] < len(members) {
			s.TrainCategories++
		}
	}
	for row, p := range product {
		if inVal[p] {
			s.Val = append(s.Val, int32(row))
		} else {
			s.Train = append(s.Train, int32(row))
		}
	}
	return s, nil
}

// share gives a share of n to the nearest whole number, and at least one for each side.
func share(of float64, n int) int { return min(max(int(math.Round(of*float64(n))), 1), n-1) }

// numberProducts gives each row's product as a number below n, in the order in which they come in the file.
func numberProducts(m *Metadata) (product []int32, n int) {
	product = make([]int32, m.Rows())
	ids, names := map[string]int32{}, map[string]int32{}
	for row := range product {
		known, text := ids, m.ID[row]
		if text == "" {
			known, text = names, m.Name[row]
		}
		p, ok := known[text]
		if !ok {
			p = int32(n)
			known[text] = p
			n++
		}
		product[row] = p
	}
	return product, n
}

// groupByCategory gives the products of each category, both in the order in which they come in the file. What has no category is in a
// group of its own. No group is empty.
func groupByCategory(m *Metadata, product []int32, n int) [][]int32 {
	type count struct{ category, rows int32 }
	counts := make([][]count, n) // of each product: its categories, nearly always one
	number := map[string]int32{}
	for row, p := range product {
		c, ok := number[m.Category[row]]
		if !ok {
			c = int32(len(number))
			number[m.Category[row]] = c
		}
		i := slices.IndexFunc(counts[p], func(x count) bool { return x.category == c })
		if i < 0 {
			i = len(counts[p])
			counts[p] = append(counts[p], count{category: c})
		}
		counts[p][i].rows++
	}
	groups := make([][]int32, len(number))
	for p, list := range counts {
		most := list[0]
		for _, x := range list[1:] {
			if x.rows > most.rows {
				most = x
			}
		}
		groups[most.category] = append(groups[most.category], int32(p))
	}
	return slices.DeleteFunc(groups, func(g []int32) bool { return len(g) == 0 })
}

// apportion says how many of each group to take so that there are want in all, which must not be more than there are.
//
// The members of a group stand in a line, and number k of n has the quotient (2k-1)/2n; those with the smallest quotients are taken: Sainte-Laguë's method.
// The first of a group of two or more comes before all others, and the last of a group after all others.
func apportion(groups [][]int32, want int) []int {
	type seat struct {
		class      int // first, middle, last
		odd, twice int64
		group      int
	}
	var seats []seat
	for g, members := range groups {
		n := len(members)
		for k := 1; k <= n; k++ {
			class := 1
			switch k {
			case n:
				class = 2
			case 1:
				class = 0
			}
			seats = append(seats, seat{class, int64(2*k - 1), int64(2 * n), g})
		}
	}
	slices.SortFunc(seats, func(a, b seat) int {
		return cmp.Or(cmp.Compare(a.class, b.class), cmp.Compare(a.odd*b.twice, b.odd*a.twice), cmp.Compare(a.group, b.group))
	})
	take := make([]int, len(groups))
	for _, s := range seats[:want] {
		take[s.group]++
	}
	return take
}

// Sides parts triplets: those whose three pictures are all for training, all for validation, and the number of the others.
func (s *Split) Sides(ts []Triplet) (train, val []Triplet, mixed int) {
	inVal := make([]bool, len(s.Train)+len(s.Val))
	for _, row := range s.Val {
		inVal[row] = true
	}
	for _, t := range ts {
		q, p, n := inVal[t.Query], inVal[t.Positive], inVal[t.Negative]
		switch {
		case q && p && n:
			val = append(val, t)
		case !q && !p && !n:
			train = append(train, t)
		default:
			mixed++
		}
	}
	return train, val, mixed
}
