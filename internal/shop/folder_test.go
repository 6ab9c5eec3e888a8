package shop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/jpeg"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deeprank/data"
)

func small() FolderOptions {
	return FolderOptions{Options: Options{Products: 40, Views: 2, Size: 24, Seed: 1}, Triplets: 150, ValTriplets: 30, Threads: 2}
}

// write draws a folder that must succeed.
func write(t *testing.T, dir string, o FolderOptions) Report {
	t.Helper()
	r, err := WriteFolder(t.Context(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// contents returns all files of a folder.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		files[name] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestFolderIsTheSameForAnyThreads(t *testing.T) {
	o := small()
	o.Threads = 1
	one := filepath.Join(t.TempDir(), "new", "one")
	write(t, one, o)
	for _, threads := range []int{0, 2, 7} {
		o.Threads = threads
		other := t.TempDir()
		write(t, other, o)
		if a, b := contents(t, one), contents(t, other); !maps.Equal(a, b) {
			t.Errorf("%d threads draw other files than one", threads)
		}
	}
	o.Seed++
	other := t.TempDir()
	write(t, other, o)
	if contents(t, one)[metadataFile] == contents(t, other)[metadataFile] {
		t.Error("another seed gives the same metadata")
	}
}

func TestFolderIsReadable(t *testing.T) {
	dir := t.TempDir()
	o := small()
	o.Products = 300
	o.Triplets, o.ValTriplets = 3000, 1000
	o.Note = func(text string) { t.Error("a note: " + text) }
	r := write(t, dir, o)
	want := Report{Products: 300, ValProducts: 60, Pictures: 600, Triplets: 3000, ValTriplets: 1000, Drawn: true}
	if r != want {
		t.Errorf("report %+v", r)
	}
	path, err := data.FindMetadata(filepath.Join(dir, tripletsFile))
	if err != nil {
		t.Fatal(err)
	}
	m, err := data.ReadMetadata(path)
	if err != nil {
		t.Fatal(err)
	}
	images, err := data.FindImages(path)
	if err != nil {
		t.Fatal(err)
	}
	if m.Rows() != 600 {
		t.Errorf("%d rows", m.Rows())
	}
	used := [2]map[string]bool{{}, {}}
	for i, file := range []string{tripletsFile, valTripletsFile} {
		ts, err := data.ReadTriplets(filepath.Join(dir, file), m.Rows())
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range ts {
			for _, row := range []int32{v.Query, v.Positive, v.Negative} {
				used[i][m.ID[row]] = true
			}
		}
		s := data.Summarize(m, ts)
		if len(ts) != []int{3000, 1000}[i] || s.PositiveOther+s.NegativeSameProduct+s.QueryIsPositive+s.QueryIsNegative+s.PositiveIsNegative != 0 ||
			s.PositiveSameCategoryColor != 0 || s.NegativeInClass == 0 {
			t.Errorf("%s: %+v", file, s)
		}
	}
	if len(used[0]) != 240 || len(used[1]) != 60 {
		t.Errorf("the triplets use %d and %d products", len(used[0]), len(used[1]))
	}
	for id := range used[1] {
		if used[0][id] {
			t.Errorf("product %s is in training and in validation", id)
		}
	}
	for row, name := range m.Name {
		if !strings.HasPrefix(name, m.Category[row]+"/"+m.ID[row]+"_") {
			t.Errorf("row %d: %s is in %s", row, m.Category[row], name)
		}
		f, err := os.ReadFile(filepath.Join(images, name))
		if err != nil {
			t.Fatal(err)
		}
		c, err := jpeg.DecodeConfig(bytes.NewReader(f))
		if err != nil || c.Width != 24 || c.Height != 24 {
			t.Fatalf("%s: %+v, %v", name, c, err)
		}
	}
}

// The file must hold what was drawn: JPEG may change a level a little, never a lot.
func TestPictureFilesShowThePictures(t *testing.T) {
	dir := t.TempDir()
	o := small()
	write(t, dir, o)
	s := newShop(t, o.Options)
	painter := s.NewPainter()
	for i := range s.Products {
		f, err := os.ReadFile(filepath.Join(dir, "images", s.Products[i].File(1)))
		if err != nil {
			t.Fatal(err)
		}
		im, err := jpeg.Decode(bytes.NewReader(f))
		if err != nil {
			t.Fatal(err)
		}
		want, sum := painter.Picture(i, 1), 0
		for y := range 24 {
			for x := range 24 {
				r, g, b, _ := im.At(x, y).RGBA()
				w := want.RGBAAt(x, y)
				for _, d := range []int{int(r>>8) - int(w.R), int(g>>8) - int(w.G), int(b>>8) - int(w.B)} {
					sum += max(d, -d)
				}
			}
		}
		if mean := float64(sum) / (3 * 24 * 24); mean > 14 {
			t.Errorf("product %d: the file is %.1f levels off", i, mean)
		}
	}
}

func TestFolderAgain(t *testing.T) {
	dir := t.TempDir()
	o := small()
	write(t, dir, o)
	first := contents(t, dir)
	var picture string
	for name := range first {
		if strings.HasSuffix(name, ".jpg") {
			picture = filepath.Join(dir, name)
		}
	}
	for _, c := range []struct {
		name  string
		spoil func() error
		drawn bool
	}{
		{"as it was", func() error { return nil }, false},
		{"a picture is missing", func() error { return os.Remove(picture) }, true},
		{"a picture is cut", func() error { return os.Truncate(picture, 100) }, true},
		{"the triplets are others", func() error {
			return os.WriteFile(filepath.Join(dir, tripletsFile), []byte("q\tp\tn\n0\t1\t2\n"), 0o666)
		}, true},
		{"the marker is lost with all else", func() error {
			return errors.Join(os.RemoveAll(filepath.Join(dir, "csv")), os.RemoveAll(filepath.Join(dir, "images")), os.WriteFile(filepath.Join(dir, markerFile), []byte("{"), 0o666))
		}, true},
		{"an older version's", func() error {
			path := filepath.Join(dir, markerFile)
			b, err := os.ReadFile(path)
			return errors.Join(err, os.WriteFile(path, bytes.Replace(b, fmt.Appendf(nil, `"version": %d`, markerVersion), []byte(`"version": 0`), 1), 0o666))
		}, true},
	} {
		if err := c.spoil(); err != nil {
			t.Fatal(err)
		}
		if r := write(t, dir, o); r.Drawn != c.drawn {
			t.Errorf("%s: drawn %v", c.name, r.Drawn)
		}
		if !maps.Equal(contents(t, dir), first) {
			t.Errorf("%s: other files than before", c.name)
		}
	}
	// A smaller demo leaves nothing of the larger one, and what others put there.
	own := filepath.Join(dir, "images", "bag", "mine.jpg")
	if err := os.WriteFile(own, []byte("mine"), 0o666); err != nil {
		t.Fatal(err)
	}
	o.Products, o.Seed = 20, 9
	write(t, dir, o)
	got := contents(t, dir)
	if got["images/bag/mine.jpg"] != "mine" {
		t.Error("a file of someone else is gone")
	}
	delete(got, "images/bag/mine.jpg")
	fresh := t.TempDir()
	write(t, fresh, o)
	if d := cmp.Diff(contents(t, fresh), got); d != "" {
		t.Errorf("not as in a new folder:\n%s", d)
	}
}

func TestFolderBrokenOff(t *testing.T) {
	dir := t.TempDir()
	o := small()
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	o.Progress = func(done, total int) {
		if done >= total/4 {
			cancel(cause)
		}
	}
	if _, err := WriteFolder(ctx, dir, o); !errors.Is(err, cause) {
		t.Fatalf("error %v", err)
	}
	if n := len(contents(t, dir)); n >= 40*2+4 {
		t.Fatalf("%d files are there already", n)
	}
	last, calls := 0, 0
	o.Progress = func(done, total int) {
		if total != 80 || done != last+2 {
			t.Errorf("progress %d of %d after %d", done, total, last)
		}
		last = done
		calls++
	}
	if r := write(t, dir, o); !r.Drawn || last != 80 || calls != 40 {
		t.Errorf("drawn %v, %d pictures in %d calls", r.Drawn, last, calls)
	}
	fresh := t.TempDir()
	o.Progress = nil
	write(t, fresh, o)
	if !maps.Equal(contents(t, dir), contents(t, fresh)) {
		t.Error("other files than in a new folder")
	}
}

func TestForeignFolders(t *testing.T) {
	for _, c := range []struct{ name, file, content, want string }{
		{"a file", "notes.txt", "mine", "is no demo folder"},
		{"another marker", markerFile, `{"made_by":"someone"}`, ""}, // nothing but a marker: no loss
		{"a marker and a file", "x/" + markerFile, "{}", "is no demo folder"},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, c.file)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(c.content), 0o666)); err != nil {
			t.Fatal(err)
		}
		before := contents(t, dir)
		_, err := WriteFolder(t.Context(), dir, small())
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		var foreign *ForeignError
		if !errors.As(err, &foreign) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: error %v", c.name, err)
		}
		if !maps.Equal(before, contents(t, dir)) {
			t.Errorf("%s: the folder was changed", c.name)
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	var foreign *ForeignError
	if _, err := WriteFolder(t.Context(), file, small()); !errors.As(err, &foreign) {
		t.Errorf("a file as folder: %v", err)
	}
}

// A link must not lead the drawing out of its folder.
func TestFolderDoesNotFollowLinksOut(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	o := small()
	write(t, dir, o)
	if err := errors.Join(os.RemoveAll(filepath.Join(dir, "images")), os.Symlink(outside, filepath.Join(dir, "images"))); err != nil {
		t.Skip(err)
	}
	if _, err := WriteFolder(t.Context(), dir, o); err == nil {
		t.Error("no error")
	}
	if n := len(contents(t, outside)); n != 0 {
		t.Errorf("%d files were written outside", n)
	}
}

// A shop too small for all kinds of triplets says so and goes on.
func TestSmallShopNotes(t *testing.T) {
	o := small()
	o.Products = MinProducts
	var notes []string
	o.Note = func(text string) { notes = append(notes, text) }
	write(t, t.TempDir(), o)
	if len(notes) == 0 || !strings.Contains(strings.Join(notes, "\n"), valTripletsFile+": with so few products") {
		t.Errorf("notes: %q", notes)
	}
}
