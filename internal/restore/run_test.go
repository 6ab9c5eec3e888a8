package restore

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"deeprank/checkpoints"
	"deeprank/configs"
	"deeprank/data"
)

// folder makes a run's folder with checkpoints of the steps, each with its score if that is not negative.
func folder(t *testing.T, scores map[int]float64) string {
	t.Helper()
	dir := t.TempDir()
	c := config()
	c.Triplets = "triplets.csv"
	text, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config.yaml"), text, 0o666); err != nil {
		t.Fatal(err)
	}
	store, err := checkpoints.OpenStore(filepath.Join(dir, "checkpoints"), 9)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []int{1, 2, 3} {
		if score, ok := scores[step]; ok {
			f := &checkpoints.File{Tensors: []checkpoints.Tensor{{Name: "x", Shape: []int{1}, Data: []float32{float32(step)}}}}
			if _, err := store.Save(step, f, score, score >= 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

func damage(t *testing.T, dir string, step string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "checkpoints", "step-0000000"+step+".safetensors"), []byte("cut"), 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestOpenRun(t *testing.T) {
	dir := folder(t, nil)
	r, err := OpenRun(dir + "/")
	if err != nil || r.Dir != dir || r.Config.FCDim != 5 || r.Config.Triplets != "triplets.csv" {
		t.Fatalf("%+v, %v", r, err)
	}
	for _, c := range []struct{ dir, config, want string }{
		{filepath.Join(dir, "none"), "", "there is no such folder"},
		{filepath.Join(dir, "config.yaml"), "", "is a file; a run is a folder"},
		{t.TempDir(), "", "holds no run"},
		{t.TempDir(), "sizes: 3", "config.yaml:1: unknown key"},
		{t.TempDir(), "triplets: a\nsize: 33", "is 33"},
	} {
		if c.config != "" {
			if err := os.WriteFile(filepath.Join(c.dir, "config.yaml"), []byte(c.config), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		_, err := OpenRun(c.dir)
		var setting *configs.Error
		if !errors.As(err, &setting) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.dir) {
			t.Errorf("%q: %T %v, want %q", c.config, err, err, c.want)
		}
	}
}

func TestRunCheckpoint(t *testing.T) {
	for _, c := range []struct {
		name    string
		scores  map[int]float64
		damaged string // steps
		want    float32
		warned  string // steps
	}{
		{"best", map[int]float64{1: 0.5, 2: 0.9, 3: 0.8}, "", 2, ""},
		{"newest where there is no score", map[int]float64{1: -1, 2: -1}, "", 2, ""},
		{"next best", map[int]float64{1: 0.5, 2: 0.9, 3: 0.8}, "2", 3, "2"},
		{"newest where the best is damaged", map[int]float64{1: 0.5, 2: -1, 3: -1}, "31", 2, "13"},
	} {
		dir := folder(t, c.scores)
		for _, step := range c.damaged {
			damage(t, dir, string(step))
		}
		r, err := OpenRun(dir)
		if err != nil {
			t.Fatal(err)
		}
		warned := ""
		path, f, err := r.Checkpoint(t.Context(), "", func(path string, _ error) {
			warned += strings.TrimLeft(strings.TrimSuffix(filepath.Base(path), ".safetensors"), "step-0")
		})
		if err != nil || f.Tensors[0].Data[0] != c.want || warned != c.warned {
			t.Errorf("%s: %s, %v, warned of %q", c.name, path, err, warned)
		}
	}

	dir := folder(t, map[int]float64{1: 0.5})
	r, err := OpenRun(dir)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "checkpoints", "step-00000001.safetensors")
	if path, f, err := r.Checkpoint(t.Context(), file, nil); err != nil || path != file || f.Tensors[0].Data[0] != 1 {
		t.Errorf("by its path: %s, %v", path, err)
	}
	empty := &Run{Dir: t.TempDir()}
	broken := folder(t, map[int]float64{1: 0.5})
	damage(t, broken, "1")
	for _, c := range []struct {
		run     *Run
		path    string
		want    string
		refused bool
	}{
		{empty, "", "has no checkpoint yet", false},
		{r, filepath.Join(dir, "none"), "no such file", false},
		{r, r.ConfigPath, "cannot be used as a checkpoint", true},
		{&Run{Dir: broken}, "", "none of its 1 checkpoints can be read", true},
	} {
		_, _, err := c.run.Checkpoint(t.Context(), c.path, func(string, error) {})
		var refused *data.Refused
		var setting *configs.Error
		if errors.As(err, &refused) != c.refused || errors.As(err, &setting) == c.refused || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %T %v", c.want, err, err)
		}
	}
}
