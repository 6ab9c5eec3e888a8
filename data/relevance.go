package data

import (
	"fmt"
	"math"
	"math/rand/v2"

	"deeprank/internal/selection"
)

const purposeFilling = 0x66696c6c // filling of the buffers

// DefaultWeights are those that RelevanceRule's users start from: a picture of the query's product counts as much as a thousand of its
// colour, as there are that many fewer.
func DefaultWeights() Weights {
	return Weights{Product: 1000, Category: 0.001, Colour: 1, Gender: 0.01}
}

// Defaults of a RelevanceRule.
const (
	DefaultMargin = 0.5
	DefaultBuffer = 4096
)

// Weights are what two pictures of one category have in common counts for their relevance to each other; what is unknown is not in common.
type Weights struct{ Product, Category, Colour, Gender float64 }

// RelevanceRule says which triplets a Relevance draws: Wang et al. 2014, section 4.
//
// The relevance r(i,j) of two pictures of one category is the sum of the weights of what they have in common, that of others 0; the total
// relevance r(i) the sum of r(i,j) over all j but i.
//
// Each category has a buffer of at most Buffer pictures, filled from all of its pictures by weighted reservoir sampling without replacement: those
// with the largest keys u^(1/r(i)), u uniform in (0, 1). The buffers are filled anew for every 65,536 to 262,144 triplets (one for eight rows).
// Of each triplet, first the kind of the negative is drawn, in-class in the share InClass; then
//
//   - the query q, evenly from the pictures in all buffers;
//   - the positive p from the others in q's buffer, each accepted with min(1, r(q,p)/r(p)): in proportion to r(q,p)/r(p);
//   - an in-class negative n in the same way, of another product and with r(q,p) - r(q,n) >= Margin; an out-of-class one evenly from the other
//     buffers, of another product.
//
// What has no positive or no negative is drawn again from the query on. Nothing is tried one by one: r(q,.) is a sum over
// groups (product, category, colour, gender), so that a group is drawn first, then a picture of it in proportion to 1/r.
type RelevanceRule struct {
	Weights Weights
	InClass float64
	Margin  float64
	Buffer  int
}

func (u RelevanceRule) validate() error {
	for _, v := range []float64{u.Weights.Product, u.Weights.Category, u.Weights.Colour, u.Weights.Gender, u.Margin} {
		if !(v >= 0 && v <= 1e12) {
			return fmt.Errorf("data: RelevanceRule: a weight or margin of %v", v)
		}
	}
	if !(u.InClass >= 0 && u.InClass <= 1) || u.Buffer < 2 {
		return fmt.Errorf("data: RelevanceRule: share %v, buffer %d", u.InClass, u.Buffer)
	}
	return nil
}

// Relevance draws triplets by a RelevanceRule. It takes some 36 bytes a row, and a filling of the buffers for each thread.
type Relevance struct {
	rule   RelevanceRule
	rows   *Sampler  // the rows in their orders
	gender []int32   // of each place
	total  []float64 // of each place: r(i)
}

// NewRelevance makes the tables. What the data cannot give is a *Refused.
func NewRelevance(l *Labels, rule RelevanceRule) (*Relevance, error) {
	if err := rule.validate(); err != nil {
		return nil, err
	}
	v := &Relevance{rule: rule, rows: &Sampler{path: l.Path}}
	v.rows.order(l)
	v.rows.groupProducts()
	v.weigh(l)
	return v, v.check()
}

