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
	team       *kernel.Team
	weights    *model.Weights
	siamese    *model.Siamese
	embedder   *model.Embedder  // for validation; nil where there is none
	features   *features.Source // of frozen convolutions; nil where they are not kept
	micro      int              // triplets computed at once
	evaluation int64            // bytes that an evaluation takes beside the graphs'
	opt        optim.Optimizer
}

func (n *network) close() {
	n.closeGraphs()
	if n.features != nil {
		_ = n.features.Close()
	}
	n.team.Close()
}

// buildNetwork makes the graph and the optimiser, with drawn or given weights; a checkpoint's come later.
func buildNetwork(cfg *configs.Config, in *input, resumed bool, report *progress.Reporter) (n *network, err error) {
	spec := restore.Spec(cfg)
	frozen, err := spec.Frozen(cfg.Freeze)
	if err != nil {
		return nil, &cli.UsageError{Err: err}
	}
	n = &network{team: kernel.NewTeam(cfg.Threads), evaluation: in.evaluationBytes(cfg)}
	n.team.Exact(cfg.Exact)
	defer func() {
		if err != nil {
			n.team.Close()
		}
	}()
	if n.weights, err = model.NewWeights(spec); err != nil {
		return nil, &cli.UsageError{Err: err}
	}
	if err = n.fit(cfg, frozen, in.validates(), report); err != nil {
		return nil, err
	}
	if cfg.Optimizer == "adamw" {
		n.opt = optim.NewAdamW(n.siamese.Params(), cfg.WeightDecay)
	} else {
		n.opt = optim.NewSGD(n.siamese.Params(), cfg.Momentum, cfg.WeightDecay, cfg.Nesterov)
	}
	cli.LimitGarbage(n.memory(cfg).whole())
	n.describe(cfg, report)
	if !resumed {
		err = n.initialise(cfg, report)
	}
	return n, err
}

// fit makes the graphs, with --micro-batch auto for as many triplets at once as the memory has room for.
func (n *network) fit(cfg *configs.Config, frozen func(string) bool, validate bool, report *progress.Reporter) error {
	n.micro = cfg.MicroBatchSize()
	if err := n.keepFeatures(cfg, frozen, report); err != nil {
		return err
	}
	if err := n.build(cfg, frozen, validate); err != nil || cfg.MicroBatch != configs.Auto {
		return err
	}
	room, from := cfg.MemoryBytes(), "--memory"
	if room == 0 {
		var ok bool
		if room, ok = freeMemory(); !ok {
			report.Warnf("--micro-batch auto: this system does not say how much memory is free, so the whole batch is computed at once; --memory gives a bound")
			return nil
		}
		from = "what is free"
	}
	for parts := 2; n.memory(cfg).whole() > room; parts++ {
		if n.micro == 1 {
			report.Warnf("--micro-batch auto: even one triplet at a time takes about %s, more than %s, %s", size(n.memory(cfg).whole()), from, size(room))
			break
		}
		n.micro = (cfg.Batch + parts - 1) / parts
		n.closeGraphs()
		if err := n.build(cfg, frozen, validate); err != nil {
			return err
		}
	}
	report.Printf("parts     %d of %d triplets at once (--micro-batch auto), to fit %s, %s; the result is the same", n.micro, cfg.Batch, from, size(room))
	return nil
}

// memory is what a run takes, in bytes.
type memory struct{ values, graphs, pictures, evaluation int64 }

// whole has something for the kernels' workspaces and the program itself: at full size 250 MiB were seen.
func (m memory) whole() int64 {
	known := m.values + m.graphs + m.pictures + m.evaluation
	return known + known/16 + 64<<20
}

func (n *network) memory(cfg *configs.Config) memory {
	spec, trained := n.weights.Spec, 0
	for _, p := range n.siamese.Params() {
		trained += len(p.Value)
	}
	m := memory{
		values:     4 * (int64(spec.Count()) + int64(slotsOf(cfg))*int64(trained)),
		graphs:     n.siamese.Bytes(),
		pictures:   int64(5*3*cfg.Batch) * int64(spec.Size*spec.Size*3),
		evaluation: n.evaluation,
	}
	if n.embedder != nil {
		m.graphs += n.embedder.Bytes()
	}
	if n.features != nil {
		m.graphs += n.features.Bytes()
	}
	return m
}

// build makes the graphs: the whole network's, or, where the features are frozen and can be kept, those of the heads.
func (n *network) build(cfg *configs.Config, frozen func(string) bool, validate bool) (err error) {
	if n.features == nil {
		if n.siamese, err = model.NewSiamese(n.team, n.weights, frozen, n.micro, cfg.Gap); err == nil && validate {
			n.embedder, err = model.NewEmbedder(n.team, n.weights, 3*n.micro)
		}
		return err
	}
	if n.siamese, err = model.NewHeads(n.team, n.weights, frozen, n.micro, cfg.Gap, n.features); err == nil && validate {
		n.embedder, err = model.NewHeadEmbedder(n.team, n.weights, 3*n.micro, n.features)
	}
	return err
}

func (n *network) closeGraphs() {
	if n.embedder != nil {
		_ = n.embedder.Close()
	}
	_ = n.siamese.Close()
}

// keepFeatures opens the cache of features where all convolutions of the deep path are frozen and a picture is the same in each
// epoch; where only the second is missing, it says so.
func (n *network) keepFeatures(cfg *configs.Config, frozen func(string) bool, report *progress.Reporter) (err error) {
	if !n.weights.Spec.FeaturesFrozen(frozen) {
		return nil
	}
	dir, err := cacheDir(cfg)
	switch {
	case cfg.Augments("shift"):
		report.Printf("features  are frozen, but computed anew each time: --augment none (or flip) would let each picture's be computed once and kept")
		return nil
	case dir == "" || err != nil:
		report.Printf("features  are frozen, but computed anew each time: there is no cache to keep them in (--cache)")
		return nil
	}
	const pictures = 24 // computed at a time
	cache := data.OpenFeatureCache(dir, n.weights.Spec.Flat(), cfg.CacheBytes(), func(err error) { report.Warnf("%v", err) })
	report.Printf("features  are frozen: each picture's are computed once and kept in %s", cache.Dir())
	n.features, err = features.New(n.team, n.weights, pictures, cache)
	return err
}

// describe prints the network's size and the memory that the run will need.
func (n *network) describe(cfg *configs.Config, report *progress.Reporter) {
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
	m := n.memory(cfg)
	evaluation := ""
	if m.evaluation > 0 {
		evaluation = ", embeddings of the evaluation " + size(m.evaluation)
	}
	report.Printf("memory    about %s: parameters and optimiser %s, maps and gradients %s, pictures ahead %s%s; %d threads, kernels %s",
		size(m.whole()), size(m.values), size(m.graphs), size(m.pictures), evaluation, n.team.Threads(), n.team.Kernels())
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
