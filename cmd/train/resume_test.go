package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"deeprank/checkpoints"
	"deeprank/configs"
	"deeprank/internal/cli"
)

// stopAfter is a context that a signal ends as soon as the run has written so many steps.
func stopAfter(t *testing.T, run string, steps int, s os.Signal) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancelCause(context.Background())
	done := make(chan struct{})
	t.Cleanup(func() { cancel(nil); <-done })
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			if hasRecords(run, steps) {
				cancel(cli.StopSignal{Signal: s})
			}
			time.Sleep(time.Millisecond)
		}
	}()
	return ctx
}

// TestResume stops a run by a signal in the middle of an epoch, and wants the run that goes on to end with the bits of one that was
// never stopped, and metrics without a gap.
func TestResume(t *testing.T) {
	dir := tinyShop(t)
	val := []string{"--val-triplets", filepath.Join(dir, "csv", "val_triplets.csv"), "--dropout", "0.2", "--eval-every", "3"}
	whole := trained(t, tinyArgs(dir, filepath.Join(dir, "whole"), val...)...)
	for _, c := range []struct {
		name   string
		flags  []string
		signal os.Signal
		code   int
	}{
		{"sgd", nil, os.Interrupt, cli.Interrupted},
		{"with the checkpoint's path", nil, syscall.SIGTERM, cli.Terminated},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "run")
			args := tinyArgs(dir, out, append(val, c.flags...)...)
			code, o, said := start(stopAfter(t, out, 5, c.signal), t, append(args, "--resume", "auto")...)
			if o.Status == "done" {
				t.Skip("the run was over before the signal came")
			}
			if code != c.code || o.Status != "stopped" || o.Checkpoint == "" || o.Step < 5 {
				t.Fatalf("exit code %d, %+v\n%s", code, o, said)
			}
			if state := stateOf(t, o.Checkpoint); state.Extra[pendingKey] != "" {
				wantSteps(t, out, o.Step-1) // stopped before the step's evaluation: its record is in the checkpoint
			} else {
				wantSteps(t, out, o.Step)
			}
			resume := "auto"
			if strings.Contains(c.name, "path") {
				resume = o.Checkpoint
			}
			end := trained(t, append(args, "--resume", resume)...)
			sameTensors(t, "resumed", whole.Checkpoint, end.Checkpoint)
			wantSteps(t, out, 16)
			if *end.BestAccuracy != *whole.BestAccuracy {
				t.Errorf("best accuracy %v, in one go %v", *end.BestAccuracy, *whole.BestAccuracy)
			}
		})
	}
}

