package shop

// Dresses, skirts, trousers and shorts.

func cutDress(s *stream) []layer {
	neck := s.between(0.15, 0.24)
	depth := s.between(0.14, 0.34)
	waist := s.between(0.25, 0.32)
	waistY := s.between(-0.2, 0)
	hem := s.between(0.66, 0.96)
	flare := s.between(0.42, 0.8)
	p := from(0, shoulderY+depth)
	if s.chance(0.35) {
		p.line(neck, shoulderY)
	} else {
		p.curve(neck, shoulderY+depth, neck, shoulderY)
	}
	strap := s.between(0.08, 0.18)
	p.line(neck+strap, shoulderY+0.03).
		curve(0.29, -0.5, 0.41, -0.42).
		curve(waist+0.02, waistY-0.1, waist, waistY).
		curve(mix(waist, flare, 0.3), waistY+0.12, flare, hem).
		curve(flare/2, hem+0.06, 0, hem+0.06)
	var ls []layer
	if s.chance(0.45) { // short sleeves
		reach := s.between(0.1, 0.3)
		sleeve := from(neck+0.02, shoulderY).line(neck+strap, shoulderY+0.02).curve(0.52, -0.74, 0.55+reach, mad(0.8, reach, -0.55)).
			line(0.38+reach, mad(0.8, reach, -0.38)).line(0.36, -0.36)
		ls = append(ls, layer{shape: sleeve.pair(), fill: fabric})
	}
	ls = append(ls, layer{shape: []polygon{p.both()}, fill: fabric})
	ls = append(ls, pleats(s, waist*0.9, waistY+0.06, flare*0.95, hem+0.02, 2*(1+s.below(3))))
	if s.chance(0.4) {
		h := s.between(0.06, 0.14)
		ls = append(ls, hemBand(hem-h, 0.4))
	}
	if s.chance(0.6) {
		half := mul(s.between(0.07, 0.13), 0.5)
		ls = append(ls, layer{shape: []polygon{rectangle(-1, waistY-half, 1, waistY+half)}, fill: trim, place: on})
		if s.chance(0.5) {
			ls = append(ls, layer{shape: []polygon{rectangle(-0.06, waistY-half-0.01, 0.06, waistY+half+0.01)}, fill: metal, place: over})
		}
	}
	return ls
}

// pleats draws n lines that spread from the waist to the hem.
func pleats(s *stream, top, topY, bottom, bottomY float64, n int) layer {
	var lines []polygon
	start := s.between(0.1, 0.5)
	for i := range n {
		t := float64(2*i+1)/float64(n) - 1
		lines = append(lines, polygon{{t * top, mix(topY, bottomY, start*0.3)}, {t * bottom, bottomY}})
	}
	l := seams(lines, 0.02)
	l.amount = 0.3
	return l
}

func cutSkirt(s *stream) []layer {
	waist := s.between(0.34, 0.44)
	top := -0.62
	hem := s.between(0.3, 0.78)
	flare := s.between(0.46, 0.92)
	bulge := s.between(0.05, 0.2)
	band := s.between(0.08, 0.15)
	p := from(0, top).line(waist, top).line(waist+0.01, top+band).
		curve(waist+bulge, mix(top, hem, 0.35), flare, hem).
		curve(flare/2, hem+0.1, 0, hem+0.1)
	ls := []layer{{shape: []polygon{p.both()}, fill: fabric}}
	ls = append(ls, pleats(s, waist*0.9, top+band, flare*0.95, hem+0.06, 2*(1+s.below(5))))
	if s.chance(0.4) {
		h := s.between(0.06, 0.16)
		ls = append(ls, hemBand(hem-h+0.03, 0.5))
	}
	belt := layer{shape: []polygon{rectangle(-1, top-0.1, 1, top+band)}, fill: cloth, place: on}
	if s.chance(0.6) {
		belt.fill = trim
	}
	ls = append(ls, belt)
	n := s.below(4)
	for i := range n {
		ls = append(ls, button(0, mad(0.16, float64(i), top+mul(band, 0.5)), 0.036))
	}
	return ls
}

