package restore

import (
	"io"
	"os"
	"slices"

	"deeprank/checkpoints"
	"deeprank/internal/torchfile"
	"deeprank/model"
)

// readInit reads the parameters in a file of weights, by name: safetensors, or a state dict of PyTorch's.
func readInit(w *model.Weights, path string) (map[string]checkpoints.Tensor, error) {
	if !isTorch(path) {
		f, err := checkpoints.ReadSome(path, isParameter)
		if err != nil {
			return nil, err
		}
		return parameters(f), nil
	}
	f, err := torchfile.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	tensors := map[string]checkpoints.Tensor{}
	for i := range f.Tensors {
		t := &f.Tensors[i]
		v := checkpoints.Tensor{Name: t.Name, Shape: t.Shape, DType: t.DType}
		// Values are read where the network has a place for them: memory is bounded by the network, not by the file.
		if p := w.Get(t.Name); p != nil && checkpoints.IsFloat(t.DType) {
			v.Data = []float32{}
			if slices.Equal(p.Shape, t.Shape) {
				if v.Data, err = f.Floats(t); err != nil {
					return nil, err
				}
			}
		}
		tensors[t.Name] = v
	}
	return tensors, nil
}

// isTorch tells from a file's beginning whether torch.save wrote it; what cannot be read is left to others to tell.
func isTorch(path string) bool {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	first := make([]byte, 16)
	n, _ := io.ReadFull(f, first) // a shorter file is none of torch's
	return torchfile.Is(first[:n])
}
