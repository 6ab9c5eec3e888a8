package sheet

import (
	"image"
	"image/color"

	"golang.org/x/image/font"
	"golang.org/x/image/math/fixed"
)

// style is a font at a size.
type style struct {
	face           font.Face
	ascent, height int // pixels
}

func newStyle(face font.Face) style {
	m := face.Metrics()
	return style{face, m.Ascent.Ceil(), (m.Ascent + m.Descent).Ceil()}
}

// width returns a text's width in pixels.
func (s style) width(text string) int { return font.MeasureString(s.face, text).Ceil() }

// fit shortens a text to a width by an ellipsis at its end.
func (s style) fit(text string, width int) string {
	if s.width(text) <= width {
		return text
	}
	letters := []rune(text)
	// The widest beginning that fits, by halving.
	low, high := 0, len(letters)
	for low < high {
		middle := (low + high + 1) / 2
		if s.width(string(letters[:middle])+ellipsis) <= width {
			low = middle
		} else {
			high = middle - 1
		}
	}
	if low == 0 {
		return ""
	}
	return string(letters[:low]) + ellipsis
}

// write draws a text whose line's upper left corner is (x, y).
func (s style) write(im *image.RGBA, x, y int, c color.Color, text string) {
	d := font.Drawer{Dst: im, Src: image.NewUniform(c), Face: s.face, Dot: fixed.P(x, y+s.ascent)}
	d.DrawString(text)
}

// centre draws a text in the middle of [x, x+width), shortened to it.
func (s style) centre(im *image.RGBA, x, y, width int, c color.Color, text string) {
	text = s.fit(text, width)
	s.write(im, x+(width-s.width(text))/2, y, c, text)
}
