package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"deeprank/internal/cli"
	"deeprank/internal/shop"
)

const small = "--size 32 --width 0.05 --fc-dim 16 --embed-dim 8 --steps 2 --batch 4 --threads 2 --patience 1ms"

func runBench(ctx context.Context, t *testing.T, args string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(ctx, strings.Fields(args), &out, &errs)
	return code, out.String(), errs.String()
}

// object runs bench --json, which must succeed, and returns its object.
func object(t *testing.T, args string) (m map[string]any) {
	t.Helper()
	code, stdout, stderr := runBench(t.Context(), t, small+" --json "+args)
	if code != cli.Done {
		t.Fatalf("%s: exit code %d: %s", args, code, stderr)
	}
	if strings.Count(stdout, "\n") != 1 {
		t.Fatalf("%s: more than one line: %s", args, stdout)
	}
	if err := json.Unmarshal([]byte(stdout), &m); err != nil {
		t.Fatalf("%s: %v", stdout, err)
	}
	return m
}

func TestJSON(t *testing.T) {
	m := object(t, "")
	for _, key := range []string{"limit_gflops", "ms_per_image", "ms_per_image_median", "images_per_s", "effective_gflops", "effective_over_limit"} {
		if v, ok := m[key].(float64); !ok || !(v > 0) {
			t.Errorf("%s is %v", key, m[key])
		}
	}
	if _, err := os.Stat("/proc/self/status"); err == nil {
		if v, ok := m["peak_rss_bytes"].(float64); !ok || !(v > 1<<20) {
			t.Errorf("peak_rss_bytes is %v", m["peak_rss_bytes"])
		}
	}
	for key, want := range map[string]any{
		"status": "done", "threads": 2., "batch": 4., "size": 32., "width": 0.05, "head": "fc", "active": 1., "forward": false, "optimizer": "sgd", "steps": 2.,
		"wait_share": m["wait_share"],
	} {
		if m[key] != want {
			t.Errorf("%s is %v, want %v", key, m[key], want)
		}
	}
	if best, median := m["ms_per_image"].(float64), m["ms_per_image_median"].(float64); best > median {
		t.Errorf("best %v, median %v", best, median)
	}
	layers, ok := m["layers"].([]any)
	if !ok || len(layers) < 40 {
		t.Fatalf("layers: %v", m["layers"])
	}
	names := map[string]bool{}
	for _, l := range layers {
		l := l.(map[string]any)
		for _, key := range []string{"ms", "gflops", "share"} {
			if v, ok := l[key].(float64); !ok || v < 0 {
				t.Errorf("%v: %s is %v", l, key, l[key])
			}
		}
		names[l["name"].(string)+" "+l["pass"].(string)] = true
	}
	for _, name := range []string{
		"features.0 forward", "features.2 forward + pool", "features.28 to weights", "features.28 to data", "features.28 unpool",
		"classifier.0 forward", "embed to data", "shallow4 to weights", "loss backward", "optimiser update",
	} {
		if !names[name] {
			t.Errorf("no layer %q", name)
		}
	}
	if names["features.0 to data"] {
		t.Error("the gradient to the picture is no part of a step")
	}

	m = object(t, "--layers=false --forward --micro-batch 3 --head gap")
	if l, ok := m["layers"].([]any); !ok || len(l) > 0 || m["head"] != "gap" || m["forward"] != true || m["micro_batch"] != 3. {
		t.Errorf("%v", m)
	}
}

// TestActive: the drawn pictures give exactly the share that was asked for, with whole and with split batches.
func TestActive(t *testing.T) {
	for _, c := range []struct {
		args string
		want float64
	}{
		{"--active 1", 1}, {"--active 0.5", 0.5}, {"--active 0", 0}, {"--active 0.1", 0}, {"--active 0.25 --micro-batch 3", 0.25},
		{"--active 0.1 --batch 10 --optimizer adamw", 0.1}, {"--active 0.75 --head gap", 0.75},
	} {
		if got := object(t, "--layers=false "+c.args)["active"]; got != c.want {
			t.Errorf("%s: %v of the triplets are active", c.args, got)
		}
	}
}

// TestPicturesDiffer: no two pictures of a batch are the same, or a program that spares copies would do less work.
func TestPicturesDiffer(t *testing.T) {
	const triplets, size = 6, 32
	pixels := drawBatch(triplets, size, 0.5)
	seen := map[string]bool{}
	for p := range slices.Chunk(pixels, size*size*3) {
		if seen[string(p)] {
			t.Error("two pictures are the same")
		}
		seen[string(p)] = true
	}
	if len(seen) != 3*triplets {
		t.Errorf("%d pictures", len(seen))
	}
}

