package sheet

import (
	"bytes"
	_ "embed" // the page's template
	"encoding/base64"
	"fmt"
	"html/template"
	"image"
	"image/color"
	"image/jpeg"
	"io"

	"deeprank/internal/atomicfile"
	"deeprank/internal/pagestyle"
)

//go:embed page.html
var pageTemplate string

type htmlPage struct {
	Title, Subtitle string
	Side            int
	Legend          []htmlMark
	Blocks          []htmlBlock
}

type htmlMark struct {
	Colour template.CSS
	Text   string
}

type htmlBlock struct {
	Title string
	Rows  []htmlRow
}

type htmlRow struct {
	Above string
	Cells []htmlCell
}

type htmlCell struct {
	Column, Caption, Bad string
	Source               template.URL
	Colour               template.CSS
	Last                 bool // of those that stand apart
}

// WriteHTML writes what Draw draws as a page: one file that needs no other and no network, with captions in full. The file is whole or as it was.
func WriteHTML(path, title string, blocks []Block, o Options) error {
	t, err := template.New("sheet").Funcs(pagestyle.Functions()).Parse(pageTemplate)
	if err != nil {
		return fmt.Errorf("sheet: the built-in page: %w", err)
	}
	page := htmlPage{Title: title, Subtitle: o.Subtitle, Side: o.Cell}
	if page.Side == 0 {
		page.Side = defaultCell
	}
	for _, m := range o.Legend {
		page.Legend = append(page.Legend, htmlMark{css(m.Frame), m.Text})
	}
	sources := map[image.Image]template.URL{} // a picture may be in many cells
	for _, b := range blocks {
		hb := htmlBlock{Title: b.Title}
		for r, row := range b.Rows {
			var hr htmlRow
			if r < len(b.Above) {
				hr.Above = b.Above[r]
			}
			for c, cell := range row {
				h := htmlCell{Caption: cell.Caption, Bad: cell.Bad, Last: c == o.Apart-1}
				if c < len(b.Columns) {
					h.Column = b.Columns[c]
				}
				if cell.Frame != nil {
					h.Colour = css(cell.Frame)
				}
				if cell.Picture != nil {
					if _, ok := sources[cell.Picture]; !ok {
						if sources[cell.Picture], err = JPEG(cell.Picture); err != nil {
							return err
						}
					}
					h.Source = sources[cell.Picture]
				} else if h.Bad == "" {
					h.Bad = "no picture"
				}
				hr.Cells = append(hr.Cells, h)
			}
			hb.Rows = append(hb.Rows, hr)
		}
		page.Blocks = append(page.Blocks, hb)
	}
	return atomicfile.Write(path, func(w io.Writer) error { return t.Execute(w, page) })
}

// css is a colour as a style sheet has it.
func css(c color.Color) template.CSS {
	n, _ := color.NRGBAModel.Convert(c).(color.NRGBA)
	return template.CSS(fmt.Sprintf("#%02x%02x%02x", n.R, n.G, n.B))
}

// JPEG is an address for a page that holds the picture itself.
func JPEG(im image.Image) (template.URL, error) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, im, &jpeg.Options{Quality: 80}); err != nil {
		return "", err
	}
	return template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(b.Bytes())), nil
}
