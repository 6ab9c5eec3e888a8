package main

import (
	"context"
	"fmt"

	"deeprank/configs"
	"deeprank/data"
	"deeprank/internal/embed"
	"deeprank/internal/metrics"
)

// evaluate measures the validation triplets and the gallery, keeps account of the best, and puts the numbers into the record.
func (t *trainer) evaluate(ctx context.Context, r *metrics.Record) (improved bool, err error) {
	var told []string
	if t.in.val != nil {
		text, err := t.evaluateTriplets(ctx, r)
		if err != nil {
			return false, causeOf(ctx, err)
		}
		told = append(told, text)
	}
	if t.in.gallery != nil {
		text, err := t.evaluateGallery(ctx, r)
		if err != nil {
			return false, causeOf(ctx, err)
		}
		told = append(told, text)
	}
	score := scoreOf(t.cfg.Criterion(), r)
	t.sinceBest++
	note := ""
	if improved = !t.hasBest || score > t.best; improved {
		t.hasBest, t.best, t.bestStep, t.sinceBest = true, score, t.step, 0
		note = ", the best so far"
	}
	for i, text := range told {
		if i == len(told)-1 {
			text += note
		}
		t.report.Printf("step %d: %s", t.step, text)
	}
	return improved, nil
}

// causeOf is why an evaluation failed: what ended the run, where it was that.
func causeOf(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// scoreOf is what the best checkpoint has most of.
func scoreOf(criterion string, r *metrics.Record) float64 {
	switch criterion {
	case configs.ByLoss:
		return -*r.ValLoss
	case configs.ByRecall:
		return *r.ValRecall1
	}
	return *r.ValAccuracy
}

// bestValue is the best score as it was measured: the loss is a score with the other sign.
func (t *trainer) bestValue() float64 {
	if t.cfg.Criterion() == configs.ByLoss {
		return -t.best
	}
	return t.best
}

// nameBad says once in a run which picture an evaluation lacks.
func (t *trainer) nameBad(err error) {
	const most = 20
	text := err.Error()
	if t.badNamed[text] {
		return
	}
	if t.badNamed == nil {
		t.badNamed = map[string]bool{}
	}
	t.badNamed[text] = true
	switch n := len(t.badNamed); {
	case n <= most:
		t.report.Warnf("a picture to measure on cannot be used: %v", err)
	case n == most+1:
		t.report.Warnf("there are more of them; --dry-run looks at all pictures")
	}
}

func (t *trainer) evaluateTriplets(ctx context.Context, r *metrics.Record) (string, error) {
	begin := t.now()
	t.report.Status("step %d: measuring %d validation triplets", t.step, len(t.in.val))
	a, err := embed.Triplets(ctx, t.net.embedder, t.in.pictures, t.cfg.Size, t.in.val, t.cfg.Gap, workers(t.cfg), t.nameBad, func(done int) {
		t.report.Status("step %d: %d of %d validation triplets measured", t.step, done, len(t.in.val))
	})
	if err != nil {
		return "", err
	}
	if a.Triplets == 0 {
		return "", &data.Refused{Path: t.cfg.ValTriplets, Reason: "no validation triplet has three pictures that can be read", Remedy: "check the pictures, or leave --val-triplets out"}
	}
	t.events.evaluation(t, a)
	share := a.Share()
	t.last.ValAccuracy, r.ValAccuracy, r.ValLoss = &share, &share, &a.Loss
	skipped := ""
	if a.Skipped > 0 {
		skipped = fmt.Sprintf(" (%d skipped, a picture cannot be read)", a.Skipped)
	}
	return fmt.Sprintf("validation accuracy %.4f on %d triplets%s, loss %.4f, D(q,p) %.4f, D(q,n) %.4f [%.1f s]",
		share, a.Triplets, skipped, a.Loss, a.DPos, a.DNeg, t.now().Sub(begin).Seconds()), nil
}

func (t *trainer) evaluateGallery(ctx context.Context, r *metrics.Record) (string, error) {
	begin := t.now()
	n, sample, bad, err := t.in.gallery.measure(ctx, t.net, t.cfg, t.nameBad, func(done, total int) {
		t.report.Status("step %d: %d of %d pictures to search in", t.step, done, total)
	})
	if err != nil {
		return "", err
	}
	recall, mean := n.Recall[0], n.MAPAtR
	t.last.ValRecall1, r.ValRecall1, r.ValMAPAtR = &recall, &recall, &mean
	t.events.retrieval(t.now(), t.step, n)
	if t.in.val == nil { // else the sheet shows the pictures of the triplets
		t.events.nearest(t, t.in.gallery.meta, t.in.gallery.pictures, sample)
	}
	skipped := ""
	if bad > 0 {
		skipped = fmt.Sprintf(" (%d pictures cannot be read)", bad)
	}
	return fmt.Sprintf("recall@1 %.4f, mAP@R %.4f of %d queries%s [%.1f s]", recall, mean, n.Queries, skipped, t.now().Sub(begin).Seconds()), nil
}
