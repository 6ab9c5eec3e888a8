package shop

// layer is one sheet of a garment, drawn over the ones before it.
type layer struct {
	shape  []polygon
	fill   fill
	amount float64 // of darkening, 0 to 1
	place  place
	bare   bool // no darker edge
}

// place says where a layer lies.
type place int

const (
	sheet place = iota // on its own; what follows may lie on it
	on                 // only where the last sheet lies: pockets, hems, seams
	over               // on its own, but not a sheet: buttons, soles, collars
)

// fill says what a layer is made of.
type fill int

const (
	fabric fill = iota // the base colour with its pattern
	cloth              // the base colour without pattern
	trim               // the product's trim colour
	sole               // the sole's or lining's colour
	metal              // buttons and buckles
	darken
)

// garment is a kind of thing that the shop sells: a value of _category.
type garment struct {
	name    string
	genders []string
	prints  patternKind             // the first so many patterns suit it
	cut     func(s *stream) []layer // draws the product's own cut from its stream
}

// garments are the categories, in the order of product numbers.
var garments = [...]garment{
	{"tshirt", []string{"women", "men", "unisex"}, patternKinds, cutTShirt},
	{"sweater", []string{"women", "men", "unisex"}, patternKinds, cutSweater},
	{"dress", []string{"women"}, emblem, cutDress},
	{"skirt", []string{"women"}, emblem, cutSkirt},
	{"trousers", []string{"women", "men"}, emblem, cutTrousers},
	{"shorts", []string{"women", "men"}, emblem, cutShorts},
	{"coat", []string{"women", "men"}, band, cutCoat},
	{"hat", []string{"women", "men", "unisex"}, emblem, cutHat},
	{"shoe", []string{"women", "men"}, block, cutShoe},
	{"bag", []string{"women", "unisex"}, patternKinds, cutBag},
}

// seam is a dark thin line on the layer below.
func seam(line polygon, width float64) layer {
	return layer{shape: stroke(line, width, false), fill: darken, amount: 0.45, place: on, bare: true}
}

func seams(lines []polygon, width float64) layer {
	l := layer{fill: darken, amount: 0.4, place: on, bare: true}
	for _, line := range lines {
		l.shape = append(l.shape, stroke(line, width, false)...)
	}
	return l
}

// button is a round spot with a rim.
func button(x, y, r float64) layer {
	return layer{shape: []polygon{ellipse(x, y, r, r)}, fill: metal, place: over}
}
