package data

import (
	"image"
	"image/color"

	"github.com/disintegration/imaging"
)

// resize brings a picture to size x size pixels.
//
//   - stretch: the whole picture, whatever its aspect ratio
//   - crop: the largest square in its middle
//   - pad: the whole picture in its aspect ratio, in the middle of a white square
//
// The filter is Catmull-Rom, widened by the factor of reduction: the bicubic filter of Pillow's resize. A picture that has the size
// already keeps its pixels.
func resize(m *image.NRGBA, size int, fit string) *image.NRGBA {
	filter := imaging.CatmullRom
	w, h := m.Rect.Dx(), m.Rect.Dy()
	switch {
	case w == size && h == size:
		return m
	case fit == "crop":
		side := min(w, h)
		x, y := (w-side)/2, (h-side)/2
		square := m.SubImage(image.Rect(x, y, x+side, y+side).Add(m.Rect.Min)).(*image.NRGBA)
		return imaging.Resize(square, size, size, filter)
	case fit == "pad":
		long := max(w, h)
		inner := imaging.Resize(m, scaled(w, size, long), scaled(h, size, long), filter)
		return imaging.PasteCenter(imaging.New(size, size, color.White), inner)
	}
	return imaging.Resize(m, size, size, filter)
}

// scaled gives n*size/long, rounded, at least 1.
func scaled(n, size, long int) int { return max(1, (2*n*size+long)/(2*long)) }
