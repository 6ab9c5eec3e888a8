package projector

import (
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"deeprank/data"
	"deeprank/internal/retrieval"
	"deeprank/internal/shop"
)

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	o := shop.FolderOptions{Options: shop.Options{Products: 20, Views: 3, Size: 32, Seed: 3}, Triplets: 5, ValTriplets: 5, Threads: 2}
	if _, err := shop.WriteFolder(t.Context(), filepath.Join(dir, "shop"), o); err != nil {
		t.Fatal(err)
	}
	m, err := data.ReadMetadata(filepath.Join(dir, "shop/csv/sample_set.csv"))
	if err != nil {
		t.Fatal(err)
	}
	const bad = 5
	if err := os.Remove(filepath.Join(dir, "shop/images", m.Name[bad])); err != nil {
		t.Fatal(err)
	}
	m.Color[1] = "dark\tblue\nand more"
	e := retrieval.Matrix{Columns: 3}
	for i := range 3 * m.Rows() {
		e.Values = append(e.Values, float32(i)/7-1e-7)
	}
	pictures, err := data.OpenPictures(m, filepath.Join(dir, "shop/images"), data.PictureOptions{Size: CellOf(m.Rows()), Fit: "pad"})
	if err != nil {
		t.Fatal(err)
	}
	defer pictures.Close()
	out := filepath.Join(dir, "projector")
	if err := Write(t.Context(), out, e, m, pictures, nil); err != nil {
		t.Fatal(err)
	}

	lines := strings.Split(strings.TrimSuffix(read(t, filepath.Join(out, tensorsName)), "\n"), "\n")
	if len(lines) != m.Rows() {
		t.Fatalf("%d embeddings, want %d", len(lines), m.Rows())
	}
	for i, line := range lines {
		for j, text := range strings.Split(line, "\t") {
			if v, err := strconv.ParseFloat(text, 32); err != nil || float32(v) != e.Values[3*i+j] {
				t.Errorf("row %d has %q, want %v", i, text, e.Values[3*i+j])
			}
		}
	}
	lines = strings.Split(strings.TrimSuffix(read(t, filepath.Join(out, metadataName)), "\n"), "\n")
	if len(lines) != 1+m.Rows() || lines[0] != "name\tproduct\tcategory\tcolour\tgender" {
		t.Fatalf("%d lines, the first %q", len(lines), lines[0])
	}
	if want := m.Name[1] + "\t" + m.ID[1] + "\t" + m.Category[1] + "\tdark blue and more\t" + m.Gender[1]; lines[2] != want {
		t.Errorf("got %q, want %q", lines[2], want)
	}
	f, err := os.Open(filepath.Join(out, spriteName))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	im, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	if b := im.Bounds(); b.Dx() != 8*64 || b.Dy() != 8*64 { // 60 pictures: 8 in a row
		t.Errorf("the sprite has %v", b)
	}
	for _, i := range []int{0, 7, 8, bad, 59} {
		pixels, err := pictures.Load(i)
		want := color.RGBA{0x80, 0x80, 0x80, 0xff}
		if (err != nil) != (i == bad) {
			t.Fatal(err)
		}
		if err == nil {
			p := pixels[3*(40*64+9):]
			want = color.RGBA{p[0], p[1], p[2], 0xff}
		}
		if got := color.RGBAModel.Convert(im.At(i%8*64+9, i/8*64+40)); got != want {
			t.Errorf("picture %d has %v, want %v", i, got, want)
		}
	}

	// Without pictures there is no sprite, and none of before.
	if config := read(t, filepath.Join(out, configName)); !strings.Contains(config, "sprite {") || !strings.Contains(config, "single_image_dim: 64") {
		t.Errorf("config %q", config)
	}
	if err := Write(t.Context(), out, e, m, nil, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(out, spriteName)); !os.IsNotExist(err) || strings.Contains(read(t, filepath.Join(out, configName)), "sprite") {
		t.Error("the sprite of before is still there")
	}
}

func TestCellOf(t *testing.T) {
	for pictures, want := range map[int]int{1: 64, 16384: 64, 16385: 63, 1_000_000: 8, 1_048_576: 8, 1_048_577: 0} {
		if got := CellOf(pictures); got != want {
			t.Errorf("%d pictures: %d, want %d", pictures, got, want)
		}
	}
}