// weigh counts the groups of each picture and sums their weights.
func (v *Relevance) weigh(l *Labels) {
	s, w := v.rows, v.rule.Weights
	v.gender, v.total = make([]int32, len(s.rows)), make([]float64, len(s.rows))
	genders := make([]int32, l.Genders)
	for _, category := range s.categories {
		clear(genders)
		for place := category.from; place < category.to; place++ {
			g := l.Gender[s.rows[place].row]
			if v.gender[place] = g; g != Unknown {
				genders[g]++
			}
		}
		for place := category.from; place < category.to; place++ {
			c := &s.cells[s.rows[place].cell]
			r := float64(w.Product*float64(c.inCategory-1)) + float64(w.Category*float64(category.len()-1))
			if p := &s.pairs[c.pair]; p.colour != Unknown {
				r += float64(w.Colour * float64(p.len()-1))
			}
			if g := v.gender[place]; g != Unknown {
				r += float64(w.Gender * float64(genders[g]-1))
			}
			v.total[place] = r
		}
	}
}

// relevance gives r(a,b) of two places of one category.
func (v *Relevance) relevance(a, b int32) float64 {
	s, w := v.rows, v.rule.Weights
	r := w.Category
	if s.rows[a].id == s.rows[b].id {
		r += w.Product
	}
	x, y := s.cells[s.rows[a].cell].pair, s.cells[s.rows[b].cell].pair
	if x == y && s.pairs[x].colour != Unknown {
		r += w.Colour
	}
	if g := v.gender[a]; g != Unknown && g == v.gender[b] {
		r += w.Gender
	}
	return r
}

// check refuses data that gives no triplets: it tries.
func (v *Relevance) check() error {
	refuse := func(reason, remedy string) error { return &Refused{Path: v.rows.path, Reason: reason, Remedy: remedy} }
	some := false
	for _, r := range v.total {
		some = some || r > 0
	}
	if !some {
		return refuse("no two pictures of a category have anything in common that has a weight",
			"fill in _category and _id, and _color or _gender, or raise the weights")
	}
	if v.rule.InClass < 1 && len(v.rows.categories) < 2 {
		return refuse("all pictures are of one category, so that there is no negative of another", "set the share of in-class negatives to 1")
	}
	d := v.open(0, 0)
	for kind, wanted := range [...]bool{OutOfClass: v.rule.InClass < 1, InClass: v.rule.InClass > 0} {
		if !wanted {
			continue
		}
		tries := maxQueries
		if _, _, err := d.draw(rand.New(rand.NewPCG(1, uint64(kind))), Kind{Negative: NegativeKind(kind)}, &tries); err != nil {
			return err
		}
	}
	return nil
}

// What Generate needs.

func (v *Relevance) chunk() int                     { return min(max(len(v.total)/8, 1<<16), 1<<18) }
func (v *Relevance) pictures() int                  { return len(v.total) }
func (v *Relevance) file() string                   { return v.rows.path }
func (v *Relevance) capacity(GenerateOptions) error { return nil }

// fill draws the buffers' places, ascending.
func (v *Relevance) fill(r *rand.Rand) (slots []int32, categories []span) {
	size := v.rule.Buffer
	var keys, scratch []float64
	for _, category := range v.rows.categories {
		// -log u is exponential, so that the largest u^(1/r) are the smallest e/r. Candidates gather to twice the size; then the
		// smaller half stays, and a place whose key is larger than all of these is no candidate any more.
		first, most := len(slots), math.Inf(1)
		keys = keys[:0]
		cut := func() {
			scratch = append(scratch[:0], keys...)
			most = selection.Smallest(scratch, size)
			kept := 0
			for i, k := range keys {
				if k <= most && kept < size {
					keys[kept], slots[first+kept] = k, slots[first+i]
					kept++
				}
			}
			keys, slots = keys[:kept], slots[:first+kept]
		}
		for place := category.from; place < category.to; place++ {
			if v.total[place] <= 0 {
				continue
			}
			key := r.ExpFloat64() / v.total[place]
			if key >= most {
				continue
			}
			keys, slots = append(keys, key), append(slots, place)
			if len(keys) == 2*size {
				cut()
			}
		}
		if len(keys) > size {
			cut()
		}
		categories = append(categories, span{int32(first), int32(len(slots))})
	}
	return slots, categories
}
