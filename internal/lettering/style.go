package lettering

import (
	"fmt"
	"image"
	"image/color"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

const ellipsis = "…"

// Style is a font at a size. It is not safe for use by several goroutines.
type Style struct {
	face   font.Face
	ascent int
	Height int // of a line, pixels
}

// Regular gives the regular font, its size in pixels.
func Regular(size float64) Style { return newStyle(goregular.TTF, size) }

// Bold gives the bold font, its size in pixels.
func Bold(size float64) Style { return newStyle(gobold.TTF, size) }

// newStyle reads a font that is compiled in, so that it cannot fail.
func newStyle(ttf []byte, size float64) Style {
	f, err := opentype.Parse(ttf)
	if err != nil {
		panic(fmt.Sprintf("lettering: the built-in font: %v", err))
	}
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		panic(fmt.Sprintf("lettering: the built-in font: %v", err))
	}
	m := face.Metrics()
	return Style{face, m.Ascent.Ceil(), (m.Ascent + m.Descent).Ceil()}
}

// Lacks counts the texts that hold a letter which the fonts lack.
func Lacks(texts ...string) (n int) {
	f, err := opentype.Parse(goregular.TTF)
	if err != nil {
		panic(fmt.Sprintf("lettering: the built-in font: %v", err))
	}
	var buffer sfnt.Buffer
	for _, text := range texts {
		for _, letter := range text {
			if glyph, err := f.GlyphIndex(&buffer, letter); err != nil || glyph == 0 {
				n++
				break
			}
		}
	}
	return n
}

// Width returns a text's width in pixels.
func (s Style) Width(text string) int { return font.MeasureString(s.face, text).Ceil() }

// Fit shortens a text to a width by an ellipsis at its end.
func (s Style) Fit(text string, width int) string {
	if s.Width(text) <= width {
		return text
	}
	letters := []rune(text)
	// The widest beginning that fits, by halving.
	low, high := 0, len(letters)
	for low < high {
		middle := (low + high + 1) / 2
		if s.Width(string(letters[:middle])+ellipsis) <= width {
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

// Write draws a text whose line's upper left corner is (x, y).
func (s Style) Write(im draw.Image, x, y int, c color.Color, text string) {
	d := font.Drawer{Dst: im, Src: image.NewUniform(c), Face: s.face, Dot: fixed.P(x, y+s.ascent)}
	d.DrawString(text)
}

// Centre draws a text in the middle of [x, x+width), shortened to it.
func (s Style) Centre(im draw.Image, x, y, width int, c color.Color, text string) {
	text = s.Fit(text, width)
	s.Write(im, x+(width-s.Width(text))/2, y, c, text)
}

// WriteUp draws a text that reads from below upwards; the lower left corner of what it covers is (x, y), its width Height.
func (s Style) WriteUp(im draw.Image, x, y int, c color.Color, text string) {
	ink := image.NewAlpha(image.Rect(0, 0, s.Width(text)+1, s.Height))
	s.Write(ink, 0, 0, color.Opaque, text)
	turned := image.NewAlpha(image.Rect(0, 0, ink.Rect.Dy(), ink.Rect.Dx()))
	for v := range ink.Rect.Dy() {
		for u := range ink.Rect.Dx() {
			turned.SetAlpha(v, turned.Rect.Dy()-1-u, ink.AlphaAt(u, v))
		}
	}
	at := turned.Rect.Add(image.Pt(x, y-turned.Rect.Dy()))
	draw.DrawMask(im, at, image.NewUniform(c), image.Point{}, turned, image.Point{}, draw.Over)
}
