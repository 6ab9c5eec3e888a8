package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"deeprank/configs"
	"deeprank/data"
	"deeprank/internal/embed"
	"deeprank/internal/progress"
	"deeprank/internal/restore"
)

// gallery is the pictures that are searched: those of a list of triplets. A picture's place is its position in rows,
// which ascend.
type gallery struct {
	meta         *data.Metadata
	triplets     []data.Triplet
	numbers      []int // of the triplets in their file, from 1
	tripletsPath string
	rows         []int32
	imagesPath   string
	pictures     *data.Pictures // at the network's size
	workers      int

	product  []int32 // a number for each product, by place; data.Unknown is equal to nothing
	relevant []int   // other pictures of the product in the gallery, by place
	bad      int     // pictures left out as they cannot be read
}

func (g *gallery) close() { _ = g.pictures.Close() } // read-only

// openGallery reads the tables that the run names, or those that flags name in their place.
func openGallery(r *restore.Run, o *sheetOptions, report *progress.Reporter) (g *gallery, err error) {
	cfg := r.Config
	moved := func(err error, flag string) error {
		return fmt.Errorf("%w (the path is from %s; --%s names another one)", err, r.ConfigPath, flag)
	}
	metadata, images := cfg.Metadata, cfg.Images
	if o.metadata != "" {
		metadata, images = o.metadata, ""
	}
	if o.images != "" {
		images = o.images
	}
	g = &gallery{tripletsPath: o.triplets, workers: o.threads}
	if g.workers == 0 {
		g.workers = runtime.NumCPU()
	}
	if metadata == "" {
		if metadata, err = data.FindMetadata(cfg.Triplets); err != nil {
			return nil, err
		}
	}
	if g.meta, err = data.ReadMetadata(metadata); err != nil {
		if o.metadata == "" {
			err = moved(err, "metadata")
		}
		return nil, err
	}
	if g.tripletsPath == "" {
		if g.tripletsPath = cfg.ValTriplets; g.tripletsPath == "" {
			g.tripletsPath = cfg.Triplets
			report.Warnf("the run has no validation triplets; these pictures are those that it was trained on, and the numbers flatter it")
		}
	}
	all, err := data.ReadTriplets(g.tripletsPath, g.meta.Rows())
	if err != nil {
		if o.triplets == "" {
			err = moved(err, "triplets")
		}
		return nil, err
	}
	g.triplets = firstTriplets(all, o.gallery)
	for i := range g.triplets {
		g.numbers = append(g.numbers, i+1)
	}
	g.setRows(data.UsedRows(g.triplets, g.meta.Rows()))
	if images == "" {
		if images, err = data.FindImages(metadata); err != nil {
			return nil, err
		}
	}
	g.imagesPath = images
	if g.pictures, err = openPictures(g.meta, images, &cfg, report); err != nil {
		return nil, err
	}
	report.Printf("gallery   %s: %d pictures of %d triplets, in %s", g.tripletsPath, len(g.rows), len(g.triplets), images)
	if len(g.triplets) < len(all) {
		report.Printf("          the first %d of %d triplets, so that there are at most %d pictures (--gallery)", len(g.triplets), len(all), o.gallery)
	}
	return g, nil
}

// openPictures opens the pictures at the network's size, with the cache that training used.
func openPictures(m *data.Metadata, dir string, cfg *configs.Config, report *progress.Reporter) (*data.Pictures, error) {
	p := data.PictureOptions{
		Size: cfg.Size, Fit: cfg.Fit, CacheLimit: cfg.CacheBytes(),
		Warn: func(err error) { report.Warnf("the cache of resized pictures is off: %v", err) },
	}
	if !cfg.CacheOff() {
		p.Cache = cfg.Cache
		if _, err := os.Stat(p.Cache); err != nil && !filepath.IsAbs(p.Cache) {
			p.Cache = "" // it is where training was started, and not made anew here
		}
		if p.Cache == "" {
			if dir, err := data.DefaultCacheDir(); err == nil {
				p.Cache = dir
			}
		}
	}
	return data.OpenPictures(m, dir, p)
}

// firstTriplets returns the beginning of the list that names at most so many pictures.
func firstTriplets(ts []data.Triplet, pictures int) []data.Triplet {
	seen := map[int32]bool{}
	for i, t := range ts {
		for _, row := range [...]int32{t.Query, t.Positive, t.Negative} {
			seen[row] = true
		}
		if len(seen) > pictures {
			return ts[:i]
		}
	}
	return ts
}

