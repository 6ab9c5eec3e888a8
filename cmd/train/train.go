package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"deeprank/configs"
	"deeprank/internal/cli"
	"deeprank/internal/health"
	"deeprank/internal/metrics"
	"deeprank/internal/optim"
	"deeprank/internal/progress"
)

// train is one run from its settings to its outcome.
func train(ctx context.Context, cfg *configs.Config, stderr io.Writer) (outcome, error) {
	report := progress.New(stderr, nil, progress.Options{Quiet: cfg.Quiet, LogEvery: cfg.LogEvery})
	defer func() {
		if err := report.Close(); err != nil {
			fmt.Fprintf(stderr, "train: warning: the run's log is not whole: %v\n", err)
		}
	}()
	now := time.Now
	out := outcome{}

	path, err := runPath(cfg, now())
	if err != nil {
		return out, err
	}
	in, err := openInput(cfg, report)
	if err != nil {
		return out, err
	}
	defer in.close()
	if cfg.DryRun {
		return dryRun(ctx, cfg, in, path, report)
	}

	f, err := openFolder(ctx, cfg, path, report)
	if err != nil {
		return out, err
	}
	defer f.close()
	out.Run = f.path
	if f.from != nil {
		if err := f.compare(cfg, in.prints, report); err != nil {
			return out, err
		}
	}
	cfg.Out = f.path
	report.SetLog(f.log)

	net, err := buildNetwork(cfg, in, f.from != nil, report)
	if err != nil {
		return out, err
	}
	defer net.close()
	t := &trainer{
		cfg: cfg, in: in, folder: f, net: net, report: report, health: health.New(cfg.Gap), now: now,
		started: now(), savedAt: now(),
	}
	t.total = cfg.TotalSteps(stepsPerEpoch(cfg, in))
	if t.schedule, err = scheduleOf(cfg, t.total); err != nil {
		return out, err
	}
	if err := t.begin(); err != nil {
		return out, err
	}
	defer func() { _ = t.metrics.Close() }() // synced before every checkpoint
	defer t.events.close()

	loader, err := in.loader(ctx, cfg, t.next, report)
	if err != nil {
		return out, err
	}
	defer func() { _ = loader.Close() }()
	report.Begin(t.plan())
	reason, err := t.loop(ctx, loader)
	out = t.outcome(reason)
	if err == nil {
		report.Printf("done after %d steps; checkpoint %s", t.step, t.saved)
	}
	return out, err
}

// begin restores the checkpoint, if any, and opens the run's files.
func (t *trainer) begin() error {
	f := t.folder
	if f.from != nil {
		p, err := t.net.restore(f.from, f.state)
		if err != nil {
			return fmt.Errorf("%s: %w", f.fromPath, err)
		}
		t.place = *p
		t.savedStep, t.saved = t.step, f.fromPath
		f.from = nil // its tensors were copied; let their memory go
		debug.FreeOSMemory()
		t.report.Printf("resume    %s: step %d, epoch %d, triplet %d of it", f.fromPath, t.step, t.next.Epoch+1, t.next.Index)
		if k := f.state.Kernel; k != "" && k != t.net.team.Kernels() {
			t.report.Warnf("the checkpoint was computed with the kernels %s, this run uses %s: results differ in rounding", k, t.net.team.Kernels())
		}
		f.store.Removed = func(path, why string) { t.report.Printf("removed %s: %s", path, why) }
		if err := f.store.RemoveAfter(t.step); err != nil {
			return err
		}
		f.store.Removed = nil
	}
	yaml, err := t.cfg.YAML()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(f.path, configFile), yaml, 0o644); err != nil {
		return fmt.Errorf("writing the run's config: %w", err)
	}
	kept := t.step
	if t.pending != "" {
		kept-- // its record is in the checkpoint
	}
	var missing *metrics.Missing
	if t.metrics, missing, err = metrics.Open(filepath.Join(f.path, metricsFile), kept); err != nil {
		return err
	}
	if missing != nil {
		t.report.Warnf("%s", missing)
	}
	t.events = openEvents(f.path, kept, t.now(), t.report)
	t.report.Printf("run       %s: %d steps of %d triplets (%s)", f.path, t.total, t.cfg.Batch, lengthOf(t.cfg))
	return nil
}

// plan is what the progress bar counts to.
func (t *trainer) plan() progress.Plan {
	p := progress.Plan{First: t.step, Total: t.total}
	if t.cfg.MaxTime > 0 {
		p.Deadline = t.started.Add(t.cfg.MaxTime)
	}
	return p
}

// outcome is what the run came to.
func (t *trainer) outcome(reason string) outcome {
	o := outcome{Step: t.step, Epoch: t.next.Epoch + 1, Loss: t.last.Loss, ValAccuracy: t.last.ValAccuracy, ValRecall1: t.last.ValRecall1, Run: t.folder.path, Checkpoint: t.saved, Ended: reason}
	if t.next.Index == 0 && t.next.Epoch > 0 {
		o.Epoch = t.next.Epoch // the one that has just ended
	}
	if t.hasBest {
		o.BestBy, o.Best, o.BestStep = t.cfg.Criterion(), finite(t.bestValue()), &t.bestStep
		if o.BestBy == configs.ByAccuracy {
			o.BestAccuracy = o.Best
		}
	}
	return o
}

// stepsPerEpoch counts the batches of an epoch in which every picture can be read.
func stepsPerEpoch(cfg *configs.Config, in *input) int {
	return (len(in.triplets) + cfg.Batch - 1) / cfg.Batch
}

// lengthOf says what ends the run: --steps takes the place of --epochs.
func lengthOf(cfg *configs.Config) string {
	s := fmt.Sprintf("%d epochs", cfg.Epochs)
	if cfg.Steps > 0 {
		s = fmt.Sprintf("%d steps", cfg.Steps)
	}
	if cfg.MaxTime > 0 {
		s += fmt.Sprintf(" or %v", cfg.MaxTime)
	}
	return s
}

// scheduleOf makes the schedule of a run of total steps.
func scheduleOf(cfg *configs.Config, total int) (optim.Schedule, error) {
	s := optim.Schedule{Kind: cfg.Schedule, Base: cfg.LR, Warmup: cfg.Warmup, Total: total, StepEvery: cfg.StepLength(total), StepFactor: cfg.StepFactor}
	if err := s.Check(); err != nil {
		return s, &cli.UsageError{Err: fmt.Errorf("--schedule: %w", err)}
	}
	return s, nil
}

// checkpointBytes is about the size of a checkpoint.
func checkpointBytes(net *network, cfg *configs.Config) int64 {
	n := net.weights.Spec.Count()
	for _, p := range net.siamese.Params() {
		n += len(p.Value) * slotsOf(cfg)
	}
	return 4 * int64(n)
}

// slotsOf is how many values the optimiser keeps for each parameter.
func slotsOf(cfg *configs.Config) int {
	switch {
	case cfg.Optimizer == "adamw":
		return 2
	case cfg.Momentum == 0:
		return 0
	}
	return 1
}
