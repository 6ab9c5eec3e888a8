package main

import (
	"image"
	"strconv"
	"strings"

	"deeprank/data"
	"deeprank/internal/sheet"
)

// drawSheet draws the shown queries with their nearest pictures before and after training, given by place. The
// pictures are decoded again at the size of a cell, in their own proportions.
func drawSheet(g *gallery, shown []int, before, after map[int][]int, numbers string, o *sheetOptions) (*image.RGBA, error) {
	pictures, err := data.OpenPictures(g.meta, g.imagesPath, data.PictureOptions{Size: o.cell, Fit: "pad"})
	if err != nil {
		return nil, err
	}
	defer pictures.Close()
	loaded := map[int]image.Image{}
	load := func(place int) (image.Image, error) {
		if im := loaded[place]; im != nil {
			return im, nil
		}
		pixels, err := pictures.Load(int(g.rows[place]))
		if err != nil {
			return nil, err
		}
		im := image.NewNRGBA(image.Rect(0, 0, o.cell, o.cell))
		for i := range o.cell * o.cell {
			copy(im.Pix[4*i:], pixels[3*i:3*i+3])
			im.Pix[4*i+3] = 255
		}
		loaded[place] = im
		return im, nil
	}
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
				c := sheet.Cell{Frame: sheet.Wrong()}
				switch {
				case g.sameProduct(q, place):
					c.Frame = sheet.Right()
				case g.sameLook(q, place):
					c.Frame = sheet.Near()
				}
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
