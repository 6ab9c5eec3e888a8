package shop

// rgb is a colour with its parts in [0, 255].
type rgb struct{ r, g, b float64 }

func (c rgb) times(f float64) rgb { return rgb{c.r * f, c.g * f, c.b * f} }

func (c rgb) toward(d rgb, t float64) rgb {
	return rgb{mix(c.r, d.r, t), mix(c.g, d.g, t), mix(c.b, d.b, t)}
}

// distance returns the Euclidean distance of two colours.
func (c rgb) distance(d rgb) float64 {
	g := c.g - d.g
	rb := length(c.r-d.r, c.b-d.b)
	return length(g, rb)
}

var (
	ink   = rgb{34, 34, 38}
	paper = rgb{246, 243, 236}
)

type namedColour struct {
	name string
	rgb  rgb
}

// colours are the values of the column _color.
var colours = [...]namedColour{
	{"Black", rgb{40, 40, 44}},
	{"White", rgb{244, 243, 240}},
	{"Grey", rgb{138, 140, 145}},
	{"Red", rgb{198, 38, 44}},
	{"Blue", rgb{42, 88, 186}},
	{"Green", rgb{46, 138, 72}},
	{"Yellow", rgb{242, 202, 52}},
	{"Pink", rgb{243, 148, 178}},
	{"Brown", rgb{122, 76, 44}},
	{"Purple", rgb{118, 62, 160}},
}

// shade returns the product's own shade of a colour: near enough to keep its
// name, far enough to tell two products apart.
func (s *stream) shade(c rgb) rgb {
	f := s.between(0.9, 1.08)
	part := func(v float64) float64 { return min(max(mad(v, f, s.between(-9, 9)), 8), 250) }
	return rgb{part(c.r), part(c.g), part(c.b)}
}

// contrast draws a second colour for a fabric of the given base: mostly white,
// black or a tint, rarely another colour of the palette, never too near.
func (s *stream) contrast(base rgb) rgb {
	for range 20 {
		var c rgb
		switch s.below(12) {
		case 0, 1, 2, 3:
			c = paper
		case 4, 5:
			c = ink
		case 6, 7, 8:
			c = base.toward(paper, 0.6)
		case 9, 10:
			c = base.times(0.45)
		default:
			c = colours[s.below(len(colours))].rgb
		}
		if c.distance(base) > 85 {
			return s.shade(c)
		}
	}
	if base.distance(paper) > base.distance(ink) {
		return paper
	}
	return ink
}
