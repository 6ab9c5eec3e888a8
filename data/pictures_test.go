package data

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// shop makes an images folder of n small pictures, no two alike, and its metadata.
func shop(t testing.TB, n int) (*Metadata, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "images")
	m := &Metadata{Path: "sample_set.csv"}
	for i := range n {
		name := fmt.Sprintf("%d/%d.png", i%3, i)
		im := image.NewRGBA(image.Rect(0, 0, 40, 30))
		for y := range 30 {
			for x := range 40 {
				im.SetRGBA(x, y, color.RGBA{byte(x * 6), byte(y * 8), byte(i * 37), 255})
			}
		}
		putPNG(t, filepath.Join(dir, name), im)
		addRow(m, name)
	}
	return m, dir
}

func addRow(m *Metadata, name string) {
	m.Category, m.Color, m.ID, m.Gender = append(m.Category, "c"), append(m.Color, "r"), append(m.ID, "1"), append(m.Gender, "")
	m.Name = append(m.Name, name)
}

func putPNG(t testing.TB, path string, m image.Image) {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	put(t, path, b.Bytes())
}

func put(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, m *Metadata, dir string, o PictureOptions) *Pictures {
	t.Helper()
	if o.Size == 0 {
		o.Size = 32
	}
	p, err := OpenPictures(m, dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// A picture that has the size already keeps its bits, through the cache too.
func TestLoadKeepsPixels(t *testing.T) {
	im := image.NewNRGBA(image.Rect(0, 0, 32, 32))
	var want []byte
	for i := range 32 * 32 {
		c := []byte{byte(i), byte(i >> 3), byte(i * i)}
		want = append(want, c...)
		copy(im.Pix[4*i:], append(c, 255))
	}
	dir := t.TempDir()
	putPNG(t, filepath.Join(dir, "a.png"), im)
	m := new(Metadata)
	addRow(m, "a.png")
	for _, fit := range []string{"", "stretch", "crop", "pad"} {
		p := open(t, m, dir, PictureOptions{Fit: fit, Cache: t.TempDir()})
		for range 2 {
			got, err := p.Load(0)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("fit %q changes the pixels", fit)
			}
		}
	}
}

func TestOpenPicturesRefuses(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "file"), []byte("x"))
	for _, path := range []string{filepath.Join(dir, "missing"), filepath.Join(dir, "file")} {
		_, err := OpenPictures(new(Metadata), path, PictureOptions{Size: 32})
		wantRefused(t, err, path, 0, "--images")
	}
	for _, o := range []PictureOptions{{Size: 0}, {Size: -1}, {Size: 1 << 20}, {Size: 32, Fit: "cover"}} {
		if p, err := OpenPictures(new(Metadata), dir, o); err == nil {
			p.Close()
			t.Errorf("accepted %+v", o)
		}
	}
}

