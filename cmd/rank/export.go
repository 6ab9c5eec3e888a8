package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"deeprank/checkpoints"
	"deeprank/configs"
	"deeprank/internal/cli"
	"deeprank/internal/onnx"
	"deeprank/internal/progress"
	"deeprank/model"
)

// exportOptions are the flags of the command export.
type exportOptions struct {
	run, checkpoint   string
	safetensors, onnx string
	preprocess        bool
	quiet             bool
}

// exportResult is what the command tells on stdout.
type exportResult struct {
	Checkpoint  string `json:"checkpoint"`
	Parameters  int    `json:"parameters"`
	Safetensors string `json:"safetensors,omitempty"`
	ONNX        string `json:"onnx,omitempty"`
	ONNXData    string `json:"onnx_data,omitempty"` // the weights, where they do not fit into the first file
}

func readExportOptions(args []string, stdout io.Writer) (*exportOptions, error) {
	var o exportOptions
	f := cli.NewFlags("rank export", "--run DIR (--safetensors FILE | --onnx FILE)", `Writes the trained network for other programs.

--safetensors: the parameters alone, by torchvision's names; PyTorch loads them with safetensors.torch.load_file.
--onnx: the whole network, which onnxruntime and others run; any number of pictures at a time.
  input   pixels     uint8 [N][S][S][3], RGB, 0 to 255, already of the network's size S
          images     with --preprocess=false: float [N][3][S][S], RGB in [0, 1] less ImageNet's mean
                     (0.485, 0.456, 0.406), over its deviation (0.229, 0.224, 0.225)
  output  embedding  float [N][E], of unit length
Weights above 2 GiB go to a second file, FILE.data, beside the first.`)
	f.StringVar(&o.run, "run", "", "folder of the run, made by train")
	f.StringVar(&o.checkpoint, "checkpoint", "", "the weights (default: the run's best checkpoint); without --run it must be a run's checkpoint")
	f.StringVar(&o.safetensors, "safetensors", "", "safetensors file to write")
	f.StringVar(&o.onnx, "onnx", "", "ONNX model to write")
	f.BoolVar(&o.preprocess, "preprocess", true, "the ONNX model takes pictures' bytes; false: it takes numbers that are prepared already")
	f.BoolVar(&o.quiet, "quiet", false, "say nothing but warnings and errors")
	if err := f.Read(args, 0, stdout); err != nil {
		return nil, err
	}
	if o.run == "" && o.checkpoint == "" {
		return nil, cli.Usagef("--run DIR is missing: the folder of a run, made by train; --checkpoint FILE names a checkpoint without its run")
	}
	if o.safetensors == "" && o.onnx == "" {
		return nil, cli.Usagef("nothing to write: name a file with --safetensors or --onnx")
	}
	if f.Changed("preprocess") && o.onnx == "" {
		return nil, cli.Usagef("--preprocess is about the ONNX model; --onnx FILE is missing")
	}
	if o.safetensors != "" && o.onnx != "" && filepath.Clean(o.safetensors) == filepath.Clean(o.onnx) {
		return nil, cli.Usagef("--safetensors and --onnx both name %s", o.onnx)
	}
	for _, t := range []struct{ flag, path, what string }{
		{"safetensors", o.safetensors, "safetensors file"}, {"onnx", o.onnx, "ONNX file"},
	} {
		if !f.Changed(t.flag) {
			continue
		}
		if err := cli.CheckTarget("--"+t.flag, t.path, t.what); err != nil {
			return nil, err
		}
	}
	return &o, nil
}

// exportCommand writes what the flags name.
func exportCommand(ctx context.Context, args []string, stdout, stderr io.Writer) (any, error) {
	o, err := readExportOptions(args, stdout)
	if err != nil {
		return nil, err
	}
	report := progress.New(stderr, nil, progress.Options{Quiet: o.quiet})
	defer func() { _ = report.Close() }() // there is no log file
	r, err := openRunIfNamed(o.run)
	if err != nil {
		return nil, err
	}
	n, err := readNetwork(ctx, r, o.checkpoint, report)
	if err != nil {
		return nil, err
	}
	path, w := n.path, n.weights
	report.Printf("network   %s: %d parameters, %d x %d pixels, head %s, embedding of %d", path, w.Spec.Count(), w.Spec.Size, w.Spec.Size, w.Spec.Head, w.Spec.EmbedDim)
	result := exportResult{Checkpoint: path, Parameters: w.Spec.Count()}
	for _, out := range []string{o.safetensors, o.onnx} {
		if out != "" && sameFile(out, path) {
			return nil, cli.Usagef("%s is the checkpoint itself; name another file", out)
		}
	}
	properties := describe(n.cfg, n.file.Metadata)
	if o.safetensors != "" {
		if err := checkpoints.Write(o.safetensors, parametersOf(w, properties)); err != nil {
			return nil, err
		}
		result.Safetensors = o.safetensors
		report.Printf("wrote     %s: %d parameters in %d tensors", o.safetensors, w.Spec.Count(), len(w.List))
	}
	if err := ctx.Err(); err != nil {
		return result, err
	}
	if o.onnx != "" {
		m := onnx.Tower(w, o.preprocess)
		m.Producer, m.Version = "deeprank", configs.Version()
		m.Metadata = properties
		if result.ONNXData, err = m.Write(o.onnx); err != nil {
			return result, err
		}
		result.ONNX = o.onnx
		s := w.Spec
		input := fmt.Sprintf("%s uint8 [N][%d][%d][3], RGB from 0 to 255", onnx.PixelsName, s.Size, s.Size)
		if !o.preprocess {
			input = fmt.Sprintf("%s float [N][3][%d][%d], RGB, less ImageNet's mean, over its deviation", onnx.ImagesName, s.Size, s.Size)
		}
		report.Printf("wrote     %s: %s -> %s float [N][%d]", o.onnx, input, onnx.EmbeddingName, s.EmbedDim)
		if result.ONNXData != "" {
			report.Printf("          its weights are in %s; keep the two together", result.ONNXData)
		}
	}
	return result, nil
}

// describe is what a program that runs the network needs to know. The run's paths are not among it: the file may go to
// other people.
func describe(cfg *configs.Config, meta map[string]string) []onnx.Property {
	p := []onnx.Property{
		{Key: "deeprank.size", Value: strconv.Itoa(cfg.Size)},
		{Key: "deeprank.fit", Value: cfg.Fit},
		{Key: "deeprank.head", Value: cfg.Head},
		{Key: "deeprank.width", Value: strconv.FormatFloat(cfg.Width, 'g', -1, 64)},
		{Key: "deeprank.fc_dim", Value: strconv.Itoa(cfg.FCDim)},
		{Key: "deeprank.embed_dim", Value: strconv.Itoa(cfg.EmbedDim)},
	}
	if s, err := checkpoints.DecodeState(meta); err == nil {
		p = append(p, onnx.Property{Key: "deeprank.step", Value: strconv.Itoa(s.Step)})
	}
	return p
}

// parametersOf is the file of the parameters alone. "format" tells Python's safetensors that it is PyTorch's.
func parametersOf(w *model.Weights, properties []onnx.Property) *checkpoints.File {
	f := &checkpoints.File{Metadata: map[string]string{"format": "pt"}}
	for _, p := range properties {
		f.Metadata[p.Key] = p.Value
	}
	for _, p := range w.List {
		f.Tensors = append(f.Tensors, checkpoints.Tensor{Name: p.Name, Shape: p.Shape, Data: p.Data})
	}
	return f
}

// sameFile says whether two paths lead to one file.
func sameFile(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}
