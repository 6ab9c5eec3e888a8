package shop

import (
	"fmt"
	"image"
	"sort"
	"strconv"
)

// Limits of the options. A picture above MaxSize would be rasterised in
// floating point, whose last bit is not the same on every machine.
const (
	MinSize     = 16
	MaxSize     = 512
	MinProducts = 2 * len(garments)
	MaxProducts = 1_000_000
	MaxViews    = 100
)

// Options fix a shop to the last bit.
type Options struct {
	Products int    `json:"products"`
	Views    int    `json:"views"` // pictures a product
	Size     int    `json:"size"`  // side of a picture in pixels
	Seed     uint64 `json:"seed"`
}

// Validate says which option is out of its range.
func (o Options) Validate() error {
	for _, c := range []struct {
		name           string
		value, low, hi int
	}{
		{"products", o.Products, MinProducts, MaxProducts},
		{"views", o.Views, 2, MaxViews},
		{"size", o.Size, MinSize, MaxSize},
	} {
		if c.value < c.low || c.value > c.hi {
			return fmt.Errorf("%s is %d; it must be from %d to %d", c.name, c.value, c.low, c.hi)
		}
	}
	return nil
}

// Shop is the plan of all products; pictures are drawn on demand.
type Shop struct {
	Options  Options
	Products []Product // in the order of their ids
}

// Product is one article: its names and its look.
type Product struct {
	ID       string
	Category string // also its pictures' folder
	Color    string
	Gender   string
	Unseen   bool // kept for validation

	number                          int
	layers                          []layer // the cut; a Painter's, who makes it when it is needed: a large shop's would fill the memory
	print                           pattern
	base, second, trim, sole, metal rgb
	foldX, foldY                    float64 // waves a garment unit
}

// New plans a shop. About one product in five of each category is marked
// Unseen, so that both parts hold every category.
func New(o Options) (*Shop, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	s := &Shop{Options: o, Products: make([]Product, o.Products)}
	n := len(garments)
	var order [len(garments)][]int // of the colours, a category
	for c := range order {
		order[c] = newStream(o.Seed, "colours", c).permutation(len(colours))
	}
	ids := newStream(o.Seed, "ids").permutation(o.Products)
	for k := range s.Products {
		colour := order[k%n][k/n%len(colours)]
		s.Products[k] = product(o.Seed, k, k%n, colour)
		s.Products[k].ID = strconv.Itoa(100000 + 7*ids[k])
	}
	for c := range garments {
		mine := (o.Products - c + n - 1) / n // products k with k mod n = c
		unseen := max(1, (mine+2)/5)
		for _, j := range newStream(o.Seed, "split", c).permutation(mine)[:unseen] {
			s.Products[c+j*n].Unseen = true
		}
	}
	sort.Slice(s.Products, func(i, j int) bool { return s.Products[i].ID < s.Products[j].ID })
	return s, nil
}

// product draws the looks of product number k.
func product(seed uint64, k, category, colour int) Product {
	s := newStream(seed, "product", k)
	g := &garments[category]
	p := Product{
		Category: g.name,
		Color:    colours[colour].name,
		Gender:   g.genders[s.below(len(g.genders))],
		number:   k,
		base:     s.shade(colours[colour].rgb),
		print:    s.pattern(g.prints),
		foldX:    s.between(0.6, 1.8),
		foldY:    s.between(-0.8, 0.8),
	}
	p.second = s.contrast(p.base)
	switch s.below(4) {
	case 0:
		p.trim = p.second
	case 1:
		p.trim = p.base.times(0.62)
	case 2:
		p.trim = p.base.toward(paper, 0.45)
	default:
		p.trim = s.contrast(p.base)
	}
	p.sole = s.contrast(p.base)
	p.metal = [...]rgb{{214, 176, 84}, {196, 200, 206}, {60, 58, 60}, {240, 236, 226}}[s.below(4)]
	return p
}

// File returns the path of picture v (from 0) of a product below the images folder.
func (p *Product) File(v int) string {
	return p.Category + "/" + p.ID + "_" + strconv.Itoa(v+1) + ".jpg"
}

// Painter draws pictures of one shop; each worker needs its own.
type Painter struct {
	shop    *Shop
	canvas  *canvas
	product Product // the one drawn last, with its layers
}

// NewPainter returns a painter with its own memory.
func (s *Shop) NewPainter() *Painter {
	return &Painter{shop: s, canvas: newCanvas(s.Options.Size)}
}

// Picture draws picture v (from 0) of product i, opaque, Size x Size.
func (p *Painter) Picture(i, v int) *image.RGBA {
	product := p.cut(i)
	look := newStream(p.shop.Options.Seed, "view", product.number, v).view(p.shop.Options.Size)
	return p.canvas.picture(product, &look)
}

// cut gives product i with its layers. The views of a product are mostly drawn one after the other.
func (p *Painter) cut(i int) *Product {
	if product := &p.shop.Products[i]; p.product.layers == nil || p.product.ID != product.ID {
		p.product = *product
		seed := p.shop.Options.Seed
		p.product.layers = garments[product.number%len(garments)].cut(newStream(seed, "cut", product.number))
	}
	return &p.product
}
