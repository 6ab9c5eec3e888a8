//go:build peers

package main

import (
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"deeprank/internal/cli"
	"deeprank/internal/metrics"
)

// readEvents prints what TensorBoard's readers find in a run's folder: the plain one, and the one that its plugins use.
const readEvents = `
import io, json, sys
from PIL import Image
from tensorboard.backend.event_processing import event_accumulator, plugin_event_accumulator
from tensorboard.util import tensor_util
keep = {k: 0 for k in ("scalars", "histograms", "images", "tensors")}
a = event_accumulator.EventAccumulator(sys.argv[1], keep)
a.Reload()
p = plugin_event_accumulator.EventAccumulator(sys.argv[1], {"tensors": 0})
p.Reload()
tags = a.Tags()
pictures = []
for e in [e for t in tags["images"] for e in a.Images(t)]:
    im = Image.open(io.BytesIO(e.encoded_image_string))
    im.load()
    assert im.size == (e.width, e.height)
    pictures.append(im.size)
print(json.dumps(dict(
    scalars={t: [[e.step, e.value] for e in a.Scalars(t)] for t in tags["scalars"]},
    counts={t: [[e.step, e.histogram_value.num, e.histogram_value.min, e.histogram_value.max, sum(e.histogram_value.bucket)] for e in a.Histograms(t)]
            for t in tags["histograms"]},
    images={t: [e.step for e in a.Images(t)] for t in tags["images"]},
    plugin={t: [e.step for e in p.Tensors(t)] for t in p.Tags()["tensors"]},
    losses=[float(tensor_util.make_ndarray(e.tensor_proto)) for e in p.Tensors("loss")],
)))
`

type readBack struct {
	Scalars map[string][][2]float64
	Counts  map[string][][5]float64
	Images  map[string][]int
	Plugin  map[string][]int
	Losses  []float64
}

// TestTensorBoard: TensorBoard reads what metrics.jsonl holds, each step once, of a run that lost steps and was resumed.
func TestTensorBoard(t *testing.T) {
	exe := os.Getenv("DEEPRANK_PYTHON")
	if exe == "" {
		t.Fatal("DEEPRANK_PYTHON names no Python with tensorboard; run make peers")
	}
	dir := tinyShop(t)
	out := filepath.Join(t.TempDir(), "run")
	args := tinyArgs(dir, out, "--val-triplets", filepath.Join(dir, "csv", "val_triplets.csv"), "--eval-every", "2", "--save-every", "3", "--resume", "auto")
	if code, _, said := start(t.Context(), t, append(args, "--steps", "5")...); code != cli.Done {
		t.Fatal(said)
	}
	// The checkpoints of steps 4 (the best) and 5 are lost: steps 4 and 5 come again.
	files, err := filepath.Glob(filepath.Join(out, checkpointsName, "*.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if filepath.Base(f) > "step-00000003.safetensors" {
			if err := os.Remove(f); err != nil {
				t.Fatal(err)
			}
		}
	}
	code, end, said := start(t.Context(), t, append(args, "--steps", "9")...)
	if code != cli.Done || end.Step != 9 {
		t.Fatal(said)
	}

	cmd := exec.CommandContext(t.Context(), exe, "-c", readEvents, out)
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got readBack
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	records, err := metrics.Read(filepath.Join(out, metricsFile))
	if err != nil || len(records) != 9 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	for tag, value := range map[string]func(r metrics.Record) float64{
		"epoch": func(r metrics.Record) float64 { return float64(r.Epoch) },
		"loss":  func(r metrics.Record) float64 { return r.Loss },
		"d_pos": func(r metrics.Record) float64 { return r.DPos }, "d_neg": func(r metrics.Record) float64 { return r.DNeg },
		"active": func(r metrics.Record) float64 { return r.Active }, "lr": func(r metrics.Record) float64 { return r.LR },
		"grad_norm": func(r metrics.Record) float64 { return r.GradNorm }, "images_per_s": func(r metrics.Record) float64 { return r.ImagesPerS },
		"wait": func(r metrics.Record) float64 { return r.Wait },
	} {
		if len(got.Scalars[tag]) != len(records) || len(got.Plugin[tag]) != len(records) {
			t.Errorf("%s: %v and %v, want each of 9 steps", tag, got.Scalars[tag], got.Plugin[tag])
			continue
		}
		for i, r := range records {
			e, want := got.Scalars[tag][i], float64(float32(value(r)))
			if int(e[0]) != r.Step || math.Abs(e[1]-want) > 1e-6*math.Abs(want) || got.Plugin[tag][i] != r.Step {
				t.Errorf("%s of step %d: %v, want %v", tag, r.Step, e, want)
			}
		}
	}
	if len(got.Losses) != 9 || math.Abs(got.Losses[8]-records[8].Loss) > 1e-6*records[8].Loss {
		t.Errorf("losses %v", got.Losses)
	}
	evaluated := []int{2, 4, 6, 8, 9}
	for i, step := range evaluated {
		if e := got.Scalars["val_accuracy"]; len(e) != len(evaluated) || int(e[i][0]) != step || math.Abs(e[i][1]-*records[step-1].ValAccuracy) > 1e-6 {
			t.Fatalf("val_accuracy: %v", e)
		}
		for _, tag := range []string{"val_d_pos", "val_d_neg"} {
			e := got.Counts[tag]
			if len(e) != len(evaluated) || int(e[i][0]) != step || e[i][1] != 20 || e[i][4] != 20 || e[i][2] < 0 || e[i][3] > 4.001 {
				t.Fatalf("%s: %v", tag, e)
			}
		}
		if e := got.Images["val_nearest"]; len(e) != len(evaluated) || e[i] != step {
			t.Fatalf("val_nearest: %v", e)
		}
	}
}
