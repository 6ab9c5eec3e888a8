package main

import (
	"fmt"

	"deeprank/configs"
	"deeprank/data"
	"deeprank/internal/cli"
	"deeprank/internal/features"
	"deeprank/internal/kernel"
	"deeprank/internal/optim"
	"deeprank/internal/progress"
	"deeprank/internal/restore"
	"deeprank/model"
)

// network is the model in training.
type network struct {
	team     *kernel.Team
	weights  *model.Weights
	siamese  *model.Siamese
	embedder *model.Embedder  // for validation; nil where there is none
	features *features.Source // of frozen convolutions; nil where they are not kept
	opt      optim.Optimizer
}

func (n *network) close() {
	if n.embedder != nil {
		_ = n.embedder.Close()
	}
	_ = n.siamese.Close()
	if n.features != nil {
		_ = n.features.Close()
	}
	n.team.Close()
}

// buildNetwork makes the graph and the optimiser, with drawn or given weights; a checkpoint's come later.
func buildNetwork(cfg *configs.Config, validate, resumed bool, report *progress.Reporter) (n *network, err error) {
	spec := restore.Spec(cfg)
	frozen, err := spec.Frozen(cfg.Freeze)
	if err != nil {
		return nil, &cli.UsageError{Err: err}
	}
	n = &network{team: kernel.NewTeam(cfg.Threads)}
	n.team.Exact(cfg.Exact)
	defer func() {
		if err != nil {
			n.team.Close()
		}
	}()
	if n.weights, err = model.NewWeights(spec); err != nil {
		return nil, &cli.UsageError{Err: err}
	}
	if err = n.build(cfg, frozen, validate, report); err != nil {
		return nil, err
	}
	if cfg.Optimizer == "adamw" {
		n.opt = optim.NewAdamW(n.siamese.Params(), cfg.WeightDecay)
	} else {
		n.opt = optim.NewSGD(n.siamese.Params(), cfg.Momentum, cfg.WeightDecay, cfg.Nesterov)
	}
	n.describe(cfg, slotsOf(cfg), report)
	if !resumed {
		err = n.initialise(cfg, report)
	}
	return n, err
}

// build makes the graphs: the whole network's, or, where the features are frozen and can be kept, those of the heads.
func (n *network) build(cfg *configs.Config, frozen func(string) bool, validate bool, report *progress.Reporter) (err error) {
	capacity := cfg.MicroBatchSize()
	if n.features, err = n.keepFeatures(cfg, frozen, report); err != nil {
		return err
	}
	if n.features == nil {
		if n.siamese, err = model.NewSiamese(n.team, n.weights, frozen, capacity, cfg.Gap); err == nil && validate {
			n.embedder, err = model.NewEmbedder(n.team, n.weights, 3*capacity)
		}
		return err
	}
	if n.siamese, err = model.NewHeads(n.team, n.weights, frozen, capacity, cfg.Gap, n.features); err == nil && validate {
		n.embedder, err = model.NewHeadEmbedder(n.team, n.weights, 3*capacity, n.features)
	}
	return err
}

// keepFeatures opens the cache of features where all convolutions of the deep path are frozen and a picture is the same in each
// epoch; else it returns nil, and says what would make the difference.
func (n *network) keepFeatures(cfg *configs.Config, frozen func(string) bool, report *progress.Reporter) (*features.Source, error) {
	if !n.weights.Spec.FeaturesFrozen(frozen) {
		return nil, nil
	}
	dir, err := cacheDir(cfg)
	switch {
	case cfg.Augments("shift"):
		report.Printf("features  are frozen, but computed anew each time: --augment none (or flip) would let each picture's be computed once and kept")
		return nil, nil
	case dir == "" || err != nil:
		report.Printf("features  are frozen, but computed anew each time: there is no cache to keep them in (--cache)")
		return nil, nil
	}
	const pictures = 24 // computed at a time
	cache := data.OpenFeatureCache(dir, n.weights.Spec.Flat(), cfg.CacheBytes(), func(err error) { report.Warnf("%v", err) })
	report.Printf("features  are frozen: each picture's are computed once and kept in %s", cache.Dir())
	return features.New(n.team, n.weights, pictures, cache)
}

// describe prints the network's size and the memory that the run will need.
func (n *network) describe(cfg *configs.Config, slots int, report *progress.Reporter) {
	spec, trained := n.weights.Spec, 0
	for _, p := range n.siamese.Params() {
		trained += len(p.Value)
	}
	frozen := ""
	if trained < spec.Count() {
		frozen = fmt.Sprintf(", %s of them trained", count(trained))
	}
	report.Printf("network   VGG-16 and two shallow paths, width %v, %d x %d pixels, head %s: %s parameters%s; embedding of %d",
		spec.Width, spec.Size, spec.Size, spec.Head, count(spec.Count()), frozen, spec.EmbedDim)
	graphs := n.siamese.Bytes()
	if n.embedder != nil {
		graphs += n.embedder.Bytes()
	}
	if n.features != nil {
		graphs += n.features.Bytes()
	}
	pictures := int64(5*3*cfg.Batch) * int64(spec.Size*spec.Size*3)
	values := 4 * (int64(spec.Count()) + int64(slots)*int64(trained))
	report.Printf("memory    about %s: parameters and optimiser %s, maps and gradients %s, pictures ahead %s; %d threads, kernels %s",
		size(values+graphs+pictures), size(values), size(graphs), size(pictures), n.team.Threads(), n.team.Kernels())
}

// count formats a number of parameters.
func count(n int) string {
	switch {
	case n >= 1e6:
		return fmt.Sprintf("%.1f million", float64(n)/1e6)
	case n >= 1e4:
		return fmt.Sprintf("%.1f thousand", float64(n)/1e3)
	}
	return fmt.Sprint(n)
}

// initialise draws the weights, or takes them from --init and draws what that lacks.
func (n *network) initialise(cfg *configs.Config, report *progress.Reporter) error {
	l, err := restore.Initial(n.team, n.weights, cfg)
	if err != nil {
		return err
	}
	if cfg.Init == "" {
		report.Printf("weights   drawn anew (He et al. 2015, seed %d); --init takes pretrained ones, which need far fewer triplets", cfg.Seed)
		return nil
	}
	report.Printf("weights   %d of %d from %s", len(l.Taken), len(n.weights.List), cfg.Init)
	if len(l.Missing) > 0 {
		report.Printf("          drawn anew: %s", restore.List(l.Missing))
	}
	if len(l.Unused) > 0 {
		report.Printf("          left in the file: %s", restore.List(l.Unused))
	}
	return nil
}
