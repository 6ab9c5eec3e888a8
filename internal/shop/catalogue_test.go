package shop

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deeprank/data"
)

func pictureless(products, views int) FolderOptions {
	return FolderOptions{Options: Options{Products: products, Views: views, Size: 128, Seed: 1}, NoImages: true}
}

// The table is the same on every machine and with every version of Go (a second program, in Python, gave this sum too). A change of this value is a change of what benchmarks are measured on.
func TestCatalogueIsTheSameEverywhere(t *testing.T) {
	const want = "fe3e61131c310a490fd3360e27fe43732612b9f2313489ea12475d63cd834644"
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	if err := newCatalogue(pictureless(5000, 4).Options).write(t.Context(), w, nil); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(b.Bytes()); hex.EncodeToString(sum[:]) != want {
		t.Errorf("the table's sum is %x, want %s", sum, want)
	}
}

func TestCatalogueHasItsRows(t *testing.T) {
	for _, o := range []Options{{Products: 20, Views: 2}, {Products: 21, Views: 100}, {Products: 1001, Views: 2}, {Products: 3000, Views: 3}, {Products: 1500, Views: 40}} {
		for seed := range uint64(20) {
			o.Seed = seed
			c := newCatalogue(o)
			sum := 0
			for _, v := range c.views {
				sum += int(v)
				if v < 1 || int(v) > 10*o.Views+1 {
					t.Fatalf("%+v: a product with %d pictures", o, v)
				}
			}
			if sum != o.Products*o.Views || len(c.views) != o.Products {
				t.Fatalf("%+v: %d rows", o, sum)
			}
		}
	}
}

// TestCatalogueFolder reads the table back and looks at what it is like.
func TestCatalogueFolder(t *testing.T) {
	dir := t.TempDir()
	o := pictureless(10_000, 4)
	shown := [2]int{}
	o.Progress = func(done, total int) { shown = [2]int{done, total} }
	want := Report{Products: 10_000, Rows: 40_000, Drawn: true}
	if r := write(t, dir, o); r != want || shown != [2]int{40_000, 40_000} {
		t.Errorf("report %+v, progress %v", r, shown)
	}
	if d := cmp.Diff([]string{metadataFile, markerFile}, slices.Sorted(maps.Keys(contents(t, dir)))); d != "" {
		t.Error(d)
	}
	m, err := data.ReadMetadata(filepath.Join(dir, metadataFile))
	if err != nil {
		t.Fatal(err)
	}
	if m.Rows() != 40_000 {
		t.Fatalf("%d rows", m.Rows())
	}
	categories, colours, pairs, pictures, names := map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}, map[string]bool{}
	first := map[string]int{}
	for row := range m.Rows() {
		categories[m.Category[row]]++
		colours[m.Color[row]]++
		pairs[m.Category[row]+"/"+m.Color[row]]++
		pictures[m.ID[row]]++
		names[m.Name[row]] = true
		if !strings.HasPrefix(m.Name[row], m.Category[row]+"/"+m.ID[row]+"_") || !slices.Contains([]string{"women", "men", "unisex"}, m.Gender[row]) {
			t.Fatalf("row %d: %s, %s", row, m.Name[row], m.Gender[row])
		}
		if f, ok := first[m.ID[row]]; !ok {
			first[m.ID[row]] = row
		} else if m.Category[f] != m.Category[row] || m.Color[f] != m.Color[row] || m.Gender[f] != m.Gender[row] {
			t.Fatalf("rows %d and %d differ and are of one product", f, row)
		}
	}
	if len(categories) != 25 || len(colours) != 47 || len(pictures) != 10_000 || len(names) != 40_000 {
		t.Errorf("%d categories, %d colours, %d products, %d names", len(categories), len(colours), len(pictures), len(names))
	}
	single, most := 0, 0
	for _, n := range pictures {
		most = max(most, n)
		if n == 1 {
			single++
		}
	}
	if share := float64(single) / 10_000; math.Abs(share-0.15) > 0.015 { // four deviations
		t.Errorf("a share of %.3f has a single picture", share)
	}
	if most < 12 {
		t.Errorf("no product has more than %d pictures", most)
	}
	for what, counts := range map[string]map[string]int{"category": categories, "colour": colours} {
		few, many := slices.Min(slices.Collect(maps.Values(counts))), slices.Max(slices.Collect(maps.Values(counts)))
		if many < 8*few {
			t.Errorf("the most frequent %s has %d rows, the rarest %d", what, many, few)
		}
	}
	if len(pairs) < 700 || len(pairs) > 1100 { // of 1175
		t.Errorf("%d pairs of category and colour", len(pairs))
	}
}

