package data

import (
	"bytes"
	"errors"
	"image"
	"io"

	"golang.org/x/image/tiff"
)

// decodeTIFF decodes a TIFF that is read about once. A crafted one can have a hundred thousand strips that all lie in the same megabytes, which say nothing: the
// decoder would be busy with them for hours.
func decodeTIFF(r io.Reader) (image.Image, error) {
	if content, ok := r.(*bytes.Reader); ok {
		const often, besides = 16, 16 << 20 // equal strips may well lie in one place
		r = &bounded{content, often*content.Size() + besides}
	}
	return tiff.Decode(r)
}

// bounded gives so many bytes, then an error.
type bounded struct {
	content *bytes.Reader
	left    int64
}

var errReadOften = errors.New("its parts are read over and over")

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.content.Read(p)
	return b.count(n, err)
}

// ReadAt is what tiff.Decode reads by.
func (b *bounded) ReadAt(p []byte, at int64) (int, error) {
	n, err := b.content.ReadAt(p, at)
	return b.count(n, err)
}

func (b *bounded) count(n int, err error) (int, error) {
	if b.left -= int64(n); b.left < 0 {
		return 0, errReadOften
	}
	return n, err
}
