package searchpage

import (
	_ "embed" // the page
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"deeprank/data"
	"deeprank/internal/kernel"
	"deeprank/internal/pagestyle"
	"deeprank/internal/retrieval"
)

//go:embed page.html
var pageHTML []byte

//go:embed page.css
var pageCSS []byte

//go:embed page.js
var pageJS []byte

//go:embed icon.svg
var icon []byte

// MostTop is the most pictures of one answer.
const MostTop = 200

// Options are what is searched, and with what.
type Options struct {
	Gallery retrieval.Source
	Meta    *data.Metadata
	// Thumbnails gives the gallery's pictures at the side that is shown.
	Thumbnails *data.Pictures
	Team       *kernel.Team
	// Embed computes the embedding of a picture of Size x Size pixels, [Size][Size][3]. It runs in one goroutine at a time, and never beside a
	// search, so that it may use Team.
	Embed func(pixels []byte, v []float32) error
	Size  int    // of the network's pictures
	Fit   string // how a picture is brought to that size

	Title     string
	Top       int   // pictures of an answer where the request does not say; at most MostTop
	MaxUpload int64 // bytes of a picture
	Host      string
	Warn      func(format string, args ...any)
}

// Server is the page's http.Handler.
type Server struct {
	o                   Options
	info                info
	categories, colours map[string]bool
	hosts               map[string]bool
	anyAddress          bool
	token               string // of this server's pictures, for the browser's cache

	work     chan struct{} // holds a token while the network or the team is used
	decoding chan struct{} // one upload's pixels at a time
	uploads  chan struct{}
	thumbs   chan struct{}
	cross    *http.CrossOriginProtection
	recent   recent

	using    sync.RWMutex // held for reading by each request
	searches atomic.Int64
}

// The requests that are in work at a time; more wait or are told to come again.
const (
	mostUploads = 4 // each in memory
	mostThumbs  = 4
)

// New makes the handler.
func New(o Options) *Server {
	s := &Server{
		o: o, work: make(chan struct{}, 1), decoding: make(chan struct{}, 1), uploads: make(chan struct{}, mostUploads), thumbs: make(chan struct{}, mostThumbs),
		token: fmt.Sprintf("%x", time.Now().UnixNano()), cross: http.NewCrossOriginProtection(),
	}
	s.hosts, s.anyAddress = allowedHosts(o.Host)
	count := func(values []string) (map[string]bool, []value) {
		n := map[string]int{}
		for _, v := range values {
			n[v]++
		}
		known, list := map[string]bool{}, []value{}
		for _, v := range slices.Sorted(maps.Keys(n)) {
			known[v] = true
			list = append(list, value{v, n[v]})
		}
		return known, list
	}
	s.info = info{Title: o.Title, Pictures: o.Gallery.Rows(), Top: o.Top, MostTop: MostTop, MaxUpload: o.MaxUpload}
	s.categories, s.info.Categories = count(o.Meta.Category)
	s.colours, s.info.Colours = count(o.Meta.Color)
	return s
}

// Searches is how many searches were answered.
func (s *Server) Searches() int { return int(s.searches.Load()) }

// Wait returns when no request is in work any more; those that come later are refused. It is for the end, after the http.Server's.
func (s *Server) Wait() { s.using.Lock() }

// info is the answer of /api/info.
type info struct {
	Title      string  `json:"title"`
	Pictures   int     `json:"pictures"`
	Top        int     `json:"top"`
	MostTop    int     `json:"most_top"`
	MaxUpload  int64   `json:"max_upload"` // bytes
	Categories []value `json:"categories"`
	Colours    []value `json:"colors"`
}

// value is a category or colour and the pictures that have it.
type value struct {
	Name     string `json:"name"` // "" is unknown
	Pictures int    `json:"pictures"`
}

// Configure sets the times and sizes that keep one request from holding the server.
func Configure(h *http.Server) {
	h.ReadHeaderTimeout = 10 * time.Second
	h.ReadTimeout = time.Minute
	h.WriteTimeout = 5 * time.Minute // a search through millions takes seconds, and may wait for others
	h.IdleTimeout = 2 * time.Minute
	h.MaxHeaderBytes = 16 << 10
}

// handler is what answers a path, and the methods that it takes.
type handler struct {
	methods []string
	serve   func(w http.ResponseWriter, r *http.Request) error
}

// route finds the handler. Paths are compared as they come: none is cleaned, redirected, or leads to a file.
func (s *Server) route(path string) (handler, bool) {
	get := []string{http.MethodGet, http.MethodHead}
	static := func(kind string, content []byte) (handler, bool) {
		return handler{get, func(w http.ResponseWriter, _ *http.Request) error {
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Cache-Control", "no-cache")
			_, _ = w.Write(content) // the reader may be gone
			return nil
		}}, true
	}
	switch path {
	case "/":
		return static("text/html; charset=utf-8", pageHTML)
	case "/page.css":
		return static("text/css; charset=utf-8", append([]byte(pagestyle.Style()), pageCSS...))
	case "/page.js":
		return static("text/javascript; charset=utf-8", pageJS)
	case "/icon.svg", "/favicon.ico":
		return static("image/svg+xml", icon)
	case "/api/info":
		return handler{get, func(w http.ResponseWriter, _ *http.Request) error { return answer(w, http.StatusOK, s.info) }}, true
	case "/api/pictures":
		return handler{get, s.some}, true
	case "/api/search":
		return handler{append(get, http.MethodPost), s.search}, true
	}
	if row, ok := strings.CutPrefix(path, "/picture/"); ok && number(row) {
		return handler{get, func(w http.ResponseWriter, r *http.Request) error { return s.picture(w, r, row) }}, true
	}
	return handler{}, false
}

// number says whether s is digits alone.
func number(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// answer writes JSON.
func answer(w http.ResponseWriter, status int, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n')) // the reader may be gone
	return nil
}

// allowedHosts are the names that a request may call this machine by: loopback's, and the address that is listened on. A name is
// never allowed for being resolved to us: that is what DNS rebinding does. Where all addresses are listened on, anyAddress: every one in
// numbers will do, and so will the machine's own name.
func allowedHosts(listen string) (hosts map[string]bool, anyAddress bool) {
	hosts = map[string]bool{"localhost": true}
	if ip := net.ParseIP(listen); listen != "" && (ip == nil || !ip.IsUnspecified()) {
		hosts[strings.ToLower(listen)] = true
		return hosts, false
	}
	if name, err := os.Hostname(); err == nil {
		hosts[strings.ToLower(name)] = true
	}
	return hosts, true
}
