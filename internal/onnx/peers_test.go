//go:build peers

package onnx

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"deeprank/internal/kernel"
	"deeprank/model"
)

// runner checks each model with onnx and runs it with onnxruntime on the pictures of a file, in batches of 1 and 3.
const runner = `
import json, sys
import numpy as np, onnx, onnxruntime
pixels = sys.argv[1]
out = []
for path in sys.argv[2:]:
    onnx.checker.check_model(path, full_check=True)
    m = onnx.load(path, load_external_data=False)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    i = session.get_inputs()[0]
    size = i.shape[1] if i.name == "pixels" else i.shape[2]
    x = np.fromfile(pixels, dtype=np.uint8)[: 3 * size * size * 3].reshape(3, size, size, 3)
    if i.name == "images":  # the reference's preprocessing
        x = (x.astype(np.float32) / 255 - np.float32([0.485, 0.456, 0.406])) / np.float32([0.229, 0.224, 0.225])
        x = np.ascontiguousarray(x.transpose(0, 3, 1, 2))
    three = session.run(["embedding"], {i.name: x})[0]
    one = session.run(["embedding"], {i.name: x[:1]})[0]
    out.append(dict(three=three.ravel().tolist(), one=one.ravel().tolist(), batch=i.shape[0],
                    properties={p.key: p.value for p in m.metadata_props}, external=sum(len(t.external_data) > 0 for t in m.graph.initializer)))
print(json.dumps(out))
`

// python is the interpreter of make peers.
func python(t *testing.T) string {
	t.Helper()
	exe := os.Getenv("DEEPRANK_PYTHON")
	if exe == "" {
		t.Fatal("DEEPRANK_PYTHON names no Python with onnx and onnxruntime; run make peers")
	}
	return exe
}

// TestRuntime: onnx's checker accepts the models, and onnxruntime computes the network's embeddings.
func TestRuntime(t *testing.T) {
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(1, 2))
	pixels := make([]byte, 3*96*96*3)
	for i := range pixels {
		pixels[i] = byte(random.IntN(256))
	}
	images := filepath.Join(dir, "pixels")
	if err := os.WriteFile(images, pixels, 0o666); err != nil {
		t.Fatal(err)
	}
	team := kernel.NewTeam(2)
	defer team.Close()
	type variant struct {
		name       string
		external   bool
		want       []float32
		size       int
		preprocess bool
	}
	var variants []variant
	args := []string{"-c", runner, images}
	for _, s := range []model.Spec{
		{Size: 32, Width: 0.125, FCDim: 64, EmbedDim: 32, Head: model.HeadFC},
		{Size: 32, Width: 0.2, FCDim: 33, EmbedDim: 17, Head: model.HeadGAP},
		{Size: 96, Width: 0.125, FCDim: 40, EmbedDim: 32, Head: model.HeadFC},
		{Size: 96, Width: 0.05, FCDim: 64, EmbedDim: 8, Head: model.HeadGAP, Dropout: 0.4},
	} {
		w := drawn(t, team, s)
		e, err := model.NewEmbedder(team, w, 3)
		if err != nil {
			t.Fatal(err)
		}
		want := make([]float32, 3*s.EmbedDim)
		err = e.Embed(pixels[:3*s.Size*s.Size*3], 3, want)
		e.Close()
		if err != nil {
			t.Fatal(err)
		}
		for _, preprocess := range []bool{true, false} {
			for _, external := range []bool{false, true} {
				v := variant{fmt.Sprintf("%s-%d-%v-%v.onnx", s.Head, s.Size, preprocess, external), external, want, s.Size, preprocess}
				m := Tower(w, preprocess)
				m.Producer, m.Metadata = "test", []Property{{"deeprank.size", fmt.Sprint(s.Size)}}
				limit := int64(maxMessage)
				if external {
					limit = 1000
				}
				path := filepath.Join(dir, v.name)
				if _, err := m.write(path, limit); err != nil {
					t.Fatal(err)
				}
				args = append(args, path)
				variants = append(variants, v)
			}
		}
	}
	cmd := exec.CommandContext(t.Context(), python(t), args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	var results []struct {
		Three, One []float64
		Batch      any
		Properties map[string]string
		External   int
	}
	if err := json.Unmarshal(text, &results); err != nil || len(results) != len(variants) {
		t.Fatalf("%v: %s", err, text)
	}
	worst := 0.0
	for k, r := range results {
		v := variants[k]
		if r.Batch != batchName || r.Properties["deeprank.size"] != fmt.Sprint(v.size) || (r.External > 0) != v.external {
			t.Errorf("%s: batch %v, properties %v, %d external tensors", v.name, r.Batch, r.Properties, r.External)
		}
		if len(r.Three) != len(v.want) || len(r.One) != len(v.want)/3 {
			t.Fatalf("%s: %d and %d numbers, want %d", v.name, len(r.Three), len(r.One), len(v.want))
		}
		for i, got := range append(r.Three, r.One...) {
			d := math.Abs(got - float64(v.want[i%len(r.Three)]))
			if !(d <= 1e-4) {
				t.Errorf("%s: number %d is %v, the network's %v", v.name, i, got, v.want[i%len(r.Three)])
				break
			}
			worst = max(worst, d)
		}
	}
	t.Logf("%d models, largest difference %.1e", len(results), worst)
}
