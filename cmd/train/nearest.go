package main

import (
	"bytes"
	"cmp"
	"image"
	"image/png"
	"slices"

	"github.com/disintegration/imaging"

	"deeprank/data"
	"deeprank/internal/embed"
	"deeprank/internal/sheet"
	"deeprank/internal/tensorboard"
)

// nearestSheet draws the nearest pictures of some queries among the sample, as the network sees them; nil where no
// product has two pictures in it, or a picture cannot be read any more. The queries are the same each time.
func nearestSheet(m *data.Metadata, pictures *data.Pictures, size int, sample []embed.Embedded) *tensorboard.Image {
	const queries, top, cell = 8, 8, 64
	b := sheet.Block{Columns: []string{"query"}}
	for range min(top, len(sample)-1) {
		b.Columns = append(b.Columns, "")
	}
	for _, q := range sampleQueries(m, sample, queries) {
		order := make([]int, 0, len(sample))
		distance := make([]float64, len(sample))
		for i := range sample {
			if i != q {
				distance[i] = embed.SquaredDistance(sample[q].Vector, sample[i].Vector)
				order = append(order, i)
			}
		}
		slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(distance[i], distance[j]) })
		var row []sheet.Cell
		for k, i := range append([]int{q}, order[:min(top, len(order))]...) {
			pixels, err := pictures.Load(int(sample[i].Row))
			if err != nil {
				return nil
			}
			c := sheet.Cell{Picture: thumbnail(pixels, size, cell)}
			if k > 0 {
				c.Frame = sheet.Wrong()
				if m.ID[sample[i].Row] == m.ID[sample[q].Row] {
					c.Frame = sheet.Right()
				}
			}
			row = append(row, c)
		}
		b.Rows = append(b.Rows, row)
	}
	if len(b.Rows) == 0 {
		return nil
	}
	im := sheet.Draw("Nearest validation pictures", []sheet.Block{b}, sheet.Options{
		Cell: cell, Apart: 1,
		Legend: []sheet.Mark{{Frame: sheet.Right(), Text: "same product"}, {Frame: sheet.Wrong(), Text: "another one"}},
	})
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := encoder.Encode(&out, im); err != nil {
		return nil
	}
	return &tensorboard.Image{Tag: "val_nearest", Width: im.Bounds().Dx(), Height: im.Bounds().Dy(), PNG: out.Bytes()}
}

// sampleQueries chooses up to n pictures of different products, each of which has another picture in the sample.
func sampleQueries(m *data.Metadata, sample []embed.Embedded, n int) []int {
	first := map[string]int{}
	twice := map[string]bool{}
	var products []string // in the order of their second picture
	for i, e := range sample {
		id := m.ID[e.Row]
		if id == "" {
			continue
		}
		if _, ok := first[id]; !ok {
			first[id] = i
		} else if !twice[id] {
			twice[id] = true
			products = append(products, id)
		}
	}
	var places []int
	for k := range min(n, len(products)) {
		places = append(places, first[products[k*len(products)/min(n, len(products))]])
	}
	return places
}

// thumbnail makes a small picture of RGB bytes.
func thumbnail(pixels []byte, size, cell int) image.Image {
	im := image.NewNRGBA(image.Rect(0, 0, size, size))
	for i := range size * size {
		copy(im.Pix[4*i:], pixels[3*i:3*i+3])
		im.Pix[4*i+3] = 255
	}
	return imaging.Resize(im, cell, cell, imaging.Box)
}
