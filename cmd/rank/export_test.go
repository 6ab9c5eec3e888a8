package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"deeprank/checkpoints"
	"deeprank/internal/cli"
)

// callExport runs the command and returns its last line.
func callExport(t *testing.T, args ...string) (code int, line struct {
	exportResult
	Status, Error string
}, stderr string) {
	t.Helper()
	var out, messages bytes.Buffer
	code = run(t.Context(), append([]string{"export"}, args...), &out, &messages)
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("stdout %q: %v; stderr %q", out.String(), err, messages.String())
	}
	return code, line, messages.String()
}

// alone copies the run's newest checkpoint to a place of its own, with the run's config in it as train writes it.
func (r *testRun) alone(t *testing.T) string {
	t.Helper()
	f, err := checkpoints.Read(filepath.Join(r.run, "checkpoints", "step-00000020.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	yaml, err := r.config.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if err := (&checkpoints.State{Step: 20, Config: string(yaml)}).Encode(f.Metadata); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "alone.safetensors")
	if err := checkpoints.Write(path, f); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestExport(t *testing.T) {
	r := newTestRun(t, nil)
	dir := t.TempDir()
	out, graph := filepath.Join(dir, "out.safetensors"), filepath.Join(dir, "out.onnx")
	for _, source := range [][]string{{"--run", r.run}, {"--checkpoint", r.alone(t)}} {
		code, line, stderr := callExport(t, append(slices.Clone(source), "--safetensors", out, "--onnx", graph)...)
		if code != cli.Done || line.Status != "done" || line.Safetensors != out || line.ONNX != graph || line.ONNXData != "" || line.Parameters != r.spec.Count() {
			t.Fatalf("%s: code %d, %+v; stderr %q", source, code, line, stderr)
		}
		f, err := checkpoints.Read(out)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range f.Tensors {
			if !slices.Equal(v.Data, r.best[v.Name]) {
				t.Errorf("%s: %s is not the best checkpoint's", source, v.Name)
			}
		}
		if len(f.Tensors) != len(r.best) || f.Metadata["format"] != "pt" || f.Metadata["deeprank.size"] != "32" || f.Metadata["deeprank.step"] != "20" {
			t.Errorf("%s: %d tensors, metadata %v", source, len(f.Tensors), f.Metadata)
		}
		b, err := os.ReadFile(graph)
		if err != nil || !bytes.Contains(b, []byte("pixels")) || bytes.Contains(b, []byte("images")) {
			t.Errorf("%s: the model has another input (%v)", source, err)
		}
		for _, property := range []string{"deeprank.size", "deeprank.fit", "deeprank.step"} {
			if !bytes.Contains(b, []byte(property)) {
				t.Errorf("%s: the model lacks %s", source, property)
			}
		}
		for _, private := range []string{r.shop, r.run} {
			if bytes.Contains(b, []byte(private)) {
				t.Errorf("the model names the folder %s", private)
			}
		}
		if err := os.Remove(graph); err != nil {
			t.Fatal(err)
		}
	}
	if code, _, stderr := callExport(t, "--run", r.run, "--onnx", graph, "--preprocess=false"); code != cli.Done || !strings.Contains(stderr, "images float [N][3][32][32]") {
		t.Errorf("code %d, stderr %q", code, stderr)
	}
	if b, err := os.ReadFile(graph); err != nil || bytes.Contains(b, []byte("pixels")) {
		t.Errorf("the model takes pixels (%v)", err)
	}
}

func TestExportRefused(t *testing.T) {
	r := newTestRun(t, nil)
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	alone := r.alone(t)
	weights := filepath.Join(dir, "weights.safetensors")
	if code, _, stderr := callExport(t, "--run", r.run, "--safetensors", weights); code != cli.Done {
		t.Fatal(stderr)
	}
	damaged := filepath.Join(dir, "damaged")
	if err := os.WriteFile(damaged, []byte("nothing"), 0o666); err != nil {
		t.Fatal(err)
	}
	other := newTestRun(t, nil)
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"", cli.Usage, "--run DIR is missing"},
		{"--run " + r.run, cli.Usage, "nothing to write"},
		{"--run " + r.run + " --onnx=", cli.Usage, "nothing to write"},
		{"--run " + r.run + " --safetensors " + out + " --onnx=", cli.Usage, "--onnx is empty; name the ONNX file to write"},
		{"--run " + r.run + " --safetensors " + out + " --preprocess=false", cli.Usage, "--preprocess is about the ONNX model"},
		{"--run " + r.run + " --safetensors " + out + " --onnx " + dir + "/./out", cli.Usage, "both name"},
		{"--run " + r.run + " --onnx " + dir, cli.Usage, "is not a file"},
		{"--run " + r.run + " --onnx " + dir + "/none/x", cli.Usage, "there is no folder " + dir + "/none"},
		{"--run " + dir + "/none --onnx " + out, cli.Usage, "there is no such folder"},
		{"--checkpoint " + dir + "/none --onnx " + out, cli.Usage, "no such file"},
		{"--checkpoint " + weights + " --onnx " + out, cli.Data, "name the run's folder with --run"},
		{"--checkpoint " + damaged + " --onnx " + out, cli.Data, "damaged"},
		{"--checkpoint " + alone + " --safetensors " + alone, cli.Usage, "is the checkpoint itself"},
		{"--run " + r.run + " x", cli.Usage, `"x" is too much`},
	} {
		code, line, stderr := callExport(t, strings.Fields(c.args)...)
		if code != c.code || line.Status != "failed" || !strings.Contains(line.Error, c.want) || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: code %d, %+v; want %d, %q", c.args, code, line, c.code, c.want)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s: it has written a file", c.args)
		}
	}
	// A checkpoint of another network.
	other.config.EmbedDim++
	yaml, err := other.config.YAML()
	if err == nil {
		err = os.WriteFile(filepath.Join(other.run, "config.yaml"), yaml, 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
	if code, line, _ := callExport(t, "--run", other.run, "--onnx", out); code != cli.Data || !strings.Contains(line.Error, "is not of the network") {
		t.Errorf("code %d, %+v", code, line)
	}
	// A weights file of the run's own network works beside the run.
	if code, _, stderr := callExport(t, "--run", r.run, "--checkpoint", weights, "--onnx", out); code != cli.Done {
		t.Error(stderr)
	}
}
