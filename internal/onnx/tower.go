package onnx

import (
	"deeprank/model"
)

// ImageNet's mean and deviation of R, G and B, on pixels in [0, 1].
var mean, deviation = [3]float32{0.485, 0.456, 0.406}, [3]float32{0.229, 0.224, 0.225}

// Names of the graph's input and output.
const (
	PixelsName    = "pixels"    // with preprocessing
	ImagesName    = "images"    // without it
	EmbeddingName = "embedding" // the output
)

// Tower is the network, from pictures to embeddings of unit length; there is no dropout. It shares the weights' memory.
//
// With preprocess the input is pixels, uint8 [N][S][S][3], RGB, as image libraries hold them; without it images, float
// [N][3][S][S], RGB in [0, 1] less ImageNet's mean, over its deviation, as torchvision's transforms give them.
func Tower(w *model.Weights, preprocess bool) *Model {
	s := w.Spec
	b := &builder{weights: w, model: &Model{name: "deeprank"}}
	b.model.output = value{EmbeddingName, float32Type, []int{0, s.EmbedDim}}
	x := ImagesName
	if preprocess {
		b.model.input = value{PixelsName, uint8Type, []int{0, s.Size, s.Size, 3}}
		x = b.preprocess(PixelsName)
	} else {
		b.model.input = value{ImagesName, float32Type, []int{0, 3, s.Size, s.Size}}
	}

	deep := b.normalize("deep", b.fc7(x))
	var paths []string
	for _, p := range s.ShallowPaths() {
		paths = append(paths, b.shallow(x, p))
	}
	shallow := b.normalize("shallow", b.join("shallow/join", paths))
	e := b.dense("embed", b.join("join", []string{deep, shallow}))
	length := b.length("embedding", e)
	b.add("Div", "embedding/div", []string{e, length}, EmbeddingName)
	return b.model
}

// builder appends nodes to a model; each method returns the name of its result.
type builder struct {
	model   *Model
	weights *model.Weights
	epsilon string // the constant of normalize, once it is there
}

// add appends a node whose result is called out, or by the node's name.
func (b *builder) add(op, name string, inputs []string, out string, attributes ...attribute) string {
	if out == "" {
		out = name
	}
	b.model.nodes = append(b.model.nodes, node{op: op, name: name, inputs: inputs, outputs: []string{out}, attributes: attributes})
	return out
}

// constant is a tensor of the graph.
func (b *builder) constant(name string, shape []int, data []float32) string {
	b.model.initializers = append(b.model.initializers, initializer{name, shape, data})
	return name
}

// param is a parameter of the network.
func (b *builder) param(name string) string {
	w := b.weights.Get(name)
	return b.constant(name, w.Shape, w.Data)
}

// preprocess turns uint8 [N][S][S][3] into float [N][3][S][S], in the same steps as the network's own input.
func (b *builder) preprocess(x string) string {
	x = b.add("Cast", "pixels/float", []string{x}, "", attribute{"to", int(float32Type)})
	x = b.add("Transpose", "pixels/nchw", []string{x}, "", attribute{"perm", []int{0, 3, 1, 2}})
	x = b.add("Div", "pixels/unit", []string{x, b.constant("pixels/255", nil, []float32{255})}, "")
	x = b.add("Sub", "pixels/centred", []string{x, b.constant("pixels/mean", []int{1, 3, 1, 1}, mean[:])}, "")
	return b.add("Div", "pixels/input", []string{x, b.constant("pixels/deviation", []int{1, 3, 1, 1}, deviation[:])}, "")
}

// conv is a convolution and its ReLU.
func (b *builder) conv(name, x string, kernel, stride, pad int) string {
	x = b.add("Conv", name, []string{x, b.param(name + ".weight"), b.param(name + ".bias")}, "", window(kernel, stride, pad)...)
	return b.add("Relu", name+"/relu", []string{x}, "")
}

// window is the attributes of a square window.
func window(kernel, stride, pad int) []attribute {
	return []attribute{
		{"kernel_shape", []int{kernel, kernel}}, {"strides", []int{stride, stride}}, {"pads", []int{pad, pad, pad, pad}},
	}
}

// dense is a dense layer: y = x W^T + b.
func (b *builder) dense(name, x string) string {
	return b.add("Gemm", name, []string{x, b.param(name + ".weight"), b.param(name + ".bias")}, "", attribute{"transB", 1})
}

func (b *builder) flatten(name, x string) string {
	return b.add("Flatten", name, []string{x}, "", attribute{"axis", 1})
}

func (b *builder) join(name string, parts []string) string {
	return b.add("Concat", name, parts, "", attribute{"axis", 1})
}

// length is max(|x|, 1e-12) of each row, [N][1].
func (b *builder) length(name, x string) string {
	if b.epsilon == "" {
		b.epsilon = b.constant("normalize/epsilon", nil, []float32{1e-12})
	}
	x = b.add("ReduceL2", name+"/norm", []string{x}, "", attribute{"axes", []int{1}}, attribute{"keepdims", 1})
	return b.add("Max", name+"/length", []string{x, b.epsilon}, "")
}

// normalize gives each row unit length, as torch.nn.functional.normalize.
func (b *builder) normalize(name, x string) string {
	return b.add("Div", name+"/unit", []string{x, b.length(name, x)}, "")
}

// fc7 is the deep path: float [N][3][S][S] to [N][FCDim].
func (b *builder) fc7(x string) string {
	for _, c := range b.weights.Spec.DeepConvs() {
		x = b.conv(c.Name, x, 3, 1, 1)
		if c.Pooled {
			x = b.add("MaxPool", c.Name+"/pool", []string{x}, "", window(2, 2, 0)...)
		}
	}
	if b.weights.Spec.Head == model.HeadGAP {
		x = b.add("GlobalAveragePool", "features/mean", []string{x}, "")
	}
	x = b.flatten("features/flat", x)
	for _, name := range []string{"classifier.0", "classifier.3"} {
		x = b.add("Relu", name+"/relu", []string{b.dense(name, x)}, "")
	}
	return x
}

// shallow is one shallow path: float [N][3][S][S] to [N][features].
func (b *builder) shallow(x string, p model.ShallowPath) string {
	x = b.add("AveragePool", p.Name+"/average", []string{x}, "", window(p.Reduce, p.Reduce, 0)...)
	x = b.conv(p.Name, x, 8, 4, 4)
	x = b.add("MaxPool", p.Name+"/pool", []string{x}, "", window(p.Kernel, p.Stride, p.Pad)...)
	return b.flatten(p.Name+"/flat", x)
}