// What may stand in a picture's place. Each must be refused at once: a named pipe that nobody writes to must not block.
func TestLoadRefuses(t *testing.T) {
	base := t.TempDir()
	dir := filepath.Join(base, "images")
	good := readFile(t, "testdata/rgb.png")
	put(t, filepath.Join(dir, "good.png"), good)
	put(t, filepath.Join(base, "outside.png"), good)
	put(t, filepath.Join(dir, "empty.jpg"), nil)
	put(t, filepath.Join(dir, "short.jpg"), readFile(t, "testdata/baseline.jpg")[:300])
	put(t, filepath.Join(dir, "text.jpg"), []byte("not a picture"))
	put(t, filepath.Join(dir, "huge.png"), pngHeader(50000, 50000))
	put(t, filepath.Join(dir, "folder/x.png"), good)
	put(t, filepath.Join(dir, "secret.png"), good)
	long := filepath.Join(dir, "long.png")
	put(t, long, good)
	if err := os.Truncate(long, maxFile+1); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{
		"out.png": "../outside.png", "absolute.png": filepath.Join(base, "outside.png"), "dangling.png": "nowhere.png",
		"loop.png": "loop.png", "up": "..",
	} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo.png"), 0o666); err != nil {
		t.Skip(err)
	}
	// A socket's address must be short: make it by its name in the current folder.
	t.Chdir(dir)
	socket, err := net.Listen("unix", "socket.png")
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()

	for _, c := range []struct {
		name  string
		want  string
		quick bool // seen by Check already
	}{
		{"missing.png", "no such picture", true},
		{"empty.jpg", "empty", true},
		{"short.jpg", "JPEG file is damaged", false},
		{"text.jpg", "not a picture", false},
		{"huge.png", "50000 x 50000", false},
		{"long.png", "bytes, more than", true},
		{"folder", "is a folder", true},
		{"fifo.png", "is a named pipe", true},
		{"socket.png", "is a socket", true},
		{"out.png", "leads out of the images folder", true},
		{"absolute.png", "leads out of the images folder", true},
		{"up/outside.png", "leads out of the images folder", true},
		{"../outside.png", "leads out of the images folder", true},
		{"dangling.png", "no such picture", true},
		{"loop.png", "cannot read", true},
		{"good.png/x.png", "cannot read", true},
		{strings.Repeat("x", 5000), "cannot read", true},
	} {
		t.Run(filepath.Base(c.name[:min(len(c.name), 20)]), func(t *testing.T) {
			m := &Metadata{Path: "csv/sample_set.csv"}
			addRow(m, "good.png")
			addRow(m, c.name)
			for _, cache := range []string{"", t.TempDir()} {
				p := open(t, m, dir, PictureOptions{Cache: cache})
				if _, err := p.Load(0); err != nil {
					t.Fatal(err)
				}
				_, err := p.Load(1)
				path := filepath.Join(dir, c.name)
				if len(path) < 1000 {
					wantRefused(t, err, path, 0, c.want, "row 1 of sample_set.csv")
				} else if _, ok := errors.AsType[*Refused](err); !ok {
					t.Fatal(err)
				}
				if c.name == "text.jpg" { // bad stays bad, so that a run's batches do not change under it
					put(t, path, good)
				}
				if _, again := p.Load(1); again != err {
					t.Errorf("the second time: %v", again)
				}
				if c.name == "text.jpg" {
					put(t, path, []byte("not a picture"))
				}
				bad := open(t, m, dir, PictureOptions{}).Check(t.Context(), []int32{0, 1}, 2, nil)
				if c.quick != (len(bad) == 1) {
					t.Errorf("Check finds %v", bad)
				}
				bad = open(t, m, dir, PictureOptions{}).CheckDeep(t.Context(), []int32{0, 1}, 2, nil)
				if len(bad) != 1 || bad[0].Row != 1 || bad[0].Name != c.name {
					t.Errorf("CheckDeep finds %v", bad)
				}
			}
		})
	}
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// A link within the folder is fine, and so is a folder that is a link itself.
func TestLoadThroughLinks(t *testing.T) {
	m, dir := shop(t, 1)
	if err := os.Symlink("0/0.png", filepath.Join(dir, "link.png")); err != nil {
		t.Fatal(err)
	}
	addRow(m, "link.png")
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	p := open(t, m, link, PictureOptions{})
	a, err := p.Load(0)
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.Load(1)
	if err != nil || !bytes.Equal(a, b) {
		t.Errorf("through the link: %v", err)
	}
}

func TestCheckTellsProgress(t *testing.T) {
	m, dir := shop(t, 3)
	var rows []int32
	for range 300 {
		rows = append(rows, 0, 1, 2)
	}
	var told []int
	if bad := open(t, m, dir, PictureOptions{}).Check(t.Context(), rows, 4, func(done int) { told = append(told, done) }); bad != nil {
		t.Error(bad)
	}
	if !slices.Equal(told, []int{256, 512, 768, 900}) {
		t.Errorf("told %v", told)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	open(t, m, dir, PictureOptions{}).Check(ctx, rows, 4, func(int) { t.Error("went on after the end") })
}

func cacheFiles(t *testing.T, dir string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "??", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// noWarning fails the test when the cache complains.
func noWarning(t *testing.T) func(error) {
	return func(err error) { t.Errorf("the cache warns: %v", err) }
}

func TestCacheKeepsAndRepairs(t *testing.T) {
	m, dir := shop(t, 1)
	store := filepath.Join(t.TempDir(), "a", "cache")
	o := PictureOptions{Cache: store, Warn: noWarning(t)}
	want, err := open(t, m, dir, PictureOptions{}).Load(0)
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string) {
		t.Helper()
		got, err := open(t, m, dir, o).Load(0)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: other pixels, or %v", what, err)
		}
		if n := len(cacheFiles(t, store)); n != 1 {
			t.Fatalf("%s: %d files in the cache", what, n)
		}
	}
	check("empty cache")
	file := cacheFiles(t, store)[0]
	whole := readFile(t, file)
	inverted := bytes.Clone(want)
	for i := range inverted {
		inverted[i] ^= 0xff
	}
	// The cache is used at all: other pixels under the right checksum come back.
	c := open(t, m, dir, o).cache
	info, err := os.Stat(filepath.Join(dir, m.Name[0]))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.write(c.key(m.Name[0], info), inverted); err != nil {
		t.Fatal(err)
	}
	if got, err := open(t, m, dir, o).Load(0); err != nil || !bytes.Equal(got, inverted) {
		t.Errorf("the cache is not used: %v", err)
	}
	// Damage of every kind is found and repaired.
	flip := func(at int) []byte {
		b := bytes.Clone(whole)
		b[at] ^= 1
		return b
	}
	for what, content := range map[string][]byte{
		"empty file": nil, "torn file": whole[:len(whole)/2], "header alone": whole[:48], "longer file": append(bytes.Clone(whole), 0),
		"magic": flip(0), "key": flip(20), "size": flip(40), "checksum": flip(45), "first pixel": flip(48), "last pixel": flip(len(whole) - 1),
		"zeros": make([]byte, len(whole)),
	} {
		put(t, file, content)
		check(what)
		if !bytes.Equal(readFile(t, file), whole) {
			t.Errorf("%s was not repaired", what)
		}
	}
}

