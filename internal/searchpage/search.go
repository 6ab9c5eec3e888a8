package searchpage

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"image"
	"image/jpeg"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"deeprank/data"
	"deeprank/internal/retrieval"
)

// Hit is a picture of the gallery in an answer. Distance is the squared Euclidean distance, from 0 (equal) to 4 (opposite).
type Hit struct {
	Rank     int     `json:"rank"`
	Row      int     `json:"row"`
	Distance float64 `json:"distance"`
	Name     string  `json:"name,omitempty"`
	ID       string  `json:"id,omitempty"`
	Category string  `json:"category,omitempty"`
	Colour   string  `json:"color,omitempty"`
	Gender   string  `json:"gender,omitempty"`
}

// HitOf is the row of a table as a hit; m may be nil.
func HitOf(m *data.Metadata, rank int, h retrieval.Hit) Hit {
	hit := Hit{Rank: rank, Row: h.Place, Distance: h.Distance}
	if m != nil {
		hit.Name, hit.ID, hit.Category, hit.Colour, hit.Gender = m.Name[h.Place], m.ID[h.Place], m.Category[h.Place], m.Color[h.Place], m.Gender[h.Place]
	}
	return hit
}

// picture is one of the gallery.
type picture struct {
	Row      int    `json:"row"`
	Name     string `json:"name,omitempty"`
	ID       string `json:"id,omitempty"`
	Category string `json:"category,omitempty"`
	Colour   string `json:"color,omitempty"`
	Gender   string `json:"gender,omitempty"`
}

func (s *Server) pictureOf(row int) picture {
	m := s.o.Meta
	return picture{row, m.Name[row], m.ID[row], m.Category[row], m.Color[row], m.Gender[row]}
}

// found is the answer of /api/search.
type found struct {
	Query    *picture `json:"query,omitempty"` // where it is one of the gallery
	Matching int      `json:"matching"`        // pictures that the filter lets through, the query left out
	Hits     []Hit    `json:"hits"`
}

// wish is what a request asks for.
type wish struct {
	row, top         int // row is -1 where none is named
	category, colour filter
}

// filter lets rows with one value of a column through, "" being those where it is unknown; where it is off, all.
type filter struct {
	on    bool
	value string
}

func (f *filter) matches(value string) bool { return !f.on || f.value == value }

// wishOf reads the query of an address. Row says whether it may name one.
func (s *Server) wishOf(r *http.Request, row bool) (wish, error) {
	w := wish{row: -1, top: s.o.Top}
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return w, refuse(http.StatusBadRequest, "the address's query cannot be read")
	}
	for name, values := range q {
		if len(values) != 1 {
			return w, refuse(http.StatusBadRequest, "%.50q is given %d times; give it once", name, len(values))
		}
		v := values[0]
		switch {
		case name == "top":
			if w.top, err = strconv.Atoi(v); err != nil || w.top < 1 || w.top > MostTop {
				return w, refuse(http.StatusBadRequest, "top is %.50q; it must be a whole number from 1 to %d", v, MostTop)
			}
		case name == "category":
			if w.category = (filter{true, v}); !s.categories[v] {
				return w, refuse(http.StatusBadRequest, "no picture has the category %.100q", v)
			}
		case name == "color":
			if w.colour = (filter{true, v}); !s.colours[v] {
				return w, refuse(http.StatusBadRequest, "no picture has the colour %.100q", v)
			}
		case name == "row" && row:
			if w.row, err = strconv.Atoi(v); err != nil || !number(v) || w.row >= s.o.Gallery.Rows() {
				return w, refuse(http.StatusBadRequest, "row is %.50q; the gallery has rows from 0 to %d", v, s.o.Gallery.Rows()-1)
			}
		default:
			return w, refuse(http.StatusBadRequest, "%.50q is not known here", name)
		}
	}
	return w, nil
}

// matches says whether the filter lets a row through.
func (s *Server) matches(w *wish, row int) bool {
	m := s.o.Meta
	return w.category.matches(m.Category[row]) && w.colour.matches(m.Color[row])
}

// search answers /api/search.
func (s *Server) search(w http.ResponseWriter, r *http.Request) error {
	upload := r.Method == http.MethodPost
	ask, err := s.wishOf(r, !upload)
	if err != nil {
		return err
	}
	v := make([]float32, s.o.Gallery.Dim())
	result := found{Hits: []Hit{}}
	var picture *sent
	switch {
	case upload:
		if picture, err = s.upload(w, r); err != nil {
			return err
		}
	case ask.row < 0:
		return refuse(http.StatusBadRequest, "row is missing: a picture of the gallery, from 0 to %d; a picture of your own is sent with POST", s.o.Gallery.Rows()-1)
	default:
		values, err := s.o.Gallery.Read(ask.row, ask.row+1, v)
		if err != nil {
			return err
		}
		copy(v, values)
		p := s.pictureOf(ask.row)
		result.Query = &p
	}
	for row := range s.o.Gallery.Rows() {
		if row != ask.row && s.matches(&ask, row) {
			result.Matching++
		}
	}
	hits, err := s.nearest(r, picture, v, &ask)
	if err != nil {
		return err
	}
	for i, h := range hits {
		result.Hits = append(result.Hits, HitOf(s.o.Meta, i+1, h))
	}
	s.searches.Add(1)
	return answer(w, http.StatusOK, result)
}

