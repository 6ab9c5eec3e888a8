package chart

import (
	"image"
	"image/color"

	"golang.org/x/image/draw"

	"deeprank/internal/lettering"
)

// Page is what Draw draws.
type Page struct {
	Title, Subtitle string
	Bars            [][]Bars // charts in columns that stand side by side
	Maps            []HeatMap
}

// Bars is a chart of horizontal bars.
type Bars struct {
	Title string
	Bars  []Bar
	Note  string // below the bars; may be empty
}

// Bar is a count, at least 0, and how it is written.
type Bar struct {
	Label, Text string
	Count       int
	Faint       bool // stands for what is not shown one by one
}

// HeatMap is a table of counts, at least 0, which are shaded: Counts[row][column].
type HeatMap struct {
	Title         string
	Rows, Columns []string
	Counts        [][]int
}

// Measures in pixels.
const (
	margin     = 32
	gap        = 40
	barStep    = 22
	barHeight  = 15
	barRoom    = 300
	labelRoom  = 210
	cellWidth  = 34
	cellHeight = 22
	headRoom   = 170
)

// ink holds the page's colours.
func ink() color.Color   { return color.Gray{24} }
func faint() color.Color { return color.Gray{110} }
func bar() color.Color   { return color.NRGBA{38, 104, 168, 255} }
func pale() color.Color  { return color.NRGBA{168, 192, 216, 255} }

// Labels gives the names that a page holds.
func (p Page) Labels() (names []string) {
	for _, column := range p.Bars {
		for _, b := range column {
			for _, one := range b.Bars {
				names = append(names, one.Label)
			}
		}
	}
	return names
}

type canvas struct {
	*image.RGBA
	title, strong, text, small lettering.Style
}

// Draw returns the page, as large as it needs to be.
func Draw(p Page) *image.RGBA {
	c := &canvas{title: lettering.Bold(26), strong: lettering.Bold(17), text: lettering.Regular(14), small: lettering.Regular(11)}
	// The first pass measures, the second one draws.
	size := c.page(p)
	c.RGBA = image.NewRGBA(image.Rectangle{Max: size})
	draw.Draw(c, c.Rect, image.White, image.Point{}, draw.Src)
	c.page(p)
	return c.RGBA
}

// page draws, where there is a picture to draw on, and returns the size that it takes.
func (c *canvas) page(p Page) image.Point {
	right, y := margin+c.title.Width(p.Title), margin
	c.write(c.title, margin, y, ink(), p.Title)
	y += c.title.Height + 4
	if p.Subtitle != "" {
		c.write(c.text, margin, y, faint(), p.Subtitle)
		right = max(right, margin+c.text.Width(p.Subtitle))
		y += c.text.Height
	}
	y += gap / 2
	x, bottom := margin, y
	for _, column := range p.Bars {
		widest, at := 0, y
		for _, b := range column {
			size := c.bars(x, at, b)
			widest, at = max(widest, size.X), at+size.Y+gap/2
		}
		bottom = max(bottom, at)
		right = max(right, x+widest)
		x += widest + gap
	}
	y = bottom
	for _, m := range p.Maps {
		size := c.heatMap(margin, y, m)
		right, y = max(right, margin+size.X), y+size.Y+gap/2
	}
	return image.Pt(right+margin, y+margin-gap/2)
}

// write writes a line where there is a picture.
func (c *canvas) write(s lettering.Style, x, y int, ink color.Color, text string) {
	if c.RGBA != nil {
		s.Write(c, x, y, ink, text)
	}
}

func (c *canvas) fill(r image.Rectangle, paint color.Color) {
	if c.RGBA != nil {
		draw.Draw(c, r, image.NewUniform(paint), image.Point{}, draw.Src)
	}
}

// labelled is the widest of the labels, at most labelRoom.
func (c *canvas) labelled(labels func(yield func(string) bool)) int {
	w := 0
	for label := range labels {
		w = max(w, c.text.Width(label))
	}
	return min(w, labelRoom)
}

// bars draws a chart whose upper left corner is (x, y) and returns its size.
func (c *canvas) bars(x, y int, b Bars) image.Point {
	top := y
	c.write(c.strong, x, y, ink(), b.Title)
	y += c.strong.Height + 8
	most, text := 1, 0
	for _, one := range b.Bars {
		most, text = max(most, one.Count), max(text, c.text.Width(one.Text))
	}
	label := c.labelled(func(yield func(string) bool) {
		for _, one := range b.Bars {
			if !yield(one.Label) {
				return
			}
		}
	})
	for _, one := range b.Bars {
		name, paint := c.text.Fit(one.Label, label), bar()
		if one.Faint {
			paint = pale()
		}
		middle := y + (barStep-c.text.Height)/2
		c.write(c.text, x+label-c.text.Width(name), middle, ink(), name)
		length := int(int64(one.Count) * barRoom / int64(most))
		if one.Count > 0 {
			length = max(length, 1)
		}
		from := y + (barStep-barHeight)/2
		c.fill(image.Rect(x+label+8, from, x+label+8+length, from+barHeight), paint)
		c.write(c.text, x+label+8+length+6, middle, faint(), one.Text)
		y += barStep
	}
	width := max(c.strong.Width(b.Title), label+8+barRoom+6+text, c.text.Width(b.Note))
	if b.Note != "" {
		c.write(c.text, x, y+4, faint(), b.Note)
		y += c.text.Height + 4
	}
	return image.Pt(width, y-top)
}
