package history

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"deeprank/configs"
	"deeprank/data"
)

// folder writes a run's folder by hand; batch is 4, so that a step has 12 pictures.
func folder(t *testing.T, config, metrics, log string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"config.yaml": "triplets: t.csv\nbatch: 4\n" + config, "metrics.jsonl": metrics, "log": log} {
		if text == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const steps = `{"step":1,"epoch":1,"loss":1.5,"images_per_s":12}
{"step":2,"epoch":1,"loss":0.5,"images_per_s":4,"val_accuracy":0.7,"val_loss":0.25,"val_recall_at_1":0.5}
{"step":3,"epoch":1,"loss":null,"images_per_s":null,"val_accuracy":0.9,"val_loss":0.125}
{"step":4,"epoch":2,"loss":1,"images_per_s":6,"val_accuracy":0.9,"val_loss":0.125}
`

// TestSum: numbers computed by hand. 36 pictures took 1 + 3 + 2 seconds.
func TestSum(t *testing.T) {
	for what, text := range map[string]string{"whole": steps, "half a line": steps + `{"step":5,"epo`} {
		r, err := Read(folder(t, "", text, ""))
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		want := Summary{Steps: 4, BestAccuracy: 0.9, BestStep: 3, LastAccuracy: 0.9, BestRecall: 0.5, RecallStep: 2, BestValLoss: 0.125, ValLossStep: 3, Loss: 1, LossSteps: 3, ImagesPerS: 6, Time: 6 * time.Second}
		if diff := cmp.Diff(want, r.Sum()); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
	var long strings.Builder
	for step := 1; step <= 150; step++ {
		loss := 7
		if step > 135 {
			loss = 2
		}
		fmt.Fprintf(&long, "{\"step\":%d,\"loss\":%d}\n", step, loss)
	}
	r, err := Read(folder(t, "", long.String(), ""))
	if err != nil {
		t.Fatal(err)
	}
	s := r.Sum()
	if s.Loss != 2 || s.LossSteps != 15 || s.Steps != 150 || s.BestStep != 0 || !math.IsNaN(s.BestAccuracy) {
		t.Errorf("%+v", s)
	}
}

func TestState(t *testing.T) {
	const at = "2026-01-02 03:04:05 "
	for log, want := range map[string]struct {
		state   State
		planned int
	}{
		"":                                    {Unfinished, 0},
		at + "step 3/20, epoch 1: loss 0.5\n": {Unfinished, 20},
		at + "step 20/20, epoch 1: loss 0.5\n" + at + "done after 20 steps; checkpoint x\n":                                {Done, 20},
		at + "step 3/20, epoch 1: loss 0.5\n" + at + "stopped after step 3; checkpoint x\n":                                {Stopped, 20},
		at + "stopped after step 3; checkpoint x\n" + at + "step 4/30, epoch 1: loss 0.5\n":                                {Unfinished, 30},
		at + "step 4: validation accuracy 0.5\nshort\n" + at + "stopped after step 3\n" + at + "step 30/x, epoch\n" + "\n": {Stopped, 0},
	} {
		r, err := Read(folder(t, "", steps, log))
		if err != nil {
			t.Fatal(err)
		}
		if r.State != want.state || r.Planned != want.planned {
			t.Errorf("%q: %s of %d, want %v", log, r.State, r.Planned, want)
		}
	}
}

// TestTriplets: how many triplets were measured, in the words of train.
func TestTriplets(t *testing.T) {
	const at = "2026-01-02 03:04:05 "
	r, err := Read(folder(t, "", steps, at+"step 1/20, epoch 1: loss 0.4750, D(q,p) 0.073\n"+at+"step 2: validation accuracy 0.8220 on 500 triplets, loss 0.2376, D(q,p) 0.4\n"+
		at+"step 3: validation accuracy 0.8220 on 490 triplets (10 skipped, a picture cannot be read), loss 0.2\n"+at+"step 3: recall@1 0.2500, mAP@R 0.1 of 30 queries [0.1 s]\n"+
		at+"step x: validation accuracy 0.8 on 5 triplets\n"+at+"step 4: validation accuracy 0.8 on\n"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[int]int{2: 500, 3: 490}, r.Triplets); diff != "" {
		t.Error(diff)
	}
}

func TestReadRefuses(t *testing.T) {
	var refused *data.Refused
	for text, want := range map[string]string{
		"": "no metrics", `{"step":1`: "no step yet", "{\"step\":1}\nnonsense\n{\"step\":2}\n": ":2:", "{\"step\":2}\n{\"step\":2}\n": "step 2 after step 2",
	} {
		if _, err := Read(folder(t, "", text, "")); !errors.As(err, &refused) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	var wrong *configs.Error
	for _, dir := range []string{filepath.Join(t.TempDir(), "none"), t.TempDir(), folder(t, "lr: red\n", steps, "")} {
		if _, err := Read(dir); !errors.As(err, &wrong) {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

func TestDifferences(t *testing.T) {
	var runs []*Run
	for _, config := range []string{"out: a\nlr: 0.1\nimages: /there/shop/images\nval_triplets: v.csv\n", "out: b\nlr: 0.2\nimages: shop/images\nquiet: true\nthreads: 2\nworkers: 3\nlog_every: 5\ncache: none\n", "out: c\nlr: 0.1\nhead: gap\nimages: images\nval_triplets: new_v.csv\n"} {
		r, err := Read(folder(t, config, steps, ""))
		if err != nil {
			t.Fatal(err)
		}
		runs = append(runs, r)
	}
	want := []Difference{{"val_triplets", []string{"v.csv", "", "new_v.csv"}}, {"head", []string{"fc", "fc", "gap"}}, {"lr", []string{"0.1", "0.2", "0.1"}}}
	if diff := cmp.Diff(want, Differences(runs)); diff != "" {
		t.Error(diff)
	}
	if d := Differences(nil); d != nil {
		t.Error(d)
	}
}

// TestReadUnknown: the run of another version is read, without the keys that are not known here.
func TestReadUnknown(t *testing.T) {
	r, err := Read(folder(t, "colour: red\nlr: 0.5\nshape: [round]\n", steps, ""))
	if err != nil {
		t.Fatal(err)
	}
	if r.Config.LR != 0.5 || !slices.Equal(r.Unknown, []string{"colour", "shape"}) {
		t.Errorf("lr %v, unknown %v", r.Config.LR, r.Unknown)
	}
}

func TestSmooth(t *testing.T) {
	s := Series{[]float64{1, 2, 3, 6, 7}, []float64{1, 3, 5, 2, 8}}
	if diff := cmp.Diff(Series{[]float64{1.5, 3, 6, 7}, []float64{2, 5, 2, 8}}, s.Smooth(2)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(s, s.Smooth(1)); diff != "" {
		t.Error(diff)
	}
	for steps, want := range map[int]int{1: 1, 100: 1, 101: 2, 500: 5, 501: 10, 1000: 10, 1001: 20, 1_000_000: 10_000} {
		if got := Width(steps); got != want {
			t.Errorf("%d steps: %d, want %d", steps, got, want)
		}
	}
}
