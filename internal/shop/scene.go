package shop

import "math"

// view is one way of taking a picture of a product.
type view struct {
	// Where the garment lies: pixel = centre + scale * rotation * point.
	scale    float64 // pixels a garment unit
	sin, cos float64
	x, y     float64 // centre in pixels

	back  backdrop
	light light
	noise *stream
}

// backdrop is what lies behind the garment.
type backdrop struct {
	kind     backdropKind
	one, two rgb
	period   float64 // share of the picture's side
	phase    float64
	dx, dy   float64 // direction, of length 1
	horizon  float64 // share of the height
}

type backdropKind int

const (
	studio backdropKind = iota // a soft slope between two near tones
	corner                     // wall and floor
	planks
	tiles
	spot // a bright disc that fades outwards
	backdropKinds
)

// light changes the finished picture.
type light struct {
	gain   float64
	slope  float64 // from one side to the other, along (dx, dy)
	dx, dy float64
	tint   rgb     // factor a channel, near 1
	grain  float64 // noise's deviation in grey levels
	shadow point   // offset of the garment's shadow in pixels
	dark   float64 // of the shadow, 0 to 1
}

var walls = [...]rgb{
	{236, 236, 238}, {226, 222, 214}, {214, 222, 232}, {232, 216, 210}, {212, 224, 208},
	{196, 200, 208}, {222, 210, 226}, {238, 232, 210}, {176, 186, 196}, {202, 190, 176},
}

var woods = [...]rgb{{196, 160, 120}, {170, 132, 96}, {214, 190, 158}, {150, 128, 110}}

// view draws the random parts of one picture of side size.
func (s *stream) view(size int) view {
	side := float64(size)
	v := view{scale: mul(s.between(0.33, 0.46), side)}
	v.sin, v.cos = sincos(s.between(-0.04, 0.04))
	// The garment may touch the border, but stays in the picture.
	free := mul(side, 0.5) - v.scale
	v.x = mad(s.between(-1, 1), free, side/2)
	v.y = mad(s.between(-1, 1), free, side/2)
	v.back = s.backdrop()
	l := &v.light
	l.gain = s.between(0.84, 1.1)
	l.slope = s.between(0, 0.16)
	l.dy, l.dx = sincos(s.float())
	warm := s.between(-0.05, 0.05)
	l.tint = rgb{1 + warm, 1, 1 - warm}
	l.grain = s.between(1, 7)
	l.shadow = point{mul(s.between(-0.05, 0.05), side), mul(s.between(0.01, 0.05), side)}
	l.dark = s.between(0.2, 0.5)
	v.noise = s
	return v
}

func (s *stream) backdrop() backdrop {
	b := backdrop{
		kind:    backdropKind(s.below(int(backdropKinds))),
		one:     s.shade(walls[s.below(len(walls))]),
		period:  s.between(0.12, 0.3),
		phase:   s.float(),
		horizon: s.between(0.55, 0.85),
	}
	b.dy, b.dx = sincos(s.float())
	switch b.kind {
	case studio:
		b.two = b.one.times(s.between(0.72, 0.95))
	case corner:
		b.two = s.shade(walls[s.below(len(walls))]).times(s.between(0.6, 0.95))
		if s.chance(0.4) {
			b.two = s.shade(woods[s.below(len(woods))])
		}
	case planks:
		b.one = s.shade(woods[s.below(len(woods))])
		b.two = b.one.times(0.8)
		if s.chance(0.5) {
			b.dx, b.dy = 1, 0
		} else {
			b.dx, b.dy = 0, 1
		}
	case tiles:
		b.two = b.one.times(s.between(0.86, 0.94))
	case spot:
		b.two = b.one.times(s.between(0.55, 0.75))
	}
	return b
}

// at returns the backdrop's colour at (x, y), in shares of the picture's side
// from its centre; pixel is a pixel's width in the same unit.
func (b *backdrop) at(x, y, pixel float64) rgb {
	along := dot(x, y, b.dx, b.dy)
	switch b.kind {
	case studio:
		return b.one.toward(b.two, clamp(along+0.5))
	case corner:
		t := clamp(0.5 + (y-(b.horizon-0.5))/(3*pixel))
		return b.one.toward(b.two, t)
	case planks:
		u := along/b.period + b.phase
		gap := bar(u, 0.05, pixel/b.period)
		// Each plank has its own tone.
		tone := fraction(mul(math.Floor(u+0.5), 0.381966))
		return b.one.times(mad(tone, 0.16, 0.9)).toward(b.two.times(0.6), 0.7*gap)
	case tiles:
		across := dot(x, y, -b.dy, b.dx)
		soft := pixel / b.period
		t := max(bar(along/b.period+b.phase, 0.08, soft), bar(across/b.period, 0.08, soft))
		return b.one.toward(b.two, t)
	default:
		return b.one.toward(b.two, clamp(mul(length(x, y), 1.3)))
	}
}
