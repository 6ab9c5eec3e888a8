package metrics

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// record is step n of a run whose numbers depend on n alone.
func record(n int) Record {
	r := rand.New(rand.NewPCG(uint64(n), 1))
	return Record{Step: n, Epoch: 1 + n/10, Loss: r.Float64(), DPos: r.Float64(), DNeg: r.Float64(), Active: r.Float64(),
		LR: 0.001, GradNorm: r.ExpFloat64(), ImagesPerS: 1 / 3.0, Wait: r.Float64(),
		Time: time.Date(2014, 4, 17, 9, 0, n, 250e6, time.UTC)}
}

func records(from, to int) []Record {
	var rs []Record
	for n := from; n <= to; n++ {
		rs = append(rs, record(n))
	}
	return rs
}

func text(t *testing.T, rs []Record) string {
	t.Helper()
	var b strings.Builder
	for _, r := range rs {
		j, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(j, '\n'))
	}
	return b.String()
}

func TestKeysAndOrder(t *testing.T) {
	acc, loss, recall, mean := 0.5, 0.25, 0.75, 0.125
	r := Record{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, time.Date(2014, 4, 17, 11, 0, 0, 250e6, time.FixedZone("", 7200)), &acc, &loss, &recall, &mean}
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"step":1,"epoch":2,"loss":3,"d_pos":4,"d_neg":5,"active":6,"lr":7,"grad_norm":8,"images_per_s":9,` +
		`"wait":10,"time":"2014-04-17T09:00:00.25Z","val_accuracy":0.5,"val_loss":0.25,"val_recall_at_1":0.75,"val_map_at_r":0.125}`
	if string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}
	var back Record
	if err := json.Unmarshal(b, &back); err != nil || *back.ValLoss != loss || *back.ValRecall1 != recall || *back.ValMAPAtR != mean {
		t.Errorf("read again: %+v, %v", back, err)
	}
	r.ValAccuracy, r.ValLoss, r.ValRecall1, r.ValMAPAtR = nil, nil, nil, nil
	if b, _ = json.Marshal(r); bytes.Contains(b, []byte("val_")) {
		t.Errorf("what was not measured is written: %s", b)
	}
}

func TestNaNIsNull(t *testing.T) {
	nan := math.NaN()
	r := Record{Step: 1, Loss: nan, DPos: math.Inf(1), GradNorm: math.Inf(-1), ValAccuracy: &nan}
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var any map[string]any
	if err := json.Unmarshal(b, &any); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	for _, key := range []string{"loss", "d_pos", "grad_norm", "val_accuracy"} {
		if v, ok := any[key]; !ok || v != nil {
			t.Errorf("%s is %v, want null", key, v)
		}
	}
	var back Record
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if !math.IsNaN(back.Loss) || !math.IsNaN(back.DPos) || back.DNeg != 0 {
		t.Errorf("read back as %+v", back)
	}
}

func TestOpen(t *testing.T) {
	ten := text(t, records(1, 10))
	without := func(n int) string { return text(t, records(1, n-1)) + text(t, records(n+1, 10)) }
	tests := []struct {
		name     string
		before   string
		lastStep int
		want     []Record
		missing  *Missing
	}{
		{"new", "", 0, nil, nil},
		{"new run over an old file", ten, 0, nil, nil},
		{"nothing to drop", ten, 10, records(1, 10), nil},
		{"steps that were lost with a kill", ten, 7, records(1, 7), nil},
		{"torn last line", ten + `{"step":11,"epo`, 10, records(1, 10), nil},
		{"torn line that is needed", ten[:len(ten)-5], 10, records(1, 9), &Missing{Count: 1, First: 10, Last: 10}},
		{"last line without its end", ten[:len(ten)-1], 10, records(1, 9), &Missing{Count: 1, First: 10, Last: 10}},
		{"CRLF", strings.ReplaceAll(ten, "\n", "\r\n"), 7, records(1, 7), nil},
		{"file is gone", "", 5, nil, &Missing{Count: 5, First: 1, Last: 5}},
		{"file is too short", ten, 12, records(1, 10), &Missing{Count: 2, First: 11, Last: 12}},
		{"hole", without(4), 8, append(records(1, 3), records(5, 8)...), &Missing{Count: 1, First: 4, Last: 8}},
		{"damaged in the middle", strings.Replace(ten, `{"step":4,`, `{"st\x00p":4,`, 1), 8,
			append(records(1, 3), records(5, 8)...), &Missing{Count: 1, First: 4, Last: 8}},
		{"empty lines", strings.Replace(ten, "\n", "\n\n", 3), 10, records(1, 10), nil},
		{"steps twice", text(t, records(1, 5)) + text(t, records(3, 10)), 10, records(1, 10), nil},
		{"lost steps between", text(t, records(1, 3)) + text(t, records(8, 9)) + text(t, records(4, 6)), 6, records(1, 6), nil},
		{"zeros after a power cut", ten + strings.Repeat("\x00", 100), 10, records(1, 10), nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "metrics.jsonl")
			if test.before != "" {
				if err := os.WriteFile(path, []byte(test.before), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			w, missing, err := Open(path, test.lastStep)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.missing, missing, cmpopts.IgnoreFields(Missing{}, "Path")); diff != "" {
				t.Errorf("missing: %s", diff)
			}
			next := records(test.lastStep+1, test.lastStep+2) // the run goes on
			for _, r := range next {
				if err := w.Write(r); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			got, err := Read(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(append(test.want, next...), got); diff != "" {
				t.Error(diff)
			}
			left, err := filepath.Glob(path + "*")
			if err != nil || len(left) != 1 {
				t.Errorf("files left behind: %v, %v", left, err)
			}
		})
	}
}

