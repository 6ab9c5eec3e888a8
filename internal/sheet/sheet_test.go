package sheet

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/image/draw"
)

// plain returns a picture of one colour.
func plain(w, h int, c color.Color) image.Image {
	im := image.NewRGBA(image.Rect(5, 7, 5+w, 7+h))
	draw.Draw(im, im.Bounds(), image.NewUniform(c), image.Point{}, draw.Src)
	return im
}

// places returns the bounds of the connected areas of exactly one colour, from
// left to right and then downwards.
func places(im *image.RGBA, c color.Color) []image.Rectangle {
	want := color.RGBAModel.Convert(c).(color.RGBA)
	var found []image.Rectangle
	seen := map[image.Point]bool{}
	for y := im.Rect.Min.Y; y < im.Rect.Max.Y; y++ {
		for x := im.Rect.Min.X; x < im.Rect.Max.X; x++ {
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
			if !area.Empty() {
				found = append(found, area)
			}
		}
	}
	return found
}

var (
	blue   = color.RGBA{0, 0, 255, 255}
	orange = color.RGBA{255, 128, 0, 255}
)

func TestDraw(t *testing.T) {
	cell := func(frame color.Color) Cell { return Cell{Picture: plain(50, 50, blue), Frame: frame} }
	blocks := []Block{
		{Rows: [][]Cell{{cell(orange), cell(orange), cell(orange)}, {cell(orange), {}, cell(orange)}}},
		{Rows: [][]Cell{{cell(orange)}, {}, {cell(orange)}}},
	}
	im := Draw("", blocks, Options{Cell: 40, Apart: 1})
	pictures, frames := places(im, blue), places(im, orange)
	if len(pictures) != 7 || len(frames) != 7 {
		t.Fatalf("%d pictures and %d frames", len(pictures), len(frames))
	}
	for i, p := range pictures {
		if p.Dx() != 40 || p.Dy() != 40 {
			t.Errorf("picture %d is %v", i, p.Size())
		}
		if frames[i].Inset(2) != p {
			t.Errorf("picture %d at %v has its frame at %v", i, p, frames[i])
		}
		if !frames[i].In(im.Rect.Inset(8)) {
			t.Errorf("frame %d at %v touches the border of %v", i, frames[i], im.Rect)
		}
	}
	// In the order found: the first row of both blocks, then the second, the third.
	row, x := []int{0, 0, 0, 0, 1, 1, 2}, []int{0, 1, 2, 3, 0, 2, 3}
	for i := range frames {
		for j := range frames {
			if (row[i] == row[j]) != (frames[i].Min.Y == frames[j].Min.Y) || row[i] < row[j] && frames[i].Max.Y >= frames[j].Min.Y {
				t.Errorf("rows of %d and %d: %v, %v", i, j, frames[i], frames[j])
			}
			if (x[i] == x[j]) != (frames[i].Min.X == frames[j].Min.X) || x[i] < x[j] && frames[i].Max.X >= frames[j].Min.X {
				t.Errorf("columns of %d and %d: %v, %v", i, j, frames[i], frames[j])
			}
		}
	}
	first, second := frames[1].Min.X-frames[0].Max.X, frames[2].Min.X-frames[1].Max.X
	if first <= second {
		t.Errorf("the first column stands %d apart, the others %d", first, second)
	}
}

func TestPicturesKeepTheirShape(t *testing.T) {
	for _, c := range []struct{ w, h, wantW, wantH int }{
		{100, 50, 60, 30}, {50, 100, 30, 60}, {3, 3, 60, 60}, {1000, 1, 60, 1}, {60, 60, 60, 60},
	} {
		got := places(Draw("", []Block{{Rows: [][]Cell{{{Picture: plain(c.w, c.h, blue), Frame: orange}}}}}, Options{Cell: 60}), blue)
		if len(got) != 1 || got[0].Dx() != c.wantW || got[0].Dy() != c.wantH {
			t.Errorf("%d x %d is drawn at %v, want %d x %d", c.w, c.h, got, c.wantW, c.wantH)
		}
	}
}

