package curves

import (
	"math"

	"deeprank/internal/lettering"
)

// point is a place on the picture in pixels, from the upper left corner.
type point struct{ x, y float64 }

// anchor says which part of a text is at its point.
type anchor int

const (
	start anchor = iota
	middle
	end
)

// look is what something is drawn with.
type look int

const (
	ink look = iota
	faint
	grid
)

// pen draws. Texts are centred in height at their point.
type pen interface {
	text(p point, a anchor, strong, upright bool, l look, s string)
	rule(from, to point, l look)
	line(series int, points []point)
	dot(series int, p point)
}

// Measures in pixels.
const (
	defaultWidth  = 860
	defaultHeight = 220
	left          = 78
	right         = 24
	above         = 34 // of a panel's plot, for its title
	below         = 52 // for ticks and label
	titleRoom     = 40
	legendRow     = 24
	legendMark    = 26
	fontSize      = 13
	browsers      = 1.25 // a browser's font is wider than ours by as much
)

// layout is a figure's places.
type layout struct {
	Figure
	width, height int
	top           int // of the first panel
	legend        []place
}

type place struct {
	series int
	name   string
	p      point
}

func newLayout(f Figure) *layout {
	l := &layout{Figure: f, width: f.Width}
	if l.width == 0 {
		l.width = defaultWidth
	}
	if l.Height == 0 {
		l.Height = defaultHeight
	}
	if f.Title != "" {
		l.top = titleRoom
	}
	y := l.top + len(f.Panels)*(above+l.Height+below)
	if len(f.Names) > 1 {
		text := lettering.Regular(fontSize)
		x := float64(left)
		row := float64(y) + legendRow/2
		for i, name := range f.Names {
			name = text.Fit(name, int(float64(l.width-left-right-legendMark-10)/browsers))
			w := legendMark + browsers*float64(text.Width(name)) + 26
			if x > left && x+w > float64(l.width) {
				x, row = left, row+legendRow
			}
			l.legend = append(l.legend, place{i, name, point{x, row}})
			x += w
		}
		y = int(row) + legendRow
	}
	l.height = y
	return l
}

// draw draws the figure.
func (l *layout) draw(p pen) {
	if l.Title != "" {
		p.text(point{left, titleRoom / 2}, start, true, false, ink, l.Title)
	}
	x := l.steps()
	for i := range l.Panels {
		l.panel(p, x, &l.Panels[i], float64(l.top+i*(above+l.Height+below)+above))
	}
	for _, e := range l.legend {
		p.line(e.series, []point{e.p, {e.p.x + legendMark - 6, e.p.y}})
		p.text(point{e.p.x + legendMark, e.p.y}, start, false, false, ink, e.name)
	}
}

// bounds are the least and the greatest finite coordinates; ok is false where there is none.
func (a *Panel) bounds() (x0, x1, y0, y1 float64, ok bool) {
	x0, y0 = math.Inf(1), math.Inf(1)
	x1, y1 = math.Inf(-1), math.Inf(-1)
	for _, l := range a.Lines {
		for i, y := range l.Y {
			if finite(y) && finite(l.X[i]) {
				x0, x1, y0, y1 = math.Min(x0, l.X[i]), math.Max(x1, l.X[i]), math.Min(y0, y), math.Max(y1, y)
				ok = true
			}
		}
	}
	return x0, x1, y0, y1, ok
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// steps is the horizontal axis, which all panels share.
func (l *layout) steps() axis {
	low, high := 0.0, math.Max(0, l.End)
	for i := range l.Panels {
		if x0, x1, _, _, ok := l.Panels[i].bounds(); ok {
			low, high = math.Min(low, x0), math.Max(high, x1)
		}
	}
	return newAxis(low, high, max(2, (l.width-left-right)/80), false)
}

// panel draws a chart whose plot begins at top.
func (l *layout) panel(p pen, xs axis, a *Panel, top float64) {
	_, _, y0, y1, ok := a.bounds()
	bottom, edge := top+float64(l.Height), float64(l.width-right)
	p.text(point{left, top - above/2}, start, true, false, ink, a.Title)
	if !ok {
		p.text(point{(left + edge) / 2, (top + bottom) / 2}, middle, false, false, faint, "nothing was measured")
		p.rule(point{left, bottom}, point{edge, bottom}, faint)
		return
	}
	if a.Zero {
		y0 = math.Min(0, y0)
	}
	ys := newAxis(y0, y1, max(2, l.Height/44), true)
	at := func(x, y float64) point {
		return point{left + xs.at(x)*(edge-left), bottom - ys.at(y)*(bottom-top)}
	}
	for _, t := range ys.ticks {
		y := at(xs.low, t).y
		p.rule(point{left, y}, point{edge, y}, grid)
		p.text(point{left - 8, y}, end, false, false, faint, ys.label(t, a.Percent))
	}
	for _, t := range xs.ticks {
		x := at(t, ys.low).x
		p.rule(point{x, bottom}, point{x, bottom + 5}, faint)
		p.text(point{x, bottom + 16}, middle, false, false, faint, xs.label(t, false))
	}
	p.rule(point{left, bottom}, point{edge, bottom}, faint)
	p.rule(point{left, top}, point{left, bottom}, faint)
	p.text(point{(left + edge) / 2, bottom + 36}, middle, false, false, faint, a.X)
	p.text(point{14, (top + bottom) / 2}, middle, false, true, faint, a.Y)
	for _, one := range a.Lines {
		var run []point
		flush := func() {
			if len(run) > 1 {
				p.line(one.Series, run)
			}
			if one.Dots || len(run) == 1 {
				for _, q := range run {
					p.dot(one.Series, q)
				}
			}
			run = nil
		}
		for i, y := range one.Y {
			if !finite(y) || !finite(one.X[i]) {
				flush() // a gap stays one
				continue
			}
			run = append(run, at(one.X[i], y))
		}
		flush()
	}
}
