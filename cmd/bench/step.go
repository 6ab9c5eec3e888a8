package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"time"

	"deeprank/data"
	"deeprank/internal/cli"
	"deeprank/internal/features"
	"deeprank/internal/kernel"
	"deeprank/internal/optim"
	"deeprank/model"
)

// timings are those of a number of steps; the times are in seconds.
type timings struct {
	steps  []float64 // each step over its images
	waited float64   // for pictures, over all steps
	whole  float64   // of all steps
	active float64   // mean share of triplets with a hinge above 0
	update float64   // the optimiser's, best
	norm   float64   // the gradients', best; not part of the step
}

func (t *timings) best() float64 { return slices.Min(t.steps) }

func (t *timings) median() float64 {
	s := slices.Sorted(slices.Values(t.steps))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// source gives batches of pictures.
type source interface {
	// next returns a batch's pictures, for as many triplets; they stay valid until the next call.
	next(ctx context.Context) (pixels []byte, triplets int, err error)
	close() error
}

// drawn is one batch, made here, over and over.
type drawn struct {
	pixels   []byte
	triplets int
}

func (d drawn) next(context.Context) ([]byte, int, error) { return d.pixels, d.triplets, nil }
func (d drawn) close() error                              { return nil }

// timer is what both kinds of steps are measured by.
type timer struct {
	o    *options
	team *kernel.Team
	note func(format string, a ...any)
}

// run times the steps: the first one is for warming up. Batches that are not whole, at an epoch's end, are not counted.
func (t timer) run(ctx context.Context, src source, step func(pixels []byte, triplets int) error) (r timings, err error) {
	for i := -1; i < t.o.steps; {
		if err := ctx.Err(); err != nil {
			return r, err
		}
		begin := time.Now()
		pixels, triplets, err := src.next(ctx)
		if err != nil {
			return r, err
		}
		if triplets != t.o.batch {
			continue
		}
		waited := time.Since(begin)
		if err := step(pixels, triplets); err != nil {
			return r, err
		}
		took := time.Since(begin).Seconds()
		i++
		if i == 0 {
			t.note("first step %.2f s; timing %d more", took, t.o.steps)
			continue
		}
		r.steps = append(r.steps, took/float64(3*triplets))
		r.waited += waited.Seconds()
		r.whole += took
	}
	return r, nil
}

// embeddings times the forward pass.
func (t timer) embeddings(ctx context.Context, w *model.Weights, src source) (timings, error) {
	e, err := model.NewEmbedder(t.team, w, 3*t.o.microBatch)
	if err != nil {
		return timings{}, err
	}
	defer func() { _ = e.Close() }()
	out := make([]float32, 3*t.o.batch*e.Dim())
	per := t.o.spec.Size * t.o.spec.Size * 3
	return t.run(ctx, src, func(pixels []byte, triplets int) error {
		for from := 0; from < 3*triplets; from += 3 * t.o.microBatch {
			n := min(3*t.o.microBatch, 3*triplets-from)
			if err := e.Embed(pixels[from*per:(from+n)*per], n, out[from*e.Dim():]); err != nil {
				return err
			}
		}
		return nil
	})
}

// siamese makes the network; where its features are frozen, the heads and a folder that keeps the features.
func (t timer) siamese(w *model.Weights, gap float64) (s *model.Siamese, done func(), err error) {
	if !w.Spec.FeaturesFrozen(t.o.frozen) {
		s, err = model.NewSiamese(t.team, w, t.o.frozen, t.o.microBatch, gap)
		return s, func() { _ = s.Close() }, err
	}
	dir, err := os.MkdirTemp("", "deeprank-bench-")
	if err != nil {
		return nil, nil, err
	}
	cache := data.OpenFeatureCache(dir, w.Spec.Flat(), 0, func(err error) { t.note("%v", err) })
	source, err := features.New(t.team, w, min(24, 3*t.o.microBatch), cache)
	if err == nil {
		s, err = model.NewHeads(t.team, w, t.o.frozen, t.o.microBatch, gap, source)
	}
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, nil, err
	}
	return s, func() {
		_ = s.Close()
		_ = source.Close()
		_ = os.RemoveAll(dir)
	}, nil
}

// rate is the learning rate: small, so that the active triplets stay those that were drawn as such.
const rate = 1e-4

// training times forward, backward and update.
func (t timer) training(ctx context.Context, w *model.Weights, gap float64, src source) (timings, error) {
	s, done, err := t.siamese(w, gap)
	if err != nil {
		return timings{}, err
	}
	defer done()
	cli.LimitGarbage(s.Bytes() + 8*int64(t.o.spec.Count()))
	var opt optim.Optimizer
	if t.o.optimizer == "adamw" {
		opt = optim.NewAdamW(s.Params(), 0.01)
	} else {
		opt = optim.NewSGD(s.Params(), 0.9, 5e-4, false)
	}
	per := t.o.spec.Size * t.o.spec.Size * 3
	var active []float64
	update := math.Inf(1)
	r, err := t.run(ctx, src, func(pixels []byte, triplets int) error {
		hinges := 0
		for from := 0; from < triplets; from += t.o.microBatch {
			n := min(t.o.microBatch, triplets-from)
			b := model.Batch{Triplets: n, Pixels: pixels[3*from*per : 3*(from+n)*per]}
			res, err := s.Step(b, triplets, from > 0)
			if err != nil {
				return err
			}
			if math.IsNaN(res.Loss) || math.IsInf(res.Loss, 0) {
				return fmt.Errorf("the loss became %v", res.Loss)
			}
			for _, h := range res.Hinge {
				if h > 0 {
					hinges++
				}
			}
		}
		begin := time.Now()
		opt.Step(t.team, s.Params(), rate, 1)
		update = min(update, time.Since(begin).Seconds())
		active = append(active, float64(hinges)/float64(triplets))
		return nil
	})
	if err != nil {
		return r, err
	}
	for _, a := range active[1:] {
		r.active += a / float64(len(active)-1)
	}
	r.update = update
	r.norm = fastest(t.o.patience, func() { optim.GradNorm(t.team, s.Params()) })
	return r, nil
}