// inked returns the bounds of what differs from white within an area.
func inked(im *image.RGBA, in image.Rectangle) image.Rectangle {
	var r image.Rectangle
	for y := in.Min.Y; y < in.Max.Y; y++ {
		for x := in.Min.X; x < in.Max.X; x++ {
			if im.RGBAAt(x, y) != (color.RGBA{255, 255, 255, 255}) {
				r = r.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return r
}

func TestText(t *testing.T) {
	long := strings.Repeat("very long ", 20)
	cell := Cell{Picture: plain(9, 9, blue), Frame: orange, Caption: long}
	bare := cell
	bare.Caption = ""
	rows := [][]Cell{{cell, bare}}
	im := Draw("", []Block{{Rows: rows}}, Options{})
	frames := places(im, orange)
	below := image.Rect(0, frames[0].Max.Y, im.Rect.Max.X, im.Rect.Max.Y)
	got := inked(im, below)
	if got.Empty() || got.Min.X < frames[0].Min.X || got.Max.X > frames[0].Max.X {
		t.Errorf("the caption is at %v, its cell at %v", got, frames[0])
	}
	if plain := Draw("", []Block{{Rows: [][]Cell{{bare, bare}}}}, Options{}); plain.Rect.Dy() >= im.Rect.Dy() {
		t.Error("a sheet without captions keeps room for them")
	}
	height := im.Rect.Dy()
	for _, c := range []struct {
		name  string
		sheet *image.RGBA
	}{
		{"title", Draw("Title", []Block{{Rows: rows}}, Options{})},
		{"subtitle", Draw("", []Block{{Rows: rows}}, Options{Subtitle: "31 % to 92 %"})},
		{"block title", Draw("", []Block{{Title: "Before", Rows: rows}}, Options{})},
		{"columns", Draw("", []Block{{Columns: []string{"query", "1", "2", "3"}, Rows: rows}}, Options{})},
	} {
		top := places(c.sheet, orange)[0].Min.Y
		text := inked(c.sheet, image.Rect(0, 0, c.sheet.Rect.Max.X, top))
		if c.sheet.Rect.Dy() <= height || text.Empty() || text.Max.Y > top-1 || text.Min.X < 12 {
			t.Errorf("%s: text at %v above cells from %d on, sheet %v", c.name, text, top, c.sheet.Rect)
		}
	}
	wide := Draw(long, nil, Options{})
	if got := inked(wide, wide.Rect); got.Max.X > wide.Rect.Max.X-12 {
		t.Errorf("the title ends at %v of %v", got, wide.Rect)
	}
	legend := Draw("", []Block{{Rows: rows}}, Options{Legend: []Mark{{Right(), "right"}, {Wrong(), "wrong"}}})
	if len(places(legend, Right())) != 1 || len(places(legend, Wrong())) != 1 || legend.Rect.Dy() <= height {
		t.Error("the legend's marks are missing")
	}
}

// TestLines: captions of several lines and a line above a row have room of their own.
func TestLines(t *testing.T) {
	draw := func(caption string, above ...string) *image.RGBA {
		row := []Cell{{Picture: plain(9, 9, blue), Frame: orange, Caption: caption}, {Picture: plain(9, 9, blue), Frame: orange}}
		return Draw("", []Block{{Above: above, Rows: [][]Cell{row, row}}}, Options{Cell: 100})
	}
	one, three := draw("a"), draw("a\nb\nc")
	line := newLayout(nil, Options{Cell: 100}).styles.small.Height
	if got, want := three.Rect.Dy()-one.Rect.Dy(), 2*2*line; got != want {
		t.Errorf("two lines more in each of two rows: %d pixels more, want %d", got, want)
	}
	frames := places(three, orange)
	between := image.Rect(0, frames[0].Max.Y, three.Rect.Max.X, frames[2].Min.Y)
	if got := inked(three, between); got.Dy() < 2*line || got.Min.X < frames[0].Min.X || got.Max.X > frames[0].Max.X {
		t.Errorf("three lines below %v are at %v", frames[0], got)
	}
	with := draw("", strings.Repeat("first ", 99))
	frames = places(with, orange)
	got := inked(with, image.Rect(0, 0, with.Rect.Max.X, frames[0].Min.Y))
	if got.Empty() || got.Min.X < frames[0].Min.X || got.Max.X > frames[1].Max.X {
		t.Errorf("the line above %v is at %v", frames[0], got)
	}
	if got := inked(with, image.Rect(0, frames[0].Max.Y, with.Rect.Max.X, frames[2].Min.Y)); !got.Empty() {
		t.Errorf("a line above the second row at %v", got)
	}
}

func TestBad(t *testing.T) {
	im := Draw("", []Block{{Rows: [][]Cell{{
		{Bad: "there is no such picture", Frame: orange}, {Bad: strings.Repeat("unbreakable", 9), Frame: orange},
		{Bad: strings.Repeat("many words ", 99), Frame: orange}, {Picture: plain(9, 9, blue), Bad: "x", Frame: orange},
	}}}}, Options{Cell: 60})
	frames := places(im, orange)
	if len(frames) != 4 {
		t.Fatalf("%d frames", len(frames))
	}
	for i, frame := range frames[:3] {
		var ink image.Rectangle
		for y := frame.Min.Y + 3; y < frame.Max.Y-3; y++ {
			for x := frame.Min.X + 3; x < frame.Max.X-3; x++ {
				if c := im.RGBAAt(x, y); int(c.R) > int(c.B)+40 {
					ink = ink.Union(image.Rect(x, y, x+1, y+1))
				}
			}
		}
		if ink.Empty() || !ink.In(frame.Inset(6)) {
			t.Errorf("place %d, %v: the reason is at %v", i, frame, ink)
		}
		if c := im.RGBAAt(frame.Min.X+4, frame.Max.Y-9); c.R != c.G || c.R > 240 {
			t.Errorf("place %d is not marked: %v", i, c)
		}
	}
	if got := places(im, blue); len(got) != 1 || !got[0].In(frames[3]) {
		t.Errorf("a picture and a reason: the picture is at %v", got)
	}
}

func TestEmptySheets(t *testing.T) {
	for name, im := range map[string]*image.RGBA{
		"nothing":     Draw("", nil, Options{}),
		"no rows":     Draw("x", []Block{{}, {Title: "b", Columns: []string{"a"}}}, Options{Apart: 1}),
		"empty cells": Draw("x", []Block{{Rows: [][]Cell{{{}, {}}, nil}}}, Options{Cell: 1}),
		"no pixels":   Draw("x", []Block{{Rows: [][]Cell{{{Picture: image.NewRGBA(image.Rectangle{})}}}}}, Options{}),
	} {
		if im.Rect.Empty() {
			t.Errorf("%s: an empty sheet", name)
		}
	}
}

func TestWritePNG(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "sheet.png")
	if err := os.WriteFile(path, []byte("before"), 0o666); err != nil {
		t.Fatal(err)
	}
	want := Draw("Title", []Block{{Rows: [][]Cell{{{Picture: plain(9, 9, blue)}}}}}, Options{})
	if err := WritePNG(path, want); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	back := image.NewRGBA(got.Bounds())
	draw.Draw(back, back.Rect, got, image.Point{}, draw.Src)
	if !bytes.Equal(back.Pix, want.Pix) {
		t.Error("the file holds another picture")
	}
	// What cannot be encoded leaves the file as it was.
	if err := WritePNG(path, image.NewRGBA(image.Rectangle{})); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("an empty picture: %v", err)
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(after, b) {
		t.Error("the file was changed")
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	if err := WritePNG(filepath.Join(dir, "none", "x.png"), want); err == nil {
		t.Error("no error for a missing folder")
	}
}

func TestWriteHTML(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sheet.html")
	picture := plain(9, 9, blue)
	blocks := []Block{{Title: "Block", Columns: []string{"query", "1"}, Above: []string{"above <it>"}, Rows: [][]Cell{
		{{Picture: picture, Caption: "red <b>hat</b>"}, {Bad: "no JPEG", Frame: Wrong()}, {Picture: picture, Frame: Right(), Caption: "two\nlines"}, {}},
	}}}
	if err := WriteHTML(path, "A & B", blocks, Options{Apart: 1, Subtitle: "below", Legend: []Mark{{Right(), "right one"}}}); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for _, want := range []string{
		"<h1>A &amp; B</h1>", "<p>below</p>", "right one", "<h2>Block</h2>", "<p>above &lt;it&gt;</p>", "red &lt;b&gt;hat&lt;/b&gt;", `<div class="bad">no JPEG</div>`, "no picture",
		`style="border-color: #22a04a"`, "two\nlines", `<div class="column">query</div>`, "width: 72px", `<li class="last">`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if n := strings.Count(text, "data:image/jpeg;base64,"); n != 2 || strings.Contains(text, "ZgotmplZ") {
		t.Errorf("%d pictures, want 2", n)
	}
}
