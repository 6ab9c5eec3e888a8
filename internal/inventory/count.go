package inventory

import (
	"cmp"
	"hash/maphash"
	"slices"
	"strings"
	"sync"

	"deeprank/data"
)

// Inventory is what a table of pictures holds.
type Inventory struct {
	Rows           int
	Products       int // distinct ids that are known
	WithoutProduct int // rows whose id is not known
	Categories     []Value
	Colours        []Value
	Genders        []Value
	Pairs          []Pair // of category and colour; those that have rows
	PerProduct     []Bin  // how many products have so many pictures, in ascending order of pictures
	Single         []int32
	Repeated       int // rows that name a picture that a row before names
}

// Value is a value of a column and the rows that have it; "" stands for unknown.
type Value struct {
	Name string
	Rows int
}

// Pair is a category and a colour, as indices into Inventory's lists, and the rows that have both.
type Pair struct{ Category, Colour, Rows int }

// Bin is a number of pictures and the products that have just so many.
type Bin struct{ Pictures, Products int }

// Count counts. It takes time in proportion to the rows, and memory for a number a row and column beside the products.
func Count(m *data.Metadata) *Inventory {
	v := &Inventory{Rows: m.Rows()}
	var categories, colours []int32
	var wg sync.WaitGroup
	wg.Go(func() { v.Categories, categories = tally(m.Category) })
	wg.Go(func() { v.Colours, colours = tally(m.Color) })
	wg.Go(func() { v.Genders, _ = tally(m.Gender) })
	wg.Go(func() { v.countProducts(m.ID) })
	wg.Go(func() { v.Repeated = repeated(m.Name) })
	wg.Wait()
	v.Pairs = pairs(categories, colours, len(v.Colours))
	return v
}

// tally counts a column's values; of each row it gives the index of its value.
func tally(column []string) ([]Value, []int32) {
	known := make(map[string]int32)
	var values []Value
	codes := make([]int32, len(column))
	for row, name := range column {
		code, ok := known[name]
		if !ok {
			code = int32(len(values))
			known[name] = code
			values = append(values, Value{Name: name})
		}
		values[code].Rows++
		codes[row] = code
	}
	order := make([]int32, len(values))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(values[b].Rows-values[a].Rows, strings.Compare(values[a].Name, values[b].Name))
	})
	place := make([]int32, len(values))
	sorted := make([]Value, len(values))
	for to, from := range order {
		sorted[to], place[from] = values[from], int32(to)
	}
	for row, code := range codes {
		codes[row] = place[code]
	}
	return sorted, codes
}

// pairs counts the rows of each category and colour, in the order of the categories, then of the colours.
func pairs(categories, colours []int32, n int) []Pair {
	counts := make(map[int64]int)
	for row, c := range categories {
		counts[int64(c)*int64(n)+int64(colours[row])]++
	}
	list := make([]Pair, 0, len(counts))
	for key, rows := range counts {
		list = append(list, Pair{int(key / int64(n)), int(key % int64(n)), rows})
	}
	slices.SortFunc(list, func(a, b Pair) int { return cmp.Or(a.Category-b.Category, a.Colour-b.Colour) })
	return list
}

// countProducts fills Products, WithoutProduct, PerProduct, and Single, the rows of products with a single picture.
func (v *Inventory) countProducts(ids []string) {
	type product struct{ first, pictures int32 }
	known := make(map[string]int32)
	var products []product
	var at int32 // the product of the row before
	for row, id := range ids {
		if id == "" {
			v.WithoutProduct++
			continue
		}
		if row > 0 && id == ids[row-1] { // the pictures of a product often follow one another
			products[at].pictures++
			continue
		}
		var ok bool
		if at, ok = known[id]; !ok {
			at = int32(len(products))
			known[id] = at
			products = append(products, product{first: int32(row)})
		}
		products[at].pictures++
	}
	v.Products = len(products)
	bins := make(map[int32]int)
	for _, p := range products {
		bins[p.pictures]++
		if p.pictures == 1 {
			v.Single = append(v.Single, p.first)
		}
	}
	for pictures, n := range bins {
		v.PerProduct = append(v.PerProduct, Bin{int(pictures), n})
	}
	slices.SortFunc(v.PerProduct, func(a, b Bin) int { return a.Pictures - b.Pictures })
}

// repeated counts the names that stood before. Only names whose hash occurs twice are compared.
func repeated(names []string) int {
	seed := maphash.MakeSeed() // of no influence on the result
	hashes := make([]uint64, len(names))
	for i, name := range names {
		hashes[i] = maphash.String(seed, name)
	}
	slices.Sort(hashes)
	twice := make(map[uint64]struct{})
	for i := 1; i < len(hashes); i++ {
		if hashes[i] == hashes[i-1] {
			twice[hashes[i]] = struct{}{}
		}
	}
	if len(twice) == 0 {
		return 0
	}
	seen, n := make(map[string]struct{}), 0
	for _, name := range names {
		if _, ok := twice[maphash.String(seed, name)]; ok {
			if _, ok := seen[name]; ok {
				n++
			}
			seen[name] = struct{}{}
		}
	}
	return n
}

// Quantile gives the pictures that a share q of the products have at most: 0 the fewest, 0.5 the median (the lower one of two), 1 the most. Without products it
// is 0.
func (v *Inventory) Quantile(q float64) int {
	place := int(q * float64(v.Products-1)) // of the product, from 0
	for _, b := range v.PerProduct {
		if place -= b.Products; place < 0 {
			return b.Pictures
		}
	}
	return 0
}

// Mean gives the pictures of a product in the mean, 0 without products.
func (v *Inventory) Mean() float64 {
	return float64(v.Rows-v.WithoutProduct) / float64(max(1, v.Products))
}

// Known counts the values that are not unknown.
func Known(values []Value) int {
	for _, v := range values {
		if v.Name == "" {
			return len(values) - 1
		}
	}
	return len(values)
}
