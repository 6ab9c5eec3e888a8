//go:build peers

package main

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"deeprank/checkpoints"
	"deeprank/configs"
	"deeprank/internal/cli"
	"deeprank/internal/kernel"
	"deeprank/internal/restore"
	"deeprank/model"
)

// loadTower loads an exported file strictly into the reference's Tower and prints the embeddings of two pictures.
const loadTower = `
import sys, torch
from safetensors.torch import load_file
folder, path, width, size, fc, embed, head = sys.argv[1:8]
sys.path.insert(0, folder)
sys.dont_write_bytecode = True
from deeprank import MEAN, STD, Tower
size = int(size)
m = Tower(float(width), size, int(fc), int(embed), head=head)
m.load_state_dict(load_file(path), strict=True)
pixels = (torch.arange(2 * size * size * 3) * 7919 % 251).reshape(2, size, size, 3).float() / 255
x = ((pixels - torch.tensor(MEAN)) / torch.tensor(STD)).permute(0, 3, 1, 2)
with torch.no_grad():
    print(*m.eval()(x).flatten().tolist())
`

// loadVGG loads an exported file into torchvision's vgg16 and says what torchvision found missing and unexpected, and
// whether a value has arrived.
const loadVGG = `
import sys, torch, torchvision
from safetensors.torch import load_file
values = load_file(sys.argv[1])
m = torchvision.models.vgg16(weights=None)
r = m.load_state_dict(values, strict=False)
assert torch.equal(m.classifier[3].weight, values["classifier.3.weight"])
assert torch.equal(m.features[28].bias, values["features.28.bias"])
assert abs(values["features.28.bias"][2].item() - 27e-5) < 1e-9
print(",".join(sorted(r.missing_keys)), ",".join(sorted(r.unexpected_keys)))
`

func runPython(t *testing.T, script string, args ...string) string {
	t.Helper()
	exe := os.Getenv("DEEPRANK_PYTHON")
	if exe == "" {
		t.Fatal("DEEPRANK_PYTHON names no Python with torch, torchvision and safetensors; run make peers")
	}
	cmd := exec.CommandContext(t.Context(), exe, append([]string{"-c", script}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// TestTower: the reference's Tower loads an export strictly and computes the same embeddings.
func TestTower(t *testing.T) {
	for _, head := range []string{model.HeadFC, model.HeadGAP} {
		r := newTestRun(t, func(c *configs.Config) { c.Head, c.Size, c.Width, c.EmbedDim = head, 64, 0.125, 16 })
		out := filepath.Join(t.TempDir(), "out.safetensors")
		if code, _, stderr := callExport(t, "--run", r.run, "--safetensors", out); code != cli.Done {
			t.Fatal(stderr)
		}
		s := r.spec
		pixels := make([]byte, 2*s.Size*s.Size*3)
		for i := range pixels {
			pixels[i] = byte(i * 7919 % 251)
		}
		got := strings.Fields(runPython(t, loadTower, "../../bench/reference", out, fmt.Sprint(s.Width), fmt.Sprint(s.Size), fmt.Sprint(s.FCDim), fmt.Sprint(s.EmbedDim), s.Head))
		want := embedWith(t, s, r.best, pixels, 2)
		if len(got) != len(want) {
			t.Fatalf("%d numbers, want %d", len(got), len(want))
		}
		for i, text := range got {
			if v, err := strconv.ParseFloat(text, 64); err != nil || !(math.Abs(v-float64(want[i])) <= 1e-4) {
				t.Fatalf("head %s: number %d is %s in PyTorch, %v here", head, i, text, want[i])
			}
		}
	}
}

// embedWith is the embeddings of pictures by a network with the given parameters.
func embedWith(t *testing.T, s model.Spec, parameters map[string][]float32, pixels []byte, images int) []float32 {
	t.Helper()
	team := kernel.NewTeam(1)
	defer team.Close()
	w, err := model.NewWeights(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range w.List {
		copy(p.Data, parameters[p.Name])
	}
	e, err := model.NewEmbedder(team, w, images)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	out := make([]float32, images*s.EmbedDim)
	if err := e.Embed(pixels, images, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestTorchvision: torchvision's vgg16 takes all of its parameters but the last layer's from an export at full width.
func TestTorchvision(t *testing.T) {
	c := configs.Default()
	c.Triplets = "triplets.tsv"
	c.Head, c.Size, c.Width, c.FCDim, c.EmbedDim = model.HeadFC, 224, 1, 4096, 1
	yaml, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	f := &checkpoints.File{Metadata: map[string]string{}}
	for k, p := range restore.Spec(&c).Parameters() {
		v := make([]float32, p.Len())
		for i := range v {
			v[i] = float32(i%1009+k) / 1e5
		}
		f.Tensors = append(f.Tensors, checkpoints.Tensor{Name: p.Name, Shape: p.Shape, Data: v})
	}
	if err := (&checkpoints.State{Config: string(yaml)}).Encode(f.Metadata); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	checkpoint, out := filepath.Join(dir, "checkpoint.safetensors"), filepath.Join(dir, "out.safetensors")
	if err := checkpoints.Write(checkpoint, f); err != nil {
		t.Fatal(err)
	}
	f = nil
	if code, _, stderr := callExport(t, "--checkpoint", checkpoint, "--safetensors", out); code != cli.Done {
		t.Fatal(stderr)
	}
	const want = "classifier.6.bias,classifier.6.weight embed.bias,embed.weight,shallow4.bias,shallow4.weight,shallow8.bias,shallow8.weight"
	if got := runPython(t, loadVGG, out); got != want {
		t.Errorf("missing and unexpected: %s; want %s", got, want)
	}
}
