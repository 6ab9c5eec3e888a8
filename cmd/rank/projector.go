package main

import (
	"context"

	"deeprank/data"
	"deeprank/internal/progress"
	"deeprank/internal/projector"
	"deeprank/internal/vectors"
)

// manyPoints is from where on browsers show the points slowly.
const manyPoints = 100_000

// project writes the embeddings in the folder embeddings for TensorBoard's projector.
func project(ctx context.Context, embeddings, dir, images string, report *progress.Reporter) error {
	e, err := vectors.OpenFolder(embeddings)
	if err != nil {
		return err
	}
	defer e.Close()
	if e.Rows() > manyPoints {
		report.Warnf("%d points are many for a browser; a table of fewer pictures shows better", e.Rows())
	}
	var pictures *data.Pictures
	if cell := projector.CellOf(e.Rows()); cell > 0 {
		if pictures, err = data.OpenPictures(e.Meta, images, data.PictureOptions{Size: cell, Fit: "pad"}); err != nil {
			return err
		}
		defer pictures.Close()
	} else {
		report.Warnf("%d pictures are too many for the sprite: the projector shows points alone", e.Rows())
	}
	if err := projector.Write(ctx, dir, e, e.Meta, pictures, counter(report, "drawing the sprite")); err != nil {
		return err
	}
	report.Printf("projector %s: %d points; tensorboard --logdir %s", dir, e.Rows(), dir)
	return nil
}
