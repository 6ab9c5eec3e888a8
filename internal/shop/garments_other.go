package shop

// Hats, shoes and bags.

func cutHat(s *stream) []layer {
	brim := s.between(0.78, 0.98)
	thick := s.between(0.13, 0.24)
	crown := s.between(0.42, 0.54)
	top := s.between(-0.62, -0.34)
	dent := s.between(0, 0.16)
	base := 0.3
	p := from(0, top+dent).curve(crown*0.4, top-0.06, crown*0.72, top+0.04).
		curve(crown*0.95, top+0.14, crown, base).
		curve(crown*0.6, base+mul(thick, 0.6), 0, base+mul(thick, 0.6))
	lift := s.between(-0.06, 0.1) // the brim's ends turn up or down
	rim := from(0, base-thick).curve(brim*0.7, base-thick, brim, base-lift).
		curve(brim*0.75, base+thick+0.06, 0, base+thick+0.06)
	ls := []layer{
		{shape: []polygon{rim.both()}, fill: fabric},
		{shape: []polygon{p.both()}, fill: fabric},
	}
	h := s.between(0.1, 0.24)
	ribbon := from(0, base-h+mul(thick, 0.6)).curve(crown*0.7, base-h+mul(thick, 0.6), 1, base-h-0.04).line(1, base+0.5).line(0, base+0.5).both()
	ls = append(ls, layer{shape: []polygon{ribbon}, fill: trim, place: on})
	switch s.below(3) {
	case 0: // a bow
		x, y := mul(crown, 0.75), base-mul(h, 0.5)
		bow := []polygon{
			{{x, y}, {x + 0.2, y - 0.12}, {x + 0.2, y + 0.12}},
			{{x, y}, {x - 0.2, y + 0.14}, {x - 0.2, y - 0.1}},
		}
		ls = append(ls, layer{shape: bow, fill: sole, place: over})
	case 1: // a feather
		x, y := mul(crown, -0.7), base-h
		feather := from(x, y+0.14).curve(x-0.22, y-0.2, x+0.02, y-0.6).curve(x+0.14, y-0.2, x, y+0.14).at
		ls = append(ls, layer{shape: []polygon{feather}, fill: sole},
			layer{shape: stroke(polygon{{x, y + 0.14}, {x, y - 0.5}}, 0.018, false), fill: darken, amount: 0.4, place: on, bare: true})
	}
	edge := from(-brim, base-lift).curve(-brim*0.75, base+thick, 0, base+thick).curve(brim*0.75, base+thick, brim, base-lift).at
	return append(ls, layer{shape: stroke(edge, 0.03, false), fill: darken, amount: 0.3, place: over, bare: true})
}

func cutShoe(s *stream) []layer {
	shaft := s.between(-0.1, 0.55)
	if s.chance(0.5) {
		shaft = s.between(-0.1, 0.1)
	}
	top := -0.16 - shaft
	toe := s.between(0.1, 0.22)
	thick := s.between(0.1, 0.22)
	floor := 0.5
	open := -0.2 // x where the opening ends
	up := from(-0.84, floor).
		curve(-0.96, 0.1, -0.84, top).
		curve((open-0.84)/2, top+0.1, open, top-0.04).
		curve(open+0.12, toe-0.16, 0.46, toe-0.06).
		curve(0.98, toe, 0.95, floor).at
	ls := []layer{{shape: []polygon{up}, fill: fabric}}
	if s.chance(0.5) { // the toe cap
		cap := from(0.46, toe-0.2).curve(0.48, 0.3, 0.62, floor).line(1.2, floor).line(1.2, toe-0.2).at
		l := layer{shape: []polygon{cap}, fill: trim, place: on}
		ls = append(ls, l)
	}
	if s.chance(0.55) { // the heel's patch
		x := s.between(-0.72, -0.6)
		ls = append(ls, layer{shape: []polygon{from(x, -1).curve(x+0.06, 0.1, x-0.04, floor).line(-1.2, floor).line(-1.2, -1).at}, fill: trim, place: on})
	}
	if s.chance(0.5) { // stripes on the side
		for i := range 1 + s.below(3) {
			x := mad(0.15, float64(i), -0.4)
			ls = append(ls, layer{shape: stroke(polygon{{x + 0.14, max(top, -0.1) + 0.12}, {x, floor}}, 0.055, false), fill: sole, place: on, bare: true})
		}
	}
	// The collar, then laces along the instep.
	collar := from(-0.86, top+0.02).curve((open-0.84)/2, top+0.12, open, top-0.02).at
	ls = append(ls, layer{shape: stroke(collar, 0.07, false), fill: trim, place: on, bare: true})
	n := 3 + s.below(4)
	for i := range n {
		t := float64(i) / float64(n-1)
		x := mix(open+0.04, 0.36, t)
		y := mix(top+0.08, toe-0.1, t)
		ls = append(ls, layer{shape: stroke(polygon{{x - 0.14, y + 0.08}, {x + 0.05, y - 0.01}}, 0.04, false), fill: sole, place: on, bare: true})
	}
	// The sole, with or without a heel.
	bottom := from(-0.88, floor-0.02).line(0.98, floor-0.02)
	if s.chance(0.4) {
		bottom.curve(1, floor+thick, 0.8, floor+mul(thick, 0.8)).line(-0.3, floor+mul(thick, 0.5)).
			line(-0.36, floor+thick+0.06).line(-0.86, floor+thick+0.06)
	} else {
		bottom.curve(1.02, floor+thick, 0.85, floor+thick).line(-0.8, floor+thick).curve(-0.9, floor+thick, -0.88, floor-0.02)
	}
	return append(ls, layer{shape: []polygon{bottom.at}, fill: sole, place: over})
}

