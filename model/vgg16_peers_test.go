//go:build peers

package model_test

import (
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"deeprank/checkpoints"
	"deeprank/model"
)

// TestTorchvisionVGG16 loads torchvision's VGG-16 and compares fc7's features with torchvision's, at full size. `make vgg16-data`
// writes the folder that DEEPRANK_VGG16 names.
func TestTorchvisionVGG16(t *testing.T) {
	dir := os.Getenv("DEEPRANK_VGG16")
	if dir == "" {
		t.Fatal("DEEPRANK_VGG16 names no folder; run make peers, or make vgg16-data and set it to bench/vgg16")
	}
	read := func(name string) map[string]checkpoints.Tensor {
		f, err := checkpoints.Read(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		byName := map[string]checkpoints.Tensor{}
		for _, v := range f.Tensors {
			byName[v.Name] = v
		}
		return byName
	}
	w, err := model.NewWeights(model.Spec{Size: 224, Width: 1, FCDim: 4096, EmbedDim: 4096, Head: model.HeadFC})
	if err != nil {
		t.Fatal(err)
	}
	file := read("vgg16.safetensors")
	l, err := w.Load(slices.Sorted(maps.Keys(file)), func(n string) ([]int, []float32) { return file[n].Shape, file[n].Data })
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"shallow4.weight", "shallow4.bias", "shallow8.weight", "shallow8.bias", "embed.weight", "embed.bias"}; !slices.Equal(l.Missing, want) {
		t.Errorf("missing %q, want %q", l.Missing, want)
	}
	if want := []string{"classifier.6.bias", "classifier.6.weight"}; !slices.Equal(l.Unused, want) {
		t.Errorf("unused %q, want %q", l.Unused, want)
	}
	if len(l.Taken) != 2*13+4 {
		t.Errorf("took %d tensors, want 30", len(l.Taken))
	}

	team := newTeam(t, 0)
	e, err := model.NewFC7(team, w, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	var pixels []byte
	for _, name := range []string{"0.png", "1.png"} {
		pixels = append(pixels, readPNG(t, filepath.Join(dir, "images", name))...)
	}
	peer := read("fc7.safetensors")
	for i, v := range peer["pixels"].Data {
		if float32(pixels[i]) != v {
			t.Fatalf("pixel byte %d is %v in the picture, torchvision saw %v", i, pixels[i], v)
		}
	}
	want, got := peer["fc7"].Data, embed(t, e, pixels, 2)
	if e.Dim() != 4096 || len(want) != len(got) {
		t.Fatalf("%d features, torchvision has %d", len(got), len(want))
	}
	var off, length, worst, largest float64
	for i, v := range want {
		d := math.Abs(float64(got[i]) - float64(v))
		off += d * d
		length += float64(v) * float64(v)
		largest = max(largest, math.Abs(float64(v)))
		if !(d <= worst) { // also NaN
			worst = d
		}
	}
	t.Logf("fc7: difference %.1e of the norm, largest %.1e of the largest value (%.4g)", math.Sqrt(off/length), worst/largest, largest)
	if !(math.Sqrt(off/length) <= 1e-3) || !(worst <= 1e-3*largest) || !(largest > 0) {
		t.Error("fc7's features differ from torchvision's by more than 1e-3")
	}
	if first, second := want[:4096], want[4096:]; slices.Equal(first, second) {
		t.Error("both pictures have the same features: the comparison says nothing")
	}
}