func TestTable(t *testing.T) {
	code, stdout, stderr := runBench(t.Context(), t, small+" --freeze features --micro-batch 2")
	if code != cli.Done {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	for _, want := range []string{
		"machine  ", "limit    ", "4 triplets in parts of 2 (12 images)", "frozen features (read from a disk)", "classifier.0  to weights", "all layers", "\nstep  ", "100.0 % of the triplets active",
		"best of 2",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
	if strings.Contains(stdout, "features.28") || strings.Contains(stdout, "{") {
		t.Errorf("frozen layers have gradients, or there is JSON:\n%s", stdout)
	}
}

func TestTriplets(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "shop")
	o := shop.FolderOptions{Options: shop.Options{Products: 20, Views: 2, Size: 32, Seed: 1}, Triplets: 9, ValTriplets: 1, Threads: 2}
	if _, err := shop.WriteFolder(t.Context(), dir, o); err != nil {
		t.Fatal(err)
	}
	list, cache := filepath.Join(dir, "csv/triplets.csv"), t.TempDir()
	for _, more := range []string{"--cache none", "--cold", "--cache " + cache} { // 2 batches of 4 an epoch, and a rest of 1
		m := object(t, "--layers=false --steps 5 --triplets "+list+" "+more)
		if wait, ok := m["wait_share"].(float64); !ok || !(wait > 0 && wait < 1) {
			t.Errorf("%s: wait_share is %v", more, m["wait_share"])
		}
	}
	found := false
	err := filepath.WalkDir(cache, func(_ string, d os.DirEntry, err error) error {
		found = found || err == nil && !d.IsDir()
		return err
	})
	if err != nil || !found {
		t.Errorf("nothing in the cache, %v", err)
	}

	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"--triplets " + list + " --batch 10", cli.Data, "9 triplets are less than a batch of 10"},
		{"--triplets " + filepath.Join(dir, "none.tsv"), cli.Data, "no metadata"},
		{"--triplets " + list + " --active 0.5", cli.Usage, "the pictures decide"},
		{"--triplets " + list + " --cold --cache x", cli.Usage, "--cold makes its own cache"},
	} {
		code, _, stderr := runBench(t.Context(), t, small+" --layers=false "+c.args)
		if code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit code %d, %s", c.args, code, stderr)
		}
	}
}

func TestUsage(t *testing.T) {
	for args, want := range map[string]string{
		"--size 33":               "multiple of 32",
		"--head mean":             "head",
		"--batch 0":               "--batch is 0",
		"--batch 4 --steps 0":     "--steps is 0",
		"--active 1.5":            "--active is 1.5",
		"--active NaN":            "--active is NaN",
		"--threads -1":            "--threads is -1",
		"--micro-batch 9":         "--micro-batch is 9",
		"--optimizer adam":        "sgd or adamw",
		"--freeze fc6":            "fc6",
		"--forward --active 1":    "no loss",
		"--forward --freeze fc":   "trains nothing",
		"--cold":                  "need --triplets",
		"--stpes 3":               "unknown flag",
		"everything":              "too much",
		"--width 0":               "width",
		"--patience 0s":           "--patience is 0s",
		"--json --optimizer adam": "sgd or adamw",
	} {
		code, stdout, stderr := runBench(t.Context(), t, args)
		if code != cli.Usage || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit code %d, %s", args, code, stderr)
		}
		if isJSON := strings.HasPrefix(stdout, `{"status":"failed"`); !isJSON {
			t.Errorf("%s: stdout %q", args, stdout)
		}
	}
	for args, want := range map[string]string{"--help": "--active", "--version": "bench "} {
		if code, stdout, _ := runBench(t.Context(), t, args); code != cli.Done || !strings.Contains(stdout, want) {
			t.Errorf("%s: exit code %d, %s", args, code, stdout)
		}
	}
}

// TestSignal: bench ends between two steps, and says by what.
func TestSignal(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cli.StopSignal{Signal: syscall.SIGTERM})
	code, stdout, _ := runBench(ctx, t, small+" --json")
	if code != cli.Terminated || !strings.Contains(stdout, `"status":"stopped"`) {
		t.Errorf("exit code %d, %s", code, stdout)
	}
}
