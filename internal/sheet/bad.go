package sheet

import (
	"image"
	"image/color"
	"strings"

	"golang.org/x/image/draw"
)

// drawBad fills a picture's place where there is none: grey, crossed out, with the reason in as many lines as there is room for.
func (l *layout) drawBad(im *image.RGBA, place image.Rectangle, reason string) {
	draw.Draw(im, place, image.NewUniform(color.Gray{232}), image.Point{}, draw.Src)
	const thick = 1 // pixels on both sides of the line
	side := place.Dx() - 1
	for i := range place.Dx() {
		for d := -thick; d <= thick; d++ {
			for _, p := range []image.Point{{i, i + d}, {i, side - i + d}} {
				if p = p.Add(place.Min); p.In(place) {
					im.Set(p.X, p.Y, color.Gray{190})
				}
			}
		}
	}
	s := l.styles.small
	room := place.Inset(4)
	lines := wrap(reason, func(text string) bool { return s.Width(text) <= room.Dx() })
	lines = lines[:min(len(lines), max(1, room.Dy()/s.Height))]
	y := room.Min.Y + (room.Dy()-len(lines)*s.Height)/2
	for _, line := range lines {
		s.Centre(im, room.Min.X, y, room.Dx(), color.NRGBA{150, 24, 24, 255}, line)
		y += s.Height
	}
}

// wrap breaks a text at its spaces into lines that fit; a word that does not fit is a line of its own.
func wrap(text string, fits func(string) bool) (lines []string) {
	for _, word := range strings.Fields(text) {
		if n := len(lines); n > 0 && fits(lines[n-1]+" "+word) {
			lines[n-1] += " " + word
		} else {
			lines = append(lines, word)
		}
	}
	return lines
}
