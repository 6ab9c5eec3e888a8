package datasets

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"deeprank/data"
	"deeprank/internal/fserror"
)

// WriteOptions say how a set is written.
type WriteOptions struct {
	Out     string // a new or empty folder
	Copy    bool   // copy the pictures; else images is a link to the folder where they are
	Crop    bool   // cut the pictures to their boxes and write the cuts
	SkipBad bool   // leave out pictures that are missing or cannot be cut; else they are an error
	Threads int

	Progress func(what string, done, total int) // not called twice at once; may be nil
}

// Report is what Write wrote.
type Report struct {
	Metadata    string `json:"metadata,omitempty"` // the pictures to train on; "" where there are none
	Query       string `json:"query,omitempty"`
	Gallery     string `json:"gallery,omitempty"`
	Images      string `json:"images"`
	Pictures    int    `json:"pictures"`
	Counts             // of what was written
	Skipped     int    `json:"skipped"`      // pictures left out
	Uncut       int    `json:"uncut"`        // with Crop: pictures without a usable box, which stay whole
	Unanswered  int    `json:"unanswered"`   // queries without another picture of their product in the gallery
	AsPublished bool   `json:"as_published"` // the counts are those of the whole public set

	FirstSkipped string `json:"-"` // why the first one was left out
	FirstUncut   string `json:"-"`
}

// The files of an imported folder.
const (
	metadataFile = "csv/sample_set.csv"
	queryFile    = "csv/query.csv"
	galleryFile  = "csv/gallery.csv"
	imagesFolder = "images"
	originFile   = "import.json"
)

// origin is the content of import.json.
type origin struct {
	MadeBy string `json:"made_by"`
	From   string `json:"from"`
	Root   string `json:"root"`
	Images string `json:"pictures_from"`
	Copied bool   `json:"copied"`
	Crop   bool   `json:"crop"`
	Recall []int  `json:"recall_at,omitempty"`
	Report
}

// Write writes a set into a new folder: tables of the pictures to train on, of the queries and of the gallery, and the images. The folder is
// there whole or not at all. Pictures that are missing or cannot be cut are a *data.Refused that names the line of the list, or with SkipBad left
// out.
func Write(ctx context.Context, s *Set, o WriteOptions) (r Report, err error) {
	o.Out = filepath.Clean(o.Out)
	if err := CheckOut(o.Out, s.From, s.Root); err != nil {
		return r, err
	}
	p := newPlacer(s, o)
	if err := p.look(ctx); err != nil {
		return r, err
	}
	staged, err := stage(o.Out)
	if err != nil {
		return r, fmt.Errorf("write %s: %w", o.Out, fserror.Cause(err))
	}
	defer func() {
		if e := os.RemoveAll(staged); err == nil && e != nil {
			err = e
		}
	}()
	if err := p.place(ctx, filepath.Join(staged, imagesFolder)); err != nil {
		return r, err
	}
	kept := p.kept()
	r = p.report()
	if len(kept) == 0 {
		return r, &data.Refused{Path: s.Images, Reason: "no picture of the set can be used: " + r.FirstSkipped, Remedy: "unpack the set again"}
	}
	r.Counts, r.Pictures, r.Unanswered = Count(kept), len(kept), unanswered(kept)
	r.AsPublished = r.Counts == s.Published
	r.Images = filepath.Join(o.Out, imagesFolder)
	if err := os.Mkdir(filepath.Join(staged, "csv"), 0o777); err != nil {
		return r, fmt.Errorf("write %s: %w", o.Out, fserror.Cause(err))
	}
	for _, t := range []struct {
		part Part
		file string
		path *string
	}{{Train, metadataFile, &r.Metadata}, {Query, queryFile, &r.Query}, {Gallery, galleryFile, &r.Gallery}} {
		m := table(kept, t.part)
		if m.Rows() == 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return r, err
		}
		if err := data.WriteMetadata(filepath.Join(staged, filepath.FromSlash(t.file)), m); err != nil {
			return r, err
		}
		*t.path = filepath.Join(o.Out, filepath.FromSlash(t.file))
	}
	if err := writeOrigin(filepath.Join(staged, originFile), s, o, r); err != nil {
		return r, fmt.Errorf("write %s: %w", o.Out, fserror.Cause(err))
	}
	if err := ctx.Err(); err != nil {
		return r, err
	}
	return r, publish(staged, o.Out)
}

// table gives the pictures of a part as a metadata table, in their order.
func table(pictures []Picture, part Part) *data.Metadata {
	m := &data.Metadata{}
	for i := range pictures {
		p := &pictures[i]
		if p.Part&part == 0 {
			continue
		}
		m.Category = append(m.Category, p.Category)
		m.Color = append(m.Color, "")
		m.ID = append(m.ID, p.ID)
		m.Gender = append(m.Gender, p.Gender)
		m.Name = append(m.Name, p.Name)
	}
	return m
}

// unanswered counts the queries that have no other picture of their product in the gallery.
func unanswered(pictures []Picture) int {
	gallery := map[string]int{}
	for i := range pictures {
		if pictures[i].Part&Gallery != 0 {
			gallery[pictures[i].ID]++
		}
	}
	n := 0
	for i := range pictures {
		p := &pictures[i]
		others := gallery[p.ID]
		if p.Part&Gallery != 0 {
			others--
		}
		if p.Part&Query != 0 && others == 0 {
			n++
		}
	}
	return n
}

// SharedProducts counts the products that have pictures both to train on and to test on.
func SharedProducts(pictures []Picture) int {
	parts := map[string]Part{}
	for i := range pictures {
		parts[pictures[i].ID] |= pictures[i].Part
	}
	n := 0
	for _, p := range parts {
		if p&Train != 0 && p&Test != 0 {
			n++
		}
	}
	return n
}

// Negatives says which negatives the pictures to train on can give: products of the query's category, and of other categories.
func Negatives(pictures []Picture) (inClass, outOfClass bool) {
	first := map[string]string{}
	for i := range pictures {
		p := &pictures[i]
		if p.Part&Train == 0 || p.Category == "" {
			continue
		}
		if id, ok := first[p.Category]; !ok {
			first[p.Category] = p.ID
		} else if id != p.ID {
			inClass = true
		}
	}
	return inClass, len(first) > 1
}

func writeOrigin(path string, s *Set, o WriteOptions, r Report) error {
	root, err := filepath.Abs(s.Root)
	if err != nil {
		return err
	}
	images, err := filepath.Abs(s.Images)
	if err != nil {
		return err
	}
	within := func(p string) string { // the folder may be moved
		return filepath.ToSlash(strings.TrimPrefix(p, o.Out+string(filepath.Separator)))
	}
	r.Metadata, r.Query, r.Gallery, r.Images = within(r.Metadata), within(r.Query), within(r.Gallery), within(r.Images)
	b, err := json.MarshalIndent(origin{
		MadeBy: "triplets import", From: s.From, Root: root, Images: images, Copied: o.Copy || o.Crop, Crop: o.Crop, Recall: s.Recall, Report: r,
	}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o666)
}
