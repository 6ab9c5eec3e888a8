package sheet

import (
	"image"
	"image/color"
	"strings"

	"golang.org/x/image/draw"
)

// Cell is one picture.
type Cell struct {
	Picture image.Image // nil leaves the cell empty
	Bad     string      // instead of a picture: why there is none; drawn in its place, crossed out
	Frame   color.Color // nil draws a thin light line
	Caption string      // below the picture, a line or several; too long a one is shortened
}

// Block is a table of cells. Its rows may differ in length.
type Block struct {
	Title   string
	Columns []string // headings; may be shorter than the rows, or nil
	Above   []string // a line above each row; may be shorter than the rows, or nil
	Rows    [][]Cell
}

// Options change a sheet's look; the zero value is a good one.
type Options struct {
	Cell     int    // side of a picture in pixels; 0 means 72
	Apart    int    // so many first columns of each block stand apart from the rest, as queries do
	Subtitle string // a line below the title
	Legend   []Mark // explains the frames' colours, below the blocks
}

// Mark is an entry of the legend.
type Mark struct {
	Frame color.Color
	Text  string
}

// Right returns the frame's colour for a right result.
func Right() color.Color { return color.NRGBA{34, 160, 74, 255} }

// Wrong returns the frame's colour for a wrong result.
func Wrong() color.Color { return color.NRGBA{214, 72, 62, 255} }

// Near returns the frame's colour for a result that is neither.
func Near() color.Color { return color.NRGBA{236, 176, 48, 255} }

const defaultCell = 72

// layout holds the measures of a sheet in pixels.
type layout struct {
	cell, frame, gap, margin int
	apart, apartGap          int
	caption                  int // height below each picture, 0 where no cell has a caption
	above                    int // height above each row of cells, 0 where no row has a line there
	columns                  []int
	rows                     int
	headings, titles         bool
	styles                   styles
}

// Draw returns the sheet, as large as it needs to be.
func Draw(title string, blocks []Block, o Options) *image.RGBA {
	l := newLayout(blocks, o)
	s := &l.styles
	black, grey := color.Gray{24}, color.Gray{104}

	width := 0
	for b := range blocks {
		width += l.blockWidth(b)
	}
	width += l.blockGap() * max(0, len(blocks)-1)
	width = max(width, s.title.Width(title), s.text.Width(o.Subtitle), l.legendWidth(o.Legend))

	top := l.margin
	if title != "" {
		top += s.title.Height + l.gap
	}
	if o.Subtitle != "" {
		top += s.text.Height + l.gap
	}
	if title != "" || o.Subtitle != "" {
		top += 2 * l.gap
	}
	first := top // of the first row of cells
	if l.titles {
		first += s.strong.Height + l.gap
	}
	if l.headings {
		first += s.small.Height + l.gap/2
	}
	bottom := first + l.rows*l.rowHeight()
	legend := bottom + l.gap
	if len(o.Legend) > 0 {
		bottom = legend + s.text.Height
	}

	im := image.NewRGBA(image.Rect(0, 0, width+2*l.margin, bottom+l.margin))
	draw.Draw(im, im.Bounds(), image.White, image.Point{}, draw.Src)
	y := l.margin
	if title != "" {
		s.title.Write(im, l.margin, y, black, title)
		y += s.title.Height + l.gap
	}
	s.text.Write(im, l.margin, y, grey, o.Subtitle)
	x := l.margin
	for b, block := range blocks {
		y := top
		if b > 0 {
			line := image.Rect(x-l.blockGap()/2, top, x-l.blockGap()/2+1, first+l.rows*l.rowHeight())
			draw.Draw(im, line, image.NewUniform(color.Gray{210}), image.Point{}, draw.Src)
		}
		if l.titles {
			s.strong.Write(im, x, y, black, s.strong.Fit(block.Title, l.blockWidth(b)))
			y += s.strong.Height + l.gap
		}
		for c, text := range block.Columns[:min(len(block.Columns), l.columns[b])] {
			s.small.Centre(im, x+l.columnAt(c), y, l.outer(), grey, text)
		}
		for r, row := range block.Rows {
			y := first + r*l.rowHeight()
			if r < len(block.Above) {
				s.small.Write(im, x, y, black, s.small.Fit(block.Above[r], l.blockWidth(b)))
			}
			for c := range row {
				l.draw(im, x+l.columnAt(c), y+l.above, &row[c])
			}
		}
		x += l.blockWidth(b) + l.blockGap()
	}
	l.drawLegend(im, legend, o.Legend)
	return im
}

