package main

import (
	"context"
	"fmt"

	"deeprank/checkpoints"
	"deeprank/configs"
	"deeprank/data"
	"deeprank/internal/kernel"
	"deeprank/internal/progress"
	"deeprank/internal/restore"
	"deeprank/model"
)

// network is a run's network, with the weights that untrained or trained set last.
type network struct {
	cfg      *configs.Config
	team     *kernel.Team
	weights  *model.Weights
	embedder *model.Embedder
	path     string // of the checkpoint
	file     *checkpoints.File
	source   string // of the config, for messages
}

// readNetwork reads the checkpoint at path or, where that is empty, the best one of the run r, and takes its weights. The config is that of the run or, where r is
// nil, that which the checkpoint holds. There is nothing to run it with before start.
func readNetwork(ctx context.Context, r *restore.Run, path string, report *progress.Reporter) (n *network, err error) {
	n = &network{source: "the run's config.yaml"}
	from := r
	if r == nil {
		from, n.source = &restore.Run{}, "its own config"
	}
	n.path, n.file, err = from.Checkpoint(ctx, path, func(path string, err error) {
		report.Warnf("checkpoint %s cannot be used, another one is tried: %v", path, err)
	})
	if err != nil {
		return nil, err
	}
	cfg := from.Config
	if r == nil {
		if cfg, err = restore.ConfigOf(n.path, n.file); err != nil {
			return nil, err
		}
	}
	n.cfg = &cfg
	if n.weights, err = model.NewWeights(restore.Spec(n.cfg)); err != nil {
		return nil, &data.Refused{Path: n.path, Reason: n.source + " describes no network", Err: err}
	}
	return n, n.trained()
}

// start builds what runs the network on so many pictures at a time as training's validation did, but on at most pictures.
func (n *network) start(threads, pictures int, report *progress.Reporter) (err error) {
	step := ""
	if s, err := checkpoints.DecodeState(n.file.Metadata); err == nil {
		step = fmt.Sprintf(", step %d", s.Step)
	}
	report.Printf("network   %s: %d parameters, embedding of %d%s", n.path, n.weights.Spec.Count(), n.weights.Spec.EmbedDim, step)
	n.team = kernel.NewTeam(threads)
	if n.embedder, err = model.NewEmbedder(n.team, n.weights, min(pictures, 3*n.cfg.MicroBatchSize())); err != nil {
		n.team.Close()
	}
	return err
}

func (n *network) close() {
	_ = n.embedder.Close()
	n.team.Close()
}

// untrained sets the weights to what the run's training started from.
func (n *network) untrained() error {
	_, err := restore.Initial(n.team, n.weights, n.cfg)
	return err
}

// trained sets the weights to the checkpoint's.
func (n *network) trained() error {
	if err := restore.Checkpoint(n.weights, n.file); err != nil {
		return &data.Refused{Path: n.path, Reason: "is not of the network that " + n.source + " describes", Err: err}
	}
	return nil
}
