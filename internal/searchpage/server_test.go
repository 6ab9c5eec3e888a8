package searchpage

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"deeprank/data"
	"deeprank/internal/kernel"
	"deeprank/internal/retrieval"
)

// The gallery: row i is a picture of one colour, its embedding that colour as three numbers, so that what is nearest can be told by hand.
const galleryRows = 60

func hue(row int) color.RGBA {
	return color.RGBA{uint8(row * 37 % 256), uint8(row * 101 % 256), uint8(row * 211 % 256), 255}
}

func vectorOf(r, g, b uint8) []float32 {
	return []float32{float32(r) / 255, float32(g) / 255, float32(b) / 255}
}

func table() *data.Metadata {
	m := &data.Metadata{Path: "table.tsv"}
	for row := range galleryRows {
		m.Name = append(m.Name, fmt.Sprintf("%d.png", row))
		m.ID = append(m.ID, fmt.Sprint(row/3))
		m.Category = append(m.Category, [...]string{"shoe", "hat & cap", ""}[row%3])
		m.Color = append(m.Color, [...]string{"red", "blue", "grün", "<b>bold</b>", "red"}[row%5])
		m.Gender = append(m.Gender, "women")
	}
	return m
}

// picture of one colour as a PNG file.
func pngOf(t *testing.T, c color.Color, side int) []byte {
	t.Helper()
	im := image.NewRGBA(image.Rect(0, 0, side, side))
	draw.Draw(im, im.Rect, image.NewUniform(c), image.Point{}, draw.Src)
	var b bytes.Buffer
	if err := png.Encode(&b, im); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// world is a server and what its network was asked.
type world struct {
	*Server
	mu       sync.Mutex
	embedded int
	fail     error
	panics   bool
	warnings []string
}

// newWorld makes a server; picture 5 of its gallery is missing and 6 is no picture.
func newWorld(t *testing.T, change func(o *Options)) *world {
	t.Helper()
	w := &world{}
	m, dir := table(), t.TempDir()
	g := retrieval.Matrix{Columns: 3}
	for row := range galleryRows {
		c := hue(row)
		g.Values = append(g.Values, vectorOf(c.R, c.G, c.B)...)
		content := pngOf(t, c, 30)
		if row == 6 {
			content = []byte("not a picture")
		}
		if row != 5 {
			if err := os.WriteFile(filepath.Join(dir, m.Name[row]), content, 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	team := kernel.NewTeam(2)
	t.Cleanup(team.Close)
	thumbnails, err := data.OpenPictures(m, dir, data.PictureOptions{Size: 24, Fit: "pad"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = thumbnails.Close() })
	o := Options{
		Gallery: g, Meta: m, Thumbnails: thumbnails, Team: team, Size: 16, Fit: "stretch", Title: "gallery", Top: 10, MaxUpload: 1 << 20, Host: "127.0.0.1",
		Embed: func(pixels []byte, v []float32) error {
			w.embedded++                                        // without a lock: the race detector sees two at once,
			team.Run(200, func(int, int) { runtime.Gosched() }) // and so does the team
			if w.panics {
				panic("kernel: secret")
			}
			copy(v, vectorOf(pixels[0], pixels[1], pixels[2]))
			return w.fail
		},
		Warn: func(format string, args ...any) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.warnings = append(w.warnings, fmt.Sprintf(format, args...))
		},
	}
	if change != nil {
		change(&o)
	}
	w.Server = New(o)
	return w
}

// nearest is the oracle: rows by their distance to v and then by number, those that keep lets through.
func nearest(v []float32, top int, keep func(row int) bool) (rows []int) {
	distance := func(row int) float64 {
		c, d := hue(row), 0.0
		for i, x := range vectorOf(c.R, c.G, c.B) {
			d += (float64(x) - float64(v[i])) * (float64(x) - float64(v[i]))
		}
		return d
	}
	for row := range galleryRows {
		if keep(row) {
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, func(a, b int) int { return cmp.Or(cmp.Compare(distance(a), distance(b)), a-b) })
	return rows[:min(top, len(rows))]
}

// ask gives the answer to a request.
func (w *world) ask(t *testing.T, method, target, kind string, body []byte, change ...func(r *http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, bytes.NewReader(body))
	r.Host = "127.0.0.1:8080"
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for _, c := range change {
		c(r)
	}
	recorder := httptest.NewRecorder()
	w.ServeHTTP(recorder, r)
	return recorder
}

// read reads a JSON answer.
func read[T any](t *testing.T, r *httptest.ResponseRecorder) (v T) {
	t.Helper()
	if kind := r.Header().Get("Content-Type"); kind != "application/json" {
		t.Errorf("Content-Type %q", kind)
	}
	if err := json.Unmarshal(r.Body.Bytes(), &v); err != nil {
		t.Fatalf("%q: %v", r.Body.String(), err)
	}
	return v
}

func rowsOf(f found) (rows []int) {
	for _, h := range f.Hits {
		rows = append(rows, h.Row)
	}
	return rows
}

func TestSearchByRow(t *testing.T) {
	w := newWorld(t, nil)
	m := table()
	for _, c := range []struct {
		query, category, colour string
		row, top                int
	}{
		{"row=7", "", "", 7, 10}, {"row=0&top=3", "", "", 0, 3}, {"row=59&top=200", "", "", 59, 200}, {"row=7&category=shoe", "shoe", "", 7, 10},
		{"row=7&category=hat+%26+cap&top=4", "hat & cap", "", 7, 4}, {"row=12&color=red&top=100", "", "red", 12, 100}, {"row=3&category=shoe&color=gr%C3%BCn&top=2", "shoe", "grün", 3, 2},
		{"row=8&color=%3Cb%3Ebold%3C%2Fb%3E", "", "<b>bold</b>", 8, 10},
	} {
		r := w.ask(t, http.MethodGet, "/api/search?"+c.query, "", nil)
		if r.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", c.query, r.Code, r.Body)
		}
		f := read[found](t, r)
		keep := func(row int) bool {
			return row != c.row && (c.category == "" || m.Category[row] == c.category) && (c.colour == "" || m.Color[row] == c.colour)
		}
		h := hue(c.row)
		want := nearest(vectorOf(h.R, h.G, h.B), c.top, keep)
		if !slices.Equal(rowsOf(f), want) || len(want) == 0 {
			t.Errorf("%s: rows %v, want %v", c.query, rowsOf(f), want)
		}
		if all := len(nearest([]float32{0, 0, 0}, galleryRows, keep)); f.Matching != all {
			t.Errorf("%s: %d match, want %d", c.query, f.Matching, all)
		}
		for i, hit := range f.Hits {
			if hit.Rank != i+1 || hit.Category != m.Category[hit.Row] || hit.Colour != m.Color[hit.Row] || hit.ID != m.ID[hit.Row] || hit.Name != m.Name[hit.Row] {
				t.Errorf("%s: %+v", c.query, hit)
			}
		}
		if f.Query == nil || f.Query.Row != c.row || f.Query.ID != m.ID[c.row] {
			t.Errorf("%s: query %+v", c.query, f.Query)
		}
	}
	if n := w.Searches(); n != 8 || w.embedded != 0 {
		t.Errorf("%d searches, %d embedded", n, w.embedded)
	}
}

func TestSearchByPicture(t *testing.T) {
	w := newWorld(t, nil)
	m := table()
	for _, c := range []struct {
		query, kind string
		keep        func(row int) bool
		top         int
	}{
		{"", "image/png", func(int) bool { return true }, 10},
		{"?top=4&color=red", "application/octet-stream", func(row int) bool { return m.Color[row] == "red" }, 4},
		{"?category=", "image/png", func(row int) bool { return m.Category[row] == "" }, 10},                          // unknown
		{"?category=shoe", "image/jpeg; charset=binary", func(row int) bool { return m.Category[row] == "shoe" }, 10}, // what it is, its content says
	} {
		for _, row := range []int{4, 17} {
			h := hue(row)
			r := w.ask(t, http.MethodPost, "/api/search"+c.query, c.kind, pngOf(t, h, 40))
			if r.Code != http.StatusOK {
				t.Fatalf("%q: %d %s", c.query, r.Code, r.Body)
			}
			f := read[found](t, r)
			if want := nearest(vectorOf(h.R, h.G, h.B), c.top, c.keep); !slices.Equal(rowsOf(f), want) || f.Query != nil {
				t.Errorf("%q: rows %v, want %v", c.query, rowsOf(f), want)
			}
			if c.query == "" && (f.Hits[0].Row != row || f.Hits[0].Distance != 0 || f.Matching != galleryRows) {
				t.Errorf("the picture itself is not the nearest: %+v", f)
			}
		}
	}
}

// TestSentAgain: the page sends its picture with each filter; it is embedded once, and what others sent meanwhile is not mixed up with it.
func TestSentAgain(t *testing.T) {
	w := newWorld(t, nil)
	send := func(row int, query string) {
		t.Helper()
		h := hue(row)
		f := read[found](t, w.ask(t, http.MethodPost, "/api/search"+query, "image/png", pngOf(t, h, 40)))
		keep := func(r int) bool { return query == "" || table().Category[r] == "shoe" }
		if want := nearest(vectorOf(h.R, h.G, h.B), 10, keep); !slices.Equal(rowsOf(f), want) {
			t.Errorf("row %d %s: %v, want %v", row, query, rowsOf(f), want)
		}
	}
	for range 2 {
		send(4, "")
		send(17, "?category=shoe")
		send(4, "?category=shoe")
	}
	if w.embedded != 2 {
		t.Errorf("two pictures were embedded %d times", w.embedded)
	}
	for row := 20; row < 20+mostRecent-1; row++ { // with picture 4, which stays in use
		send(row, "")
		send(4, "")
	}
	if w.embedded != 2+mostRecent-1 || len(w.recent.list) != mostRecent {
		t.Errorf("embedded %d times, %d kept", w.embedded, len(w.recent.list))
	}
	send(17, "") // dropped
	if w.embedded != 2+mostRecent || len(w.recent.list) != mostRecent {
		t.Errorf("embedded %d times, %d kept", w.embedded, len(w.recent.list))
	}
}

// header makes a PNG file that says it has so many pixels, and has none.
func header(width, height uint32) []byte {
	chunk := append([]byte("IHDR"), binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, width), height)...)
	chunk = append(chunk, 8, 2, 0, 0, 0)
	b := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	b = append(b, chunk...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(chunk))
}

func TestRefusals(t *testing.T) {
	w := newWorld(t, nil)
	good := pngOf(t, color.White, 20)
	big := append(slices.Clone(good), make([]byte, 1<<20)...)
	chunked := func(r *http.Request) { r.ContentLength, r.Body = -1, io.NopCloser(bytes.NewReader(big)) }
	host := func(h string) func(*http.Request) { return func(r *http.Request) { r.Host = h } }
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	torn := func(r *http.Request) {
		r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(good), readerFunc(func([]byte) (int, error) { return 0, io.ErrUnexpectedEOF })))
	}
	for name, c := range map[string]struct {
		method, target, kind string
		body                 []byte
		change               func(*http.Request)
		status               int
		want                 string
	}{
		"too big":           {"POST", "/api/search", "image/png", big, nil, 413, "at most 1 MiB"},
		"too big, chunked":  {"POST", "/api/search", "image/png", nil, chunked, 413, "at most 1 MiB"},
		"form":              {"POST", "/api/search", "multipart/form-data; boundary=x", good, nil, 415, "multipart/form-data"},
		"no type":           {"POST", "/api/search", "", good, nil, 415, "Content-Type"},
		"odd type":          {"POST", "/api/search", "image/", good, nil, 415, "Content-Type"},
		"text":              {"POST", "/api/search", "image/png", []byte("hello"), nil, 422, "not a picture"},
		"empty":             {"POST", "/api/search", "image/png", nil, nil, 422, "is empty"},
		"PDF":               {"POST", "/api/search", "image/png", []byte("%PDF-1.4"), nil, 422, "is PDF"},
		"SVG":               {"POST", "/api/search", "image/svg+xml", []byte("<svg/>"), nil, 422, "is SVG"},
		"cut off":           {"POST", "/api/search", "image/png", good[:len(good)/2], nil, 422, "damaged"},
		"bomb":              {"POST", "/api/search", "image/png", header(29_000, 29_000), nil, 422, "29000 x 29000 pixels"},
		"large":             {"POST", "/api/search", "image/png", header(8001, 8000), nil, 422, "at most 64 megapixels"},
		"wide":              {"POST", "/api/search", "image/png", header(4_000_000_000, 1), nil, 422, ""},
		"torn":              {"POST", "/api/search", "image/png", nil, torn, 400, "did not come whole"},
		"row in a post":     {"POST", "/api/search?row=1", "image/png", good, nil, 400, `"row" is not known`},
		"no row":            {"GET", "/api/search", "", nil, nil, 400, "row is missing"},
		"row too large":     {"GET", "/api/search?row=60", "", nil, nil, 400, "rows from 0 to 59"},
		"row far too large": {"GET", "/api/search?row=99999999999999999999", "", nil, nil, 400, "rows from 0 to 59"},
		"row negative":      {"GET", "/api/search?row=-1", "", nil, nil, 400, "rows from 0 to 59"},
		"row signed":        {"GET", "/api/search?row=%2B1", "", nil, nil, 400, "rows from 0 to 59"},
		"row a path":        {"GET", "/api/search?row=../1", "", nil, nil, 400, "rows from 0 to 59"},
		"top 0":             {"GET", "/api/search?row=1&top=0", "", nil, nil, 400, "from 1 to 200"},
		"top 201":           {"GET", "/api/search?row=1&top=201", "", nil, nil, 400, "from 1 to 200"},
		"top empty":         {"GET", "/api/search?row=1&top=", "", nil, nil, 400, "from 1 to 200"},
		"twice":             {"GET", "/api/search?row=1&row=2", "", nil, nil, 400, "2 times"},
		"category":          {"GET", "/api/search?row=1&category=boat", "", nil, nil, 400, `no picture has the category "boat"`},
		"all have a colour": {"GET", "/api/search?row=1&color=", "", nil, nil, 400, `no picture has the colour ""`},
		"colour":            {"POST", "/api/search?color=boat", "image/png", good, nil, 400, `no picture has the colour "boat"`},
		"unknown":           {"GET", "/api/pictures?colour=red", "", nil, nil, 400, `"colour" is not known`},
		"bad query":         {"GET", "/api/search?row=%zz", "", nil, nil, 400, "cannot be read"},
		"no path":           {"GET", "/page.go", "", nil, nil, 404, "nothing at"},
		"path outside":      {"GET", "/../../etc/passwd", "", nil, nil, 404, "nothing at"},
		"picture outside":   {"GET", "/picture/../../etc/passwd", "", nil, nil, 404, "nothing at"},
		"picture escaped":   {"GET", "/picture/..%2f..%2fetc%2fpasswd", "", nil, nil, 404, "nothing at"},
		"picture by name":   {"GET", "/picture/1.png", "", nil, nil, 404, "nothing at"},
		"no picture":        {"GET", "/picture/60", "", nil, nil, 404, "rows from 0 to 59"},
		"no such picture":   {"GET", "/picture/99999999999999999999", "", nil, nil, 404, "rows from 0 to 59"},
		"missing file":      {"GET", "/picture/5", "", nil, nil, 404, "cannot be shown"},
		"bad file":          {"GET", "/picture/6", "", nil, nil, 404, "cannot be shown"},
		"slashes":           {"GET", "//", "", nil, nil, 404, "nothing at"},
		"delete":            {"DELETE", "/api/search", "", nil, nil, 405, "GET, HEAD, POST"},
		"put":               {"PUT", "/picture/1", "", nil, nil, 405, "GET, HEAD"},
		"post to the page":  {"POST", "/", "image/png", good, nil, 405, "GET, HEAD"},
		"preflight":         {"OPTIONS", "/api/search", "", nil, nil, 405, "OPTIONS"},
		"rebinding":         {"GET", "/api/info", "", nil, host("evil.example"), 403, "evil.example"},
		"rebinding, port":   {"GET", "/", "", nil, host("evil.example:8080"), 403, "evil.example"},
		"no host":           {"GET", "/", "", nil, host(""), 403, "host"},
		"other address":     {"GET", "/", "", nil, host("192.168.0.9:8080"), 403, "192.168.0.9"},
		"like loopback":     {"GET", "/", "", nil, host("127.0.0.1.evil.example"), 403, "evil"},
		"other site":        {"POST", "/api/search", "image/png", good, set("Sec-Fetch-Site", "cross-site"), 403, "another site"},
		"other origin":      {"POST", "/api/search", "image/png", good, set("Origin", "http://evil.example"), 403, "another site"},
	} {
		var changes []func(*http.Request)
		if c.change != nil {
			changes = append(changes, c.change)
		}
		r := w.ask(t, c.method, c.target, c.kind, c.body, changes...)
		said := read[struct{ Error string }](t, r).Error
		if r.Code != c.status || !strings.Contains(said, c.want) || said == "" {
			t.Errorf("%s: %d %q, want %d %q", name, r.Code, said, c.status, c.want)
		}
		if allow := r.Header().Get("Allow"); (r.Code == 405) != (allow != "") {
			t.Errorf("%s: Allow %q", name, allow)
		}
		if strings.Contains(said, "/TestRefusals") {
			t.Errorf("%s: %q tells a path", name, said)
		}
	}
	if w.embedded > 0 || w.Searches() > 0 || len(w.warnings) > 0 {
		t.Errorf("%d embedded, %d searches, %q", w.embedded, w.Searches(), w.warnings)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// TestFailures: what breaks inside ends its request alone, says no more than that, and the next one is answered.
func TestFailures(t *testing.T) {
	w := newWorld(t, nil)
	good, row := pngOf(t, hue(3), 20), 3
	for name, set := range map[string]func(){"error": func() { w.fail = errors.New("secret") }, "panic": func() { w.panics = true }} {
		set()
		row++
		good = pngOf(t, hue(row), 20) // not sent before
		r := w.ask(t, http.MethodPost, "/api/search", "image/png", good)
		if said := read[struct{ Error string }](t, r).Error; r.Code != 500 || said == "" || strings.Contains(r.Body.String(), "secret") || strings.Contains(r.Body.String(), "goroutine") {
			t.Errorf("%s: %d %s", name, r.Code, r.Body)
		}
		w.fail, w.panics = nil, false
		if len(w.warnings) != 1 || !strings.Contains(w.warnings[0], "secret") || strings.Contains(w.warnings[0], "\n") {
			t.Errorf("%s: warned of %q", name, w.warnings)
		}
		w.warnings = nil
		if r := w.ask(t, http.MethodPost, "/api/search", "image/png", good); r.Code != 200 {
			t.Errorf("after the %s: %d %s", name, r.Code, r.Body)
		}
	}
	// A client that is gone is nobody's fault.
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	w.work <- struct{}{}
	r := httptest.NewRequestWithContext(gone, http.MethodGet, "/api/search?row=1", http.NoBody)
	r.Host = "localhost"
	given := httptest.NewRecorder()
	w.ServeHTTP(given, r)
	if len(w.warnings) > 0 || given.Code != 503 {
		t.Errorf("%d, warned of %q", given.Code, w.warnings)
	}
	<-w.work
	for range 100 {
		if err := enter(gone, w.work); err == nil || len(w.work) > 0 {
			t.Fatal("work is begun for a client that is gone")
		}
	}

	for range mostUploads {
		w.uploads <- struct{}{}
	}
	if r := w.ask(t, http.MethodPost, "/api/search", "image/png", good); r.Code != 503 || r.Header().Get("Retry-After") == "" {
		t.Errorf("too many: %d %s", r.Code, r.Body)
	}
	if r := w.ask(t, http.MethodPost, "/api/search", "image/png", make([]byte, 2<<20)); r.Code != 413 {
		t.Errorf("what says that it is too big waits for no place: %d", r.Code)
	}
	w.Wait()
	if r := w.ask(t, http.MethodGet, "/", "", nil); r.Code != 503 {
		t.Errorf("after the end: %d", r.Code)
	}
}

func TestPage(t *testing.T) {
	w := newWorld(t, nil)
	for path, want := range map[string]struct{ kind, text string }{
		"/": {"text/html", "<!DOCTYPE html>"}, "/page.css": {"text/css", "#hits"}, "/page.js": {"text/javascript", "use strict"}, "/icon.svg": {"image/svg+xml", "<svg"}, "/favicon.ico": {"image/svg+xml", "<svg"},
	} {
		r := w.ask(t, http.MethodGet, path, "", nil)
		if r.Code != 200 || !strings.HasPrefix(r.Header().Get("Content-Type"), want.kind) || !strings.Contains(r.Body.String(), want.text) {
			t.Errorf("%s: %d %v", path, r.Code, r.Header())
		}
		for name, value := range map[string]string{"X-Content-Type-Options": "nosniff", "Content-Security-Policy": policy, "Cross-Origin-Resource-Policy": "same-origin"} {
			if got := r.Header().Get(name); got != value {
				t.Errorf("%s: %s %q", path, name, got)
			}
		}
		for _, elsewhere := range []string{"http:", "https:", `"//`, "url("} {
			text := strings.ReplaceAll(r.Body.String(), `xmlns="http://www.w3.org/2000/svg"`, "")
			if strings.Contains(text, elsewhere) {
				t.Errorf("%s names something elsewhere: %q", path, elsewhere)
			}
		}
	}
	for _, host := range []string{"localhost", "LOCALHOST:9000", "127.0.0.1", "127.0.0.2:80", "[::1]:8080", "[::1]"} {
		if r := w.ask(t, http.MethodGet, "/", "", nil, func(r *http.Request) { r.Host = host }); r.Code != 200 {
			t.Errorf("host %q: %d", host, r.Code)
		}
	}
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for listen, hosts := range map[string]map[string]int{
		"":           {"192.168.0.9:80": 200, "[fe80::1]": 200, "evil.example": 403, "localhost": 200},
		"0.0.0.0":    {"192.168.0.9:80": 200, "evil.example": 403},
		"Shop.local": {"shop.local:80": 200, "192.168.0.9": 403, "localhost": 200},
		"10.0.0.1":   {"10.0.0.1:8080": 200, "10.0.0.2": 403},
		"::":         {"[fe80::1]:8080": 200, name: 200, name + ":8080": 200, name + ".evil.example": 403},
		"::1":        {name: 403, "[::1]:8080": 200, "[::2]:8080": 403},
	} {
		other := newWorld(t, func(o *Options) { o.Host = listen })
		for host, status := range hosts {
			if r := other.ask(t, http.MethodGet, "/", "", nil, func(r *http.Request) { r.Host = host }); r.Code != status {
				t.Errorf("listening on %q, host %q: %d", listen, host, r.Code)
			}
		}
	}
	i := read[info](t, w.ask(t, http.MethodGet, "/api/info", "", nil))
	if i.Pictures != galleryRows || i.Top != 10 || i.MostTop != 200 || i.MaxUpload != 1<<20 ||
		!slices.Equal(i.Categories, []value{{"", 20}, {"hat & cap", 20}, {"shoe", 20}}) || !slices.Equal(i.Colours, []value{{"<b>bold</b>", 12}, {"blue", 12}, {"grün", 12}, {"red", 24}}) {
		t.Errorf("info %+v", i)
	}
}

func TestPictures(t *testing.T) {
	w := newWorld(t, nil)
	r := w.ask(t, http.MethodGet, "/picture/17", "", nil)
	im, err := jpeg.Decode(r.Body)
	if err != nil || r.Code != 200 || r.Header().Get("Content-Type") != "image/jpeg" {
		t.Fatalf("%d %v: %v", r.Code, r.Header(), err)
	}
	got, want := color.RGBAModel.Convert(im.At(12, 12)).(color.RGBA), hue(17)
	near := func(a, b uint8) bool { return max(a, b)-min(a, b) < 6 }
	if im.Bounds().Dx() != 24 || !near(got.R, want.R) || !near(got.G, want.G) || !near(got.B, want.B) {
		t.Errorf("%v of colour %v, want %v", im.Bounds(), got, want)
	}
	tag := r.Header().Get("ETag")
	match := func(r *http.Request) { r.Header.Set("If-None-Match", tag) }
	if r := w.ask(t, http.MethodGet, "/picture/17", "", nil, match); r.Code != http.StatusNotModified || r.Body.Len() > 0 {
		t.Errorf("again: %d", r.Code)
	}
	if r := w.ask(t, http.MethodGet, "/picture/18", "", nil, match); r.Code != http.StatusOK {
		t.Errorf("another one: %d", r.Code)
	}
	if r := newWorld(t, nil).ask(t, http.MethodGet, "/picture/17", "", nil, match); r.Code != http.StatusOK {
		t.Errorf("of another server: %d", r.Code)
	}

	type list struct {
		Matching int
		Pictures []picture
	}
	for query, want := range map[string]struct {
		matching int
		rows     []int
	}{
		"top=4": {60, []int{0, 15, 30, 45}}, "top=2&category=shoe": {20, []int{0, 30}}, "top=200&category=hat+%26+cap&color=blue": {4, []int{1, 16, 31, 46}}, "top=2&category=": {20, []int{2, 32}},
	} {
		l := read[list](t, w.ask(t, http.MethodGet, "/api/pictures?"+query, "", nil))
		var rows []int
		for _, p := range l.Pictures {
			rows = append(rows, p.Row)
		}
		if l.Matching != want.matching || !slices.Equal(rows, want.rows) {
			t.Errorf("%s: %+v", query, l)
		}
	}
}

// TestTooBigOverTheNetwork: a client that sends all before it reads is told why it is refused.
func TestTooBigOverTheNetwork(t *testing.T) {
	server := httptest.NewServer(newWorld(t, nil).Server)
	defer server.Close()
	for _, length := range []int{2 << 20, 30 << 20} {
		c, err := new(net.Dialer).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "POST /api/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n", length)
		if _, err := c.Write(make([]byte, length)); err != nil {
			t.Fatal(err)
		}
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("%d bytes: %s", length, answer.Status)
		}
	}
}

// TestManyAtOnce is for the race detector: the network and the team are used by one request at a time.
func TestManyAtOnce(t *testing.T) {
	w := newWorld(t, nil)
	server := httptest.NewServer(w.Server)
	defer server.Close()
	var wg sync.WaitGroup
	for i := range 24 {
		body := pngOf(t, hue(i), 20)
		wg.Go(func() {
			var r *http.Request
			var err error
			switch i % 3 {
			case 0:
				r, err = http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("%s/api/search?row=%d", server.URL, i), http.NoBody)
			case 1:
				r, err = http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("%s/picture/%d", server.URL, i+10), http.NoBody)
			default:
				r, err = http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/api/search", bytes.NewReader(body))
				if err == nil {
					r.Header.Set("Content-Type", "image/png")
				}
			}
			if err != nil {
				t.Error(err)
				return
			}
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			defer answer.Body.Close()
			if answer.StatusCode != 200 && answer.StatusCode != 503 {
				t.Errorf("request %d: %s", i, answer.Status)
			}
		})
	}
	wg.Wait()
}
