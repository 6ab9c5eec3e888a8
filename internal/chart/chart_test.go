package chart

import (
	"image"
	"image/color"
	"strings"
	"testing"
)

// runs gives the bounds of the connected areas of exactly one colour, from the top.
func runs(im *image.RGBA, c color.Color) (found []image.Rectangle) {
	want := color.RGBAModel.Convert(c).(color.RGBA)
	seen := map[image.Point]bool{}
	for y := im.Rect.Min.Y; y < im.Rect.Max.Y; y++ {
		for x := im.Rect.Min.X; x < im.Rect.Max.X; x++ {
			if im.RGBAAt(x, y) != want || seen[image.Pt(x, y)] {
				continue
			}
			var area image.Rectangle
			for todo := []image.Point{{x, y}}; len(todo) > 0; {
				p := todo[len(todo)-1]
				todo = todo[:len(todo)-1]
				if !p.In(im.Rect) || seen[p] || im.RGBAAt(p.X, p.Y) != want {
					continue
				}
				seen[p] = true
				area = area.Union(image.Rectangle{p, p.Add(image.Pt(1, 1))})
				todo = append(todo, p.Add(image.Pt(1, 0)), p.Add(image.Pt(-1, 0)), p.Add(image.Pt(0, 1)), p.Add(image.Pt(0, -1)))
			}
			found = append(found, area)
		}
	}
	return found
}

// bordered says whether the margin is white all around.
func bordered(im *image.RGBA) bool {
	inner := im.Rect.Inset(margin - 12) // letters may hang over their line
	for y := im.Rect.Min.Y; y < im.Rect.Max.Y; y++ {
		for x := im.Rect.Min.X; x < im.Rect.Max.X; x++ {
			if !image.Pt(x, y).In(inner) && im.RGBAAt(x, y) != (color.RGBA{255, 255, 255, 255}) {
				return false
			}
		}
	}
	return true
}

func TestBars(t *testing.T) {
	long := strings.Repeat("wide ", 40)
	page := Page{Title: "T", Bars: [][]Bars{{{Title: "a", Bars: []Bar{
		{Label: "one", Text: "1000", Count: 1000}, {Label: long, Text: "500", Count: 500}, {Label: "", Text: "0", Count: 0}, {Label: "few", Text: "1", Count: 1}, {Label: "rest", Text: "250", Count: 250, Faint: true},
	}, Note: "note"}}, {{Title: "b", Bars: []Bar{{Label: "x", Text: long, Count: 1 << 40}}}}}}
	if got := strings.Join(page.Labels(), "|"); got != "one|"+long+"||few|rest|x" {
		t.Errorf("labels %q", got)
	}
	im := Draw(page)
	bars := runs(im, bar())
	if len(bars) != 4 {
		t.Fatalf("%d bars: %v", len(bars), bars)
	}
	var widths []int
	for _, b := range bars {
		if b.Dy() != barHeight {
			t.Errorf("a bar is %v", b.Size())
		}
		widths = append(widths, b.Dx())
	}
	// The first row of both charts stands on one line.
	if widths[0] != 300 || widths[1] != 300 || widths[2] != 150 || widths[3] != 1 {
		t.Errorf("bars of 1000, all, 500 and 1 are %v wide", widths)
	}
	if bars[0].Min.X != bars[2].Min.X || bars[0].Min.X != bars[3].Min.X || bars[0].Min.Y != bars[1].Min.Y {
		t.Errorf("bars do not stand in line: %v", bars)
	}
	if faint := runs(im, pale()); len(faint) != 1 || faint[0].Dx() != 75 {
		t.Errorf("the faint bar is %v", faint)
	}
	if !bordered(im) {
		t.Error("the page's margin is not white")
	}
}

func TestHeatMap(t *testing.T) {
	m := HeatMap{Title: "m", Rows: []string{"a", strings.Repeat("b ", 99)}, Columns: []string{"x", strings.Repeat("y ", 99), "z"}, Counts: [][]int{{0, 100, 25}, {4, 0, 0}}}
	im := Draw(Page{Maps: []HeatMap{m}})
	if !bordered(im) {
		t.Error("the page's margin is not white")
	}
	// The corner of a cell has no letters on it.
	var corners []image.Point
	empty, _ := Shade(0, 100)
	for _, r := range runs(im, empty) {
		if r.Size() == image.Pt(cellWidth-1, cellHeight-1) { // else the edge of a letter
			corners = append(corners, r.Min)
		}
	}
	if len(corners) != 3 {
		t.Fatalf("empty cells at %v", corners)
	}
	at := func(row, column int) image.Point { return corners[0].Add(image.Pt(column*cellWidth, row*cellHeight)) }
	if corners[1] != at(1, 1) || corners[2] != at(1, 2) {
		t.Fatalf("empty cells at %v", corners)
	}
	for _, c := range []struct{ row, column, n int }{{0, 1, 100}, {0, 2, 25}, {1, 0, 4}} {
		want, _ := Shade(c.n, 100)
		p := at(c.row, c.column)
		if got := im.RGBAAt(p.X, p.Y); got != color.RGBAModel.Convert(want) {
			t.Errorf("cell %v is %v, want %v", c, got, want)
		}
	}
}

func TestShade(t *testing.T) {
	last := 256
	for n := range 1001 {
		c, dark := Shade(n, 1000)
		if int(c.R) > last {
			t.Fatalf("%d is lighter than %d", n, n-1)
		}
		last = int(c.R)
		// Dark ink is on light cells: relative luminance after WCAG 2, without its bend.
		light := 0.2126*float64(c.R) + 0.7152*float64(c.G) + 0.0722*float64(c.B)
		if dark && light > 160 || !dark && light < 130 {
			t.Fatalf("%d: %v is dark %v", n, c, dark)
		}
	}
	if a, _ := Shade(0, 1000); a.R-uint8(last) < 100 {
		t.Error("none and most look alike")
	}
	few, _ := Shade(1, 10_000)
	more, _ := Shade(100, 10_000)
	if few.R-more.R < 15 {
		t.Errorf("a hundredth of the most, %v, looks like a single one, %v", more, few)
	}
	Shade(0, 0)
}

func TestShort(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1.0k", 1249: "1.2k", 9949: "9.9k", 9950: "10k", 12_499: "12k", 999_499: "999k", 999_500: "1.0M", 3_400_000: "3.4M", 120_000_000: "120M", 999_600_000: "1.0G"} {
		if got := Short(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestEmptyPages(t *testing.T) {
	for _, p := range []Page{{}, {Bars: [][]Bars{{}, {{}}}}, {Maps: []HeatMap{{}, {Rows: []string{"a"}, Counts: [][]int{{}}}}}} {
		if im := Draw(p); im.Rect.Empty() {
			t.Errorf("%v has no size", p)
		}
	}
}
