package datasets

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deeprank/data"
)

// picture is a PNG whose pixel (x, y) is of the colour (10x, 10y, blue).
func picture(t testing.TB, w, h int, blue uint8) string {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetNRGBA(x, y, color.NRGBA{uint8(10 * x), uint8(10 * y), blue, 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// painted gives all files that are named as pictures a picture of their own.
func painted(t testing.TB, f map[string]string) map[string]string {
	blue := uint8(0)
	for name := range f {
		if isPicture(name) {
			blue++
			f[name] = picture(t, 20, 16, blue)
		}
	}
	return f
}

func read(t testing.TB, from string, f map[string]string, o ReadOptions) *Set {
	t.Helper()
	o.Root = files(t, f)
	s, err := Read(from, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// tree gives the contents of all files below a folder; a link as "-> ".
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		if e.Type()&fs.ModeSymlink != 0 {
			to, err := os.Readlink(path)
			all[name] = "-> " + to
			return err
		}
		b, err := os.ReadFile(path)
		all[name] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestWriteLinks(t *testing.T) {
	s := read(t, SOP, painted(t, sop()), ReadOptions{})
	s.Published = Counts{3, 2, 3, 2, 3, 2} // as if these few pictures were the whole set
	parent := t.TempDir()
	out := filepath.Join(parent, "new", "sop")
	var calls []string
	r, err := Write(t.Context(), s, WriteOptions{Out: out + "/", Threads: 2, Progress: func(what string, done, total int) { calls = append(calls, fmt.Sprint(what, done, total)) }})
	if err != nil {
		t.Fatal(err)
	}
	want := Report{
		Metadata: out + "/csv/sample_set.csv", Query: out + "/csv/query.csv", Gallery: out + "/csv/gallery.csv", Images: out + "/images",
		Pictures: 6, Counts: Counts{3, 2, 3, 2, 3, 2}, Unanswered: 1, AsPublished: true, // b_0 is alone
	}
	if d := cmp.Diff(want, r); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"looking for6 6"}, calls); d != "" {
		t.Error(d)
	}
	got := tree(t, out)
	train := "_category\t_color\t_id\t_gender\t_name\nbicycle\t\t1\t\tbicycle_final/111085122871_0.JPG\nbicycle\t\t1\t\tbicycle_final/111085122871_1.JPG\n2\t\t2\t\tloose one.JPG\n"
	test := "_category\t_color\t_id\t_gender\t_name\ncoffee_maker\t\t11319\t\tcoffee_maker_final/a_0.JPG\ncoffee_maker\t\t11319\t\tcoffee_maker_final/a_1.JPG\nbicycle\t\t11320\t\tbicycle_final/b_0.JPG\n"
	var o origin
	if err := json.Unmarshal([]byte(got["import.json"]), &o); err != nil || o.From != SOP || o.Root != s.Root || o.Metadata != "csv/sample_set.csv" || o.Copied || o.TrainPictures != 3 {
		t.Errorf("import.json: %v, %+v", err, o)
	}
	delete(got, "import.json")
	if d := cmp.Diff(map[string]string{"csv/sample_set.csv": train, "csv/query.csv": test, "csv/gallery.csv": test, "images": "-> " + s.Images}, got); d != "" {
		t.Error(d)
	}
	// Training finds and reads it all without being told where.
	for _, file := range []string{"sample_set.csv", "query.csv"} {
		m, err := data.ReadMetadata(filepath.Join(out, "csv", file))
		if err != nil {
			t.Fatal(err)
		}
		images, err := data.FindImages(m.Path)
		if err != nil {
			t.Fatal(err)
		}
		p, err := data.OpenPictures(m, images, data.PictureOptions{Size: 8})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		for row := range m.Rows() {
			if _, err := p.Load(row); err != nil {
				t.Error(err)
			}
		}
	}
	if entries, err := os.ReadDir(filepath.Dir(out)); err != nil || len(entries) != 1 {
		t.Errorf("beside the folder there are %v, %v", entries, err)
	}
}

func TestWriteCopies(t *testing.T) {
	f := painted(t, cub())
	s := read(t, CUB, f, ReadOptions{})
	var first map[string]string
	for _, threads := range []int{1, 3} {
		out := t.TempDir() // empty: may be written to
		r, err := Write(t.Context(), s, WriteOptions{Out: out, Copy: true, Threads: threads})
		if err != nil {
			t.Fatal(err)
		}
		got := tree(t, out)
		n := 0
		for name, content := range f {
			if isPicture(name) {
				n++
				if got[name] != content { // images/... in both
					t.Errorf("%s is another file", name)
				}
			}
		}
		if n != 6 || r.Pictures != 6 || len(got) != n+4 {
			t.Errorf("%d pictures, %d in the report, %d files", n, r.Pictures, len(got))
		}
		if first == nil {
			first = got
		}
		if d := cmp.Diff(first, got); d != "" {
			t.Error(d)
		}
	}
}

func TestWriteCuts(t *testing.T) {
	f := cub()
	for list := range f {
		f[list] = strings.NewReplacer("C_4.jpg", "C_4.png", "B_3.jpg", "B_3.webp").Replace(f[list])
	}
	f["images/003.Crow/C_4.png"], f["images/002.Laysan_Albatross/B_3.webp"] = "picture", "picture"
	f["bounding_boxes.txt"] = "1 2 3 4 5\n2 18 14 100 100\n3 4 5 1 1\n4 1 2 6 3\n5 30 30 5 5\n"
	s := read(t, CUB, painted(t, f), ReadOptions{Boxes: true})
	out := filepath.Join(t.TempDir(), "out")
	r, err := Write(t.Context(), s, WriteOptions{Out: out, Crop: true, Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	if r.Uncut != 2 || !strings.Contains(r.FirstUncut, "images.txt:5") { // 5 lies outside, 6 has none
		t.Errorf("%d uncut, the first %s", r.Uncut, r.FirstUncut)
	}
	for name, want := range map[string]image.Rectangle{
		"001.Black_footed_Albatross/A_1.jpg": image.Rect(2, 3, 6, 8),
		"001.Black_footed_Albatross/A_2.jpg": image.Rect(18, 14, 20, 16),
		"002.Laysan_Albatross/B_3.webp.png":  image.Rect(4, 5, 5, 6),
		"003.Crow/C_4.png":                   image.Rect(1, 2, 7, 5),
		"004.Chuck_will_Widow/D_5.jpg":       image.Rect(0, 0, 20, 16),
		"004.Chuck_will_Widow/D_6.jpg":       image.Rect(0, 0, 20, 16),
	} {
		f, err := os.Open(filepath.Join(out, "images", name))
		if err != nil {
			t.Error(err)
			continue
		}
		m, kind, err := image.Decode(f)
		f.Close()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if m.Bounds().Size() != want.Size() {
			t.Errorf("%s: %v, want %v", name, m.Bounds().Size(), want.Size())
		}
		tolerance := 0
		if kind == "jpeg" {
			tolerance = 12
		}
		for y := range want.Dy() {
			for x := range want.Dx() {
				r, g, _, _ := m.At(x, y).RGBA()
				wantR, wantG := 10*(want.Min.X+x), 10*(want.Min.Y+y)
				if dr, dg := int(r>>8)-wantR, int(g>>8)-wantG; max(dr, -dr, dg, -dg) > tolerance {
					t.Fatalf("%s (%s): pixel %d, %d is off by %d, %d", name, kind, x, y, dr, dg)
				}
			}
		}
	}
	m, err := data.ReadMetadata(r.Metadata)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"001.Black_footed_Albatross/A_1.jpg", "001.Black_footed_Albatross/A_2.jpg", "002.Laysan_Albatross/B_3.webp.png"}, m.Name); d != "" {
		t.Error(d)
	}
}

// TestWriteBadPictures: a picture that cannot be used is refused by its line in the list, or left out on request.
func TestWriteBadPictures(t *testing.T) {
	const name = "002.Laysan_Albatross/B_3.jpg"
	outside := filepath.Join(files(t, map[string]string{"x.jpg": picture(t, 20, 16, 1)}), "x.jpg")
	for _, c := range []struct {
		name       string
		spoil      func(path string) error
		copy, crop bool
		want       string // "" for none
	}{
		{"missing", os.Remove, false, false, "is missing"},
		{"missing, copied", os.Remove, true, false, "is missing"},
		{"empty", func(p string) error { return os.Truncate(p, 0) }, false, false, "is an empty file"},
		{"a folder", func(p string) error { return errors.Join(os.Remove(p), os.Mkdir(p, 0o777)) }, false, false, "is not a file"},
		{"a link that leads out", func(p string) error { return errors.Join(os.Remove(p), os.Symlink(outside, p)) }, false, false, "leads out of the images folder"},
		{"a link that leads out, copied", func(p string) error { return errors.Join(os.Remove(p), os.Symlink(outside, p)) }, true, false, ""},
		{"damaged, linked", func(p string) error { return os.Truncate(p, 60) }, false, false, ""}, // for triplets check --deep
		{"damaged, cut", func(p string) error { return os.Truncate(p, 60) }, false, true, "cannot be cut (the PNG file is damaged"},
		{"no picture, cut", func(p string) error { return os.WriteFile(p, []byte("hello"), 0o666) }, false, true, "cannot be cut (is not a picture"},
	} {
		s := read(t, CUB, painted(t, cub()), ReadOptions{Boxes: true})
		if err := c.spoil(filepath.Join(s.Images, name)); err != nil {
			t.Fatal(err)
		}
		out := filepath.Join(t.TempDir(), "out")
		o := WriteOptions{Out: out, Copy: c.copy, Crop: c.crop, Threads: 2}
		_, err := Write(t.Context(), s, o)
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		var refused *data.Refused
		if !errors.As(err, &refused) || refused.Line != 3 || filepath.Base(refused.Path) != "images.txt" || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", c.name, err)
		}
		if entries, _ := os.ReadDir(filepath.Dir(out)); len(entries) != 0 {
			t.Errorf("%s: left behind: %v", c.name, entries)
		}
		o.SkipBad = true
		r, err := Write(t.Context(), s, o)
		if err != nil || r.Skipped != 1 || r.Pictures != 5 || r.TrainPictures != 2 || r.TrainProducts != 1 || !strings.Contains(r.FirstSkipped, c.want) {
			t.Errorf("%s: %v, %+v", c.name, err, r)
		}
	}
	s := read(t, CUB, painted(t, cub()), ReadOptions{})
	if err := errors.Join(os.RemoveAll(s.Images), os.Mkdir(s.Images, 0o777)); err != nil {
		t.Fatal(err)
	}
	_, err := Write(t.Context(), s, WriteOptions{Out: filepath.Join(t.TempDir(), "out"), SkipBad: true})
	if err == nil || !strings.Contains(err.Error(), "no picture of the set can be used") {
		t.Error(err)
	}
	_, err = Write(t.Context(), s, WriteOptions{Out: filepath.Join(t.TempDir(), "out")})
	if err == nil || !strings.Contains(err.Error(), "images.txt:1: the picture") || !strings.Contains(err.Error(), "and 5 more") {
		t.Error(err)
	}
}

// TestWriteIsWholeOrNot: a folder that is in use is left alone, and an import that breaks off leaves nothing.
func TestWriteIsWholeOrNot(t *testing.T) {
	s := read(t, CUB, painted(t, cub()), ReadOptions{})
	busy := files(t, map[string]string{"mine.txt": "mine"})
	for out, want := range map[string]string{busy: "holds files already", filepath.Join(busy, "mine.txt"): "is not a folder"} {
		_, err := Write(t.Context(), s, WriteOptions{Out: out})
		var o *OutError
		if !errors.As(err, &o) || !strings.Contains(err.Error(), out+" "+want) {
			t.Errorf("%s: %v", out, err)
		}
	}
	if d := cmp.Diff(map[string]string{"mine.txt": "mine"}, tree(t, busy)); d != "" {
		t.Error(d)
	}
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	parent := t.TempDir()
	_, err := Write(ctx, s, WriteOptions{Out: filepath.Join(parent, "out"), Copy: true, Progress: func(what string, done, total int) {
		if what == "copying" {
			cancel(cause)
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("broken off: %v", err)
	}
	_, err = Write(ctx, s, WriteOptions{Out: filepath.Join(parent, "out"), Copy: true, Progress: func(what string, done, total int) {
		t.Errorf("%s %d pictures after the end", what, done)
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("begun after the end: %v", err)
	}
	// Somebody writes into the folder while the pictures are copied.
	taken := filepath.Join(t.TempDir(), "out")
	_, err = Write(t.Context(), s, WriteOptions{Out: taken, Copy: true, Progress: func(what string, done, total int) {
		if what == "copying" && done == total {
			put(t, filepath.Join(taken, "theirs.txt"), "theirs")
		}
	}})
	var o *OutError
	if !errors.As(err, &o) {
		t.Errorf("taken: %v", err)
	}
	if d := cmp.Diff(map[string]string{"out/theirs.txt": "theirs"}, tree(t, filepath.Dir(taken))); d != "" {
		t.Error(d)
	}
	if entries, _ := os.ReadDir(parent); len(entries) != 0 {
		t.Errorf("left behind: %v", entries)
	}
	if err := CheckOut(filepath.Join(s.Root, "x"), Folder, s.Root); !errors.As(err, &o) {
		t.Errorf("within the set's folder: %v", err)
	}
	if err := CheckOut(s.Root+"-x", Folder, s.Root); err != nil {
		t.Error(err)
	}
}

// TestWriteCutsNoLargerPictures: In-shop's boxes are of its small pictures, and would cut nonsense out of the large ones.
func TestWriteCutsNoLargerPictures(t *testing.T) {
	f := painted(t, inShop())
	f["Img/img/MEN/Denim/id_00000080/01_7_additional.jpg"] = picture(t, 256, 10, 1)
	for side, want := range map[int]string{256: "", 257: "list_eval_partition.txt:3: the picture"} {
		f["Img/img/WOMEN/Dresses/id_00000002/02_1_front.jpg"] = picture(t, 10, side, 1)
		s := read(t, InShop, f, ReadOptions{Boxes: true})
		_, err := Write(t.Context(), s, WriteOptions{Out: filepath.Join(t.TempDir(), "out"), Crop: true})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "has 10 x 257 pixels")) {
			t.Errorf("%d pixels high: %v", side, err)
		}
	}
}

// TestWriteBadPicturesOfAFolder: where no list names a picture, its own path leads the message.
func TestWriteBadPicturesOfAFolder(t *testing.T) {
	s := read(t, Folder, map[string]string{"a/1.png": ""}, ReadOptions{})
	_, err := Write(t.Context(), s, WriteOptions{Out: filepath.Join(t.TempDir(), "out")})
	if want := filepath.Join(s.Root, "a", "1.png") + ": the picture is an empty file; mend it, or"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestWriteTrainOnly: a set without a test half has no lists for one.
func TestWriteTrainOnly(t *testing.T) {
	s := read(t, Folder, painted(t, map[string]string{"a/1.png": "", "b/1.png": ""}), ReadOptions{})
	out := filepath.Join(t.TempDir(), "out")
	r, err := Write(t.Context(), s, WriteOptions{Out: out})
	if err != nil || r.Query != "" || r.Gallery != "" || r.AsPublished || r.TrainPictures != 2 {
		t.Errorf("%v, %+v", err, r)
	}
	if entries, _ := os.ReadDir(filepath.Join(out, "csv")); len(entries) != 1 {
		t.Errorf("the tables are %v", entries)
	}
}

func TestNegatives(t *testing.T) {
	p := func(id, category string, part Part) Picture { return Picture{ID: id, Category: category, Part: part} }
	for _, c := range []struct {
		pictures       []Picture
		inside, beyond bool
	}{
		{[]Picture{p("1", "a", Train), p("1", "a", Train)}, false, false},
		{[]Picture{p("1", "a", Train), p("2", "a", Train)}, true, false},
		{[]Picture{p("1", "a", Train), p("2", "b", Train)}, false, true},
		{[]Picture{p("1", "a", Train), p("2", "a", Test), p("3", "b", Test)}, false, false},
		{[]Picture{p("1", "a", Train), p("2", "", Train)}, false, false},
	} {
		if inside, beyond := Negatives(c.pictures); inside != c.inside || beyond != c.beyond {
			t.Errorf("%+v: %v, %v", c.pictures, inside, beyond)
		}
	}
}
