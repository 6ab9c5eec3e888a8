package shop

// T-shirts, sweaters and coats: a body, two sleeves and a neck.

// upper holds the measures of such a garment's right half.
type upper struct {
	neck, depth   float64 // half width and depth of the neckline
	vee           bool
	width, flare  float64 // half width at the armpit; more of it at the hem
	hem           float64 // y of the hem
	cuff          point   // outer corner of the sleeve's end
	inner         point   // inner corner
	cuffBand      float64 // share of the sleeve that is a band, 0 for none
	sleeveOfTrim  bool
	neckBand      float64 // width of the band along the neckline, 0 for none
	neckBandCloth bool
}

const shoulderY = -0.84

// body returns the outline without sleeves and the neckline on it.
func (u *upper) body() (outline, neckline polygon) {
	p := from(0, shoulderY+u.depth)
	if u.vee {
		p.line(u.neck, shoulderY)
	} else {
		p.curve(u.neck*0.95, shoulderY+u.depth, u.neck, shoulderY)
	}
	half := append(polygon{}, p.at...)
	neckline = append(half.mirrored().reversed(), half[1:]...)
	p.line(0.5, -0.72).
		curve(0.45, -0.45, u.width, -0.24).
		curve(u.width-0.05, 0.2, u.width+u.flare, u.hem).
		curve(u.width/2, u.hem+0.04, 0, u.hem+0.04)
	return p.both(), neckline
}

func (p polygon) reversed() polygon {
	r := make(polygon, len(p))
	for i, a := range p {
		r[len(p)-1-i] = a
	}
	return r
}

// layers returns back, sleeves and body.
func (u *upper) layers() []layer {
	armpit := point{u.width - 0.02, -0.2}
	sleeve := from(0.36, -0.79).line(0.5, -0.73).
		curve(0.62, -0.64, u.cuff.x, u.cuff.y).
		line(u.inner.x, u.inner.y).
		curve(mix(armpit.x, u.inner.x, 0.3), mix(armpit.y, u.inner.y, 0.2), armpit.x, armpit.y).
		line(0.3, -0.2)
	arms := layer{shape: sleeve.pair(), fill: fabric}
	if u.sleeveOfTrim {
		arms.fill = trim
	}
	back := from(0, shoulderY-0.03).line(u.neck, shoulderY).curve(u.neck*0.8, shoulderY+u.depth, 0, shoulderY+u.depth+0.02).both()
	ls := []layer{
		{shape: []polygon{back}, fill: sole, bare: true},
		{shape: []polygon{back}, fill: darken, amount: 0.45, bare: true, place: on},
		arms,
	}
	if u.cuffBand > 0 {
		// A strip across the sleeve, from its end towards the shoulder.
		a, b := u.cuff, u.inner
		ax, ay := 0.55-a.x, -0.66-a.y
		l := length(ax, ay)
		ax, ay = mul(ax/l, u.cuffBand), mul(ay/l, u.cuffBand)
		// Wider than the sleeve: it is cut off at the sleeve's edge.
		wx, wy := mul(a.x-b.x, 0.25), mul(a.y-b.y, 0.25)
		strip := &pen{polygon{
			{a.x + wx, a.y + wy}, {a.x + wx + ax, a.y + wy + ay},
			{b.x - wx + ax, b.y - wy + ay}, {b.x - wx, b.y - wy},
		}}
		ls = append(ls, layer{shape: strip.pair(), fill: trim, place: on})
	}
	outline, neckline := u.body()
	ls = append(ls, layer{shape: []polygon{outline}, fill: fabric})
	if u.neckBand > 0 {
		l := layer{shape: stroke(neckline, u.neckBand, false), fill: trim, place: on, bare: true}
		if u.neckBandCloth {
			l.fill = cloth
		}
		ls = append(ls, l, seam(shifted(neckline, 0, mul(u.neckBand, 0.6)), 0.018))
	}
	return ls
}

func shifted(p polygon, dx, dy float64) polygon {
	q := make(polygon, len(p))
	for i, a := range p {
		q[i] = point{a.x + dx, a.y + dy}
	}
	return q
}

// chestPocket is a patch on the wearer's left.
func chestPocket(s *stream) []layer {
	x, y, w := s.between(0.1, 0.16), s.between(-0.42, -0.3), s.between(0.17, 0.24)
	patch := from(x, y).line(x+w, y).line(x+w, y+w).curve(x+mul(w, 0.5), y+w+0.09, x, y+w).at
	l := layer{shape: []polygon{patch}, fill: cloth, place: on}
	if s.chance(0.5) {
		l.fill = trim
	}
	return []layer{l, seam(polygon{{x, y + 0.06}, {x + w, y + 0.06}}, 0.018)}
}

func hemBand(y, height float64) layer {
	return layer{shape: []polygon{rectangle(-1, y, 1, y+height)}, fill: trim, place: on}
}

