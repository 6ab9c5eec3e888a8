package checkpoints

import (
	"encoding/json"
	"errors"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func someState() State {
	return State{
		Step: 1200, Epoch: 3, Position: 417, Updates: 1199, Seed: math.MaxUint64,
		Config:  "gap: 1.0\ntriplets: shop/triplets.tsv\n",
		Data:    map[string]string{"triplets.tsv": "ab12", "sample_set.csv": "cd34"},
		HasBest: true, BestScore: 1.0 / 3, BestStep: 1000, EvalsSinceBest: 2,
		Metrics: json.RawMessage(`{"accuracy":[0.5,0.75]}`),
		Program: "v0.1.0", Go: "go1.26.0", Kernel: "gemm6x16AVX2",
		Extra: map[string]string{"elapsed": "12m3s"},
	}
}

// TestState goes through a real file and back.
func TestState(t *testing.T) {
	want := someState()
	f := sample(1200, 8)
	f.Metadata["deeprank.extra.old"] = "of the state before" // must go
	if err := want.Encode(f.Metadata); err != nil {
		t.Fatal(err)
	}
	read, err := readBytes(t, encoded(t, f))
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeState(read.Metadata)
	if err != nil {
		t.Fatal(err)
	}
	want.FormatVersion = StateVersion
	if d := cmp.Diff(&want, got); d != "" {
		t.Error(d)
	}
	if read.Metadata["note"] == "" {
		t.Error("Encode removed what is not its own")
	}
}

func TestStateEmpty(t *testing.T) {
	metadata := map[string]string{}
	if err := (&State{BestScore: math.Inf(-1)}).Encode(metadata); err != nil {
		t.Fatal(err)
	}
	got, err := DecodeState(metadata)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(&State{FormatVersion: StateVersion, BestScore: math.Inf(-1), Go: runtime.Version()}, got); d != "" {
		t.Error(d)
	}
}

func TestStateErrors(t *testing.T) {
	tests := []struct {
		name   string
		change func(map[string]string)
		kind   error
		want   string
	}{
		{"weights only", func(m map[string]string) { clear(m) }, ErrNoState, "--init"},
		{"newer", func(m map[string]string) { m["deeprank.format_version"] = "2"; delete(m, "deeprank.step") }, ErrNewer, "its format is 2"},
		{"version is no number", func(m map[string]string) { m["deeprank.format_version"] = "one" }, ErrDamaged, "format_version"},
		{"no step", func(m map[string]string) { delete(m, "deeprank.step") }, ErrDamaged, `has no "deeprank.step"`},
		{"no kernel", func(m map[string]string) { delete(m, "deeprank.kernel") }, ErrDamaged, `has no "deeprank.kernel"`},
		{"negative position", func(m map[string]string) { m["deeprank.position"] = "-1" }, ErrDamaged, `position = "-1"`},
		{"seed", func(m map[string]string) { m["deeprank.seed"] = "1.5" }, ErrDamaged, `seed = "1.5"`},
		{"data", func(m map[string]string) { m["deeprank.data"] = "[]" }, ErrDamaged, `data = "[]"`},
		{"score", func(m map[string]string) { m["deeprank.best_score"] = "" }, ErrDamaged, `best_score = ""`},
		{"metrics", func(m map[string]string) { m["deeprank.metrics"] = "{" }, ErrDamaged, `metrics = "{"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			metadata := map[string]string{}
			s := someState()
			if err := s.Encode(metadata); err != nil {
				t.Fatal(err)
			}
			test.change(metadata)
			got, err := DecodeState(metadata)
			if got != nil || !errors.Is(err, test.kind) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, error %v, want %v with %q", got, err, test.kind, test.want)
			}
		})
	}
	if err := (&State{Metrics: json.RawMessage("{")}).Encode(map[string]string{}); err == nil {
		t.Error("Metrics that is no JSON was accepted")
	}
}
