package main

import (
	"context"

	"deeprank/internal/progress"
	"deeprank/internal/restore"
)

// training is what training changed: the embeddings of a gallery, and what is found with them, before and after it.
type training struct {
	gallery       *gallery // its pictures can all be read
	checkpoint    string
	shown         []int // places of the queries to show
	before, after found
}

// found is what a network's embeddings find.
type found struct {
	vectors [][]float32 // by place
	nearest map[int][]int
	scores  scores
}

// compareTraining embeds the gallery with the run's network as it began and as it is in the checkpoint. The caller closes the gallery.
func compareTraining(ctx context.Context, r *restore.Run, o *sheetOptions, report *progress.Reporter) (c *training, err error) {
	g, err := openGallery(r, o, report)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			g.close()
		}
	}()
	net, err := readNetwork(ctx, r, o.checkpoint, report)
	if err != nil {
		return nil, err
	}
	if o.init != "" {
		net.cfg.Init = o.init
	}
	if err := net.start(o.threads, len(g.rows), report); err != nil {
		return nil, err
	}
	defer net.close()
	c = &training{gallery: g, checkpoint: net.path}
	if err := net.untrained(); err != nil {
		return nil, err
	}
	if c.before.vectors, err = g.embed(ctx, net, "before training", report); err != nil {
		return nil, err
	}
	if err := net.trained(); err != nil {
		return nil, err
	}
	if c.after.vectors, err = g.embed(ctx, net, "after training", report); err != nil {
		return nil, err
	}
	if c.before.vectors, c.after.vectors, err = g.keepReadable(c.before.vectors, c.after.vectors, report); err != nil {
		return nil, err
	}
	c.shown = chooseQueries(g, o.queries)
	report.Status("searching")
	for _, f := range []*found{&c.before, &c.after} {
		if f.nearest, f.scores, err = search(ctx, net.team, g, f.vectors, c.shown, o.top); err != nil {
			return nil, err
		}
	}
	if len(c.shown) < o.queries {
		report.Warnf("only %d pictures can be queries: the others are the only one of their product", len(c.shown))
	}
	return c, nil
}
