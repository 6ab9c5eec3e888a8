package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"deeprank/checkpoints"
	"deeprank/internal/cli"
	"deeprank/internal/metrics"
	"deeprank/internal/shop"
)

// TestMain lets the test binary stand in for the program, so that tests can kill it.
func TestMain(m *testing.M) {
	if os.Getenv("DEEPRANK_TEST_TRAIN") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// tinyShop draws 20 products with 2 pictures each; 60 triplets to train on, 20 to validate on.
func tinyShop(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "shop")
	_, err := shop.WriteFolder(context.Background(), dir, shop.FolderOptions{
		Options: shop.Options{Products: 20, Views: 2, Size: 32, Seed: 5}, Triplets: 60, ValTriplets: 20, Threads: 2,
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// tinyArgs are the flags of a run that takes a moment: 8 steps an epoch of 8 triplets, the last one of 4.
func tinyArgs(dir, out string, more ...string) []string {
	return append([]string{
		"--triplets", filepath.Join(dir, "csv", "triplets.csv"), "--out", out, "--cache", filepath.Join(dir, "cache"),
		"--size", "32", "--width", "0.05", "--fc-dim", "16", "--embed-dim", "8", "--batch", "8", "--epochs", "2", "--lr", "0.01",
		"--threads", "1", "--workers", "2",
	}, more...)
}

// ended is the last line on stdout.
type ended struct {
	outcome
	Status, Error, Reason string
}

// start runs the program and returns its exit code, its last line and all that it said.
func start(ctx context.Context, t *testing.T, args ...string) (int, ended, string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(ctx, args, &stdout, &stderr)
	lines := strings.Split(strings.TrimSpace(stdout.String()), "\n")
	var o ended
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &o); err != nil {
		t.Fatalf("the last line on stdout is no JSON: %v\n%s", err, stdout.String())
	}
	return code, o, stderr.String()
}

// trained runs the program and wants it to end well.
func trained(t *testing.T, args ...string) ended {
	t.Helper()
	code, o, said := start(context.Background(), t, args...)
	if code != cli.Done || o.Status != "done" {
		t.Fatalf("exit code %d, %+v\n%s", code, o, said)
	}
	return o
}

// sameTensors wants two checkpoints to hold the same bits.
func sameTensors(t *testing.T, what, a, b string) {
	t.Helper()
	read := func(path string) map[string][]float32 {
		f, err := checkpoints.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		m := map[string][]float32{}
		for _, v := range f.Tensors {
			m[v.Name] = v.Data
		}
		return m
	}
	x, y := read(a), read(b)
	if !slices.Equal(slices.Sorted(maps.Keys(x)), slices.Sorted(maps.Keys(y))) {
		t.Fatalf("%s: other tensors: %v and %v", what, slices.Sorted(maps.Keys(x)), slices.Sorted(maps.Keys(y)))
	}
	if len(x) != 2*36 {
		t.Fatalf("%s: %d tensors, want parameters and momentum of 36", what, len(x))
	}
	for name, v := range x {
		for i := range v {
			if math.Float32bits(v[i]) != math.Float32bits(y[name][i]) {
				t.Fatalf("%s: %s[%d] is %v and %v", what, name, i, v[i], y[name][i])
			}
		}
	}
}

func wantSteps(t *testing.T, run string, steps int) []metrics.Record {
	t.Helper()
	records, err := metrics.Read(filepath.Join(run, metricsFile))
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range records {
		if r.Step != i+1 {
			t.Fatalf("record %d is of step %d", i+1, r.Step)
		}
	}
	if len(records) != steps {
		t.Fatalf("%d records, want %d", len(records), steps)
	}
	return records
}

func TestTrain(t *testing.T) {
	dir := tinyShop(t)
	out := filepath.Join(dir, "run")
	o := trained(t, tinyArgs(dir, out, "--val-triplets", filepath.Join(dir, "csv", "val_triplets.csv"))...)
	if o.Step != 16 || o.Epoch != 2 || o.Run != out || o.Loss == nil || o.ValAccuracy == nil || o.BestAccuracy == nil {
		t.Errorf("outcome %+v", o)
	}
	records := wantSteps(t, out, 16)
	for i, r := range records {
		if (r.ValAccuracy != nil) != (i == 7 || i == 15) {
			t.Errorf("step %d: validation accuracy %v; it belongs to the epochs' ends", r.Step, r.ValAccuracy)
		}
		if r.Epoch != i/8+1 || r.LR != 0.01 || !(r.GradNorm > 0) || !(r.Loss >= 0) {
			t.Errorf("record %+v", r)
		}
	}
	if o.Loss != nil && *o.Loss != records[15].Loss {
		t.Errorf("loss %v, the last record has %v", *o.Loss, records[15].Loss)
	}
	for _, name := range []string{configFile, logFile, metricsFile, "checkpoints/step-00000008.safetensors", "checkpoints/step-00000016.safetensors"} {
		if info, err := os.Stat(filepath.Join(out, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The same again from the config that the run saved.
	again := trained(t, "--config", filepath.Join(out, configFile), "--out", filepath.Join(dir, "again"))
	sameTensors(t, "from the saved config", o.Checkpoint, again.Checkpoint)
}

// TestSameBits holds the promise that a run is repeatable whatever the workers, the threads and the cache.
func TestSameBits(t *testing.T) {
	dir := tinyShop(t)
	first := trained(t, tinyArgs(dir, filepath.Join(dir, "first"), "--dropout", "0.5")...)
	for i, flags := range [][]string{
		{"--workers", "1"}, {"--workers", "8"}, {"--threads", "2"}, {"--threads", "3", "--cache", "none"},
		{"--save-every", "3", "--log-every", "1", "--keep", "1"},
	} {
		o := trained(t, tinyArgs(dir, filepath.Join(dir, fmt.Sprint("run", i)), append([]string{"--dropout", "0.5"}, flags...)...)...)
		sameTensors(t, strings.Join(flags, " "), first.Checkpoint, o.Checkpoint)
	}
	other := trained(t, tinyArgs(dir, filepath.Join(dir, "other"), "--dropout", "0.5", "--seed", "2")...)
	if *other.Loss == *first.Loss {
		t.Error("another seed gives the same loss")
	}
}

// TestMicroBatch wants parts of a batch to come to the same bits.
func TestMicroBatch(t *testing.T) {
	dir := tinyShop(t)
	whole := trained(t, tinyArgs(dir, filepath.Join(dir, "whole"), "--dropout", "0.3")...)
	for _, micro := range []string{"1", "3"} {
		parts := trained(t, tinyArgs(dir, filepath.Join(dir, micro), "--dropout", "0.3", "--micro-batch", micro)...)
		sameTensors(t, "--micro-batch "+micro, whole.Checkpoint, parts.Checkpoint)
	}
}

// TestExact: --exact gives other bits and nearly the same result, and going on without it is said.
func TestExact(t *testing.T) {
	dir := tinyShop(t)
	args := func(out string, more ...string) []string {
		return tinyArgs(dir, filepath.Join(dir, out), append([]string{"--width", "0.25", "--steps", "1"}, more...)...)
	}
	fast, exact := trained(t, args("fast")...), trained(t, args("exact", "--exact")...)
	if d := math.Abs(*fast.Loss - *exact.Loss); d == 0 || d > 1e-5 {
		t.Errorf("losses %v and, with --exact, %v", *fast.Loss, *exact.Loss)
	}
	code, _, said := start(context.Background(), t, args("exact", "--resume", "last", "--steps", "2")...)
	if code != cli.Done || !strings.Contains(said, "direct convolutions, this run uses") || !strings.Contains(said, "differ in rounding") {
		t.Errorf("exit code %d, said:\n%s", code, said)
	}
}

// TestFrozenFeatures: with features kept on disk, and read back in a second run, the result has the bits of a run that computes them.
func TestFrozenFeatures(t *testing.T) {
	dir := tinyShop(t)
	args := func(out, augment string, more ...string) []string {
		return tinyArgs(dir, filepath.Join(dir, out), append([]string{
			"--freeze", "features", "--augment", augment, "--val-triplets", filepath.Join(dir, "csv", "val_triplets.csv"), "--micro-batch", "3",
		}, more...)...)
	}
	for _, augment := range []string{"none", "flip"} {
		want := trained(t, args("computed-"+augment, augment, "--cache", "none")...)
		for _, run := range []string{"kept-", "read-"} {
			got := trained(t, args(run+augment, augment)...)
			if *got.ValAccuracy != *want.ValAccuracy || *got.Loss != *want.Loss {
				t.Errorf("%s, %s: accuracy %v and loss %v, want %v and %v", augment, run, *got.ValAccuracy, *got.Loss, *want.ValAccuracy, *want.Loss)
			}
			a, err := checkpoints.Read(got.Checkpoint)
			if err != nil {
				t.Fatal(err)
			}
			b, err := checkpoints.Read(want.Checkpoint)
			if err != nil {
				t.Fatal(err)
			}
			for i, x := range a.Tensors {
				if x.Name != b.Tensors[i].Name || !slices.Equal(x.Data, b.Tensors[i].Data) {
					t.Errorf("%s, %s: other bits of %s", augment, run, x.Name)
				}
			}
		}
	}
	kept, err := filepath.Glob(filepath.Join(dir, "cache", "features", "??", "*"))
	if err != nil || len(kept) == 0 {
		t.Errorf("no features are kept: %v", err)
	}
	_, _, said := start(context.Background(), t, args("shifted", "shift")...)
	if !strings.Contains(said, "--augment none (or flip)") {
		t.Errorf("said:\n%s", said)
	}
}

// TestMicroBatchAuto: as many triplets at once as the memory has room for, with the same bits.
func TestMicroBatchAuto(t *testing.T) {
	dir := tinyShop(t)
	whole := trained(t, tinyArgs(dir, filepath.Join(dir, "whole"))...)
	for _, c := range []struct{ memory, said string }{
		{"1GiB", "8 of 8 triplets at once"}, {"65.5MiB", " of 8 triplets at once"}, {"1MiB", "even one triplet at a time takes"},
	} {
		args := tinyArgs(dir, filepath.Join(dir, c.memory), "--micro-batch", "auto", "--memory", c.memory)
		_, o, said := start(context.Background(), t, args...)
		if !strings.Contains(said, c.said) || c.memory == "65.5MiB" && strings.Contains(said, "8 of 8") {
			t.Errorf("--memory %s: said:\n%s", c.memory, said)
		}
		sameTensors(t, "--memory "+c.memory, whole.Checkpoint, o.Checkpoint)
	}
	if n, ok := freeMemory(); ok && n < 1<<20 {
		t.Errorf("%d bytes are free", n)
	}
}
