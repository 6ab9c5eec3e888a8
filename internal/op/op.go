package op

import (
	"fmt"
	"hash"
	"hash/fnv"
	"io"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"deeprank/internal/kernel"
)

// Runtime is what the ops of one network share while it runs. The fields are set between runs, never during one.
type Runtime struct {
	Team *kernel.Team
	// Images is the number of images in this run; ops leave the rest of their buffers alone. Start sets it.
	Images int
	// Active is the number of images that the backward pass works on, all or what Narrow leaves of them.
	Active int
	// Train switches dropout on.
	Train bool
	// Accumulate adds the gradients to the parameters to those of the run before (micro-batches) instead of overwriting them.
	Accumulate bool
	// Total is the number of triplets that the loss is a mean over: the whole batch, also in a micro-batch.
	Total int
	// Keys holds one key an image for the dropout masks; see kernel.Dropout.
	Keys []uint64

	shared map[string]*memory
	own    int64 // floats of outputs that share no memory
	beside int64 // bytes that ops keep beside their outputs
	count  int

	rectified map[*gorgonia.Node]bool // outputs of a ReLU
	masked    map[*gorgonia.Node]bool // gradients to such an output that are 0 where it is

	kept  []kept // what Narrow moves
	parts []part
}

// A Slot is a place for an output in memory that several ops share: from element At on in the memory of that name. Without a name
// an output has memory of its own.
type Slot struct {
	Name string
	At   int
}

// memory is as large as the outputs in it want.
type memory struct {
	need int
	data []float32
}

// place is where an output lies.
type place struct {
	memory *memory
	at     int
}

// NewRuntime returns a runtime whose ops run on the team.
func NewRuntime(team *kernel.Team) *Runtime {
	return &Runtime{Team: team, shared: map[string]*memory{}, rectified: map[*gorgonia.Node]bool{}, masked: map[*gorgonia.Node]bool{}}
}

// Start says that the next run is of that many images, and that its backward pass is of all of them unless Narrow is called.
func (r *Runtime) Start(images int) { r.Images, r.Active = images, images }

// Bytes is the memory that the ops take once the network has run.
func (r *Runtime) Bytes() int64 {
	n := r.own
	for _, m := range r.shared {
		n += int64(m.need)
	}
	return 4*n + r.beside
}

// Floats makes a buffer that an op needs beside its output.
func (r *Runtime) Floats(n int) []float32 {
	r.beside += 4 * int64(n)
	return make([]float32, n)
}

// reserve declares that an output of n floats will live in the slot.
func (r *Runtime) reserve(s Slot, n int) place {
	if s.Name == "" {
		r.own += int64(n)
		return place{memory: &memory{need: n}}
	}
	m := r.shared[s.Name]
	if m == nil {
		m = &memory{}
		r.shared[s.Name] = m
	}
	m.need = max(m.need, s.At+n)
	return place{m, s.At}
}

// floats is the memory of an output of n floats; no op is added once one has run.
func (p place) floats(n int) []float32 {
	if p.memory.data == nil {
		p.memory.data = make([]float32, p.memory.need)
	}
	return p.memory.data[p.at : p.at+n]
}

// Definition says what an op computes and how it is differentiated.
type Definition struct {
	// Name is the kind and layer, such as "conv features.0"; it shows in errors and in the graph.
	Name string
	// Out is the output's shape at full capacity; empty for a scalar.
	Out tensor.Shape
	// Slot is where the output lies.
	Slot Slot
	// Run computes the output. in holds the inputs' data in order, out the output's; all at full capacity.
	Run func(in [][]float32, out []float32)
	// Alias, when not negative, says that the output is that input, changed in place by Run (out is then in[Alias]).
	Alias int
	// WRT says for each input whether a gradient to it exists.
	WRT []bool
	// Grad returns a gradient node for each input, nil where WRT is false.
	Grad func(inputs gorgonia.Nodes, output, grad *gorgonia.Node) (gorgonia.Nodes, error)
}

// Apply adds the op to the graph of its inputs and returns its node.
func (r *Runtime) Apply(d Definition, inputs ...*gorgonia.Node) (*gorgonia.Node, error) {
	r.count++
	o := &op{def: d, id: r.count, arity: len(inputs)}
	types := make([]hm.Type, 0, len(inputs)+1)
	for _, n := range inputs {
		types = append(types, n.Type())
	}
	if len(d.Out) == 0 {
		o.typ = hm.NewFnType(append(types, tensor.Float32)...)
	} else {
		o.typ = hm.NewFnType(append(types, gorgonia.TensorType{Dims: d.Out.Dims(), Of: tensor.Float32})...)
	}
	if d.Alias < 0 {
		o.place = r.reserve(d.Slot, max(1, d.Out.TotalSize()))
	}
	n, err := gorgonia.ApplyOp(o, inputs...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.Name, err)
	}
	return n, nil
}

// op is the one implementation of gorgonia's Op and SDOp; what differs between ops is in its definition.
type op struct {
	def   Definition
	id    int // makes the hash unique: gorgonia merges nodes whose hashes are equal
	arity int
	typ   hm.Type
	place place
	value gorgonia.Value
	out   []float32
	in    [][]float32
}

var _ gorgonia.SDOp = (*op)(nil)

func (o *op) Arity() int           { return o.arity }
func (o *op) Type() hm.Type        { return o.typ }
func (o *op) ReturnsPtr() bool     { return false }
func (o *op) CallsExtern() bool    { return false }
func (o *op) OverwritesInput() int { return -1 }
func (o *op) String() string       { return fmt.Sprintf("%s #%d", o.def.Name, o.id) }

func (o *op) WriteHash(h hash.Hash) { _, _ = io.WriteString(h, o.String()) }
func (o *op) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

func (o *op) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) { return o.def.Out.Clone(), nil }

// Do computes the output into the op's own buffer. A panic of a kernel becomes an error: gorgonia runs ops on a
// goroutine of its own, where a panic would end the program.
func (o *op) Do(inputs ...gorgonia.Value) (v gorgonia.Value, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: %v", o.def.Name, p)
		}
	}()
	o.in = o.in[:0]
	for _, in := range inputs {
		switch d := in.Data().(type) {
		case []float32:
			o.in = append(o.in, d)
		case float32: // the constant 1 that the chain of gradients starts with
			o.in = append(o.in, []float32{d})
		default:
			return nil, fmt.Errorf("%s: input of type %T, want float32", o.def.Name, d)
		}
	}
	if o.def.Alias >= 0 {
		o.def.Run(o.in, o.in[o.def.Alias])
		return inputs[o.def.Alias], nil
	}
	if o.out == nil {
		o.out = o.place.floats(max(1, o.def.Out.TotalSize()))
		if len(o.def.Out) > 0 {
			o.value = tensor.New(tensor.WithShape(o.def.Out...), tensor.WithBacking(o.out))
		}
	}
	o.def.Run(o.in, o.out)
	if len(o.def.Out) == 0 {
		return gorgonia.NewF32(o.out[0]), nil
	}
	return o.value, nil
}

// DiffWRT says to which inputs the op has a gradient.
func (o *op) DiffWRT(n int) []bool {
	if o.def.WRT == nil {
		return make([]bool, n)
	}
	return o.def.WRT
}

// SymDiff returns the nodes of the op's gradient.
func (o *op) SymDiff(inputs gorgonia.Nodes, output, grad *gorgonia.Node) (gorgonia.Nodes, error) {
	if o.def.Grad == nil {
		return nil, fmt.Errorf("%s has no gradient", o.def.Name)
	}
	return o.def.Grad(inputs, output, grad)
}
