package main

import (
	"context"
	"fmt"
	"runtime"
	"strings"

	"deeprank/configs"
	"deeprank/data"
	"deeprank/internal/embed"
	"deeprank/internal/progress"
)

// input is all that a run reads: checked tables and the pictures, which are opened but not read.
type input struct {
	meta     *data.Metadata
	triplets []data.Triplet
	val      []data.Triplet
	gallery  *gallery // nil where none is given
	pictures *data.Pictures
	prints   map[string]string // SHA-256 of the files whose content a resumed run must share
}

// validates says whether there is something to measure on.
func (in *input) validates() bool { return in.val != nil || in.gallery != nil }

// evaluationBytes is the memory that an evaluation takes beside the network's.
func (in *input) evaluationBytes(cfg *configs.Config) int64 {
	n := int64(0)
	if in.val != nil {
		n += embed.TripletsBytes(len(data.UsedRows(in.val, in.meta.Rows())), cfg.EmbedDim)
	}
	if in.gallery != nil {
		n += in.gallery.bytes(cfg.EmbedDim)
	}
	return n
}

func (in *input) close() { // read-only
	_ = in.pictures.Close()
	if in.gallery != nil {
		_ = in.gallery.pictures.Close()
	}
}

// openInput reads the tables, opens the pictures, and says what was found. It sets the paths that it chose in cfg.
func openInput(cfg *configs.Config, report *progress.Reporter) (*input, error) {
	var err error
	if cfg.Metadata == "" {
		if cfg.Metadata, err = data.FindMetadata(cfg.Triplets); err != nil {
			return nil, err
		}
	}
	in := &input{prints: map[string]string{}}
	if in.meta, err = data.ReadMetadata(cfg.Metadata); err != nil {
		return nil, err
	}
	if in.triplets, err = data.ReadTriplets(cfg.Triplets, in.meta.Rows()); err != nil {
		return nil, err
	}
	if cfg.ValTriplets != "" {
		if in.val, err = data.ReadTriplets(cfg.ValTriplets, in.meta.Rows()); err != nil {
			return nil, err
		}
	}
	if cfg.Images == "" {
		if cfg.Images, err = data.FindImages(cfg.Metadata); err != nil {
			return nil, err
		}
	}
	for name, path := range map[string]string{"triplets": cfg.Triplets, "metadata": cfg.Metadata} {
		if in.prints[name], err = data.Fingerprint(path); err != nil {
			return nil, err
		}
	}
	if cfg.Limit > 0 && cfg.Limit < len(in.triplets) {
		in.triplets = in.triplets[:cfg.Limit]
	}
	if in.pictures, err = openPictures(cfg, in.meta, report); err != nil {
		return nil, err
	}
	in.describe(cfg, report)
	if cfg.ValMetadata != "" {
		if in.gallery, err = openGallery(cfg, report); err != nil {
			in.close()
			return nil, err
		}
		in.gallery.warnOverlap(in.meta, in.triplets, report)
	}
	return in, nil
}

func openPictures(cfg *configs.Config, m *data.Metadata, report *progress.Reporter) (*data.Pictures, error) {
	dir, err := cacheDir(cfg)
	if err != nil {
		report.Warnf("no cache of resized pictures: %v; --cache DIR names a folder for it", err)
	}
	return data.OpenPictures(m, cfg.Images, data.PictureOptions{
		Size: cfg.Size, Fit: cfg.Fit, Cache: dir, CacheLimit: cfg.CacheBytes(),
		Warn: func(err error) { report.Warnf("%v", err) },
	})
}

// cacheDir is the folder of the cache; "" where there is none.
func cacheDir(cfg *configs.Config) (string, error) {
	switch {
	case cfg.CacheOff():
		return "", nil
	case cfg.Cache != "":
		return cfg.Cache, nil
	}
	return data.DefaultCacheDir()
}

