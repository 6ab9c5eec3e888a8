package model

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"deeprank/internal/kernel"
	"deeprank/internal/op"
)

// tower builds the network's graph for a capacity of images.
type tower struct {
	*op.Runtime
	graph    *gorgonia.ExprGraph
	weights  *Weights
	capacity int
	trained  func(name string) bool // false for a frozen parameter
	keep     bool                   // maps are kept for the gradient; otherwise they share memory
	params   []param

	err   error
	turns map[string]int
}

// param is a trained parameter and its node.
type param struct {
	weight *Weight
	node   *gorgonia.Node
}

// slots gives a layer of a path its memory: kept maps have their own, others and all gradients alternate
// between two slots of the path. The convolutions of a network that trains have a plan instead.
func (t *tower) slots(path string) op.Slots {
	s := op.Slots{Grad: t.turn(path + " gradient")}
	if !t.keep {
		s.Out = t.turn(path + " map")
	}
	return s
}

// turn names one of two slots, the other one than the time before.
func (t *tower) turn(name string) op.Slot {
	n := t.turns[name]
	t.turns[name]++
	return op.Slot{Name: fmt.Sprintf("%s %d", name, n%2)}
}

func (t *tower) param(name string) op.Var {
	w := t.weights.Get(name)
	if w == nil {
		t.err = fmt.Errorf("model: no parameter %q", name)
		return op.Var{}
	}
	n := gorgonia.NewTensor(t.graph, tensor.Float32, len(w.Shape),
		gorgonia.WithShape(w.Shape...), gorgonia.WithName(name), gorgonia.WithValue(w.dense))
	trained := t.trained != nil && t.trained(name)
	if trained {
		t.params = append(t.params, param{w, n})
	}
	return op.Var{Node: n, Grad: trained}
}

// then runs a construction step unless one failed before.
func (t *tower) then(f func() (op.Var, error)) op.Var {
	if t.err != nil {
		return op.Var{}
	}
	v, err := f()
	t.err = err
	return v
}

func (t *tower) conv(name string, x op.Var, c kernel.Conv, s op.Slots) op.Var {
	return t.then(func() (op.Var, error) {
		return op.Conv(t.Runtime, name, x, t.param(name+".weight"), t.param(name+".bias"), c, true, s)
	})
}

func (t *tower) dense(name string, x op.Var, relu bool, s op.Slots) op.Var {
	return t.then(func() (op.Var, error) {
		return op.Dense(t.Runtime, name, x, t.param(name+".weight"), t.param(name+".bias"), relu, s)
	})
}

func (t *tower) maxPool(name string, x op.Var, p kernel.Pool, s op.Slots) op.Var {
	return t.then(func() (op.Var, error) { return op.MaxPool(t.Runtime, name, x, p, s) })
}

func (t *tower) flatten(name string, x op.Var, s op.Slots) op.Var {
	return t.then(func() (op.Var, error) { return op.Flatten(t.Runtime, name, x, s) })
}

func (t *tower) normalize(name string, x op.Var) op.Var {
	return t.then(func() (op.Var, error) { return op.Normalize(t.Runtime, name, x, op.Slots{}) })
}

func (t *tower) join(name string, a, b op.Var) op.Var {
	return t.then(func() (op.Var, error) { return op.Join(t.Runtime, name, a, b, op.Slots{}) })
}

func (t *tower) dropout(name string, x op.Var, layer uint64) op.Var {
	if t.weights.Spec.Dropout == 0 || !t.keep {
		return x
	}
	return t.then(func() (op.Var, error) {
		return op.Dropout(t.Runtime, name, x, t.weights.Spec.Dropout, layer, op.Slots{})
	})
}

// features is VGG-16's convolutions and poolings: [N][S][S][3] -> [N][S/32][S/32][C].
func (t *tower) features(x op.Var) op.Var {
	convs, _, _ := t.weights.Spec.convs()
	var plan []op.Slots
	if t.keep {
		plan = planMemory(convs, t.capacity, t.trained)
	}
	shape := func(c conv) kernel.Conv {
		return kernel.Conv{Images: t.capacity, Height: c.size, Width: c.size, In: c.in, Out: c.out, Kernel: 3, Stride: 1, Pad: 1}
	}
	slots := func(i int) op.Slots {
		if t.keep {
			return plan[i]
		}
		return t.slots("deep")
	}
	a, b := convs[0], convs[1]
	x = t.then(func() (op.Var, error) {
		return op.ConvConvPool(t.Runtime, a.name+" "+b.name, x,
			[2]op.Var{t.param(a.name + ".weight"), t.param(b.name + ".weight")}, [2]op.Var{t.param(a.name + ".bias"), t.param(b.name + ".bias")},
			[2]kernel.Conv{shape(a), shape(b)}, [2]op.Slots{slots(0), slots(1)})
	})
	for i, c := range convs[inBlock:] {
		k, s := shape(c), slots(inBlock+i)
		if c.pooled {
			x = t.then(func() (op.Var, error) {
				return op.ConvPool(t.Runtime, c.name, x, t.param(c.name+".weight"), t.param(c.name+".bias"), k, s)
			})
			continue
		}
		x = t.conv(c.name, x, k, s)
	}
	return x
}