func newLayout(blocks []Block, o Options) *layout {
	cell := o.Cell
	if cell <= 0 {
		cell = defaultCell
	}
	l := &layout{cell: cell, frame: max(2, cell/20), gap: max(4, cell/9), margin: max(12, cell/3), apart: o.Apart, styles: newStyles(cell)}
	l.apartGap = 2 * l.gap
	for _, b := range blocks {
		widest := 0
		for _, row := range b.Rows {
			widest = max(widest, len(row))
			for _, c := range row {
				if c.Caption != "" {
					l.caption = max(l.caption, (strings.Count(c.Caption, "\n")+1)*l.styles.small.Height+2)
				}
			}
		}
		if len(b.Above) > 0 {
			l.above = l.styles.small.Height + 2
		}
		l.columns = append(l.columns, widest)
		l.rows = max(l.rows, len(b.Rows))
		l.titles = l.titles || b.Title != ""
		l.headings = l.headings || len(b.Columns) > 0
	}
	return l
}

// outer is the side of a cell with its frame.
func (l *layout) outer() int { return l.cell + 2*l.frame }

func (l *layout) rowHeight() int { return l.above + l.outer() + l.caption + l.gap }

func (l *layout) blockGap() int { return 5 * l.gap }

// columnAt is a column's offset in its block.
func (l *layout) columnAt(c int) int {
	x := c * (l.outer() + l.gap)
	if c >= l.apart && l.apart > 0 {
		x += l.apartGap
	}
	return x
}

func (l *layout) blockWidth(b int) int {
	if l.columns[b] == 0 {
		return 0
	}
	return l.columnAt(l.columns[b]-1) + l.outer()
}

// draw draws a cell whose upper left corner is (x, y).
func (l *layout) draw(im *image.RGBA, x, y int, c *Cell) {
	if c.Picture != nil || c.Bad != "" {
		outer := image.Rect(x, y, x+l.outer(), y+l.outer())
		inner := outer.Inset(l.frame)
		if c.Frame != nil {
			draw.Draw(im, outer, image.NewUniform(c.Frame), image.Point{}, draw.Src)
		} else {
			draw.Draw(im, inner.Inset(-1), image.NewUniform(color.Gray{200}), image.Point{}, draw.Src)
		}
		if c.Picture == nil {
			l.drawBad(im, inner, c.Bad)
		} else {
			draw.Draw(im, inner, image.White, image.Point{}, draw.Src)
			if from := c.Picture.Bounds(); !from.Empty() {
				draw.CatmullRom.Scale(im, fitted(inner, from), c.Picture, from, draw.Over, nil)
			}
		}
	}
	for i, line := range strings.Split(c.Caption, "\n") {
		l.styles.small.Centre(im, x, y+l.outer()+1+i*l.styles.small.Height, l.outer(), color.Gray{72}, line)
	}
}

// fitted returns the largest rectangle in the middle of to with the sides' ratio of from.
func fitted(to, from image.Rectangle) image.Rectangle {
	w, h := to.Dx(), to.Dy()
	if from.Dx() > from.Dy() {
		h = max(1, h*from.Dy()/from.Dx())
	} else {
		w = max(1, w*from.Dx()/from.Dy())
	}
	corner := to.Min.Add(image.Pt((to.Dx()-w)/2, (to.Dy()-h)/2))
	return image.Rectangle{corner, corner.Add(image.Pt(w, h))}
}

// markWidth is the width of a legend's entry without the gap after it.
func (l *layout) markWidth(m Mark) int {
	return l.styles.text.Height + l.gap + l.styles.text.Width(m.Text)
}

func (l *layout) legendWidth(marks []Mark) int {
	w := 0
	for i, m := range marks {
		if i > 0 {
			w += 3 * l.gap
		}
		w += l.markWidth(m)
	}
	return w
}

func (l *layout) drawLegend(im *image.RGBA, y int, marks []Mark) {
	x, side := l.margin, l.styles.text.Height
	for _, m := range marks {
		box := image.Rect(x, y, x+side, y+side).Inset(side / 8)
		if m.Frame != nil {
			draw.Draw(im, box, image.NewUniform(m.Frame), image.Point{}, draw.Src)
			draw.Draw(im, box.Inset(l.frame), image.White, image.Point{}, draw.Src)
		}
		l.styles.text.Write(im, x+side+l.gap, y, color.Gray{72}, m.Text)
		x += l.markWidth(m) + 3*l.gap
	}
}