// describe prints what the files hold, and what is odd about the triplets.
func (in *input) describe(cfg *configs.Config, report *progress.Reporter) {
	s := data.Summarize(in.meta, in.triplets)
	report.Printf("metadata  %s: %d rows, %d products, %d categories, %d colours", cfg.Metadata, s.Rows, s.Products, s.Categories, s.Colors)
	cache := "no cache"
	if dir, bytes, limit, files := in.pictures.CacheInfo(); dir != "" {
		cache = fmt.Sprintf("cache %s: %d pictures, %s of at most %s", dir, files, size(bytes), size(limit))
	}
	report.Printf("pictures  %s: %d in use; %s", cfg.Images, s.Pictures, cache)
	part := ""
	if cfg.Limit > 0 && len(in.triplets) == cfg.Limit {
		part = fmt.Sprintf("the first %d of ", cfg.Limit)
	}
	report.Printf("triplets  %s%s: %d", part, cfg.Triplets, s.Triplets)
	report.Printf("          positives: %s", shares(s.Triplets, "same product", s.PositiveSameProduct,
		"same category and colour", s.PositiveSameCategoryColor, "other", s.PositiveOther))
	report.Printf("          negatives: %s", shares(s.Triplets, "other category", s.NegativeOutOfClass,
		"same category", s.NegativeInClass, "same product", s.NegativeSameProduct))
	report.Printf("          q = p: %d, n = q: %d, p = n: %d", s.QueryIsPositive, s.QueryIsNegative, s.PositiveIsNegative)
	if s.NegativeSameProduct > 0 {
		report.Warnf("%d triplets have a negative of the query's own product: they teach the opposite of the others", s.NegativeSameProduct)
	}
	if odd := s.QueryIsPositive + s.QueryIsNegative + s.PositiveIsNegative; odd > 0 {
		report.Warnf("%d triplets name one picture twice: q = p teaches little, n = q and p = n cannot be learned", odd)
	}
	if in.val != nil {
		report.Printf("validation %s: %d triplets", cfg.ValTriplets, len(in.val))
		if n := overlap(in.meta, in.triplets, in.val); n > 0 {
			report.Warnf("%d of the validation triplets' products are also trained on: their accuracy flatters the model", n)
		}
	}
}

// shares formats counts by name with their share of the whole, those that are 0 left out.
func shares(whole int, pairs ...any) string {
	var parts []string
	for i := 0; i < len(pairs); i += 2 {
		if n := pairs[i+1].(int); n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d (%.0f %%)", pairs[i], n, 100*float64(n)/float64(max(1, whole))))
		}
	}
	return strings.Join(parts, ", ")
}

// overlap counts the products (pictures where the product is unknown) that both lists use.
func overlap(m *data.Metadata, train, val []data.Triplet) int {
	product := func(row int32) string {
		if id := m.ID[row]; id != "" {
			return "id " + id
		}
		return "name " + m.Name[row]
	}
	seen := map[string]bool{}
	for _, row := range data.UsedRows(train, m.Rows()) {
		seen[product(row)] = true
	}
	both := map[string]bool{}
	for _, row := range data.UsedRows(val, m.Rows()) {
		if p := product(row); seen[p] {
			both[p] = true
		}
	}
	return len(both)
}

// workers is the number of pictures decoded at once.
func workers(cfg *configs.Config) int {
	if cfg.Workers > 0 {
		return cfg.Workers
	}
	return runtime.NumCPU()
}

// loader starts to load training batches from a position.
func (in *input) loader(ctx context.Context, cfg *configs.Config, from data.Position, report *progress.Reporter) (*data.Loader, error) {
	epochs := cfg.Epochs
	if cfg.Steps > 0 {
		epochs = 0 // the steps end the run
	}
	return data.NewLoader(ctx, data.LoaderOptions{
		Triplets: in.triplets, Pictures: in.pictures, Batch: cfg.Batch, Workers: workers(cfg), Ahead: 2,
		Seed: cfg.Seed, Shuffle: cfg.Shuffle, Flip: cfg.Augments("flip"), Shift: cfg.Augments("shift"),
		MaxBad: cfg.MaxBad, Epochs: epochs,
		OnBad: func(row int, err error) {
			report.Warnf("picture of row %d cannot be used, its triplets are skipped: %v", row, err)
		},
	}, from)
}

// size formats bytes with binary units.
func size(bytes int64) string {
	v, unit := float64(bytes), 0
	units := [...]string{"B", "KiB", "MiB", "GiB", "TiB"}
	for v >= 1024 && unit < len(units)-1 {
		v /= 1024
		unit++
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", bytes)
	}
	return fmt.Sprintf("%.1f %s", v, units[unit])
}
