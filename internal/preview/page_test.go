package preview

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/image/draw"

	"deeprank/data"
)

// hue is the colour of row i's picture.
func hue(i int) color.RGBA { return color.RGBA{uint8(40 * i), 200, uint8(250 - 40*i), 255} }

// page loads triplets of shop's rows, whose pictures 2 and 3 are missing and truncated, and 5 no picture.
func page(t *testing.T, m *data.Metadata, threads int, ts ...data.Triplet) *Page {
	t.Helper()
	dir := t.TempDir()
	for i, name := range m.Name {
		im := image.NewRGBA(image.Rect(0, 0, 60, 60))
		draw.Draw(im, im.Rect, image.NewUniform(hue(i)), image.Point{}, draw.Src)
		var b bytes.Buffer
		if err := png.Encode(&b, im); err != nil {
			t.Fatal(err)
		}
		content := b.Bytes()
		switch i {
		case 2:
			continue
		case 3:
			content = content[:40]
		case 5:
			content = []byte("not a picture")
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	p, err := data.OpenPictures(m, dir, data.PictureOptions{Size: 40, Fit: "pad"})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	places := make([]int, len(ts))
	for i := range places {
		places[i] = i
	}
	told := 0
	pg, err := Load(t.Context(), m, p, ts, places, threads, func(done, total int) {
		if threads == 1 {
			told = done
			if done > total {
				t.Errorf("%d of %d", done, total)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if threads == 1 && told != pg.Pictures {
		t.Errorf("told of %d pictures, there are %d", told, pg.Pictures)
	}
	pg.Title, pg.Subtitle = "Triplets", "some"
	return pg
}

func triplets() []data.Triplet {
	return []data.Triplet{tri(0, 1, 4), tri(0, 2, 3), tri(4, 5, 0), tri(0, 4, 1)}
}

func tri(q, p, n int32) data.Triplet { return data.Triplet{Query: q, Positive: p, Negative: n} }

func TestLoad(t *testing.T) {
	for _, threads := range []int{1, 4} {
		p := page(t, shop(), threads, triplets()...)
		bad := []BadPicture{
			{2, "2.png", "there is no such picture"}, {3, "3.png", "the PNG file is damaged: the file ends too early"},
			{5, "5.png", "is not a picture that can be read"},
		}
		if diff := cmp.Diff(bad, p.Bad); diff != "" || p.Pictures != 6 {
			t.Errorf("%d pictures, bad: %s", p.Pictures, diff)
		}
		var kinds []string
		for i, item := range p.Items {
			kinds = append(kinds, KindName(item.Kind))
			tr := triplets()[i]
			for j, row := range []int32{tr.Query, tr.Positive, tr.Negative} {
				one := item.Pictures[j]
				if one.Row != int(row) {
					t.Errorf("triplet %d, place %d holds row %d, want %d", i, j, one.Row, row)
				}
				if broken := row == 2 || row == 3 || row == 5; (one.Image == nil) != broken || (one.Bad != "") != broken {
					t.Errorf("row %d: picture %v, %q", row, one.Image != nil, one.Bad)
				}
				if one.Image != nil {
					if c := color.RGBAModel.Convert(one.Image.At(20, 20)); c != hue(int(row)) {
						t.Errorf("row %d is %v", row, c)
					}
				}
			}
		}
		want := []string{"same-product/out-of-class", "same-colour/in-class", "same-colour/out-of-class", "other-positive/own-product"}
		if diff := cmp.Diff(want, kinds); diff != "" {
			t.Error(diff)
		}
	}
}

func TestLoadStops(t *testing.T) {
	m := shop()
	p, err := data.OpenPictures(m, t.TempDir(), data.PictureOptions{Size: 8})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Load(ctx, m, p, triplets(), []int{0, 1}, 2, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	p.Close()
	if _, err := Load(t.Context(), m, p, triplets(), []int{0, 1}, 2, nil); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the machine's error: %v", err)
	}
}

// area counts the pixels of a colour.
func area(im *image.RGBA, c color.Color) (n int) {
	want := color.RGBAModel.Convert(c)
	for y := range im.Rect.Dy() {
		for x := range im.Rect.Dx() {
			if im.RGBAAt(x, y) == want {
				n++
			}
		}
	}
	return n
}

// TestDrawPNG: each picture is as often on the sheet as triplets hold it, and each kind has its frame.
func TestDrawPNG(t *testing.T) {
	p := page(t, shop(), 1, triplets()...)
	im := DrawPNG(p)
	const picture = 40 * 40
	for row, times := range map[int]int{0: 4, 1: 2, 4: 3, 2: 0, 3: 0, 5: 0} {
		if got := area(im, hue(row)); got != times*picture {
			t.Errorf("row %d takes %d pixels, want %d pictures of %d", row, got, times, picture)
		}
	}
	for k := range 3 {
		for what, c := range map[string]color.Color{"positive": positiveFrame(data.PositiveKind(k)), "negative": negativeFrame(data.NegativeKind(k))} {
			if area(im, c) < 4*2*40 {
				t.Errorf("no frame of %s %d", what, k)
			}
		}
	}
	for i, a := range []data.Triplet{tri(0, 1, 4)} {
		im := DrawPNG(page(t, shop(), 1, a))
		if area(im, positiveFrame(data.SameColour)) > 0 {
			t.Errorf("sheet %d: the legend explains a frame that is not there", i)
		}
	}
}

// TestPixels: the estimate that refuses large sheets is near the truth, and not below it by much.
func TestPixels(t *testing.T) {
	for _, n := range []int{1, 7, 40, 100} {
		ts := make([]data.Triplet, n)
		for i := range ts {
			ts[i] = data.Triplet{Query: 0, Positive: 1, Negative: 4}
		}
		im := DrawPNG(page(t, shop(), 1, ts...))
		got, want := Pixels(n, 40), im.Rect.Dx()*im.Rect.Dy()
		if ratio := float64(got) / float64(want); ratio < 0.8 || ratio > 3 {
			t.Errorf("%d triplets: %d pixels estimated, %d drawn (%v)", n, got, want, im.Rect.Max)
		}
	}
}

func TestWriteHTML(t *testing.T) {
	m := shop()
	const evil = `</script><img src=x onerror="alert(1)">`
	m.Category[4], m.ID[4] = evil, `javascript:alert(1)`
	for row := range 3 {
		m.Color[row] = `"quoted' & <b>`
	}
	m.Gender[0] = "\u202etfel"
	p := page(t, m, 1, triplets()...)
	p.Title = evil
	var b bytes.Buffer
	if err := WriteHTML(&b, p); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for what, n := range map[string]int{
		"<li ": 4, "<img ": 9, `class="bad"`: 3, "<script>": 1, "</script>": 1, "onerror=\"": 0, "<b>": 0, "ZgotmplZ": 0, "http:": 0, "https:": 0, "<link": 0, "url(": 0,
		`<option value="same-colour/in-class">same category and colour / same category (1)</option>`: 1, "there is no such picture": 1 + 1, // in its place, and for the filter
	} {
		if got := strings.Count(text, what); got != n {
			t.Errorf("%q is in it %d times, want %d", what, got, n)
		}
	}
	// Each address of a picture holds that picture.
	for i, match := range regexp.MustCompile(`src="([^"]*)" alt="([^"]*)"`).FindAllStringSubmatch(text, -1) {
		content, ok := strings.CutPrefix(strings.ReplaceAll(match[1], "&#43;", "+"), "data:image/jpeg;base64,")
		raw, err := base64.StdEncoding.DecodeString(content)
		if !ok || err != nil {
			t.Fatalf("address %d: %.60s: %v", i, match[1], err)
		}
		im, err := jpeg.Decode(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		want := hue([]int{0, 1, 4, 0, 4, 0, 0, 4, 1}[i])
		r, g, b, _ := im.At(20, 20).RGBA()
		for c, d := range []int{int(r>>8) - int(want.R), int(g>>8) - int(want.G), int(b>>8) - int(want.B)} {
			if d > 6 || d < -6 {
				t.Errorf("picture %d (%s): channel %d is %d off %v", i, match[2], c, d, want)
			}
		}
	}
	var again bytes.Buffer
	q := page(t, m, 3, triplets()...)
	q.Title = evil
	if err := WriteHTML(&again, q); err != nil || !bytes.Equal(again.Bytes(), b.Bytes()) {
		t.Errorf("other threads write another page (%v)", err)
	}
}
