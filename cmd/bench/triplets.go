package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"

	"deeprank/data"
)

// loaded is pictures of triplets from files.
type loaded struct {
	pictures *data.Pictures
	loader   *data.Loader
	last     *data.Batch
	folder   string // to remove; "" for none
	batch    int
	small    int // batches below the batch size, in a row
}

// openTriplets opens the files, fills the cache unless it shall be cold, and starts to load.
func openTriplets(ctx context.Context, o *options, note func(format string, a ...any)) (l *loaded, err error) {
	if o.metadata == "" {
		if o.metadata, err = data.FindMetadata(o.triplets); err != nil {
			return nil, err
		}
	}
	meta, err := data.ReadMetadata(o.metadata)
	if err != nil {
		return nil, err
	}
	list, err := data.ReadTriplets(o.triplets, meta.Rows())
	if err != nil {
		return nil, err
	}
	if len(list) < o.batch {
		return nil, &data.Refused{
			Path: o.triplets, Reason: fmt.Sprintf("%d triplets are less than a batch of %d", len(list), o.batch), Remedy: "a smaller --batch",
		}
	}
	if o.images == "" {
		if o.images, err = data.FindImages(o.metadata); err != nil {
			return nil, err
		}
	}
	l = &loaded{batch: o.batch}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.close())
		}
	}()
	cache := o.cache
	switch {
	case o.cold:
		if cache, err = os.MkdirTemp("", "bench-cache"); err != nil {
			return nil, fmt.Errorf("a folder for the cache: %w", err)
		}
		l.folder = cache
	case cache == "none":
		cache = ""
	case cache == "":
		if cache, err = data.DefaultCacheDir(); err != nil {
			return nil, fmt.Errorf("%w; --cache DIR names a folder for it", err)
		}
	}
	if l.pictures, err = data.OpenPictures(meta, o.images, data.PictureOptions{Size: o.spec.Size, Cache: cache}); err != nil {
		return nil, err
	}
	if !o.cold {
		if err := l.warm(ctx, meta, list, note); err != nil {
			return nil, err
		}
	}
	l.loader, err = data.NewLoader(ctx, data.LoaderOptions{
		Triplets: list, Pictures: l.pictures, Batch: o.batch, Workers: runtime.NumCPU(), Ahead: 2,
		Seed: 1, Shuffle: true, Flip: true, Shift: true, MaxBad: 0.01,
	}, data.Position{})
	return l, err
}

// warm reads every picture once.
func (l *loaded) warm(ctx context.Context, m *data.Metadata, list []data.Triplet, note func(string, ...any)) error {
	rows := data.UsedRows(list, m.Rows())
	note("reading %d pictures once, so that the cache has them", len(rows))
	picture := make([]byte, l.pictures.Size()*l.pictures.Size()*3)
	for _, row := range rows {
		if err := ctx.Err(); err != nil {
			return err
		}
		var refused *data.Refused
		if err := l.pictures.LoadInto(int(row), picture); err != nil && !errors.As(err, &refused) { // the loader counts the bad ones
			return err
		}
	}
	return nil
}

func (l *loaded) next(ctx context.Context) ([]byte, int, error) {
	if l.last != nil {
		l.loader.Recycle(l.last)
		l.last = nil
	}
	b, err := l.loader.Next(ctx)
	if err != nil {
		return nil, 0, err
	}
	if l.small++; b.Count == l.batch {
		l.small = 0
	}
	if l.small > 2 {
		return nil, 0, &data.Refused{Path: "the triplets", Reason: "too few can be read for a whole batch", Remedy: "a smaller --batch"}
	}
	l.last = b
	return b.Pixels, b.Count, nil
}

func (l *loaded) close() (err error) {
	if l.loader != nil {
		err = l.loader.Close()
	}
	if l.pictures != nil {
		err = errors.Join(err, l.pictures.Close())
	}
	if l.folder != "" {
		err = errors.Join(err, os.RemoveAll(l.folder))
	}
	return err
}
