package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"deeprank/data"
	"deeprank/internal/kernel"
	"deeprank/internal/progress"
	"deeprank/internal/retrieval"
	"deeprank/internal/vectors"
)

// searched is the pictures of one or two tables, each picture once, and which of them are queries and gallery.
type searched struct {
	meta           *data.Metadata // without a path where its rows are not those of a file
	path           string         // of the gallery's table, or its embeddings
	queryPath      string         // of the queries' table
	query, gallery side
	categories     []string // of the queries, sorted
	by             string
}

// side is the queries or the gallery: rows of searched.meta, and what they show, by its own table.
type side struct {
	rows, label, group []int32
}

// newSearched joins two tables, or takes one for both. Pictures of one name are one picture.
func newSearched(query, gallery *data.Metadata, by string) *searched {
	s := &searched{meta: &data.Metadata{}, path: gallery.Path, queryPath: query.Path, by: by}
	row := map[string]int32{}
	label := map[string]int32{}
	group := map[string]int32{}
	for _, c := range query.Category {
		if _, ok := group[c]; !ok {
			group[c] = 0
			s.categories = append(s.categories, c)
		}
	}
	slices.Sort(s.categories)
	for i, c := range s.categories {
		group[c] = int32(i)
	}
	add := func(m *data.Metadata, to *side) {
		for i, name := range m.Name {
			r, ok := row[name]
			if !ok {
				r = int32(len(row))
				row[name] = r
				all := s.meta
				all.Name, all.Category, all.Color = append(all.Name, name), append(all.Category, m.Category[i]), append(all.Color, m.Color[i])
				all.ID, all.Gender = append(all.ID, m.ID[i]), append(all.Gender, m.Gender[i])
			}
			what := m.ID[i]
			if by == "category" {
				what = m.Category[i]
			}
			l := int32(-1)
			if what != "" { // unknown: equal to nothing
				if l, ok = label[what]; !ok {
					l = int32(len(label))
					label[what] = l
				}
			}
			to.rows, to.label, to.group = append(to.rows, r), append(to.label, l), append(to.group, group[m.Category[i]])
		}
	}
	add(query, &s.query)
	if gallery == query {
		s.gallery = s.query
		if len(row) == gallery.Rows() {
			s.meta = gallery
		}
	} else {
		add(gallery, &s.gallery)
	}
	return s
}

// pictures gives a side's embeddings; pictures without one are left out.
func (d *side) pictures(v retrieval.Matrix, place []int32) retrieval.Pictures {
	p := retrieval.Pictures{}
	var places []int32
	for i, r := range d.rows {
		if place[r] >= 0 {
			places = append(places, place[r])
			p.Label, p.Key, p.Group = append(p.Label, d.label[i]), append(p.Key, r), append(p.Group, d.group[i])
		}
	}
	p.Source = v.Of(places)
	return p
}

// retrievalNumbers are the numbers as JSON.
type retrievalNumbers struct {
	retrievalMeans
	GalleryPictures int             `json:"gallery_pictures"`
	Categories      []categoryMeans `json:"categories,omitempty"` // of the queries
}

type categoryMeans struct {
	Category string `json:"category"`
	retrievalMeans
}

type retrievalMeans struct {
	Queries     int     `json:"queries"`
	Without     int     `json:"queries_without_answer"`
	Recall1     float64 `json:"recall_at_1"`
	Recall5     float64 `json:"recall_at_5"`
	Recall10    float64 `json:"recall_at_10"`
	Recall20    float64 `json:"recall_at_20"`
	Precision1  float64 `json:"precision_at_1"`
	Precision5  float64 `json:"precision_at_5"`
	Precision10 float64 `json:"precision_at_10"`
	Precision20 float64 `json:"precision_at_20"`
	RPrecision  float64 `json:"r_precision"`
	MAPAtR      float64 `json:"map_at_r"`
}

func meansOf(n retrieval.Numbers) retrievalMeans {
	r, p := n.Recall, n.Precision
	return retrievalMeans{n.Queries, n.Without, r[0], r[1], r[2], r[3], p[0], p[1], p[2], p[3], n.RPrecision, n.MAPAtR}
}

func evaluateRetrieval(ctx context.Context, o *evaluateOptions, net *network, result *evaluateResult, stdout io.Writer, report *progress.Reporter) error {
	s, beside, err := o.readSearched(result)
	if err != nil {
		return err
	}
	pictures, err := openImages(s.meta, o.images, beside, net, report)
	if err != nil {
		return err
	}
	defer pictures.Close()
	rows := make([]int32, s.meta.Rows())
	for i := range rows {
		rows[i] = int32(i)
	}
	return o.networks(net, func(name string) error {
		v, place, bad, err := net.embedRows(ctx, s.meta, pictures, rows, o.workers(), "embedding, "+name, report)
		if err != nil {
			return err
		}
		result.Pictures, result.BadPictures = v.Rows(), bad
		numbers, err := s.measure(ctx, net.team, s.query.pictures(v, place), s.gallery.pictures(v, place), report)
		if err != nil {
			return err
		}
		result.Networks = append(result.Networks, networkNumbers{Network: name, Retrieval: numbers})
		report.Status("")
		title(stdout, o, name)
		numbers.write(stdout, s.by)
		return nil
	})
}

