package chart

import (
	"image"
	"image/color"
	"math"
	"slices"
	"strconv"
)

// heatMap draws a map whose upper left corner is (x, y) and returns its size.
func (c *canvas) heatMap(x, y int, m HeatMap) image.Point {
	top := y
	c.write(c.strong, x, y, ink(), m.Title)
	y += c.strong.Height + 8
	label := c.labelled(slices.Values(m.Rows))
	head := 0
	for _, name := range m.Columns {
		head = max(head, min(headRoom, c.text.Width(name)))
	}
	y += head + 6
	if c.RGBA != nil {
		for i, name := range m.Columns {
			c.text.WriteUp(c, x+label+8+i*cellWidth+(cellWidth-c.text.Height)/2, y-4, ink(), c.text.Fit(name, headRoom))
		}
	}
	most := 1
	for _, row := range m.Counts {
		most = max(most, slices.Max(append([]int{0}, row...)))
	}
	for r, name := range m.Rows {
		name = c.text.Fit(name, label)
		c.write(c.text, x+label-c.text.Width(name), y+(cellHeight-c.text.Height)/2, ink(), name)
		for i, n := range m.Counts[r] {
			at := image.Rect(0, 0, cellWidth, cellHeight).Add(image.Pt(x+label+8+i*cellWidth, y))
			c.cell(at, n, most)
		}
		y += cellHeight
	}
	return image.Pt(max(c.strong.Width(m.Title), label+8+len(m.Columns)*cellWidth), y-top)
}

// cell draws a count as a shade with the number on it.
func (c *canvas) cell(at image.Rectangle, n, most int) {
	if c.RGBA == nil {
		return
	}
	paint, dark := Shade(n, most)
	c.fill(image.Rectangle{at.Min, at.Max.Sub(image.Pt(1, 1))}, paint)
	if n == 0 {
		return
	}
	text := color.Color(color.Gray{40})
	if dark {
		text = color.White
	}
	c.small.Centre(c, at.Min.X, at.Min.Y+(cellHeight-c.small.Height)/2, cellWidth-1, text, Short(n))
}

// Shade is the colour of a count between 0 and most, and whether it is dark. The scale is that of the root, so that small counts differ from none and from
// one another; 0 is nearly white.
func Shade(n, most int) (paint color.NRGBA, dark bool) {
	if n <= 0 || most <= 0 {
		return color.NRGBA{246, 246, 246, 255}, false
	}
	v := math.Sqrt(float64(n) / float64(most))
	low, high := [3]float64{222, 235, 247}, [3]float64{8, 48, 107}
	var rgb [3]uint8
	for i := range rgb {
		rgb[i] = uint8(math.Round(low[i] + v*(high[i]-low[i])))
	}
	return color.NRGBA{rgb[0], rgb[1], rgb[2], 255}, v > 0.5
}

// Short writes a count in at most four letters: 999, 1.2k, 12k, 3.4M, 120M.
func Short(n int) string {
	for _, unit := range []struct {
		size int
		name string
	}{{1_000_000_000, "G"}, {1_000_000, "M"}, {1000, "k"}} {
		if n < unit.size-unit.size/2000 { // 999,500 is 1.0M, not 1000k
			continue
		}
		v := float64(n) / float64(unit.size)
		if v < 9.95 {
			return strconv.FormatFloat(v, 'f', 1, 64) + unit.name
		}
		return strconv.FormatFloat(v, 'f', 0, 64) + unit.name
	}
	return strconv.Itoa(n)
}
