package shop

import (
	"bufio"
	"context"
	"fmt"
	"strconv"
)

// catalogue is a shop without pictures, for tables of any length: many categories and colours, some frequent and most rare, pairs of them that no
// product has, and products with one picture beside ones with many. It keeps two bytes a product; all else is drawn again when it is needed.
// Product k is drawn from (seed, "article", k) in whole numbers, hence the same table on every machine.
type catalogue struct {
	seed    uint64
	views   []uint16 // pictures of each product; their mean is Options.Views exactly
	rows    int
	kinds   []int   // cumulated weights of the categories
	colours [][]int // of each category: cumulated weights of the colours
}

// The catalogue's categories, the most frequent first, with who they are for: w women, m men, u unisex.
var catalogueKinds = [...]struct{ name, genders string }{
	{"dress", "w"}, {"tshirt", "wmu"}, {"trousers", "wm"}, {"blouse", "w"}, {"sneaker", "wmu"}, {"sweater", "wmu"}, {"shirt", "m"},
	{"jeans", "wm"}, {"skirt", "w"}, {"jacket", "wm"}, {"bag", "wu"}, {"boot", "wm"}, {"coat", "wm"}, {"shorts", "wm"}, {"cardigan", "w"},
	{"sandal", "wm"}, {"bra", "w"}, {"sock", "wmu"}, {"hat", "wmu"}, {"scarf", "wu"}, {"belt", "wm"}, {"blazer", "wm"}, {"swimsuit", "wm"},
	{"jumpsuit", "w"}, {"tie", "m"},
}

// The catalogue's colours, the most frequent first.
var catalogueColours = [...]string{
	"Black", "White", "Blue", "Navy", "Grey", "Red", "Pink", "Beige", "Green", "Brown", "Multicoloured", "Light blue", "Cream", "Burgundy",
	"Khaki", "Dark grey", "Yellow", "Orange", "Purple", "Light grey", "Camel", "Olive", "Dark blue", "Rose", "Silver", "Gold", "Turquoise", "Mint",
	"Lilac", "Coral", "Mustard", "Taupe", "Petrol", "Ivory", "Cognac", "Sand", "Dark green", "Fuchsia", "Rust", "Peach", "Lavender", "Denim",
	"Anthracite", "Nude", "Copper", "Champagne", "Bordeaux",
}

// commonColours are those that every category has.
const commonColours = 8

// maxRows bounds a catalogue: rows are numbered in 31 bits.
const maxRows = 1<<31 - 2

// newCatalogue plans a catalogue of the options' Products, with Views pictures each in the mean.
func newCatalogue(o Options) *catalogue {
	c := &catalogue{seed: o.Seed, rows: o.Products * o.Views}
	total := 0
	for i := range catalogueKinds {
		total += 100_000 / (i + 2)
		c.kinds = append(c.kinds, total)
	}
	for i := range catalogueKinds {
		s := newStream(o.Seed, "tilt", i)
		var sums []int
		total := 0
		for j := range catalogueColours {
			tilt := 1 + s.below(4)
			if j >= commonColours && s.below(4) == 0 {
				tilt = 0
			}
			total += tilt * (100_000 / (j + 2))
			sums = append(sums, total)
		}
		c.colours = append(c.colours, sums)
	}
	c.spread(o)
	return c
}

// spread shares the pictures out: 15 % of the products have one; the others have two and a geometric number more, so that the mean is about Views;
// then single pictures go from product to product until it is exact.
func (c *catalogue) spread(o Options) {
	n, most := o.Products, 10*o.Views
	c.views = make([]uint16, n)
	left := c.rows
	for k := range c.views {
		s := newStream(c.seed, "pictures", k)
		v := 1
		if s.below(100) >= 15 {
			for v = 2; v < most && s.below(100*o.Views-100) < 100*o.Views-185; {
				v++
			}
		}
		c.views[k] = uint16(v)
		left -= v
	}
	step := 1
	if n%1_000_003 != 0 {
		step = 1_000_003 // a prime: the steps come by every product
	}
	for k := 0; left != 0; k = (k + step) % n {
		switch v := int(c.views[k]); {
		case left > 0 && v > 1 && v < most:
			c.views[k]++
			left--
		case left < 0 && v > 2:
			c.views[k]--
			left++
		case n <= 1000 && left > 0: // so few that perhaps all have one
			c.views[k]++
			left--
		}
	}
}

// article is a product of a catalogue.
type article struct {
	id, category, colour, gender string
	unseen                       bool // kept for validation
}

// article draws product k.
func (c *catalogue) article(k int) article {
	s := newStream(c.seed, "article", k)
	kind := s.weighted(c.kinds)
	g := catalogueKinds[kind].genders
	return article{
		id:       strconv.Itoa(1_000_000 + 7*k),
		category: catalogueKinds[kind].name,
		colour:   catalogueColours[s.weighted(c.colours[kind])],
		gender:   map[byte]string{'w': "women", 'm': "men", 'u': "unisex"}[g[s.below(len(g))]],
		unseen:   s.below(5) == 0,
	}
}

// weighted draws an index in proportion to weights that are given as their running sums.
func (s *stream) weighted(sums []int) int {
	x := s.below(sums[len(sums)-1])
	for i, sum := range sums {
		if x < sum {
			return i
		}
	}
	panic("shop: a draw beyond all weights")
}

// write writes the catalogue as a metadata table: the pictures of a product follow one another. None of its texts needs quotes.
func (c *catalogue) write(ctx context.Context, w *bufio.Writer, progress func(done, total int)) error {
	if _, err := w.WriteString("_category\t_color\t_id\t_gender\t_name\n"); err != nil {
		return err
	}
	const every = 100_000 // rows between two calls of progress
	done, shown := 0, 0
	for k, views := range c.views {
		a := c.article(k)
		front := a.category + "\t" + a.colour + "\t" + a.id + "\t" + a.gender + "\t" + a.category + "/" + a.id + "_"
		for v := range int(views) {
			w.WriteString(front)
			w.Write(strconv.AppendInt(w.AvailableBuffer(), int64(v+1), 10))
			if _, err := w.WriteString(".jpg\n"); err != nil { // the writer keeps the first error
				return err
			}
		}
		if done += int(views); done-shown >= every || done == c.rows {
			shown = done
			if err := context.Cause(ctx); err != nil {
				return err
			}
			if progress != nil {
				progress(done, c.rows)
			}
		}
	}
	return nil
}

// parts gives the rows of the products that training sees, and of those kept for validation, and how many products are kept.
func (c *catalogue) parts() (rows [2][]int32, unseen int) {
	row := int32(0)
	for k, views := range c.views {
		part := 0
		if c.article(k).unseen {
			part = 1
			unseen++
		}
		for range views {
			rows[part] = append(rows[part], row)
			row++
		}
	}
	return rows, unseen
}

// validateCatalogue says which option is out of its range for a shop without pictures.
func validateCatalogue(o Options) error {
	const mostProducts = 500_000_000
	switch {
	case o.Products < MinProducts || o.Products > mostProducts:
		return fmt.Errorf("products is %d; it must be from %d to %d", o.Products, MinProducts, mostProducts)
	case o.Views < 2 || o.Views > MaxViews:
		return fmt.Errorf("views is %d; it must be from %d to %d", o.Views, 2, MaxViews)
	case o.Products > maxRows/o.Views:
		return fmt.Errorf("products is %d; with %d pictures each it must be at most %d", o.Products, o.Views, maxRows/o.Views)
	}
	return nil
}