// setRows sets the pictures, and what follows from the metadata.
func (g *gallery) setRows(rows []int32) {
	g.rows = rows
	g.product, g.relevant = make([]int32, len(rows)), make([]int, len(rows))
	labels := g.meta.Labels()
	count := make([]int, labels.Products)
	for i, row := range rows {
		if g.product[i] = labels.ID[row]; g.product[i] != data.Unknown {
			count[g.product[i]]++
		}
	}
	for i, n := range g.product {
		if n != data.Unknown {
			g.relevant[i] = count[n] - 1
		}
	}
}

// places gives the place of each row.
func (g *gallery) places() map[int32]int {
	place := make(map[int32]int, len(g.rows))
	for i, row := range g.rows {
		place[row] = i
	}
	return place
}

// sameProduct says whether the pictures at two places show one product.
func (g *gallery) sameProduct(a, b int) bool {
	return g.product[a] >= 0 && g.product[a] == g.product[b]
}

// sameLook says whether the pictures at two places are of one category and colour, both known.
func (g *gallery) sameLook(a, b int) bool {
	m, i, j := g.meta, g.rows[a], g.rows[b]
	return m.Category[i] != "" && m.Category[i] == m.Category[j] && m.Color[i] != "" && m.Color[i] == m.Color[j]
}

// kinship says how near two pictures are by the table.
type kinship int

const (
	stranger    kinship = iota
	alike               // another product of the same category and colour
	sameProduct         // another picture of it
)

// kinship compares the pictures at two places.
func (g *gallery) kinship(a, b int) kinship {
	switch {
	case g.sameProduct(a, b):
		return sameProduct
	case g.sameLook(a, b):
		return alike
	}
	return stranger
}

// embed returns the embedding of each picture by its place; nil for one that cannot be read.
func (g *gallery) embed(ctx context.Context, n *network, when string, report *progress.Reporter) ([][]float32, error) {
	vectors := make([][]float32, len(g.rows))
	dim := n.embedder.Dim()
	slab := make([]float32, len(g.rows)*dim)
	var first error
	err := embed.Rows(ctx, n.embedder, g.pictures, n.cfg.Size, g.rows, g.workers, func(i int, v []float32) error {
		if !finite(v) {
			return fmt.Errorf("the network %s gives no finite numbers for %s", when, g.meta.Name[g.rows[i]])
		}
		vectors[i] = slab[i*dim : (i+1)*dim : (i+1)*dim]
		copy(vectors[i], v)
		report.Status("embedding %s: %d of %d pictures", when, i+1, len(g.rows))
		return nil
	}, func(_ int, err error) {
		if first == nil {
			first = err
		}
	})
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(vectors, func(v []float32) bool { return v != nil }) {
		return nil, &data.Refused{
			Path: g.imagesPath, Reason: fmt.Sprintf("none of the %d pictures can be used", len(g.rows)),
			Remedy: "if the pictures lie elsewhere now, name their folder with --images", Err: first,
		}
	}
	return vectors, nil
}

// maxNamed is how many bad pictures are named, each in a line.
const maxNamed = 5

// keepReadable leaves out the pictures that could not be read, and the triplets that name them.
func (g *gallery) keepReadable(before, after [][]float32, report *progress.Reporter) (b, a [][]float32, err error) {
	var rows []int32
	bad := map[int32]bool{}
	for i, row := range g.rows {
		if before[i] != nil && after[i] != nil {
			rows = append(rows, row)
			b, a = append(b, before[i]), append(a, after[i])
			continue
		}
		bad[row] = true
		if len(bad) <= maxNamed {
			_, err := g.pictures.Load(int(row)) // remembered
			report.Warnf("picture of row %d is left out: %v", row, err)
		}
	}
	if g.bad = len(bad); g.bad > 0 {
		report.Warnf("%d of %d pictures cannot be read and are left out", g.bad, len(g.rows))
		var kept []data.Triplet
		var numbers []int
		for i, t := range g.triplets {
			if !bad[t.Query] && !bad[t.Positive] && !bad[t.Negative] {
				kept, numbers = append(kept, t), append(numbers, g.numbers[i])
			}
		}
		g.triplets, g.numbers = kept, numbers
	}
	g.setRows(rows)
	if !slices.ContainsFunc(g.relevant, func(n int) bool { return n > 0 }) {
		return nil, nil, &data.Refused{
			Path: g.tripletsPath, Reason: "no product has two pictures among its triplets (column _id of the metadata)",
			Remedy: "name other triplets with --triplets",
		}
	}
	return b, a, nil
}
