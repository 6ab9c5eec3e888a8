package data

import (
	"image"
	"io"

	"golang.org/x/image/webp"
)

// decodeWebP is webp.Decode with the right colours. A lossy WebP holds Y from 16 to 235 and chroma from 16 to 240 (RFC 6386, section
// 9.2; ITU-R BT.601), but x/image gives it as image.YCbCr, whose conversion to RGB takes all three as 0 to 255, as JPEG has them:
// contrast would be too low by an eighth.
func decodeWebP(r io.Reader) (image.Image, error) {
	m, err := webp.Decode(r)
	if err != nil {
		return nil, err
	}
	var c *image.YCbCr
	var alpha func(x, y int) byte
	switch m := m.(type) {
	case *image.YCbCr:
		c, alpha = smooth(m).(*image.YCbCr), func(int, int) byte { return 255 }
	case *image.NYCbCrA:
		c, alpha = smooth(&m.YCbCr).(*image.YCbCr), func(x, y int) byte { return m.A[m.AOffset(x, y)] }
	default:
		return m, nil
	}
	out := image.NewNRGBA(c.Rect)
	for y := c.Rect.Min.Y; y < c.Rect.Max.Y; y++ {
		row := out.Pix[out.PixOffset(c.Rect.Min.X, y):]
		for x := c.Rect.Min.X; x < c.Rect.Max.X; x++ {
			i := c.COffset(x, y)
			row[0], row[1], row[2] = videoRGB(c.Y[c.YOffset(x, y)], c.Cb[i], c.Cr[i])
			row[3] = alpha(x, y)
			row = row[4:]
		}
	}
	return out, nil
}

// videoRGB converts a colour of limited range to RGB in libwebp's integers (its VP8YUVToR, VP8YUVToG and VP8YUVToB), so that
// the bits are the same.
func videoRGB(y, u, v byte) (r, g, b byte) {
	clip := func(v int) byte { return byte(min(max(v>>6, 0), 255)) }
	yy := int(y) * 19077 >> 8
	return clip(yy + int(v)*26149>>8 - 14234),
		clip(yy - int(u)*6419>>8 - int(v)*13320>>8 + 8708),
		clip(yy + int(u)*33050>>8 - 17685)
}
