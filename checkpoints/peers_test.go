//go:build peers

package checkpoints

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// dump prints each tensor of a file as the Python package reads it: name, shape, bits; then the metadata.
const dump = `
import sys
import numpy as np
from safetensors import safe_open
with safe_open(sys.argv[1], framework="np") as f:
    for name in f.keys():
        v = f.get_tensor(name)
        assert v.dtype == np.float32
        print(name, list(v.shape), " ".join(f"{x:08x}" for x in v.view(np.uint32).ravel()), sep="|")
    for k, m in sorted(f.metadata().items()):
        print("metadata", repr(k), m.encode("unicode_escape").decode(), sep="|")
`

// rewrite reads a file with torch and writes the same content in Python's own order.
const rewrite = `
import sys
from safetensors import safe_open
from safetensors.torch import save_file
with safe_open(sys.argv[1], framework="pt") as f:
    save_file({k: f.get_tensor(k) for k in f.keys()}, sys.argv[2], metadata=f.metadata())
`

func python(t *testing.T, script string, args ...string) string {
	t.Helper()
	exe := filepath.Join("..", ".venv", "bin", "python")
	if _, err := os.Stat(exe); err != nil {
		t.Skip("needs ../.venv with torch and safetensors")
	}
	cmd := exec.Command(exe, append([]string{"-c", script}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestPython: the Python package reads our files to the bit, and a file that it
// has rewritten still passes our checksum.
func TestPython(t *testing.T) {
	f := sample(5, 70)
	f.Tensors[1].Data[3] = float32(math.NaN())
	f.Tensors = append(f.Tensors, Tensor{Name: "optimizer.momentum_buffer.features.0.weight", Shape: []int{1, 2, 1, 3}, Data: []float32{1, 2, 3, 4, 5, 6}})
	s := someState()
	if err := s.Encode(f.Metadata); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "ours.safetensors")
	if err := Write(path, f); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, tensor := range f.Tensors {
		var bits []string
		for _, v := range tensor.Data {
			bits = append(bits, fmt.Sprintf("%08x", math.Float32bits(v)))
		}
		shape := strings.ReplaceAll(fmt.Sprint(tensor.Shape), " ", ", ")
		want = append(want, tensor.Name+"|"+shape+"|"+strings.Join(bits, " "))
	}
	slices.Sort(want)
	lines := strings.Split(strings.TrimSpace(python(t, dump, path)), "\n")
	got := slices.Clone(lines[:len(want)])
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("Python reads\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, line := range []string{`metadata|'deeprank.step'|1200`, `metadata|'note'|a "quoted" \xe9\n<line> \\ \t`} {
		if !slices.Contains(lines, line) {
			t.Errorf("Python's metadata has no %s:\n%s", line, strings.Join(lines[len(want):], "\n"))
		}
	}
	again := filepath.Join(dir, "python.safetensors")
	python(t, rewrite, path, again)
	back, err := Read(again)
	if err != nil {
		t.Fatal(err)
	}
	sameFile(t, back, f)
}
