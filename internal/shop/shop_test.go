package shop

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"slices"
	"strings"
	"testing"
)

func newShop(t *testing.T, o Options) *Shop {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The pictures' pixels are the same on every machine and with every version of
// Go. A change of this value is a change of the demo: raise markerVersion.
func TestPicturesAreTheSameEverywhere(t *testing.T) {
	const want = "1818bfd4c405fd00c8703d210b635779dde5ca88f60277aa633914c60bf39730"
	s := newShop(t, Options{Products: 60, Views: 3, Size: 48, Seed: 1})
	painter, sum := s.NewPainter(), sha256.New()
	for i := range s.Products {
		for v := range s.Options.Views {
			sum.Write([]byte(s.Products[i].File(v)))
			sum.Write(painter.Picture(i, v).Pix)
		}
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != want {
		t.Errorf("the pictures' sum is %s, want %s", got, want)
	}
}

func TestPicturesDoNotDependOnOrder(t *testing.T) {
	s := newShop(t, Options{Products: 30, Views: 2, Size: 40, Seed: 3})
	a, b := s.NewPainter(), s.NewPainter()
	for i := range s.Products {
		j := len(s.Products) - 1 - i
		b.Picture(j, 1)
		if !slices.Equal(a.Picture(i, 0).Pix, b.Picture(i, 0).Pix) {
			t.Fatalf("product %d depends on what was drawn before it", i)
		}
	}
}

func TestShop(t *testing.T) {
	s := newShop(t, Options{Products: 300, Views: 4, Size: 64, Seed: 1})
	pairs, unseen, ids := map[string]int{}, map[string]int{}, map[string]bool{}
	total := 0
	for _, p := range s.Products {
		pairs[p.Category+" "+p.Color]++
		ids[p.ID] = true
		if p.Unseen {
			unseen[p.Category]++
			total++
		}
	}
	if len(ids) != 300 {
		t.Errorf("%d different ids", len(ids))
	}
	if len(pairs) != 100 {
		t.Errorf("%d pairs of category and colour", len(pairs))
	}
	for pair, n := range pairs {
		if n != 3 {
			t.Errorf("%s: %d products", pair, n)
		}
	}
	if len(unseen) != len(garments) || total != 60 {
		t.Errorf("for validation: %d products of %v", total, unseen)
	}
	for _, n := range []int{20, 21, 29, 57} {
		parts := map[string][2]int{}
		for _, p := range newShop(t, Options{Products: n, Views: 2, Size: 16, Seed: 5}).Products {
			c := parts[p.Category]
			if p.Unseen {
				c[1]++
			} else {
				c[0]++
			}
			parts[p.Category] = c
		}
		if len(parts) != len(garments) {
			t.Errorf("%d products: %d categories", n, len(parts))
		}
		for category, c := range parts {
			if c[0] < c[1] || c[1] == 0 {
				t.Errorf("%d products: %s is split %v", n, category, c)
			}
		}
	}
	if slices.EqualFunc(s.Products, newShop(t, Options{Products: 300, Views: 4, Size: 64, Seed: 2}).Products, func(a, b Product) bool { return a.base == b.base }) {
		t.Error("another seed gives the same shop")
	}
}

func TestBadOptions(t *testing.T) {
	good := Options{Products: 20, Views: 2, Size: 16, Seed: 0}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		change func(*Options)
		want   string
	}{
		{func(o *Options) { o.Products = 19 }, "products is 19"},
		{func(o *Options) { o.Products = math.MinInt }, "products is -"},
		{func(o *Options) { o.Views = 1 }, "views is 1"},
		{func(o *Options) { o.Size = 15 }, "size is 15"},
		{func(o *Options) { o.Size = 513 }, "size is 513; it must be from 16 to 512"},
	} {
		o := good
		c.change(&o)
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want %q", o, err, c.want)
		}
	}
}

// A garment stays within its square, so that it stays in the picture, and
// covers enough of it to be seen.
func TestGarmentsFillTheirSquare(t *testing.T) {
	s := newShop(t, Options{Products: 1000, Views: 2, Size: 64, Seed: 11})
	c := newCanvas(64)
	straight := &view{scale: 32, cos: 1, x: 32, y: 32}
	painter := s.NewPainter()
	for i := range s.Products {
		p := painter.cut(i)
		cover := make([]uint8, 64*64)
		for k := range p.layers {
			l := &p.layers[k]
			if l.place == on {
				continue
			}
			for _, poly := range l.shape {
				for _, a := range poly {
					if !(math.Abs(a.x) <= 1.05 && math.Abs(a.y) <= 1.05) {
						t.Fatalf("%s %s: a point at %v", p.Category, p.ID, a)
					}
				}
			}
			c.cover(c.mask, l.shape, straight, 0, 0)
			for k, a := range c.mask.Pix {
				cover[k] = max(cover[k], a)
			}
		}
		sum := 0
		for _, a := range cover {
			sum += int(a)
		}
		if share := float64(sum) / 255 / (64 * 64); share < 0.15 || share > 0.8 {
			t.Errorf("%s %s covers %.2f of its square", p.Category, p.ID, share)
		}
	}
}

// The colour that the metadata names is what most of the garment shows.
func TestColourIsSeen(t *testing.T) {
	s := newShop(t, Options{Products: 300, Views: 2, Size: 64, Seed: 4})
	for i := range s.Products {
		p := &s.Products[i]
		sum, n := 0.0, 0
		for y := -0.6; y < 0.6; y += 0.05 {
			for x := -0.3; x < 0.3; x += 0.05 {
				sum += p.print.at(x, y, 0.02)
				n++
			}
		}
		if share := sum / float64(n); !(share <= 0.62) {
			t.Errorf("%s %s: pattern %d shows the second colour on %.2f", p.Category, p.ID, p.print.kind, share)
		}
		nearest := colours[0]
		for _, c := range colours {
			if c.rgb.distance(p.base) < nearest.rgb.distance(p.base) {
				nearest = c
			}
		}
		if nearest.name != p.Color {
			t.Errorf("%s %s is named %s and looks %s", p.Category, p.ID, p.Color, nearest.name)
		}
		if d := p.base.distance(p.second); d < 60 {
			t.Errorf("%s %s: the second colour is only %.0f away", p.Category, p.ID, d)
		}
	}
}

// Two products of one category and colour differ in more than noise would make them.
func TestProductsDiffer(t *testing.T) {
	s := newShop(t, Options{Products: 300, Views: 2, Size: 48, Seed: 1})
	painter := s.NewPainter()
	seen := map[string][][]uint8{}
	for i := range s.Products {
		p := painter.cut(i)
		flat := &view{scale: 22, cos: 1, x: 24, y: 24, noise: newStream(0, "none"),
			light: light{gain: 1, tint: rgb{1, 1, 1}}, back: backdrop{one: paper, two: paper}}
		pix := painter.canvas.picture(p, flat).Pix
		key := p.Category + " " + p.Color
		for _, other := range seen[key] {
			changed := 0
			for k := range pix {
				if d := int(pix[k]) - int(other[k]); d > 24 || d < -24 {
					changed++
				}
			}
			if changed < len(pix)/100 {
				t.Errorf("%s: two products differ in %d of %d bytes only", key, changed, len(pix))
			}
		}
		seen[key] = append(seen[key], pix)
	}
}