// nearest embeds a picture into v, if one was sent, and searches.
func (s *Server) nearest(r *http.Request, picture *sent, v []float32, ask *wish) ([]retrieval.Hit, error) {
	if err := enter(r.Context(), s.work); err != nil {
		return nil, err
	}
	defer leave(s.work)
	if picture != nil {
		if picture.embedding != nil {
			copy(v, picture.embedding)
		} else {
			if err := s.o.Embed(picture.pixels, v); err != nil {
				return nil, err
			}
			s.recent.put(picture.sum, v)
		}
	}
	hits, err := retrieval.Search(r.Context(), s.o.Team, retrieval.Matrix{Values: v, Columns: len(v)}, s.o.Gallery, ask.top,
		func(_, row int) bool { return row == ask.row || !s.matches(ask, row) })
	if err != nil {
		return nil, err
	}
	return hits[0], nil
}

// mostPixels bounds a picture that is sent: a file of some 100 kB can be of any size. Large cameras have 50 megapixels.
const mostPixels = 64_000_000

// sent is a picture that came in a body.
type sent struct {
	sum       fileSum
	pixels    []byte    // at the network's size, or
	embedding []float32 // where it came before
}

// upload reads the picture in the body and, where it did not come before, brings it to the network's size.
func (s *Server) upload(w http.ResponseWriter, r *http.Request) (*sent, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/octet-stream" && !strings.HasPrefix(kind, "image/") {
		return nil, refuse(http.StatusUnsupportedMediaType, "the Content-Type is %.100q; send a picture's file alone, as image/jpeg, image/png or what it is", r.Header.Get("Content-Type"))
	}
	tooBig := refuse(http.StatusRequestEntityTooLarge, "the picture's file is too big: at most %d MiB (--max-upload)", s.o.MaxUpload>>20)
	if r.ContentLength > s.o.MaxUpload {
		return nil, tooBig
	}
	select {
	case s.uploads <- struct{}{}:
		defer leave(s.uploads)
	default:
		return nil, refuse(http.StatusServiceUnavailable, "%d pictures are being read already; try again in a moment", mostUploads)
	}
	content, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.o.MaxUpload))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, tooBig
	}
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "the picture did not come whole")
	}
	picture := &sent{sum: sha256.Sum256(content)}
	if picture.embedding = s.recent.get(picture.sum); picture.embedding != nil {
		return picture, nil
	}
	if err := enter(r.Context(), s.decoding); err != nil {
		return nil, err
	}
	defer leave(s.decoding)
	picture.pixels, err = data.DecodePicture(content, s.o.Size, s.o.Fit, mostPixels)
	if bad, ok := errors.AsType[*data.Refused](err); ok {
		text := bad.Error()
		if strings.HasPrefix(bad.Reason, "is ") {
			text = "the file " + text
		}
		return nil, refuse(http.StatusUnprocessableEntity, "%s", text)
	}
	return picture, err
}

// some answers /api/pictures.
func (s *Server) some(w http.ResponseWriter, r *http.Request) error {
	ask, err := s.wishOf(r, false)
	if err != nil {
		return err
	}
	var rows []int
	for row := range s.o.Gallery.Rows() {
		if s.matches(&ask, row) {
			rows = append(rows, row)
		}
	}
	list := []picture{}
	n := min(ask.top, len(rows))
	for i := range n {
		list = append(list, s.pictureOf(rows[i*len(rows)/n]))
	}
	return answer(w, http.StatusOK, struct {
		Matching int       `json:"matching"`
		Pictures []picture `json:"pictures"`
	}{len(rows), list})
}

// picture answers /picture/ROW.
func (s *Server) picture(w http.ResponseWriter, r *http.Request, text string) error {
	row, err := strconv.Atoi(text)
	if err != nil || row >= s.o.Gallery.Rows() {
		return refuse(http.StatusNotFound, "there is no picture %.30s: the gallery has rows from 0 to %d", text, s.o.Gallery.Rows()-1)
	}
	// The browser asks each time, since another server may give other pictures under the same address, but need not fetch it again.
	tag := `"` + s.token + "-" + text + `"`
	if r.Header.Get("If-None-Match") == tag {
		w.Header().Set("ETag", tag)
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	if err := enter(r.Context(), s.thumbs); err != nil {
		return err
	}
	defer leave(s.thumbs)
	pixels, err := s.o.Thumbnails.Load(row)
	if bad, ok := errors.AsType[*data.Refused](err); ok {
		return refuse(http.StatusNotFound, "the picture of row %d cannot be shown: %s", row, strings.TrimPrefix(bad.Reason, "is "))
	}
	if err != nil {
		return err
	}
	side := s.o.Thumbnails.Size()
	im := image.NewRGBA(image.Rect(0, 0, side, side))
	for i := range side * side {
		copy(im.Pix[4*i:], pixels[3*i:3*i+3])
		im.Pix[4*i+3] = 255
	}
	var b bytes.Buffer
	const quality = 85
	if err := jpeg.Encode(&b, im, &jpeg.Options{Quality: quality}); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("Cache-Control", "private, no-cache")
	w.Header().Set("ETag", tag)
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	_, _ = w.Write(b.Bytes()) // the reader may be gone
	return nil
}
