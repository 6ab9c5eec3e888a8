package shop

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"deeprank/data"
)

// tables returns the paths of the files of a folder without pictures.
func (w *folder) tables() []string {
	files := []string{metadataFile}
	if w.options.Triplets > 0 {
		files = append(files, tripletsFile)
	}
	if w.options.ValTriplets > 0 {
		files = append(files, valTripletsFile)
	}
	return files
}

// list writes the files of a folder without pictures, and takes away what an earlier demo with pictures left.
func (w *folder) list(ctx context.Context) (Report, error) {
	if err := w.clear(); err != nil {
		return Report{}, err
	}
	c := newCatalogue(w.options.Options)
	r := Report{Products: len(c.views), Rows: c.rows, Triplets: w.options.Triplets, ValTriplets: w.options.ValTriplets, Drawn: true}
	if err := w.writeCatalogue(ctx, c); err != nil {
		return r, fmt.Errorf("write into %s: %w", w.dir, err)
	}
	if r.Triplets+r.ValTriplets == 0 {
		return r, nil
	}
	rows, unseen := c.parts()
	r.ValProducts = unseen
	m, err := data.ReadMetadata(filepath.Join(w.dir, metadataFile))
	if err != nil {
		return r, err
	}
	if err := context.Cause(ctx); err != nil {
		return r, err
	}
	return r, w.writeTriplets(m, rows)
}

// writeCatalogue writes the table beside its place and renames it.
func (w *folder) writeCatalogue(ctx context.Context, c *catalogue) (err error) {
	const part = metadataFile + ".part"
	f, err := w.root.Create(part)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.root.Remove(part))
		}
	}()
	out := bufio.NewWriterSize(f, 1<<20)
	err = c.write(ctx, out, w.options.Progress)
	if err == nil {
		err = out.Flush()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return w.root.Rename(part, metadataFile)
}

// clear removes the pictures and triplets of an earlier demo, with the folders that are empty then, and nothing else.
func (w *folder) clear() error {
	if _, err := w.root.Lstat("images"); err == nil {
		if err := w.clearPictures(); err != nil {
			return err
		}
		for i := range garments {
			_ = w.root.Remove("images/" + garments[i].name) // fails where someone's own files are in it
		}
		_ = w.root.Remove("images")
	}
	for _, file := range []string{tripletsFile, valTripletsFile} {
		if err := w.root.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
