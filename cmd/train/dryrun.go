package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"deeprank/checkpoints"
	"deeprank/configs"
	"deeprank/data"
	"deeprank/internal/cli"
	"deeprank/internal/progress"
)

// dryRun checks everything, runs one step on the run's first batch, and says what the run would cost. It leaves nothing behind
// but cached pictures.
func dryRun(ctx context.Context, cfg *configs.Config, in *input, path string, report *progress.Reporter) (outcome, error) {
	out := outcome{Run: path, Ended: "dry run: nothing was saved"}
	if holds, err := holdsRun(path); err != nil {
		return out, err
	} else if holds && cfg.Resume == "" {
		return out, cli.Usagef("%s holds a run already; --resume auto goes on with it, another --out starts a new one", path)
	}
	used := append([]data.Triplet(nil), in.triplets...)
	rows := data.UsedRows(append(used, in.val...), in.meta.Rows())
	report.Printf("checking %d pictures", len(rows))
	bad := in.pictures.Check(ctx, rows, workers(cfg), nil)
	if g := in.gallery; g != nil {
		report.Printf("checking %d pictures to search in", len(g.rows))
		for _, b := range g.pictures.Check(ctx, g.rows, workers(cfg), nil) {
			report.Warnf("%v", b.Err)
		}
	}
	for i, b := range bad {
		if i == 20 {
			report.Warnf("and %d more pictures", len(bad)-i)
			break
		}
		report.Warnf("%v", b.Err)
	}
	if float64(len(bad)) > cfg.MaxBad*float64(len(rows)) {
		return out, &data.Refused{Path: cfg.Images, Reason: fmt.Sprintf("%d of %d pictures cannot be used, more than --max-bad %v", len(bad), len(rows), cfg.MaxBad),
			Remedy: "mend them, or allow a larger share"}
	}

	net, err := buildNetwork(cfg, in, false, report)
	if err != nil {
		return out, err
	}
	defer net.close()
	t := &trainer{cfg: cfg, in: in, net: net, report: report, now: time.Now}
	t.total = cfg.TotalSteps(stepsPerEpoch(cfg, in))
	if t.schedule, err = scheduleOf(cfg, t.total); err != nil {
		return out, err
	}
	loader, err := in.loader(ctx, cfg, data.Position{}, report)
	if err != nil {
		return out, err
	}
	defer func() { _ = loader.Close() }()
	b, err := loader.Next(ctx)
	if err != nil {
		return out, err
	}
	if b.Count == 0 {
		return out, &data.Refused{Path: cfg.Triplets, Reason: "no triplet has three pictures that can be read"}
	}
	if _, err := t.gradients(b); err != nil { // the first step also makes the buffers
		return out, err
	}
	begin := time.Now()
	r, err := t.gradients(b)
	if err != nil {
		return out, err
	}
	t.update(&r)
	step := time.Since(begin)
	out.Step, out.Epoch, out.Loss = 1, 1, finite(r.Loss)
	report.Printf("one step  %.2f s: loss %.4f, D(q,p) %.4f, D(q,n) %.4f, %.0f %% active, norm of the gradients %.3g",
		step.Seconds(), r.Loss, r.DPos, r.DNeg, 100*r.Active, r.GradNorm)
	one := checkpointBytes(net, cfg)
	report.Printf("the run   %d steps, about %s without evaluation; %.1f pictures/s", t.total,
		(time.Duration(t.total) * step).Round(time.Second), float64(3*b.Count)/step.Seconds())
	report.Printf("          a checkpoint takes %s, %d of them %s, in %s", size(one), cfg.Keep+1, size(int64(cfg.Keep+1)*one), path)
	if free, err := checkpoints.FreeSpace(existing(path)); err == nil && free < int64(cfg.Keep+1)*one {
		report.Warnf("only %s are free there", size(free))
	}
	return out, ctx.Err()
}

// existing is the nearest folder above path, or path itself, that exists.
func existing(path string) string {
	for {
		if _, err := os.Stat(path); err == nil {
			return path
		}
		parent := filepath.Dir(path)
		if parent == path {
			return path
		}
		path = parent
	}
}
