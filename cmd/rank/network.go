package main

import (
	"context"
	"fmt"

	"deeprank/checkpoints"
	"deeprank/configs"
	"deeprank/data"
	"deeprank/internal/cli"
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
}

// openNetwork builds the network and reads the checkpoint. It runs on as many pictures at a time as training's
// validation did, but never on more than there are.
func openNetwork(ctx context.Context, r *restore.Run, o *sheetOptions, pictures int, report *progress.Reporter) (n *network, err error) {
	cfg := r.Config
	if o.init != "" {
		cfg.Init = o.init
	}
	n = &network{cfg: &cfg}
	if n.path, n.file, err = r.Checkpoint(ctx, o.checkpoint, func(path string, err error) {
		report.Warnf("checkpoint %s cannot be used, another one is tried: %v", path, err)
	}); err != nil {
		return nil, err
	}
	if n.weights, err = model.NewWeights(restore.Spec(&cfg)); err != nil {
		return nil, cli.Usagef("%s: %w", r.ConfigPath, err)
	}
	if err := n.trained(); err != nil {
		return nil, err
	}
	step := ""
	if s, err := checkpoints.DecodeState(n.file.Metadata); err == nil {
		step = fmt.Sprintf(", step %d", s.Step)
	}
	report.Printf("network   %s: %d parameters, embedding of %d%s", n.path, n.weights.Spec.Count(), n.weights.Spec.EmbedDim, step)
	n.team = kernel.NewTeam(o.threads)
	if n.embedder, err = model.NewEmbedder(n.team, n.weights, min(pictures, 3*cfg.MicroBatchSize())); err != nil {
		n.team.Close()
		return nil, err
	}
	return n, nil
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
		return &data.Refused{Path: n.path, Reason: "is not of the network that the run's config.yaml describes", Err: err}
	}
	return nil
}