func cutTShirt(s *stream) []layer {
	reach := s.between(0.16, 0.42) // length of the sleeve
	cuff := point{mad(0.62, reach, 0.62), mad(0.95, reach, -0.5)}
	u := upper{
		neck:  s.between(0.17, 0.27),
		depth: s.between(0.12, 0.22),
		vee:   s.chance(0.35),
		width: s.between(0.46, 0.56),
		flare: s.between(-0.02, 0.06),
		hem:   s.between(0.6, 0.88),
		cuff:  cuff,
		inner: point{cuff.x - 0.2, cuff.y + 0.2},
	}
	if u.vee {
		u.depth = s.between(0.26, 0.4)
	}
	if s.chance(0.6) {
		u.neckBand = s.between(0.05, 0.09)
		u.neckBandCloth = s.chance(0.4)
	}
	if s.chance(0.4) {
		u.cuffBand = s.between(0.06, 0.1)
	}
	u.sleeveOfTrim = s.chance(0.15)
	ls := u.layers()
	if s.chance(0.3) {
		ls = append(ls, hemBand(u.hem-0.06, 0.3))
	} else {
		ls = append(ls, seam(polygon{{-0.8, u.hem - 0.07}, {0.8, u.hem - 0.07}}, 0.018))
	}
	switch {
	case s.chance(0.35):
		ls = append(ls, chestPocket(s)...)
	case !u.vee && s.chance(0.4): // a polo's placket
		top := shoulderY + u.depth
		ls = append(ls, layer{shape: []polygon{rectangle(-0.06, top, 0.06, top+0.34)}, fill: cloth, place: on})
		for i := range 2 + s.below(2) {
			ls = append(ls, button(0, mad(0.11, float64(i), top+0.07), 0.028))
		}
	}
	return ls
}

func cutSweater(s *stream) []layer {
	cuff := point{s.between(0.8, 0.94), s.between(0.4, 0.66)}
	u := upper{
		neck:     s.between(0.17, 0.24),
		depth:    s.between(0.1, 0.18),
		vee:      s.chance(0.3),
		width:    s.between(0.48, 0.58),
		flare:    s.between(-0.05, 0.03),
		hem:      s.between(0.6, 0.82),
		cuff:     cuff,
		inner:    point{cuff.x - 0.2, cuff.y + 0.06},
		neckBand: s.between(0.07, 0.11),
		cuffBand: s.between(0.08, 0.16),
	}
	if u.vee {
		u.depth = s.between(0.28, 0.42)
	}
	u.sleeveOfTrim = s.chance(0.12)
	ls := u.layers()
	height := s.between(0.1, 0.16)
	ls = append(ls, hemBand(u.hem-height, 0.4))
	var ribs []polygon
	for i := -9; i <= 9; i++ {
		x := float64(i) / 15
		ribs = append(ribs, polygon{{x, u.hem - height + 0.015}, {x, u.hem + 0.04}})
	}
	ls = append(ls, seams(ribs, 0.014))
	switch {
	case !u.vee && s.chance(0.35): // a roll neck
		h := s.between(0.1, 0.16)
		roll := from(0, shoulderY-h).line(u.neck*0.9, shoulderY-h).line(u.neck+0.02, shoulderY+0.02).
			curve(u.neck*0.9, shoulderY+u.depth+0.05, 0, shoulderY+u.depth+0.06).both()
		ls = append(ls, layer{shape: []polygon{roll}, fill: trim, place: over})
	case s.chance(0.4): // a cardigan's front
		top := shoulderY + u.depth
		ls = append(ls, layer{shape: []polygon{rectangle(-0.055, top, 0.055, 1)}, fill: trim, place: on})
		n := 3 + s.below(3)
		for i := range n {
			ls = append(ls, button(0, mix(top+0.1, u.hem-0.08, float64(i)/float64(n-1)), 0.03))
		}
	}
	return ls
}

func cutCoat(s *stream) []layer {
	cuff := point{s.between(0.76, 0.86), s.between(0.42, 0.58)}
	u := upper{
		neck:  s.between(0.2, 0.26),
		depth: s.between(0.3, 0.42),
		vee:   true,
		width: s.between(0.5, 0.56),
		flare: s.between(0.02, 0.2),
		hem:   s.between(0.8, 0.97),
		cuff:  cuff,
		inner: point{cuff.x - 0.24, cuff.y + 0.06},
	}
	if s.chance(0.4) {
		u.cuffBand = s.between(0.08, 0.14)
	}
	ls := u.layers()
	low := shoulderY + u.depth
	ls = append(ls, seam(polygon{{0.02, low}, {0.02, 1}}, 0.024))
	belted := s.chance(0.4)
	// Pockets.
	y := s.between(0.22, 0.38)
	w := s.between(0.2, 0.26)
	flap := &pen{rectangle(0.16, y, 0.16+w, y+0.1)}
	pocket := layer{shape: flap.pair(), fill: cloth, place: on}
	if s.chance(0.4) {
		pocket.fill = trim
	}
	ls = append(ls, pocket)
	if belted {
		b := s.between(-0.02, 0.1)
		ls = append(ls,
			layer{shape: []polygon{rectangle(-1, b, 1, b+0.1)}, fill: trim, place: on},
			layer{shape: []polygon{rectangle(-0.08, b-0.015, 0.08, b+0.115)}, fill: metal, place: over})
	}
	// Buttons: one row or two.
	columns := []float64{0.1}
	if s.chance(0.4) {
		columns = []float64{-0.13, 0.17}
	}
	n := 2 + s.below(3)
	first := low + 0.1
	for i := range n {
		for _, x := range columns {
			ls = append(ls, button(x, mix(first, 0.62, float64(i)/float64(n)), 0.036))
		}
	}
	// Lapels over all of it.
	wide := s.between(0.3, 0.4)
	lapel := from(0, low+0.02).line(u.neck-0.02, shoulderY).line(u.neck+0.07, shoulderY+0.02).
		line(wide+0.03, shoulderY+0.2).line(wide-0.06, shoulderY+0.24).line(wide, shoulderY+0.32)
	l := layer{shape: lapel.pair(), fill: cloth, place: over}
	if s.chance(0.45) {
		l.fill = trim
	}
	return append(ls, l)
}
