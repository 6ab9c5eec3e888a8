package sheet

import (
	"image"
	"image/png"
	"io"

	"deeprank/internal/atomicfile"
)

// WritePNG writes a picture as PNG. The file is there whole or, after an
// error, as it was before.
func WritePNG(path string, im image.Image) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		encoder := png.Encoder{CompressionLevel: png.BestSpeed}
		return encoder.Encode(w, im)
	})
}