func cutBag(s *stream) []layer {
	top := s.between(-0.24, -0.06)
	bottom := s.between(0.62, 0.84)
	wide := s.between(0.6, 0.88)
	narrow := mul(wide, s.between(0.75, 1))
	round := s.between(0.04, 0.3)
	rise := s.between(0.42, 0.68)
	hold := mul(narrow, s.between(0.4, 0.7))
	handle := from(-hold, top+0.12).line(-hold, top-0.06).curve(-hold, top-rise, 0, top-rise).
		curve(hold, top-rise, hold, top-0.06).line(hold, top+0.12).at
	strap := layer{shape: stroke(handle, s.between(0.06, 0.11), false), fill: trim}
	if s.chance(0.4) {
		strap.fill = cloth
	}
	p := from(0, top).line(narrow, top).line(wide, bottom-round).curve(wide, bottom, wide-round, bottom).line(0, bottom)
	ls := []layer{strap, {shape: []polygon{p.both()}, fill: fabric}}
	switch s.below(4) {
	case 0: // a flap with its clasp
		low := mix(top, bottom, s.between(0.4, 0.65))
		flap := from(0, top-0.02).line(narrow+0.02, top-0.02).line(mix(narrow, wide, 0.3)+0.02, low-0.14).curve(narrow*0.6, low, 0, low).both()
		ls = append(ls, layer{shape: []polygon{flap}, fill: cloth},
			layer{shape: []polygon{rectangle(-0.07, low-0.08, 0.07, low+0.06)}, fill: metal, place: over})
	case 1: // a pocket
		y, w := mix(top, bottom, s.between(0.4, 0.55)), mul(narrow, s.between(0.45, 0.7))
		l := layer{shape: []polygon{from(0, y).line(w, y).line(w, bottom-0.16).curve(w, bottom-0.08, w-0.08, bottom-0.08).line(0, bottom-0.08).both()}, fill: trim, place: on}
		ls = append(ls, l)
	case 2: // two belts
		x, w := mul(narrow, s.between(0.4, 0.6)), s.between(0.04, 0.06)
		belts := &pen{rectangle(x-w, -1, x+w, 1)}
		ls = append(ls, layer{shape: belts.pair(), fill: trim, place: on},
			button(x, mix(top, bottom, 0.3), 0.05), button(-x, mix(top, bottom, 0.3), 0.05))
	default: // a band below, a button above
		ls = append(ls, hemBand(mix(bottom, top, s.between(0.15, 0.4)), 1), button(0, top+0.12, 0.05))
	}
	if s.chance(0.5) {
		ls = append(ls, layer{shape: []polygon{rectangle(-1, top-0.1, 1, top+s.between(0.05, 0.09))}, fill: trim, place: on})
	}
	return ls
}