// A picture, a size or a fit that changes gives another key.
func TestCacheKey(t *testing.T) {
	m, dir := shop(t, 2)
	store := t.TempDir()
	load := func(o PictureOptions, row int) []byte {
		t.Helper()
		o.Cache, o.Warn = store, noWarning(t)
		got, err := open(t, m, dir, o).Load(row)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	count := 0
	for _, o := range []PictureOptions{{}, {Size: 64}, {Fit: "crop"}, {Fit: "pad"}} {
		for row := range 2 {
			load(o, row)
			load(o, row)
			if count++; len(cacheFiles(t, store)) != count {
				t.Fatalf("%d files after %d different loads", len(cacheFiles(t, store)), count)
			}
		}
	}
	before := load(PictureOptions{}, 0)
	other := image.NewRGBA(image.Rect(0, 0, 9, 9))
	putPNG(t, filepath.Join(dir, m.Name[0]), other)
	if bytes.Equal(before, load(PictureOptions{}, 0)) {
		t.Error("the cache hides that the picture changed")
	}
	// The time alone: other content of the same length.
	path := filepath.Join(dir, m.Name[1])
	before = load(PictureOptions{}, 1)
	content := readFile(t, path)
	putPNG(t, path, other)
	small := readFile(t, path)
	put(t, path, append(small, make([]byte, len(content)-len(small))...))
	if err := os.Chtimes(path, time.Unix(1, 0), time.Unix(1, 1)); err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(before, load(PictureOptions{}, 1)) {
		t.Error("the cache hides that the picture changed in place")
	}
}

// Two programs, here two Pictures, fill and use one cache at once, with torn files in the way.
func TestCacheShared(t *testing.T) {
	const n = 20
	m, dir := shop(t, n)
	store := t.TempDir()
	o := PictureOptions{Cache: store, Warn: noWarning(t)}
	plain := open(t, m, dir, PictureOptions{})
	var want [n][]byte
	for i := range n {
		want[i], _ = plain.Load(i)
	}
	var wg sync.WaitGroup
	for user := range 2 {
		p := open(t, m, dir, o)
		for range 3 {
			wg.Go(func() {
				for i := range 4 * n {
					row := (i*7 + user) % n
					got, err := p.Load(row)
					if err != nil || !bytes.Equal(got, want[row]) {
						t.Errorf("row %d: other pixels, or %v", row, err)
					}
				}
			})
		}
	}
	wg.Go(func() {
		for range 20 {
			for _, f := range cacheFiles(t, store) {
				_ = os.Truncate(f, 100) // it may be replaced right now
			}
		}
	})
	wg.Wait()
	if _, _, _, files := open(t, m, dir, o).CacheInfo(); files != n {
		t.Errorf("%d files, want %d: %v", files, n, cacheFiles(t, store))
	}
}

func TestCacheInfo(t *testing.T) {
	m, dir := shop(t, 5)
	p := open(t, m, dir, PictureOptions{})
	if dir, _, _, _ := p.CacheInfo(); dir != "" {
		t.Error("a cache that nobody asked for")
	}
	store := t.TempDir()
	put(t, filepath.Join(store, "ab", "foreign"), []byte("x"))
	p = open(t, m, dir, PictureOptions{Size: 64, Cache: store, Warn: noWarning(t)})
	for row := range 5 {
		if _, err := p.Load(row); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range []*Pictures{p, open(t, m, dir, PictureOptions{Size: 64, Cache: store})} {
		got, used, limit, files := p.CacheInfo()
		// 48 + 3*64*64 = 12336 bytes take four blocks of 4096.
		if got != store || used != 5*4*4096 || limit != 20<<30 || files != 5 {
			t.Errorf("folder %s, %d bytes of %d, %d files", got, used, limit, files)
		}
	}
}

func TestCacheBounded(t *testing.T) {
	const n = 12
	m, dir := shop(t, n)
	store := t.TempDir()
	var told []error
	o := PictureOptions{Cache: store, CacheLimit: 8 * 4096, Warn: func(err error) { told = append(told, err) }}
	p := open(t, m, dir, o)
	for range 2 {
		for row := range n {
			if _, err := p.Load(row); err != nil {
				t.Fatal(err)
			}
		}
	}
	files := cacheFiles(t, store)
	if len(files) != 8 {
		t.Fatalf("%d files, want 8", len(files))
	}
	if len(told) != 1 || !strings.Contains(told[0].Error(), "limit") {
		t.Errorf("told %v", told)
	}
	// Files that nobody used for long make room; the others stay. A temporary file of a killed program goes, a young one stays.
	old := time.Now().Add(-100 * time.Hour)
	var kept []string
	for i, f := range files {
		if i >= 3 {
			kept = append(kept, f)
		} else if err := os.Chtimes(f, old.Add(time.Duration(i)*time.Hour), old.Add(time.Duration(i)*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	left, young := filepath.Join(store, "00", "new-1"), filepath.Join(store, "00", "new-2")
	foreign := filepath.Join(store, "00", "foreign")
	for _, f := range []string{left, young, foreign} {
		put(t, f, []byte("x"))
	}
	for _, f := range []string{left, foreign} {
		if err := os.Chtimes(f, old, old); err != nil {
			t.Fatal(err)
		}
	}
	p = open(t, m, dir, o)
	absent := -1
	for row := range n {
		info, err := os.Stat(filepath.Join(dir, m.Name[row]))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(files, p.cache.path(p.cache.key(m.Name[row], info))) {
			absent = row
		}
	}
	if _, err := p.Load(absent); err != nil {
		t.Fatal(err)
	}
	_, used, limit, count := p.CacheInfo()
	if used > limit || int64(count)*4096 != used {
		t.Errorf("%d files take %d of %d", count, used, limit)
	}
	for _, f := range append(kept, young, foreign, files[2]) {
		if _, err := os.Stat(f); err != nil {
			t.Errorf("removed, but was in use or foreign: %v", err)
		}
	}
	for _, f := range []string{files[0], left} {
		if _, err := os.Stat(f); err == nil {
			t.Errorf("%s is still there", f)
		}
	}
}

// A use marks a file that looks unused.
func TestCacheMarksUse(t *testing.T) {
	m, dir := shop(t, 1)
	store := t.TempDir()
	p := open(t, m, dir, PictureOptions{Cache: store})
	if _, err := p.Load(0); err != nil {
		t.Fatal(err)
	}
	file := cacheFiles(t, store)[0]
	old := time.Now().Add(-100 * time.Hour)
	if err := os.Chtimes(file, old, old); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Load(0); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || time.Since(info.ModTime()) > time.Hour {
		t.Errorf("the file still looks unused: %v", err)
	}
}

// A cache that cannot be used never stops a run; it is told of once.
func TestCacheFails(t *testing.T) {
	m, dir := shop(t, 3)
	base := t.TempDir()
	put(t, filepath.Join(base, "file"), []byte("x"))
	full := filepath.Join(base, "full")
	for i := range 256 { // where the shards' folders would be, there are files
		put(t, filepath.Join(full, fmt.Sprintf("%02x", i)), []byte("x"))
	}
	readonly := filepath.Join(base, "readonly")
	if err := os.Mkdir(readonly, 0o555); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what, path string
		skip       bool
	}{
		{"a file", filepath.Join(base, "file"), false},
		{"below a file", filepath.Join(base, "file", "x"), false},
		{"files in it", full, false},
		{"read-only", readonly, os.Getuid() == 0},
		{"a device", "/dev/null", false},
		{"no such root", "/proc/nothing/here", false},
	} {
		if c.skip {
			continue
		}
		told := 0
		p := open(t, m, dir, PictureOptions{Cache: c.path, Warn: func(error) { told++ }})
		for range 2 {
			for row := range 3 {
				if _, err := p.Load(row); err != nil {
					t.Errorf("%s: %v", c.what, err)
				}
			}
		}
		p.CacheInfo()
		if told != 1 {
			t.Errorf("%s: told %d times", c.what, told)
		}
		p = open(t, m, dir, PictureOptions{Cache: c.path}) // without Warn
		if _, err := p.Load(0); err != nil {
			t.Errorf("%s: %v", c.what, err)
		}
	}
}

func TestFreeSpace(t *testing.T) {
	if free, ok := freeSpace(t.TempDir()); ok && (free <= 0 || free > math.MaxInt64/2) {
		t.Errorf("%d bytes free", free)
	}
}

func TestFingerprint(t *testing.T) {
	a, b := write(t, "abc"), write(t, "")
	// printf abc | sha256sum and of nothing; then both sums, as bytes, through sha256sum.
	got, err := Fingerprint(a, b)
	if err != nil {
		t.Fatal(err)
	}
	const want = "6f1290896ee81a0349174d19f4473d267a10289c40480861d5c42affffbd79f9"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if swapped, _ := Fingerprint(b, a); swapped == got {
		t.Error("the order of the files does not matter")
	}
	if copied, _ := Fingerprint(write(t, "abc"), b); copied != got {
		t.Error("the path matters")
	}
}

func TestFind(t *testing.T) {
	base := t.TempDir()
	triplets := filepath.Join(base, "csv", "triplets.csv")
	meta := filepath.Join(base, "csv", "sample_set.csv")
	put(t, triplets, nil)
	_, err := FindMetadata(triplets)
	wantRefused(t, err, meta, 0, "--metadata")
	_, err = FindImages(meta)
	wantRefused(t, err, meta, 0, "--images")
	put(t, meta, nil)
	put(t, filepath.Join(base, "images", "1.png"), nil)
	if got, err := FindMetadata(triplets); got != meta || err != nil {
		t.Errorf("metadata %s, %v", got, err)
	}
	if got, err := FindImages(meta); got != filepath.Join(base, "images") || err != nil {
		t.Errorf("images %s, %v", got, err)
	}
	put(t, filepath.Join(base, "csv", "images", "1.png"), nil)
	if got, err := FindImages(meta); got != filepath.Join(base, "csv", "images") || err != nil {
		t.Errorf("images %s, %v", got, err)
	}
	t.Chdir(filepath.Join(base, "csv"))
	if got, err := FindMetadata("triplets.csv"); got != "sample_set.csv" || err != nil {
		t.Errorf("metadata %s, %v", got, err)
	}
	if got, err := FindImages("sample_set.csv"); got != "images" || err != nil {
		t.Errorf("images %s, %v", got, err)
	}
}

// photograph gives a JPEG of w x h pixels with detail like that of a photograph.
func photograph(b *testing.B, w, h int) []byte {
	b.Helper()
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			v := mix(uint64(x/3), uint64(y/3))
			i := m.PixOffset(x, y)
			m.Pix[i], m.Pix[i+1], m.Pix[i+2], m.Pix[i+3] = byte(x*255/w)^byte(v&15), byte(y*255/h)^byte(v>>8&15), byte(v>>16&31)+90, 255
		}
	}
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, m, &jpeg.Options{Quality: 85}); err != nil {
		b.Fatal(err)
	}
	return buf.Bytes()
}

func BenchmarkLoad(b *testing.B) {
	for _, c := range []struct {
		name string
		w, h int
	}{{"300x400", 300, 400}, {"1000x1300", 1000, 1300}, {"3000x4000", 3000, 4000}} {
		dir := b.TempDir()
		put(b, filepath.Join(dir, "shoes/1.jpg"), photograph(b, c.w, c.h))
		m := new(Metadata)
		addRow(m, "shoes/1.jpg")
		for _, cache := range []string{"", b.TempDir()} {
			name := c.name
			if cache != "" {
				name += "-cached"
			}
			p := open(b, m, dir, PictureOptions{Size: 224, Cache: cache})
			dst := make([]byte, 224*224*3)
			if err := p.LoadInto(0, dst); err != nil {
				b.Fatal(err)
			}
			b.Run(name, func(b *testing.B) {
				for b.Loop() {
					if err := p.LoadInto(0, dst); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// TestImagesFolderIsAFile: what was named is called by its name.
func TestImagesFolderIsAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "table.csv")
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenPictures(&Metadata{}, path, PictureOptions{Size: 8}); err == nil || !strings.Contains(err.Error(), "is a file, not a folder") {
		t.Errorf("%v", err)
	}
}
