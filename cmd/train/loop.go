package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"deeprank/configs"
	"deeprank/data"
	"deeprank/internal/health"
	"deeprank/internal/kernel"
	"deeprank/internal/metrics"
	"deeprank/internal/optim"
	"deeprank/internal/progress"
	"deeprank/model"
)

// trainer is one run under way.
type trainer struct {
	cfg      *configs.Config
	in       *input
	folder   *folder
	net      *network
	schedule optim.Schedule
	metrics  *metrics.Writer
	events   *events
	report   *progress.Reporter
	health   *health.Monitor
	now      func() time.Time

	place
	keys      []uint64 // of a part of a batch, kept from step to step
	started   time.Time
	total     int    // steps of the whole run
	saved     string // path of the newest checkpoint
	savedStep int
	savedAt   time.Time
	badNamed  map[string]bool // pictures of evaluations that cannot be read, by what is said of them
}

// loop trains until the last step, the last epoch, a limit, or the end of ctx, and leaves a checkpoint of where it came to. reason
// says why it ended early; "" when it did not.
func (t *trainer) loop(ctx context.Context, loader *data.Loader) (reason string, err error) {
	if err := t.finishPending(ctx); err != nil {
		return "", t.stopped(err)
	}
	epochSteps := t.next.Index // above 0 when the epoch has had steps
	for t.step < t.total {
		begin := t.now()
		batch, err := loader.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			return "", t.stopped(err)
		}
		waited := t.now().Sub(begin)
		endOfEpoch := batch.EndOfEpoch
		if batch.Count == 0 { // all that was left of the epoch had unreadable pictures
			if epochSteps == 0 {
				return "", &data.Refused{Path: t.cfg.Triplets, Reason: "no triplet has three pictures that can be read", Remedy: "the log names the pictures"}
			}
			epochSteps = 0
			if err := t.epochEnd(ctx, batch.Next); err != nil {
				return "", t.stopped(err)
			}
			loader.Recycle(batch)
			continue
		}

		// Gradients, then (the place for a sum over machines) the update.
		record, err := t.gradients(batch)
		if err != nil {
			return "", err
		}
		t.update(&record)
		t.step++
		t.next = batch.Next
		t.last.Loss = finite(record.Loss)
		pictures, epoch := 3*batch.Count, batch.Epoch
		loader.Recycle(batch) // the loader writes in it from here on
		epochSteps++
		if endOfEpoch {
			epochSteps = 0
		}

		record.Step, record.Epoch, record.Time = t.step, epoch+1, t.now()
		took := record.Time.Sub(begin).Seconds()
		record.ImagesPerS, record.Wait = float64(pictures)/took, waited.Seconds()/took
		t.tell(record)

		last := t.step == t.total
		improved := false
		if t.in.validates() && (last || t.due(t.cfg.EvalEvery, endOfEpoch)) {
			if improved, err = t.evaluate(ctx, &record); err != nil {
				return "", t.stoppedBefore(record, err)
			}
		}
		if err := t.metrics.Write(record); err != nil {
			return "", err
		}
		t.events.step(record)
		if last || improved || t.due(t.cfg.SaveEvery, endOfEpoch) || t.old() {
			if err := t.save(); err != nil {
				return "", err
			}
		}
		if reason = t.enough(); reason != "" {
			break
		}
		if ctx.Err() != nil {
			return "", t.stopped(context.Cause(ctx))
		}
	}
	if t.step == 0 {
		return "", &data.Refused{Path: t.cfg.Triplets, Reason: "no step could be done", Remedy: "check the triplets, --limit, --steps and --epochs"}
	}
	return reason, t.finish()
}

// gradients runs the batch forward and backward, in parts of a micro-batch, and leaves the gradients in the network.
func (t *trainer) gradients(b *data.Batch) (metrics.Record, error) {
	var r metrics.Record
	r.Loss = 0
	per, micro := t.cfg.Size*t.cfg.Size*3, t.net.micro
	for from := 0; from < b.Count; from += micro {
		n := min(micro, b.Count-from)
		t.keys = t.keys[:0]
		for i := from; i < from+n; i++ {
			for role := range uint64(3) {
				t.keys = append(t.keys, kernel.StreamKey(t.cfg.Seed, dropoutStream, uint64(t.step), role, uint64(i)))
			}
		}
		part := model.Batch{Triplets: n, Pixels: b.Pixels[3*from*per : 3*(from+n)*per], Keys: t.keys}
		res, err := t.net.siamese.Step(part, b.Count, from > 0)
		if err != nil {
			return r, err
		}
		r.Loss += res.Loss
		for i := range n {
			r.DPos += float64(res.DPos[i]) / float64(b.Count)
			r.DNeg += float64(res.DNeg[i]) / float64(b.Count)
			if res.Hinge[i] > 0 {
				r.Active += 1 / float64(b.Count)
			}
		}
	}
	r.GradNorm = optim.GradNorm(t.net.team, t.net.siamese.Params())
	for _, v := range []struct {
		name  string
		value float64
	}{{"loss", r.Loss}, {"norm of the gradients", r.GradNorm}} {
		if math.IsNaN(v.value) || math.IsInf(v.value, 0) {
			return r, fmt.Errorf("the %s became %v in step %d; nothing of it was saved, the last checkpoint is as it was.\n"+
				"Try a smaller --lr (it was %v), --warmup, or --clip-grad 1. The triplets of the batch, by their lines in %s: %s",
				v.name, v.value, t.step+1, t.schedule.LR(t.step), t.cfg.Triplets, lines(b.Triplets))
		}
	}
	return r, nil
}

