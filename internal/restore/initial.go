package restore

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"deeprank/checkpoints"
	"deeprank/configs"
	"deeprank/data"
	"deeprank/internal/inventory"
	"deeprank/internal/kernel"
	"deeprank/model"
)

// Spec is the network that a config describes.
func Spec(cfg *configs.Config) model.Spec {
	return model.Spec{Size: cfg.Size, Width: cfg.Width, FCDim: cfg.FCDim, EmbedDim: cfg.EmbedDim, Head: cfg.Head, Dropout: cfg.Dropout}
}

// Initial sets the weights to what training starts from: drawn by the config's seed or, where the config names a file
// of weights (init), taken from it, and what that lacks drawn. It returns what was taken from the file; the zero Loaded
// says that all were drawn.
//
// The file is a safetensors file or a state dict of PyTorch's (.pth), of which nothing is run.
//
// A network with the head gap takes a VGG-16 with the head fc too, without its fc6, which has another shape.
//
// A file that does not fit the network, holds nothing of it, or is not there is a *configs.Error; one that cannot be
// read, or holds values that are not finite, is a *data.Refused.
func Initial(team *kernel.Team, w *model.Weights, cfg *configs.Config) (model.Loaded, error) {
	if cfg.Init == "" {
		w.Init(team, cfg.Seed, nil)
		return model.Loaded{}, nil
	}
	tensors, err := readInit(w, cfg.Init)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return model.Loaded{}, refuse("--init", err.Error())
		}
		return model.Loaded{}, &data.Refused{Path: cfg.Init, Reason: "cannot be read as weights (--init)", Err: err}
	}
	left := leaveFC6(w, tensors)
	l, err := load(w, tensors)
	l.Unused = append(l.Unused, left...)
	if err != nil {
		return l, refuse("--init "+cfg.Init, fmt.Sprintf("does not fit the network of --size, --width, --fc-dim, --embed-dim and --head: %v", err))
	}
	if len(l.Taken) == 0 {
		return l, refuse("--init "+cfg.Init, "holds none of the network's parameters; its tensors are "+List(slices.Sorted(maps.Keys(tensors))))
	}
	taken := map[string]bool{}
	for _, name := range l.Taken {
		taken[name] = true
		if slices.ContainsFunc(w.Get(name).Data, func(v float32) bool { return v-v != 0 }) {
			return l, &data.Refused{Path: cfg.Init, Reason: name + " holds values that are infinite or no numbers (--init)", Remedy: "take the weights from before that happened"}
		}
	}
	w.Init(team, cfg.Seed, func(name string) bool { return taken[name] })
	return l, nil
}

// leaveFC6 takes fc6 out of the tensors where it belongs to the head fc and the network's head is gap: torchvision's
// VGG-16 then gives its convolutions and fc7. It returns the names.
func leaveFC6(w *model.Weights, tensors map[string]checkpoints.Tensor) []string {
	const weight, bias = "classifier.0.weight", "classifier.0.bias"
	t, ok := tensors[weight]
	if !ok || w.Spec.Head != model.HeadGAP || len(t.Shape) != 2 || t.Shape[1] <= w.Get(weight).Shape[1] {
		return nil
	}
	delete(tensors, weight)
	delete(tensors, bias)
	return []string{weight, bias}
}

func refuse(where, reason string) error {
	return &configs.Error{Problems: []configs.Problem{{Where: where, Reason: reason}}}
}

// OptimizerPrefix begins the names of the optimiser's tensors in a checkpoint: optimizer.<slot>.<parameter>.
const OptimizerPrefix = "optimizer."

// Checkpoint sets the weights to those of a checkpoint, which must hold all of them and nothing else besides the
// optimiser's state. On an error the weights are as they were or, if tensors are missing, partly set.
func Checkpoint(w *model.Weights, f *checkpoints.File) error {
	l, err := load(w, parameters(f))
	if err != nil {
		return err
	}
	if len(l.Missing)+len(l.Unused) > 0 {
		return fmt.Errorf("it lacks %d parameters of the network (%s) and has %d others (%s)", len(l.Missing), List(l.Missing), len(l.Unused), List(l.Unused))
	}
	return nil
}

// parameters are the tensors of a file by name, without the optimiser's.
func parameters(f *checkpoints.File) map[string]checkpoints.Tensor {
	tensors := map[string]checkpoints.Tensor{}
	for _, t := range f.Tensors {
		if isParameter(t.Name) {
			tensors[t.Name] = t
		}
	}
	return tensors
}

func isParameter(name string) bool { return !strings.HasPrefix(name, OptimizerPrefix) }

func load(w *model.Weights, tensors map[string]checkpoints.Tensor) (model.Loaded, error) {
	for _, p := range w.List {
		if t, ok := tensors[p.Name]; ok && t.Data == nil {
			return model.Loaded{}, fmt.Errorf("%s holds values of type %s, which are no weights", p.Name, t.DType)
		}
	}
	return w.Load(slices.Sorted(maps.Keys(tensors)), func(name string) ([]int, []float32) { return tensors[name].Shape, tensors[name].Data })
}

// List joins names, the first ten of them. They are a file's: what a terminal would obey is replaced.
func List(names []string) string {
	const most = 10
	if len(names) == 0 {
		return "none"
	}
	var shown []string
	for _, name := range names[:min(most, len(names))] {
		shown = append(shown, inventory.Label(name))
	}
	text := strings.Join(shown, ", ")
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
