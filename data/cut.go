package data

import (
	"bytes"
	"errors"
	"fmt"
	"image"
)

// ErrNoCut says that a box has no pixel in common with its picture.
var ErrNoCut = errors.New("the box lies outside of the picture")

// CutPicture decodes a picture file's content, cuts the box out of it, as far as it lies within, and turns that upright. The box is in
// pixels as they are stored, before the file's orientation is applied: so count the boxes that come with public sets, whose readers ignore
// the orientation. Transparent parts become white. A picture that cannot be used is a *Refused without a path; a box without a pixel is
// ErrNoCut.
func CutPicture(content []byte, box image.Rectangle) (m image.Image, err error) {
	format, config, err := sniff(content)
	if err != nil {
		return nil, err
	}
	defer recovered(&err)
	canvas := image.Rect(0, 0, config.Width, config.Height)
	if box = box.Intersect(canvas); box.Empty() {
		return nil, ErrNoCut
	}
	decoded, err := format.decode(bytes.NewReader(content))
	if err != nil {
		return nil, damaged(format, err)
	}
	if b := decoded.Bounds(); !b.In(canvas) || b.Empty() {
		return nil, damaged(format, fmt.Errorf("the header says %v, the picture has %v", canvas.Max, b))
	}
	cut := image.NewRGBA(image.Rect(0, 0, box.Dx(), box.Dy()))
	whole := onWhite(decoded, canvas)
	for y := range box.Dy() {
		copy(cut.Pix[y*cut.Stride:][:4*box.Dx()], whole.Pix[whole.PixOffset(box.Min.X, box.Min.Y+y):])
	}
	upright := asNRGBA(cut)
	if format.exif != nil {
		upright = orient(upright, orientation(format.exif(content)))
	}
	return upright, nil
}
