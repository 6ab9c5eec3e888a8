package shop

// point lies in garment coordinates: the garment fills [-1, 1] x [-1, 1], y
// points down.
type point struct{ x, y float64 }

// polygon is closed: its last point joins the first.
type polygon []point

// pen draws one line of straight and curved pieces, flattened to points.
type pen struct{ at polygon }

func from(x, y float64) *pen { return &pen{polygon{{x, y}}} }

func (p *pen) line(x, y float64) *pen {
	p.at = append(p.at, point{x, y})
	return p
}

// curve is a quadratic Bezier piece by the control point (cx, cy).
func (p *pen) curve(cx, cy, x, y float64) *pen {
	const pieces = 12
	a := p.at[len(p.at)-1]
	for i := 1; i <= pieces; i++ {
		t := float64(i) / pieces
		p.at = append(p.at, point{
			mix(mix(a.x, cx, t), mix(cx, x, t), t),
			mix(mix(a.y, cy, t), mix(cy, y, t), t),
		})
	}
	return p
}

// both returns the symmetric shape whose right half was drawn, from the middle
// at the top to the middle at the bottom.
func (p *pen) both() polygon {
	whole := append(polygon{}, p.at...)
	for i := len(p.at) - 1; i >= 0; i-- {
		if a := p.at[i]; a.x != 0 {
			whole = append(whole, point{-a.x, a.y})
		}
	}
	return whole
}

// pair returns the shape and its mirror image.
func (p *pen) pair() []polygon {
	return []polygon{p.at, p.at.mirrored()}
}

func (p polygon) mirrored() polygon {
	m := make(polygon, len(p))
	for i, a := range p {
		m[i] = point{-a.x, a.y}
	}
	return m
}

func rectangle(x0, y0, x1, y1 float64) polygon {
	return polygon{{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}}
}

func ellipse(x, y, rx, ry float64) polygon {
	const pieces = 32
	e := make(polygon, pieces)
	for i := range e {
		sin, cos := sincos(float64(i) / pieces)
		e[i] = point{mad(rx, cos, x), mad(ry, sin, y)}
	}
	return e
}

// stroke returns a line's ribbon of the given width: one quadrilateral a piece
// and a small octagon at each joint, all of one orientation so that overlaps
// do not cancel in the rasteriser.
func stroke(line polygon, width float64, closed bool) []polygon {
	var parts []polygon
	n := len(line)
	for i := range line {
		a := line[i]
		joint := make(polygon, 8)
		for k := range joint {
			sin, cos := sincos(float64(k) / 8)
			joint[k] = point{mad(width/2, cos, a.x), mad(width/2, sin, a.y)}
		}
		parts = append(parts, joint)
		if i == n-1 && !closed {
			break
		}
		b := line[(i+1)%n]
		l := length(b.x-a.x, b.y-a.y)
		if l < 1e-9 {
			continue
		}
		// The normal, half a width long; this order of corners turns like the octagon.
		nx, ny := mul((b.y-a.y)/l, width/2), mul((a.x-b.x)/l, width/2)
		parts = append(parts, polygon{
			{a.x + nx, a.y + ny}, {b.x + nx, b.y + ny}, {b.x - nx, b.y - ny}, {a.x - nx, a.y - ny},
		})
	}
	return parts
}