// legs holds the measures of trousers' right half.
type legs struct {
	waist, top, band       float64
	crotch, hem            float64
	hip                    float64
	outer, inner           float64 // x of the hem's corners
	cuff                   float64
	crease, pockets, drape bool
}

func (g *legs) layers() []layer {
	p := from(0, g.top).line(g.waist, g.top).
		curve(g.hip+0.03, g.top+0.2, g.hip, g.crotch-0.05).
		line(g.outer, g.hem).
		line(g.inner, g.hem).
		line(0.02, g.crotch).line(0, g.crotch)
	ls := []layer{{shape: []polygon{p.both()}, fill: fabric}}
	if g.cuff > 0 {
		ls = append(ls, hemBand(g.hem-g.cuff, 0.3))
	}
	if g.crease {
		x := (g.outer + g.inner) / 2
		line := polygon{{g.hip * 0.55, g.crotch - 0.1}, {x, g.hem}}
		l := seams([]polygon{line, line.mirrored()}, 0.018)
		l.amount = 0.28
		ls = append(ls, l)
	}
	if g.pockets {
		line := from(g.waist*0.55, g.top+g.band).curve(g.waist*0.7, g.top+g.band+0.16, g.hip+0.05, g.top+g.band+0.18).at
		ls = append(ls, seams([]polygon{line, line.mirrored()}, 0.022))
	}
	fly := from(0, g.top+g.band).line(0, g.crotch).at
	belt := layer{shape: []polygon{rectangle(-1, g.top-0.1, 1, g.top+g.band)}, fill: cloth, place: on}
	if g.drape {
		belt.fill = trim
	}
	return append(ls, seam(fly, 0.02), belt)
}

func cutTrousers(s *stream) []layer {
	knee := s.between(0.2, 0.42) // width of a leg at the hem
	outer := s.between(0.4, 0.6)
	g := legs{
		waist: s.between(0.32, 0.38), top: -0.93, band: s.between(0.07, 0.12),
		crotch: s.between(-0.36, -0.26), hem: s.between(0.8, 0.96),
		hip: s.between(0.4, 0.46), outer: outer, inner: max(outer-knee, 0.05),
		crease: s.chance(0.4), pockets: s.chance(0.6), drape: s.chance(0.5),
	}
	if s.chance(0.35) {
		g.cuff = s.between(0.06, 0.14)
	}
	ls := g.layers()
	ls = append(ls, button(0, g.top+mul(g.band, 0.5), 0.03))
	if s.chance(0.25) { // a stripe along the outer seam
		side := polygon{{g.hip - 0.02, -0.4}, {g.outer - 0.04, g.hem}}
		l := layer{shape: append(stroke(side, 0.07, false), stroke(side.mirrored(), 0.07, false)...), fill: trim, place: on, bare: true}
		ls = append(ls, l)
	}
	return ls
}

func cutShorts(s *stream) []layer {
	outer := s.between(0.62, 0.78)
	g := legs{
		waist: s.between(0.44, 0.52), top: -0.6, band: s.between(0.09, 0.15),
		crotch: s.between(0, 0.1), hem: s.between(0.3, 0.62),
		hip: s.between(0.56, 0.64), outer: outer, inner: s.between(0.08, 0.18),
		crease: s.chance(0.2), pockets: s.chance(0.7), drape: s.chance(0.5),
	}
	if s.chance(0.5) {
		g.cuff = s.between(0.06, 0.12)
	}
	ls := g.layers()
	if s.chance(0.5) { // a drawstring
		y := g.top + g.band
		ls = append(ls,
			layer{shape: append(stroke(polygon{{-0.03, y}, {-0.09, y + 0.22}}, 0.035, false), stroke(polygon{{0.03, y}, {0.07, y + 0.2}}, 0.035, false)...), fill: sole, place: over, bare: true})
	} else {
		ls = append(ls, button(0, g.top+mul(g.band, 0.5), 0.036))
	}
	return ls
}