// evaluateEmbeddings searches embeddings that were made before.
func evaluateEmbeddings(ctx context.Context, o *evaluateOptions, stdout io.Writer, report *progress.Reporter) (any, error) {
	e, err := vectors.OpenFolder(o.embeddings)
	if err != nil {
		return nil, err
	}
	defer e.Close()
	if e.Meta == nil {
		return nil, &data.Refused{Path: o.embeddings, Reason: "is numbers alone, without the products they are of", Remedy: "name a folder that rank embed wrote"}
	}
	report.Printf("gallery   %s: %d embeddings of %d", o.embeddings, e.Rows(), e.Dim())
	team := kernel.NewTeam(o.threads)
	defer team.Close()
	s := newSearched(e.Meta, e.Meta, o.by)
	s.path = o.embeddings
	all := retrieval.Pictures{Source: e, Label: s.query.label, Key: s.query.rows, Group: s.query.group}
	numbers, err := s.measure(ctx, team, all, all, report)
	if err != nil {
		return nil, err
	}
	report.Status("")
	numbers.write(stdout, s.by)
	return evaluateResult{
		Embeddings: o.embeddings, Checkpoint: e.Info.Checkpoint, Metadata: e.Info.Metadata, By: o.by,
		Pictures: e.Rows(), BadPictures: e.Info.Skipped, Networks: []networkNumbers{{Network: "trained", Retrieval: numbers}},
	}, nil
}

// readSearched reads the tables that the flags name; beside is the one where the pictures are looked for.
func (o *evaluateOptions) readSearched(result *evaluateResult) (s *searched, beside string, err error) {
	query, gallery := o.query, o.gallery
	if query == "" {
		query = o.metadata
	}
	if gallery == "" {
		gallery = o.metadata
	}
	result.By = o.by
	g, err := data.ReadMetadata(gallery)
	if err != nil {
		return nil, "", err
	}
	q := g
	if query == gallery {
		result.Metadata = gallery
	} else {
		result.Query, result.Gallery = query, gallery
		if q, err = data.ReadMetadata(query); err != nil {
			return nil, "", err
		}
	}
	return newSearched(q, g, o.by), gallery, nil
}

// measure searches and counts. That no query has a right answer is refused.
func (s *searched) measure(ctx context.Context, team *kernel.Team, queries, gallery retrieval.Pictures, report *progress.Reporter) (*retrievalNumbers, error) {
	show := counter(report, "searching")
	r, err := retrieval.Measure(ctx, team, queries, gallery, func(done int) { show(done, queries.Rows()) })
	switch {
	case errors.Is(err, retrieval.ErrEmptyGallery):
		return nil, &data.Refused{Path: s.path, Reason: "no picture of the gallery can be used", Remedy: "mend the pictures, or name their folder with --images"}
	case errors.Is(err, retrieval.ErrNotFinite):
		return nil, &data.Refused{Path: s.path, Reason: "the embeddings cannot be searched", Err: err}
	case err != nil:
		return nil, err
	case queries.Rows() == 0:
		return nil, &data.Refused{Path: s.queryPath, Reason: "no picture of the queries can be used", Remedy: "mend the pictures, or name their folder with --images"}
	case r.All.Queries == 0:
		column := "_id"
		if s.by == "category" {
			column = "_category"
		}
		return nil, &data.Refused{
			Path: s.path, Reason: fmt.Sprintf("none of the %d queries has a right answer in the gallery: no other picture has its %s", r.All.Without, column),
			Remedy: "name another gallery, or other queries",
		}
	}
	if r.All.Without > 0 {
		report.Warnf("%d of %d queries have no right answer in the gallery and are left out", r.All.Without, r.All.Without+r.All.Queries)
	}
	n := &retrievalNumbers{retrievalMeans: meansOf(r.All), GalleryPictures: gallery.Rows()}
	for i, g := range r.Groups {
		n.Categories = append(n.Categories, categoryMeans{s.categories[i], meansOf(g)})
	}
	return n, nil
}

// write prints the numbers as a table.
func (n *retrievalNumbers) write(w io.Writer, by string) {
	fmt.Fprintf(w, "retrieval   %d queries in %d pictures, right is the same %s", n.Queries, n.GalleryPictures, by)
	if n.Without > 0 {
		fmt.Fprintf(w, "; %d more have no right answer", n.Without)
	}
	fmt.Fprintf(w, "\n\n  %-20s %8s   %-23s   %-23s   %8s %8s\n", "", "", "recall at, %", "precision at, %", "", "")
	fmt.Fprintf(w, "  %-20s %8s   %5s %5s %5s %5s   %5s %5s %5s %5s   %8s %8s\n", "category", "queries", "1", "5", "10", "20", "1", "5", "10", "20", "R-prec.", "mAP@R")
	line := func(name string, m *retrievalMeans) {
		fmt.Fprintf(w, "  %-20s %8d ", shorten(name, 20), m.Queries)
		for i, v := range [...]float64{m.Recall1, m.Recall5, m.Recall10, m.Recall20, m.Precision1, m.Precision5, m.Precision10, m.Precision20} {
			if i%4 == 0 {
				fmt.Fprint(w, "  ")
			}
			fmt.Fprintf(w, "%5.1f ", 100*v)
		}
		fmt.Fprintf(w, "  %8.1f %8.1f\n", 100*m.RPrecision, 100*m.MAPAtR)
	}
	line("all", &n.retrievalMeans)
	if len(n.Categories) > 1 {
		for i := range n.Categories {
			c := &n.Categories[i]
			if c.Queries == 0 {
				continue
			}
			name := c.Category
			if name == "" {
				name = "(unknown)"
			}
			line(name, &c.retrievalMeans)
		}
	}
}

// shorten cuts a text to so many letters.
func shorten(s string, most int) string {
	r := []rune(s)
	for i := range r {
		if r[i] < ' ' {
			r[i] = ' '
		}
	}
	if len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return string(r)
}
