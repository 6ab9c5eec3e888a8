package runpage

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"regexp"
	"strings"
	"testing"

	"deeprank/internal/curves"
)

func plain(c color.Color) image.Image {
	im := image.NewNRGBA(image.Rect(0, 0, 16, 16))
	draw.Draw(im, im.Rect, image.NewUniform(c), image.Point{}, draw.Src)
	return im
}

const evil = `</style><script>document.title="foreign"</script>`

// somePage has every part, and foreign texts in all places.
func somePage() *Page {
	red, blue := Picture{Image: plain(color.NRGBA{220, 20, 20, 255}), What: evil, Of: "product 1"}, Picture{Image: plain(color.NRGBA{20, 20, 220, 255}), What: `"blue'`, Of: evil}
	right, near, wrong := red, blue, blue
	right.Class, near.Class, wrong.Class = "right", "near", "wrong"
	return &Page{
		Title: "Run A & " + evil, Numbers: []Number{{"loss", "0.1234", evil}}, Notes: []string{"Left out: " + evil},
		Charts:    []curves.Figure{{Names: []string{evil, "b"}, Panels: []curves.Panel{{Title: evil, X: "step", Lines: []curves.Line{{X: []float64{1, 2}, Y: []float64{3, 4}}}}}}},
		Hardest:   &Hardest{About: "these", Triplets: []Triplet{{Number: 17, Kind: evil, Hinge: 1.25, DPos: 0.5, DNeg: 0.25, Pictures: [3]Picture{red, blue, red}}}},
		Retrieval: &Retrieval{About: "those", Numbers: [][3]string{{"recall@1", "12.5 %", "75.0 %"}}, Queries: []Query{{red, []Picture{wrong, near}, []Picture{right, wrong}}}},
		Settings:  []Setting{{"lr", "0.2", "0.1", true}, {"images", evil, "", false}},
	}
}

func TestWrite(t *testing.T) {
	var b bytes.Buffer
	if err := Write(&b, somePage()); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for what, n := range map[string]int{
		"<script": 0, "ZgotmplZ": 0, "<img ": 3 + 1 + 4, "<svg ": 1, "<style>": 1, "</style>": 1, "http:": 0, "https:": 0, "url(": 0, "<link": 0,
		"hinge 1.250": 1, "D(q,p) 0.500": 1, "D(q,n) 0.250": 1, "<h3>17: ": 1, `class="right" src`: 1, `class="near" src`: 1, `class="wrong" src`: 2, `>12.5 %<`: 1, `>75.0 %<`: 1,
		`<tr class="changed"><td>lr</td><td>0.2</td><td><span class="soft">0.1</span>`: 1, "0.1234": 1,
	} {
		if got := strings.Count(text, what); got != n {
			t.Errorf("%q is in it %d times, want %d", what, got, n)
		}
	}
	// The pictures in their order: queries first, then the triplet.
	for i, m := range regexp.MustCompile(`src="data:image/jpeg;base64,([^"]*)"`).FindAllStringSubmatch(text, -1) {
		raw, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(m[1], "&#43;", "+"))
		if err != nil {
			t.Fatal(err)
		}
		im, err := jpeg.Decode(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		r, _, blue, _ := im.At(8, 8).RGBA()
		if isRed := r > blue; isRed != (strings.Split("rbbrbrbr", "")[i] == "r") {
			t.Errorf("picture %d is another one", i)
		}
	}
	b.Reset()
	if err := Write(&b, &Page{Title: "bare"}); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"<section", "<ul", "<svg"} {
		if strings.Contains(b.String(), part) {
			t.Errorf("an empty page has %q", part)
		}
	}
}
