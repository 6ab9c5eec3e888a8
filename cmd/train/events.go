package main

import (
	"fmt"
	"time"

	"deeprank/data"
	"deeprank/internal/embed"
	"deeprank/internal/metrics"
	"deeprank/internal/progress"
	"deeprank/internal/retrieval"
	"deeprank/internal/tensorboard"
)

// events writes what TensorBoard shows of a run. It is there to look at: where it cannot be written, a warning says so
// and the run goes on without it.
type events struct {
	writer *tensorboard.Writer // nil once it has failed
	report *progress.Reporter
}

// openEvents starts the event file of a run that has done lastStep steps.
func openEvents(dir string, lastStep int, now time.Time, report *progress.Reporter) *events {
	e := &events{report: report}
	w, err := tensorboard.Open(dir, lastStep, now)
	if err != nil {
		e.fail(err)
		return e
	}
	e.writer = w
	return e
}

func (e *events) fail(err error) {
	e.report.Warnf("TensorBoard gets nothing more of this run: %v", err)
	e.close()
}

func (e *events) add(at time.Time, step int, values ...tensorboard.Value) {
	if e.writer == nil {
		return
	}
	if err := e.writer.Add(at, step, values...); err != nil {
		e.fail(err)
	}
}

// step tells the numbers of metrics.jsonl under their names there; the accuracy comes with its evaluation.
func (e *events) step(r metrics.Record) {
	e.add(r.Time, r.Step,
		tensorboard.Scalar{Tag: "epoch", Value: float64(r.Epoch)},
		tensorboard.Scalar{Tag: "loss", Value: r.Loss},
		tensorboard.Scalar{Tag: "d_pos", Value: r.DPos},
		tensorboard.Scalar{Tag: "d_neg", Value: r.DNeg},
		tensorboard.Scalar{Tag: "active", Value: r.Active},
		tensorboard.Scalar{Tag: "lr", Value: r.LR},
		tensorboard.Scalar{Tag: "grad_norm", Value: r.GradNorm},
		tensorboard.Scalar{Tag: "images_per_s", Value: r.ImagesPerS},
		tensorboard.Scalar{Tag: "wait", Value: r.Wait},
	)
}

// evaluation tells what the validation triplets came to: the accuracy, how both distances are spread, and the nearest
// pictures of some.
func (e *events) evaluation(t *trainer, a embed.Accuracy) {
	if e.writer == nil {
		return
	}
	const farthest, buckets = 4, 80 // squared distances of vectors of length 1
	values := []tensorboard.Value{
		tensorboard.Scalar{Tag: "val_accuracy", Value: a.Share()},
		tensorboard.Scalar{Tag: "val_loss", Value: a.Loss},
		tensorboard.Histogram{Tag: "val_d_pos", Values: a.Positives, High: farthest, Buckets: buckets},
		tensorboard.Histogram{Tag: "val_d_neg", Values: a.Negatives, High: farthest, Buckets: buckets},
	}
	e.add(t.now(), t.step, values...)
	e.nearest(t, t.in.meta, t.in.pictures, a.Sample)
}

// nearest shows the nearest pictures of some.
func (e *events) nearest(t *trainer, m *data.Metadata, pictures *data.Pictures, sample []embed.Embedded) {
	if e.writer == nil {
		return
	}
	if im := nearestSheet(m, pictures, t.cfg.Size, sample); im != nil {
		e.add(t.now(), t.step, *im)
	}
}

// retrieval tells how well the gallery is searched.
func (e *events) retrieval(at time.Time, step int, n retrieval.Numbers) {
	values := []tensorboard.Value{tensorboard.Scalar{Tag: "val_map_at_r", Value: n.MAPAtR}}
	for i, k := range retrieval.Depths() {
		values = append(values, tensorboard.Scalar{Tag: fmt.Sprintf("val_recall_at_%d", k), Value: n.Recall[i]})
	}
	e.add(at, step, values...)
}

func (e *events) sync() {
	if e.writer == nil {
		return
	}
	if err := e.writer.Sync(); err != nil {
		e.fail(err)
	}
}

func (e *events) close() {
	if e.writer != nil {
		_ = e.writer.Close() // synced with every checkpoint
		e.writer = nil
	}
}
