package sheet

import (
	"bufio"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
)

// WritePNG writes a picture as PNG. The file is there whole or, after an
// error, as it was before.
func WritePNG(path string, im image.Image) (err error) {
	part := fmt.Sprintf("%s.%d.part", path, os.Getpid())
	f, err := os.Create(part)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(part)
			err = fmt.Errorf("write %s: %w", path, err)
		}
	}()
	w := bufio.NewWriter(f)
	encoder := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := errors.Join(encoder.Encode(w, im), w.Flush(), f.Sync()); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(part, path)
}