// TestCatalogueTriplets: on request the triplets come too, of products of their own for validation.
func TestCatalogueTriplets(t *testing.T) {
	dir := t.TempDir()
	o := pictureless(400, 3)
	o.Triplets, o.ValTriplets = 500, 100
	r := write(t, dir, o)
	if r.Rows != 1200 || r.Triplets != 500 || r.ValTriplets != 100 || r.ValProducts < 40 || r.ValProducts > 120 {
		t.Errorf("%+v", r)
	}
	m, err := data.ReadMetadata(filepath.Join(dir, metadataFile))
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]string{}
	for file, count := range map[string]int{tripletsFile: 500, valTripletsFile: 100} {
		ts, err := data.ReadTriplets(filepath.Join(dir, file), m.Rows())
		if err != nil || len(ts) != count {
			t.Fatalf("%s: %d triplets, %v", file, len(ts), err)
		}
		for _, v := range ts {
			for _, row := range []int32{v.Query, v.Positive, v.Negative} {
				if other := used[m.ID[row]]; other != "" && other != file {
					t.Fatalf("product %s is in both files", m.ID[row])
				}
				used[m.ID[row]] = file
			}
		}
	}
}

// TestCatalogueAndPictures: each kind of demo takes the other's place and leaves nothing of it.
func TestCatalogueAndPictures(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, small())
	pictures := contents(t, dir)
	if strings.Contains(pictures[markerFile], "no_images") || strings.Contains(pictures[markerFile], "rows") {
		t.Error("the marker of a demo with pictures tells of rows")
	}
	own := filepath.Join(dir, "images", "bag", "mine.jpg")
	if err := os.WriteFile(own, []byte("mine"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, drawn := range []bool{true, false} {
		if r := write(t, dir, pictureless(30, 2)); r.Drawn != drawn || r.Rows != 60 {
			t.Errorf("%+v", r)
		}
	}
	if d := cmp.Diff([]string{metadataFile, markerFile, "images/bag/mine.jpg"}, slices.Sorted(maps.Keys(contents(t, dir)))); d != "" {
		t.Error(d)
	}
	if err := os.Remove(own); err != nil {
		t.Fatal(err)
	}
	write(t, dir, small())
	if !maps.Equal(pictures, contents(t, dir)) {
		t.Error("the demo with pictures is another one than before")
	}
	write(t, dir, pictureless(30, 3))
	if _, err := os.Lstat(filepath.Join(dir, "images")); err == nil {
		t.Error("the images folder is still there")
	}
}

func TestCatalogueBrokenOff(t *testing.T) {
	dir := t.TempDir()
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if _, err := WriteFolder(ctx, dir, pictureless(30, 2)); !errors.Is(err, cause) {
		t.Errorf("error %v", err)
	}
	if d := cmp.Diff([]string{markerFile}, slices.Sorted(maps.Keys(contents(t, dir)))); d != "" {
		t.Error(d)
	}
	if r := write(t, dir, pictureless(30, 2)); !r.Drawn {
		t.Error("a broken folder counts as whole")
	}
}

func TestCatalogueBadOptions(t *testing.T) {
	for _, c := range []struct {
		products, views int
		want            string
	}{
		{19, 4, "products is 19; it must be from 20"},
		{500_000_001, 4, "products is 500000001"},
		{500_000_000, 5, "with 5 pictures each it must be at most 429496729"},
		{100, 1, "views is 1"},
		{100, 101, "views is 101"},
	} {
		dir := filepath.Join(t.TempDir(), "new")
		if _, err := WriteFolder(t.Context(), dir, pictureless(c.products, c.views)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d products, %d views: %v", c.products, c.views, err)
		}
		if _, err := os.Lstat(dir); err == nil {
			t.Error("the folder was made")
		}
	}
}