// A program that is killed at any byte, and resumed from a checkpoint, leaves what one that was never
// killed does.
func TestKillAnywhere(t *testing.T) {
	const steps, every = 7, 2 // checkpoints at steps 2, 4, 6
	want := text(t, records(1, steps))
	path := filepath.Join(t.TempDir(), "metrics.jsonl")
	for cut := 0; cut < len(want); cut += 3 {
		checkpoint := strings.Count(want[:cut], "\n") / every * every
		if err := os.WriteFile(path, []byte(want[:cut]), 0o644); err != nil {
			t.Fatal(err)
		}
		w, missing, err := Open(path, checkpoint)
		if err != nil || missing != nil {
			t.Fatalf("cut at byte %d: %v, %v", cut, missing, err)
		}
		for _, r := range records(checkpoint+1, steps) {
			if err := w.Write(r); err != nil {
				t.Fatal(err)
			}
		}
		w.file.Close()
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Fatalf("cut at byte %d: the file differs from that of a run without a kill", cut)
		}
	}
}

// Another program reads a line as soon as it is written.
func TestWriteIsAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metrics.jsonl")
	w, _, err := Open(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for n := 1; n <= 3; n++ {
		if err := w.Write(record(n)); err != nil {
			t.Fatal(err)
		}
		if got, err := Read(path); err != nil || len(got) != n {
			t.Fatalf("after step %d: %d records, %v", n, len(got), err)
		}
	}
}

func TestWriteRefusesOtherSteps(t *testing.T) {
	w, _, err := Open(filepath.Join(t.TempDir(), "m"), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, step := range []int{0, 2, -1} {
		if err := w.Write(record(step)); err == nil {
			t.Errorf("step %d was written as the first", step)
		}
	}
	if err := w.Write(record(1)); err != nil {
		t.Fatal(err)
	}
	if err := w.Write(record(1)); err == nil {
		t.Error("step 1 was written twice")
	}
}

func TestErrorsNameTheFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "metrics.jsonl")
	if err := os.WriteFile(path, []byte(text(t, records(1, 2))+"{}\n"+text(t, records(3, 3))), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%s:3: has no step", path)) {
		t.Errorf("got %v", err)
	}
	if _, err := Read(filepath.Join(dir, "none")); err == nil || !strings.Contains(err.Error(), "none") {
		t.Errorf("got %v", err)
	}
	if _, _, err := Open(dir, 0); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("a folder: got %v", err)
	}
	if _, _, err := Open(filepath.Join(dir, "none", "m"), 0); err == nil {
		t.Error("a missing folder is no error")
	}
}