// flat is the deep path up to fc6's input: [N][S][S][3] -> [N][Spec.Flat].
func (t *tower) flat(x op.Var) op.Var {
	x = t.features(x)
	if t.weights.Spec.Head == HeadGAP {
		return t.then(func() (op.Var, error) { return op.GlobalAverage(t.Runtime, "", x, t.slots("deep")) })
	}
	return t.flatten("features", x, t.slots("deep"))
}

// fc7 is the deep path up to fc7's ReLU: [N][S][S][3] -> [N][FCDim].
func (t *tower) fc7(x op.Var) op.Var { return t.heads(t.flat(x)) }

// heads is the deep path from fc6's input on: [N][Spec.Flat] -> [N][FCDim].
func (t *tower) heads(x op.Var) op.Var {
	x = t.dense("classifier.0", x, true, t.slots("deep"))
	x = t.dropout("classifier.2", x, 2)
	x = t.dense("classifier.3", x, true, op.Slots{})
	return t.dropout("classifier.5", x, 5)
}

// shallow is one shallow path: [N][S][S][3] -> [N][features].
func (t *tower) shallow(x op.Var, p shallowPath) op.Var {
	s, k := t.weights.Spec, t.weights.Spec.scaled(shallowChannels)
	x = t.then(func() (op.Var, error) {
		return op.AveragePool(t.Runtime, p.name, x, kernel.AveragePool{
			Images: t.capacity, Height: s.Size, Width: s.Size, Channels: 3, Kernel: p.reduce,
		}, t.slots(p.name))
	})
	x = t.conv(p.name, x, kernel.Conv{
		Images: t.capacity, Height: p.size, Width: p.size, In: 3, Out: k, Kernel: 8, Stride: 4, Pad: 4,
	}, t.slots(p.name))
	x = t.maxPool(p.name, x, kernel.Pool{
		Images: t.capacity, Height: p.convSize, Width: p.convSize, Channels: k, Kernel: p.kernel, Stride: p.stride, Pad: p.pad,
	}, t.slots(p.name))
	return t.flatten(p.name, x, t.slots(p.name))
}

// embedding is the whole tower: [N][S][S][3] -> [N][EmbedDim] of unit length.
func (t *tower) embedding(x op.Var) op.Var { return t.embeddingOf(x, t.flat(x)) }

// embeddingOf is embedding where the input of fc6 is given.
func (t *tower) embeddingOf(x, flat op.Var) op.Var {
	deep := t.normalize("deep", t.heads(flat))
	var paths []op.Var
	for _, p := range t.weights.Spec.shallows() {
		paths = append(paths, t.shallow(x, p))
	}
	shallow := t.normalize("shallow", t.join("shallow", paths[0], paths[1]))
	return t.normalize("embedding", t.dense("embed", t.join("paths", deep, shallow), false, op.Slots{}))
}

// newTower starts a graph with its input node, which holds the floats of pixels.
func newTower(team *kernel.Team, w *Weights, capacity int, trained func(string) bool) (*tower, op.Var, []float32) {
	s := w.Spec.Size
	t := &tower{
		Runtime: op.NewRuntime(team), graph: gorgonia.NewGraph(), weights: w, capacity: capacity,
		trained: trained, keep: trained != nil, turns: map[string]int{},
	}
	input := make([]float32, capacity*s*s*3)
	x := gorgonia.NewTensor(t.graph, tensor.Float32, 4, gorgonia.WithShape(capacity, s, s, 3), gorgonia.WithName("images"),
		gorgonia.WithValue(tensor.New(tensor.WithShape(capacity, s, s, 3), tensor.WithBacking(input))))
	return t, op.Var{Node: x}, input
}

// flatInput is an input node for the features that Features gives, and its floats.
func (t *tower) flatInput() (op.Var, []float32) {
	flat := t.weights.Spec.Flat()
	input := make([]float32, t.capacity*flat)
	n := gorgonia.NewMatrix(t.graph, tensor.Float32, gorgonia.WithShape(t.capacity, flat), gorgonia.WithName("features"),
		gorgonia.WithValue(tensor.New(tensor.WithShape(t.capacity, flat), tensor.WithBacking(input))))
	return op.Var{Node: n}, input
}
