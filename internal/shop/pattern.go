package shop

import "math"

// pattern is a fabric's print: where the second colour shows.
type pattern struct {
	kind   patternKind
	period float64 // garment units; the garment is 2 wide
	duty   float64 // share of a period in the second colour
	phaseX float64 // in periods
	phaseY float64
}

type patternKind int

const (
	plain patternKind = iota
	acrossStripes
	upStripes
	slantStripes
	gingham
	windowpane
	dots
	zigzag
	block
	band
	emblem // last: not every garment has a middle for it
	patternKinds
)

// pattern draws one of the first kinds patterns.
func (s *stream) pattern(kinds patternKind) pattern {
	p := pattern{
		kind:   patternKind(s.below(int(kinds))),
		period: s.between(0.17, 0.4),
		duty:   s.between(0.28, 0.5),
		phaseX: s.float(),
		phaseY: s.float(),
	}
	switch p.kind {
	case windowpane:
		p.duty = s.between(0.12, 0.2)
		p.period = s.between(0.26, 0.46)
	case dots:
		p.duty = s.between(0.2, 0.3) // radius
	case zigzag:
		p.period = s.between(0.22, 0.36)
	}
	return p
}

// at returns the share of the second colour at (x, y); pixel is a pixel's width
// in garment units, over which edges are smoothed.
func (p *pattern) at(x, y, pixel float64) float64 {
	u, v := x/p.period+p.phaseX, y/p.period+p.phaseY
	soft := pixel / p.period
	switch p.kind {
	case acrossStripes:
		return bar(v, p.duty, soft)
	case upStripes:
		return bar(u, p.duty, soft)
	case slantStripes:
		return bar(mul(u+v, 0.70710678), p.duty, soft)
	case gingham:
		return (bar(u, 0.5, soft) + bar(v, 0.5, soft)) / 2
	case windowpane:
		return max(bar(u, p.duty, soft), bar(v, p.duty, soft))
	case dots:
		row := math.Floor(v)
		cu := fraction(mad(0.5, row, u)) - 0.5
		cv := fraction(v) - 0.5
		return clamp(0.5 + (p.duty-length(cu, cv))/soft)
	case zigzag:
		tooth := mul(math.Abs(fraction(u)-0.5), 0.9)
		return bar(v+tooth, p.duty, soft)
	case block:
		// The upper part, down to a height of its own.
		return clamp(0.5 + (mad(0.35, p.phaseY, -0.6)-y)/pixel)
	case band:
		// One or two bars across the upper half.
		half := mul(p.period, 0.3)
		centre := mad(0.5, p.phaseY, -0.35)
		t := clamp(0.5 + (half-math.Abs(y-centre))/pixel)
		if p.phaseX > 0.5 {
			t = max(t, clamp(0.5+(mul(half, 0.5)-math.Abs(y-mad(3, half, centre)))/pixel))
		}
		return t
	case emblem:
		return p.emblemAt(x, mad(-0.3, p.phaseY, y+0.1), pixel)
	}
	return 0
}

// emblemAt draws one large figure in the middle: disc, ring, diamond or cross.
func (p *pattern) emblemAt(x, y, pixel float64) float64 {
	size := mad(p.period, 0.5, 0.1)
	ax, ay := math.Abs(x), math.Abs(y)
	switch int(p.phaseX * 4) {
	case 0:
		return clamp(0.5 + (size-length(x, y))/pixel)
	case 1:
		return clamp(0.5 + (mul(size, 0.25)-math.Abs(length(x, y)-size))/pixel)
	case 2:
		return clamp(0.5 + (mul(size, 1.2)-ax-ay)/pixel)
	default:
		arm := size / 3
		inside := max(min(size-ax, arm-ay), min(arm-ax, size-ay))
		return clamp(0.5 + inside/pixel)
	}
}

// bar returns the coverage of a bar of the given duty in each period of 1.
func bar(u, duty, soft float64) float64 {
	middle := math.Abs(fraction(u) - 0.5)
	return clamp(0.5 + (mul(duty, 0.5)-middle)/soft)
}
