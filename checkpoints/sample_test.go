package checkpoints

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// sample is a file whose every value depends on step.
func sample(step, values int) *File {
	data := make([]float32, values)
	for i := range data {
		data[i] = float32(step) + float32(i)/1024
	}
	return &File{
		Tensors: []Tensor{
			{Name: "shallow8.weight", Shape: []int{2, 3}, Data: []float32{1, -2, 3, float32(step), 5, float32(math.Inf(1))}},
			{Name: "embed.weight", Shape: []int{values}, Data: data},
			{Name: "embed.bias", Shape: []int{}, Data: []float32{0.5}},
			{Name: "empty", Shape: []int{0, 4}, Data: nil},
		},
		Metadata: map[string]string{"deeprank.step": fmt.Sprint(step), "note": "a \"quoted\" é\n<line> \\ \t"},
	}
}

// sameFile compares names, shapes, bits of the data, and the metadata of want.
func sameFile(t *testing.T, got, want *File) {
	t.Helper()
	if len(got.Tensors) != len(want.Tensors) {
		t.Fatalf("%d tensors, want %d", len(got.Tensors), len(want.Tensors))
	}
	for i := range want.Tensors {
		w := &want.Tensors[i]
		g, err := got.Tensor(w.Name)
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(g.Shape) != fmt.Sprint(w.Shape) || len(g.Data) != len(w.Data) {
			t.Fatalf("%s: shape %v with %d values, want %v with %d", w.Name, g.Shape, len(g.Data), w.Shape, len(w.Data))
		}
		for j := range w.Data {
			if math.Float32bits(g.Data[j]) != math.Float32bits(w.Data[j]) {
				t.Fatalf("%s[%d] = %v, want %v", w.Name, j, g.Data[j], w.Data[j])
			}
		}
	}
	for k, v := range want.Metadata {
		if got.Metadata[k] != v {
			t.Fatalf("metadata %q = %q, want %q", k, got.Metadata[k], v)
		}
	}
}

// filesIn lists a folder.
func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// encoded is a file of ours as bytes.
func encoded(t *testing.T, f *File) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.safetensors")
	if err := Write(path, f); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