func stateOf(t *testing.T, path string) *checkpoints.State {
	t.Helper()
	metadata, _, err := checkpoints.ReadHeader(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := checkpoints.DecodeState(metadata)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestResumeDone goes on with a run that is over: there is nothing to do, which is no error.
func TestResumeDone(t *testing.T) {
	dir := tinyShop(t)
	args := tinyArgs(dir, filepath.Join(dir, "run"))
	first := trained(t, args...)
	again := trained(t, append(args, "--resume", "last")...)
	if again.Step != first.Step || again.Checkpoint != first.Checkpoint || *again.Loss != *first.Loss {
		t.Errorf("first %+v, again %+v", first, again)
	}
	more := trained(t, append(args, "--resume", "last", "--epochs", "3")...)
	if more.Step != 24 {
		t.Errorf("with another epoch: %d steps, want 24", more.Step)
	}
	wantSteps(t, filepath.Join(dir, "run"), 24)
	code, o, said := start(t.Context(), t, append(args, "--resume", "last", "--set", "steps=25", "--set", "weight_decay=0")...)
	if code != cli.Done || o.Step != 25 || !strings.Contains(said, "changed since the checkpoint: weight_decay: 0.0005 in the checkpoint, 0.0 now") {
		t.Errorf("with --set: exit code %d, %+v\n%s", code, o, said)
	}
}

// TestResumeDamaged takes the checkpoint before a damaged one and ends with the same bits.
func TestResumeDamaged(t *testing.T) {
	dir := tinyShop(t)
	out := filepath.Join(dir, "run")
	args := tinyArgs(dir, out, "--save-every", "5")
	whole := trained(t, args...)
	before := whole.Checkpoint + ".whole"
	b, err := os.ReadFile(whole.Checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(before, b, 0o644); err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(whole.Checkpoint, b, 0o644); err != nil {
		t.Fatal(err)
	}
	code, o, said := start(context.Background(), t, append(args, "--resume", "last")...)
	if code != cli.Done || !strings.Contains(said, filepath.Base(whole.Checkpoint)) || !strings.Contains(said, "step 15") {
		t.Fatalf("exit code %d, %+v\n%s", code, o, said)
	}
	sameTensors(t, "from the checkpoint before", before, o.Checkpoint)

	// With all of them damaged the run is not started anew over them.
	files, err := filepath.Glob(filepath.Join(out, "checkpoints", "*.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := os.Truncate(f, 100); err != nil {
			t.Fatal(err)
		}
	}
	if code, o, said := start(context.Background(), t, append(args, "--resume", "auto")...); code == cli.Done {
		t.Fatalf("a new run was started over damaged checkpoints: %+v\n%s", o, said)
	}
}

// TestResumeRefused lists what differs from the checkpoint's run.
func TestResumeRefused(t *testing.T) {
	dir := tinyShop(t)
	out := filepath.Join(dir, "run")
	args := tinyArgs(dir, out)
	trained(t, args...)
	for _, c := range []struct {
		flags, says []string
	}{
		{nil, []string{"holds a run already", "--resume auto"}},
		{[]string{"--resume", "last", "--width", "0.1", "--lr", "0.5"}, []string{"width: 0.05 in the checkpoint, 0.1 now", "lr: 0.01 in the checkpoint, 0.5 now"}},
		{[]string{"--resume", "last", "--set", "nesterov=true", "--set", "augment=none"}, []string{"augment: flip,shift in the checkpoint, none now", "nesterov: false in the checkpoint, true now"}},
		{[]string{"--resume", "last", "--batch", "4"}, []string{"batch: 8 in the checkpoint, 4 now"}},
		{[]string{"--resume", "last", "--triplets", filepath.Join(dir, "csv", "val_triplets.csv")}, []string{"content of the triplets file"}},
		{[]string{"--resume", filepath.Join(dir, "none.safetensors")}, []string{"none.safetensors"}},
		{[]string{"--resume", "best"}, []string{"best"}},
	} {
		code, o, said := start(context.Background(), t, append(args, c.flags...)...)
		if code != cli.Usage || o.Status != "failed" {
			t.Errorf("%v: exit code %d, want %d\n%s", c.flags, code, cli.Usage, said)
		}
		for _, want := range c.says {
			if !strings.Contains(said, want) || !strings.Contains(o.Error, want) {
				t.Errorf("%v: %q is missing in\n%s", c.flags, want, said)
			}
		}
	}
}

// TestResumeBest goes back to the best checkpoint; what came after it is gone.
func TestResumeBest(t *testing.T) {
	dir := tinyShop(t)
	out := filepath.Join(dir, "run")
	args := tinyArgs(dir, out, "--val-triplets", filepath.Join(dir, "csv", "val_triplets.csv"), "--eval-every", "2", "--save-every", "2", "--keep", "9")
	whole := trained(t, args...)
	keep := whole.Checkpoint + ".whole"
	if err := os.Rename(whole.Checkpoint, keep); err != nil {
		t.Fatal(err)
	}
	end := trained(t, append(args, "--resume", "best")...)
	sameTensors(t, "from the best", keep, end.Checkpoint)
	wantSteps(t, out, 16)
}

// TestPending stops a run during the evaluation that belongs to a step: the run that goes on does it first.
func TestPending(t *testing.T) {
	dir := tinyShop(t)
	val := []string{"--val-triplets", filepath.Join(dir, "csv", "val_triplets.csv")}
	whole := trained(t, tinyArgs(dir, filepath.Join(dir, "whole"), val...)...)
	want := wantSteps(t, whole.Run, 16)

	// A checkpoint as such a stop leaves it: the record of step 8 is in the checkpoint, not in the metrics.
	out := filepath.Join(dir, "run")
	args := tinyArgs(dir, out, val...)
	trained(t, append(args, "--epochs", "1")...)
	path := filepath.Join(out, "checkpoints", "step-00000008.safetensors")
	f, err := checkpoints.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := checkpoints.DecodeState(f.Metadata)
	if err != nil {
		t.Fatal(err)
	}
	record := want[7]
	record.ValAccuracy = nil
	b, err := record.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	s.Extra = map[string]string{pendingKey: string(b)}
	s.HasBest, s.BestScore, s.BestStep, s.EvalsSinceBest = false, 0, 0, 0
	if err := s.Encode(f.Metadata); err != nil {
		t.Fatal(err)
	}
	if err := checkpoints.Write(path, f); err != nil {
		t.Fatal(err)
	}

	end := trained(t, append(args, "--resume", "auto")...)
	got := wantSteps(t, out, 16)
	if got[7].ValAccuracy == nil || *got[7].ValAccuracy != *want[7].ValAccuracy {
		t.Errorf("validation accuracy of step 8: %v, want %v", got[7].ValAccuracy, *want[7].ValAccuracy)
	}
	if *end.BestAccuracy != *whole.BestAccuracy {
		t.Errorf("best accuracy %v, want %v", *end.BestAccuracy, *whole.BestAccuracy)
	}
	sameTensors(t, "after the evaluation", whole.Checkpoint, end.Checkpoint)
}

// TestLocked keeps a second program out.
func TestLocked(t *testing.T) {
	dir := tinyShop(t)
	out := filepath.Join(dir, "run")
	if err := os.MkdirAll(out, 0o755); err != nil {
		t.Fatal(err)
	}
	lock, err := checkpoints.AcquireLock(out)
	if err != nil {
		t.Fatal(err)
	}
	code, _, said := start(context.Background(), t, tinyArgs(dir, out, "--resume", "auto")...)
	if code != cli.Failed || !strings.Contains(said, out) {
		t.Errorf("exit code %d: %s", code, said)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	trained(t, tinyArgs(dir, out, "--resume", "auto")...)
}

func TestRunPath(t *testing.T) {
	at := time.Date(2014, 4, 17, 9, 5, 7, 0, time.UTC)
	for _, c := range []struct{ triplets, out, resume, want string }{
		{"a/shop.tsv", "", "", filepath.Join("runs", "shop-20140417-090507")},
		{"a/shop.tsv", "x/y/", "", filepath.Join("x", "y")},
		{"a/shop.tsv", "", filepath.Join("r", "checkpoints", "step-00000001.safetensors"), "r"},
		{"a/shop.tsv", "", "elsewhere.safetensors", ""},
		{"a/shop.tsv", "", "last", ""},
	} {
		got, err := runPath(&configs.Config{Triplets: c.triplets, Out: c.out, Resume: c.resume}, at)
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%+v: %q, %v", c, got, err)
		}
	}
}
