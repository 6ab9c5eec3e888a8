package main

import (
	"fmt"
	"image"
	"path/filepath"
	"strings"

	"deeprank/data"
	"deeprank/internal/sheet"
	"deeprank/internal/vectors"
)

// writeHits writes the sheet or the page: a row for each query, itself, and what was found with its distance. A picture that cannot be read any more stays empty.
func writeHits(e *vectors.Folder, r *searchResult, o *searchOptions) error {
	page := strings.EqualFold(filepath.Ext(o.sheet), ".html")
	dir := o.images
	if dir == "" {
		dir = e.Info.Images
	}
	pictures, err := data.OpenPictures(e.Meta, dir, data.PictureOptions{Size: o.cell, Fit: "pad"})
	if err != nil {
		return err
	}
	defer pictures.Close()
	picture := func(row int) image.Image {
		pixels, err := pictures.Load(row)
		if err != nil {
			return nil
		}
		return pictureOf(pixels, o.cell)
	}
	b := sheet.Block{Columns: []string{"query"}}
	for k := range o.top {
		b.Columns = append(b.Columns, fmt.Sprint(k+1))
	}
	framed := false
	for i := range r.Queries {
		q := &r.Queries[i]
		first := sheet.Cell{Caption: filepath.Base(q.Query)} // the folders would leave no room for the name
		if q.row >= 0 {
			first.Picture = picture(q.row)
			if first.Caption = strings.TrimSpace(e.Meta.Color[q.row] + " " + e.Meta.Category[q.row]); first.Caption == "" {
				first.Caption = "row " + q.Query
			}
		} else if pixels, err := loadPicture(q.Query, o.cell, "pad"); err == nil {
			first.Picture = pictureOf(pixels, o.cell)
		}
		row := []sheet.Cell{first}
		for _, h := range q.Hits {
			c := sheet.Cell{Picture: picture(h.Row), Caption: fmt.Sprintf("%.3f %s", h.Distance, h.Category)}
			if page { // which has room
				c.Caption = fmt.Sprintf("%.4f\n%s\n%s\n%s", h.Distance, strings.TrimSpace(h.Colour+" "+h.Category), h.ID, h.Name)
			}
			if q.row >= 0 && e.Meta.ID[q.row] != "" && e.Meta.ID[q.row] == h.ID {
				c.Frame, framed = sheet.Right(), true
			}
			row = append(row, c)
		}
		b.Rows = append(b.Rows, row)
	}
	options := sheet.Options{Cell: o.cell, Apart: 1, Subtitle: fmt.Sprintf("among %d; below each its squared distance", r.Pictures)}
	if framed {
		options.Legend = []sheet.Mark{{Frame: sheet.Right(), Text: "same product as the query"}}
	}
	const title = "Nearest pictures"
	if page {
		return sheet.WriteHTML(o.sheet, title, []sheet.Block{b}, options)
	}
	return sheet.WritePNG(o.sheet, sheet.Draw(title, []sheet.Block{b}, options))
}

// pictureOf makes a picture of size x size RGB pixels.
func pictureOf(pixels []byte, size int) image.Image {
	im := image.NewNRGBA(image.Rect(0, 0, size, size))
	for i := range size * size {
		copy(im.Pix[4*i:], pixels[3*i:3*i+3])
		im.Pix[4*i+3] = 255
	}
	return im
}