// dropoutStream tells the random stream of dropout from others of the same seed.
const dropoutStream = 0xd20

// lines lists the triplets' lines in their file; line 1 is the header.
func lines(numbers []int) string {
	s := ""
	for i, n := range numbers {
		if i > 0 {
			s += ", "
		}
		s += fmt.Sprint(n + 2)
	}
	return s
}

// update applies the gradients.
func (t *trainer) update(r *metrics.Record) {
	r.LR = t.schedule.LR(t.step)
	scale := float32(1)
	if t.cfg.ClipGrad > 0 {
		scale = optim.ClipScale(r.GradNorm, t.cfg.ClipGrad)
	}
	t.net.opt.Step(t.net.team, t.net.siamese.Params(), r.LR, scale)
}

// tell shows the step and says in words what goes wrong.
func (t *trainer) tell(r metrics.Record) {
	t.report.Step(progress.StepInfo{
		Step: r.Step, Epoch: r.Epoch, Loss: r.Loss, Active: r.Active, DPos: r.DPos, DNeg: r.DNeg,
		LR: r.LR, ImagesPerS: r.ImagesPerS,
	})
	for _, s := range t.health.Step(health.Sample{
		Step: r.Step, Loss: r.Loss, DPos: r.DPos, DNeg: r.DNeg, Active: r.Active, Wait: r.Wait, GradNorm: r.GradNorm,
	}) {
		t.report.Warnf("%s", s)
	}
}

// due says whether something that happens every so many steps, or at each epoch's end where that is 0, happens now.
func (t *trainer) due(every int, endOfEpoch bool) bool {
	if every == 0 {
		return endOfEpoch
	}
	return t.step%every == 0
}

// old says whether the newest checkpoint is older than --save-minutes.
func (t *trainer) old() bool {
	return t.cfg.SaveMinutes > 0 && t.now().Sub(t.savedAt).Minutes() >= t.cfg.SaveMinutes
}

// enough says why the run should end before its last step; "" when it should not.
func (t *trainer) enough() string {
	switch {
	case t.cfg.Patience > 0 && t.sinceBest >= t.cfg.Patience:
		return fmt.Sprintf("patience: %d evaluations in a row were not better than step %d's %s of %.4f", t.sinceBest, t.bestStep, t.cfg.Criterion(), t.bestValue())
	case t.cfg.MaxTime > 0 && t.now().Sub(t.started) >= t.cfg.MaxTime:
		return fmt.Sprintf("max-time: %v have passed", t.cfg.MaxTime)
	}
	return ""
}

// save writes the checkpoint of this step; the metrics reach the disk before it.
func (t *trainer) save() error {
	if err := t.metrics.Sync(); err != nil {
		return err
	}
	t.events.sync()
	f, err := t.net.snapshot(&t.place, t.cfg, t.in.prints)
	if err != nil {
		return err
	}
	scored := t.hasBest && t.bestStep == t.step
	path, err := t.folder.store.Save(t.step, f, t.best, scored)
	if path == "" {
		return fmt.Errorf("saving the checkpoint of step %d: %w; the checkpoints before it are as they were", t.step, err)
	}
	if err != nil {
		t.report.Warnf("%v", err) // the new checkpoint is safe; an old one could not be removed
	}
	t.saved, t.savedStep, t.savedAt = path, t.step, t.now()
	return nil
}

// finish saves the end of the run where that is not done yet.
func (t *trainer) finish() error {
	if t.savedStep == t.step && t.saved != "" {
		return nil
	}
	return t.save()
}

// epochEnd does what belongs to the end of an epoch whose last triplets all had unreadable pictures; the step before
// did not know that it was the last.
func (t *trainer) epochEnd(ctx context.Context, next data.Position) error {
	if t.in.validates() && t.cfg.EvalEvery == 0 {
		if _, err := t.evaluate(ctx, &metrics.Record{}); err != nil {
			return err
		}
	}
	t.next = next
	return t.save()
}

// stopped saves where the run came to when it is ended from outside, by a signal or by pictures that went away, and
// returns why it ended.
func (t *trainer) stopped(cause error) error {
	if t.step == 0 || t.savedStep == t.step {
		return cause
	}
	if err := t.save(); err != nil {
		return errors.Join(cause, err)
	}
	t.report.Printf("stopped after step %d; checkpoint %s", t.step, t.saved)
	return cause
}

// stoppedBefore is stopped for a step whose evaluation was cut short: it comes first when the run goes on.
func (t *trainer) stoppedBefore(r metrics.Record, cause error) error {
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	t.pending = string(b)
	return t.stopped(cause)
}

// finishPending does the evaluation that a stopped run had still to do.
func (t *trainer) finishPending(ctx context.Context) error {
	if t.pending == "" {
		return nil
	}
	var r metrics.Record
	if err := json.Unmarshal([]byte(t.pending), &r); err != nil {
		return fmt.Errorf("%s: the record of step %d: %w", t.folder.fromPath, t.step, err)
	}
	if t.in.validates() {
		if _, err := t.evaluate(ctx, &r); err != nil {
			return err
		}
	}
	t.pending = ""
	if err := t.metrics.Write(r); err != nil {
		return err
	}
	t.events.step(r)
	return t.save()
}
