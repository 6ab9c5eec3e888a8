package main

import (
	"image"
	"image/color"
	"strconv"
	"strings"

	"deeprank/data"
	"deeprank/internal/sheet"
)

// drawSheet draws the shown queries with their nearest pictures before and after training, given by place. The
// pictures are decoded again at the size of a cell, in their own proportions.
func drawSheet(g *gallery, shown []int, before, after map[int][]int, numbers string, o *sheetOptions) (*image.RGBA, error) {
	t, err := openThumbnails(g, o.cell)
	if err != nil {
		return nil, err
	}
	defer t.close()
	load := t.load
	block := func(title string, nearest map[int][]int) (sheet.Block, error) {
		b := sheet.Block{Title: title, Columns: []string{"query"}}
		for k := range min(o.top, len(g.rows)-1) {
			b.Columns = append(b.Columns, strconv.Itoa(k+1))
		}
		for _, q := range shown {
			im, err := load(q)
			if err != nil {
				return b, err
			}
			row := []sheet.Cell{{Picture: im, Caption: caption(g, q)}}
			for _, place := range nearest[q] {
				c := sheet.Cell{Frame: [...]color.Color{sheet.Wrong(), sheet.Near(), sheet.Right()}[g.kinship(q, place)]}
				if c.Picture, err = load(place); err != nil {
					return b, err
				}
				row = append(row, c)
			}
			b.Rows = append(b.Rows, row)
		}
		return b, nil
	}
	left, err := block("before training", before)
	if err != nil {
		return nil, err
	}
	right, err := block("after training", after)
	if err != nil {
		return nil, err
	}
	return sheet.Draw("Nearest pictures, before and after training", []sheet.Block{left, right}, sheet.Options{
		Cell: o.cell, Apart: 1, Subtitle: numbers,
		Legend: []sheet.Mark{
			{Frame: sheet.Right(), Text: "same product as the query"},
			{Frame: sheet.Near(), Text: "another product of the same category and colour"},
			{Frame: sheet.Wrong(), Text: "neither"},
		},
	}), nil
}

// caption says what a query is: its colour and category.
func caption(g *gallery, place int) string {
	row := g.rows[place]
	return strings.TrimSpace(g.meta.Color[row] + " " + g.meta.Category[row])
}

// thumbnails are a gallery's pictures at the size that is shown, in their own proportions.
type thumbnails struct {
	g        *gallery
	pictures *data.Pictures
	loaded   map[int]image.Image // by place
}

func openThumbnails(g *gallery, side int) (*thumbnails, error) {
	pictures, err := data.OpenPictures(g.meta, g.imagesPath, data.PictureOptions{Size: side, Fit: "pad"})
	if err != nil {
		return nil, err
	}
	return &thumbnails{g, pictures, map[int]image.Image{}}, nil
}

func (t *thumbnails) close() { _ = t.pictures.Close() } // read-only

func (t *thumbnails) load(place int) (image.Image, error) {
	if im := t.loaded[place]; im != nil {
		return im, nil
	}
	pixels, err := t.pictures.Load(int(t.g.rows[place]))
	if err != nil {
		return nil, err
	}
	t.loaded[place] = pictureOf(pixels, t.pictures.Size())
	return t.loaded[place], nil
}
