package curves

import (
	"fmt"
	"image"
	"image/color"
	"math"

	"golang.org/x/image/draw"
	"golang.org/x/image/vector"

	"deeprank/internal/lettering"
)

// scale is the pixels of a PNG for each of the layout, for sharp screens.
const scale = 2

// Draw returns the figure on white.
func Draw(f Figure) *image.RGBA {
	l := newLayout(f)
	im := image.NewRGBA(image.Rect(0, 0, scale*l.width, scale*l.height))
	draw.Draw(im, im.Rect, image.White, image.Point{}, draw.Src)
	l.draw(&pngPen{im, lettering.Regular(scale * fontSize), lettering.Bold(scale * fontSize)})
	return im
}

type pngPen struct {
	im              *image.RGBA
	regular, strong lettering.Style
}

func paint(l look) color.Color {
	return [...]color.Color{color.Gray{26}, color.Gray{85}, color.Gray{226}}[l]
}

// seriesColour reads the colours that the SVG has on light ground.
func seriesColour(series int) color.Color {
	light, _ := colours()
	c := color.NRGBA{A: 255}
	if _, err := fmt.Sscanf(light[colour(series)], "#%02x%02x%02x", &c.R, &c.G, &c.B); err != nil {
		panic(fmt.Sprintf("curves: the built-in colours: %v", err))
	}
	return c
}

func (g *pngPen) text(p point, a anchor, strong, upright bool, l look, text string) {
	style := g.regular
	if strong {
		style = g.strong
	}
	w := style.Width(text)
	x, y := int(scale*p.x)-int(a)*w/2, int(scale*p.y)-style.Height/2
	if !upright {
		style.Write(g.im, x, y, paint(l), text)
		return
	}
	style.WriteUp(g.im, int(scale*p.x)-style.Height/2, int(scale*p.y)+w/2, paint(l), text)
}

func (g *pngPen) rule(from, to point, l look) { g.stroke(from, to, 1, paint(l)) }

func (g *pngPen) line(series int, points []point) {
	const width = 1.8
	c, pattern := seriesColour(series), dashes(series)
	at, left, on := 0, math.Inf(1), true // the dash, what is left of it, and whether it is drawn
	if pattern != nil {
		left = pattern[0]
	}
	for i := 1; i < len(points); i++ {
		from, to := points[i-1], points[i]
		for {
			d := math.Hypot(to.x-from.x, to.y-from.y)
			if d <= left {
				if on {
					g.stroke(from, to, width, c)
				}
				left -= d
				break
			}
			part := point{from.x + (to.x-from.x)*left/d, from.y + (to.y-from.y)*left/d}
			if on {
				g.stroke(from, part, width, c)
			}
			from, at, on = part, (at+1)%len(pattern), !on
			left = pattern[at]
		}
	}
}

func (g *pngPen) dot(series int, p point) {
	const radius, corners = 3.0, 24
	shape := make([]point, corners)
	for i := range shape {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / corners)
		shape[i] = point{p.x + radius*cos, p.y + radius*sin}
	}
	g.fill(shape, seriesColour(series))
}

// stroke draws a straight line, a little longer than its ends so that bends have no gaps.
func (g *pngPen) stroke(from, to point, width float64, c color.Color) {
	d := math.Hypot(to.x-from.x, to.y-from.y)
	if d == 0 {
		return
	}
	ux, uy := (to.x-from.x)/d*width/2, (to.y-from.y)/d*width/2
	from, to = point{from.x - ux/2, from.y - uy/2}, point{to.x + ux/2, to.y + uy/2}
	g.fill([]point{{from.x - uy, from.y + ux}, {to.x - uy, to.y + ux}, {to.x + uy, to.y - ux}, {from.x + uy, from.y - ux}}, c)
}

// fill fills a polygon.
func (g *pngPen) fill(shape []point, c color.Color) {
	low, high := shape[0], shape[0]
	for _, p := range shape {
		low, high = point{math.Min(low.x, p.x), math.Min(low.y, p.y)}, point{math.Max(high.x, p.x), math.Max(high.y, p.y)}
	}
	box := image.Rect(int(math.Floor(scale*low.x)), int(math.Floor(scale*low.y)), int(math.Ceil(scale*high.x))+1, int(math.Ceil(scale*high.y))+1)
	r := vector.NewRasterizer(box.Dx(), box.Dy())
	for i, p := range shape {
		x, y := float32(scale*p.x-float64(box.Min.X)), float32(scale*p.y-float64(box.Min.Y))
		if i == 0 {
			r.MoveTo(x, y)
		} else {
			r.LineTo(x, y)
		}
	}
	r.ClosePath()
	r.Draw(g.im, box, image.NewUniform(c), image.Point{})
}
