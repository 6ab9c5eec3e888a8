package shop

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"image/jpeg"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"deeprank/data"
)

// FolderOptions fix all files of a demo folder.
type FolderOptions struct {
	Options
	Triplets    int `json:"triplets"`     // of the products seen in training
	ValTriplets int `json:"val_triplets"` // of the other products

	// NoImages makes a large shop's table alone, and triplets of it where these are wanted (with 0, there is no such file): see catalogue.go.
	NoImages bool `json:"no_images,omitempty"`

	Threads  int                   `json:"-"` // workers that draw; the files do not depend on it
	Progress func(done, total int) `json:"-"` // pictures; not called twice at once; may be nil
	Note     func(text string)     `json:"-"` // what the user should know; may be nil
}

// Report counts what is in the folder.
type Report struct {
	Products    int  `json:"products"`
	ValProducts int  `json:"val_products"`
	Pictures    int  `json:"pictures"`
	Rows        int  `json:"rows,omitempty"` // with NoImages: of the table
	Triplets    int  `json:"triplets"`
	ValTriplets int  `json:"val_triplets"`
	Drawn       bool `json:"drawn"` // false: the folder held just this already
}

// ForeignError says that a folder holds something else and is left alone.
type ForeignError struct{ Path, Reason string }

func (e *ForeignError) Error() string {
	return fmt.Sprintf("%s %s; name a new or empty folder, or one that this command made", e.Path, e.Reason)
}

// The files of a demo folder, beside the pictures in images/<category>/.
const (
	markerFile      = "demo.json"
	metadataFile    = "csv/sample_set.csv"
	tripletsFile    = "csv/triplets.csv"
	valTripletsFile = "csv/val_triplets.csv"
)

// marker is the content of demo.json. It is written before the first picture
// with Complete false, so that a folder whose drawing broke off is known.
type marker struct {
	MadeBy   string        `json:"made_by"`
	Version  int           `json:"version"`
	Complete bool          `json:"complete"`
	Options  FolderOptions `json:"options"`
	Report   Report        `json:"report"`
	SHA256   string        `json:"sha256,omitempty"` // of the files' sums, in the order of files
}

const (
	madeBy        = "triplets demo"
	markerVersion = 3 // goes up when the same options give other files
)

// pictureName matches the files that this package puts into a category's folder.
var pictureName = regexp.MustCompile(`^\d+_\d+\.jpg$`)

// WriteFolder draws a shop into dir: csv/sample_set.csv, csv/triplets.csv,
// csv/val_triplets.csv (of products that no training triplet names) and
// images/<category>/<id>_<view>.jpg. A folder that already holds all of it is
// left as it is, a broken one is drawn again; a folder with anything else in
// it is a *ForeignError.
func WriteFolder(ctx context.Context, dir string, o FolderOptions) (Report, error) {
	if err := o.Validate(); err != nil {
		return Report{}, err
	}
	found, err := inspect(dir)
	if err != nil {
		return Report{}, err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return Report{}, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return Report{}, err
	}
	defer root.Close()
	w := folder{dir: dir, root: root, options: o}
	if !o.NoImages {
		if w.shop, err = New(o.Options); err != nil {
			return Report{}, err
		}
	}
	m := marker{MadeBy: madeBy, Version: markerVersion, Options: o}
	if found != nil && found.Complete && found.Version == m.Version && same(found.Options, o) {
		if sum, err := w.digest(); err == nil && sum == found.SHA256 {
			found.Report.Drawn = false
			return found.Report, nil
		}
	}
	if err := w.mark(m); err != nil {
		return Report{}, err
	}
	if m.Report, err = w.draw(ctx); err != nil {
		return Report{}, err
	}
	if m.SHA256, err = w.digest(); err != nil {
		return Report{}, err
	}
	m.Complete = true
	return m.Report, w.mark(m)
}

// same compares what fixes the files.
func same(a, b FolderOptions) bool {
	return a.Options == b.Options && a.Triplets == b.Triplets && a.ValTriplets == b.ValTriplets && a.NoImages == b.NoImages
}

// Validate says which option is out of its range.
func (o *FolderOptions) Validate() error {
	if o.NoImages {
		return validateCatalogue(o.Options)
	}
	return o.Options.Validate()
}

