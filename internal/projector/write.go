package projector

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"deeprank/data"
	"deeprank/internal/atomicfile"
	"deeprank/internal/sheet"
)

// The names of the files.
const (
	configName   = "projector_config.pbtxt"
	tensorsName  = "tensors.tsv"
	metadataName = "metadata.tsv"
	spriteName   = "sprite.png"
)

// Source is embeddings that can be read piece by piece; see retrieval.Source.
type Source interface {
	Rows() int
	Dim() int
	Read(from, to int, buffer []float32) ([]float32, error)
}

// The sprite is a texture of the browser: no side may have more than spriteSide pixels. A picture has at most
// largest, and below smallest there is nothing to see.
const (
	spriteSide = 8192
	largest    = 64
	smallest   = 8
)

// CellOf is the side in pixels that each of so many pictures has on the sprite; 0 where they are too many for one.
func CellOf(pictures int) int {
	cell := min(largest, spriteSide/across(pictures))
	if cell < smallest {
		return 0
	}
	return cell
}

// across is how many pictures a row of the sprite has.
func across(pictures int) int {
	return max(1, int(math.Ceil(math.Sqrt(float64(pictures)))))
}

// Check refuses, by a *data.Refused, a folder whose metadata.tsv is not of an earlier Write, such as one of embeddings: Write would take its place. Earlier ones
// have tensors.tsv too, which is written first.
func Check(dir string) error {
	_, err := os.Lstat(filepath.Join(dir, metadataName))
	_, tensors := os.Lstat(filepath.Join(dir, tensorsName))
	if err == nil && errors.Is(tensors, os.ErrNotExist) {
		return &data.Refused{Path: dir, Reason: "holds a " + metadataName + " of something else", Remedy: "name another folder for the projector"}
	}
	return nil
}

// Write writes the folder dir, which it makes, if Check has nothing against it. m has a row for each embedding. pictures, of m's rows and the size CellOf says, may be nil: then there is no
// sprite. A picture that cannot be read stays grey. progress is told how many pictures are drawn.
func Write(ctx context.Context, dir string, e Source, m *data.Metadata, pictures *data.Pictures, progress func(done, total int)) error {
	if e.Rows() != m.Rows() {
		return fmt.Errorf("projector: %d embeddings of %d pictures", e.Rows(), m.Rows())
	}
	if err := Check(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	err := atomicfile.Write(filepath.Join(dir, tensorsName), func(w io.Writer) error { return writeTensors(ctx, w, e) })
	if err != nil {
		return err
	}
	if err := atomicfile.Write(filepath.Join(dir, metadataName), func(w io.Writer) error { return writeMetadata(w, m) }); err != nil {
		return err
	}
	config := fmt.Sprintf("embeddings {\n  tensor_name: \"embeddings\"\n  tensor_path: %q\n  metadata_path: %q\n", tensorsName, metadataName)
	if pictures != nil {
		im, err := drawSprite(ctx, m.Rows(), pictures, progress)
		if err != nil {
			return err
		}
		if err := sheet.WritePNG(filepath.Join(dir, spriteName), im); err != nil {
			return err
		}
		cell := pictures.Size()
		config += fmt.Sprintf("  sprite {\n    image_path: %q\n    single_image_dim: %d\n    single_image_dim: %d\n  }\n", spriteName, cell, cell)
	} else if err := os.Remove(filepath.Join(dir, spriteName)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err // an earlier one, of other pictures
	}
	// Last: it names the others.
	return atomicfile.Write(filepath.Join(dir, configName), func(w io.Writer) error {
		_, err := io.WriteString(w, config+"}\n")
		return err
	})
}

func writeTensors(ctx context.Context, w io.Writer, e Source) error {
	const rows = 256
	dim := e.Dim()
	buffer, line := make([]float32, rows*dim), []byte(nil)
	for from := 0; from < e.Rows(); from += rows {
		if err := ctx.Err(); err != nil {
			return err
		}
		to := min(from+rows, e.Rows())
		v, err := e.Read(from, to, buffer)
		if err != nil {
			return err
		}
		for i := range to - from {
			line = line[:0]
			for j, x := range v[i*dim : (i+1)*dim] {
				if j > 0 {
					line = append(line, '\t')
				}
				line = strconv.AppendFloat(line, float64(x), 'g', -1, 32)
			}
			if _, err := w.Write(append(line, '\n')); err != nil {
				return err
			}
		}
	}
	return nil
}

// plain leaves out what ends a field or a line.
var plain = strings.NewReplacer("\t", " ", "\r", " ", "\n", " ")

func writeMetadata(w io.Writer, m *data.Metadata) error {
	if _, err := io.WriteString(w, "name\tproduct\tcategory\tcolour\tgender\n"); err != nil {
		return err
	}
	for i := range m.Rows() {
		fields := []string{m.Name[i], m.ID[i], m.Category[i], m.Color[i], m.Gender[i]}
		for j := range fields {
			fields[j] = plain.Replace(fields[j])
		}
		if _, err := io.WriteString(w, strings.Join(fields, "\t")+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// drawSprite puts the pictures side by side.
func drawSprite(ctx context.Context, n int, pictures *data.Pictures, progress func(done, total int)) (*image.RGBA, error) {
	cell, columns := pictures.Size(), across(n)
	im := image.NewRGBA(image.Rect(0, 0, columns*cell, columns*cell))
	for i := range n {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		x0, y0 := i%columns*cell, i/columns*cell
		pixels, err := pictures.Load(i)
		if _, refused := errors.AsType[*data.Refused](err); err != nil && !refused {
			return nil, err
		}
		for y := range cell {
			for x := range cell {
				c := color.RGBA{0x80, 0x80, 0x80, 0xff}
				if err == nil {
					p := pixels[3*(y*cell+x):]
					c = color.RGBA{p[0], p[1], p[2], 0xff}
				}
				im.SetRGBA(x0+x, y0+y, c)
			}
		}
		if progress != nil {
			progress(i+1, n)
		}
	}
	return im, nil
}