// inspect returns the marker of a demo folder, nil for a new or empty folder.
func inspect(dir string) (*marker, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		if info, e := os.Stat(dir); e == nil && !info.IsDir() {
			return nil, &ForeignError{dir, "is not a folder"}
		}
		return nil, err
	}
	others := 0
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), markerFile) {
			others++
		}
	}
	if others == 0 && len(entries) == 0 {
		return nil, nil
	}
	b, err := os.ReadFile(filepath.Join(dir, markerFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var m marker
	if json.Unmarshal(b, &m) == nil && m.MadeBy == madeBy {
		return &m, nil
	}
	if others == 0 { // broken off while the marker was written
		return nil, nil
	}
	return nil, &ForeignError{dir, "holds files and is no demo folder (it has no valid " + markerFile + ")"}
}

// folder is a demo folder at work.
type folder struct {
	dir     string
	root    *os.Root // links do not lead out of the folder
	shop    *Shop    // nil with NoImages
	options FolderOptions
}

func (w *folder) mark(m marker) error {
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if err := w.root.WriteFile(markerFile+".part", append(b, '\n'), 0o666); err != nil {
		return err
	}
	return w.root.Rename(markerFile+".part", markerFile)
}

// files returns the paths of all files but the marker.
func (w *folder) files() []string {
	if w.options.NoImages {
		return w.tables()
	}
	files := []string{metadataFile, tripletsFile, valTripletsFile}
	for i := range w.shop.Products {
		for v := range w.shop.Options.Views {
			files = append(files, "images/"+w.shop.Products[i].File(v))
		}
	}
	return files
}

func (w *folder) digest() (string, error) {
	all := sha256.New()
	for _, name := range w.files() {
		f, err := w.root.Open(name)
		if err != nil {
			return "", err
		}
		one := sha256.New()
		_, err = io.Copy(one, f)
		f.Close()
		if err != nil {
			return "", err
		}
		all.Write(one.Sum(nil))
	}
	return hex.EncodeToString(all.Sum(nil)), nil
}

// draw writes all files.
func (w *folder) draw(ctx context.Context) (Report, error) {
	if err := w.root.MkdirAll("csv", 0o777); err != nil {
		return Report{}, err
	}
	if w.options.NoImages {
		return w.list(ctx)
	}
	r := Report{
		Products:    len(w.shop.Products),
		Pictures:    len(w.shop.Products) * w.shop.Options.Views,
		Triplets:    w.options.Triplets,
		ValTriplets: w.options.ValTriplets,
		Drawn:       true,
	}
	m := w.shop.Metadata()
	m.Path = filepath.Join(w.dir, metadataFile)
	if err := data.WriteMetadata(m.Path, m); err != nil {
		return r, err
	}
	var rows [2][]int32 // of seen and of unseen products
	for i := range w.shop.Products {
		part := 0
		if w.shop.Products[i].Unseen {
			part = 1
			r.ValProducts++
		}
		for v := range w.shop.Options.Views {
			rows[part] = append(rows[part], int32(i*w.shop.Options.Views+v))
		}
	}
	if err := w.writeTriplets(m, rows); err != nil {
		return r, err
	}
	return r, w.drawPictures(ctx)
}

// writeTriplets samples and writes triplets of the rows that training sees, and of the others.
func (w *folder) writeTriplets(m *data.Metadata, rows [2][]int32) error {
	for part, list := range []struct {
		file  string
		count int
	}{{tripletsFile, w.options.Triplets}, {valTripletsFile, w.options.ValTriplets}} {
		if list.count == 0 {
			continue
		}
		ts, err := w.sample(m, list.count, rows[part], list.file)
		if err != nil {
			return err
		}
		if err := data.WriteTriplets(filepath.Join(w.dir, list.file), ts); err != nil {
			return err
		}
	}
	return nil
}

// sample draws triplets: the positive shows the query's own product, the negative is of the same category in the usual
// share. A small shop may lack those; their share then is 0.
func (w *folder) sample(m *data.Metadata, count int, rows []int32, file string) ([]data.Triplet, error) {
	o := data.SampleOptions{Count: count, InClass: data.DefaultInClass, Seed: w.options.Seed, Rows: rows}
	ts, err := data.Sample(m, o)
	if err != nil {
		o.InClass = 0
		if ts, err = data.Sample(m, o); err == nil && w.options.Note != nil {
			w.options.Note(file + ": with so few products there are no negatives of the query's category in another colour")
		}
	}
	return ts, err
}

func (w *folder) drawPictures(ctx context.Context) error {
	if err := w.clearPictures(); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	next := make(chan int)
	group.Go(func() error {
		defer close(next)
		for i := range w.shop.Products {
			select {
			case next <- i:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		return nil
	})
	var mutex sync.Mutex
	done, views := 0, w.shop.Options.Views
	for range max(1, w.options.Threads) {
		group.Go(func() error {
			painter := w.shop.NewPainter()
			var file bytes.Buffer
			for i := range next {
				for v := range views {
					file.Reset()
					if err := jpeg.Encode(&file, painter.Picture(i, v), &jpeg.Options{Quality: 92}); err != nil {
						return err
					}
					if err := w.root.WriteFile("images/"+w.shop.Products[i].File(v), file.Bytes(), 0o666); err != nil {
						return fmt.Errorf("draw into %s: %w", w.dir, err)
					}
				}
				if w.options.Progress != nil {
					mutex.Lock()
					done += views
					w.options.Progress(done, len(w.shop.Products)*views)
					mutex.Unlock()
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// clearPictures makes the categories' folders and removes the pictures that
// an earlier demo left in them, and nothing else.
func (w *folder) clearPictures() error {
	for i := range garments {
		dir := "images/" + garments[i].name
		if err := w.root.MkdirAll(dir, 0o777); err != nil {
			return err
		}
		entries, err := fs.ReadDir(w.root.FS(), dir)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if pictureName.MatchString(e.Name()) {
				if err := w.root.Remove(dir + "/" + e.Name()); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Metadata returns the table of all pictures: the views of a product follow
// one another.
func (s *Shop) Metadata() *data.Metadata {
	m := &data.Metadata{}
	for i := range s.Products {
		p := &s.Products[i]
		for v := range s.Options.Views {
			m.Category = append(m.Category, p.Category)
			m.Color = append(m.Color, p.Color)
			m.ID = append(m.ID, p.ID)
			m.Gender = append(m.Gender, p.Gender)
			m.Name = append(m.Name, p.File(v))
		}
	}
	return m
}
