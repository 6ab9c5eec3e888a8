package op_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"deeprank/internal/kernel"
	"deeprank/internal/op"
	"deeprank/internal/reference"
)

// operand is an input of a graph under test.
type operand struct {
	shape    []int
	perImage bool // the first dimension is the capacity; otherwise a parameter
	grad     bool
	draw     func(r *rand.Rand, n int) []float32
}

func images(grad bool, draw func(*rand.Rand, int) []float32, shape ...int) operand {
	return operand{shape: shape, perImage: true, grad: grad, draw: draw}
}

func parameter(grad bool, draw func(*rand.Rand, int) []float32, shape ...int) operand {
	return operand{shape: shape, grad: grad, draw: draw}
}

func (o operand) size() int { return tensor.Shape(o.shape).TotalSize() }

// used is how many of its floats a run of n images may read.
func (o operand) used(n int) int {
	if o.perImage {
		return o.size() / o.shape[0] * n
	}
	return o.size()
}

// The draws keep a distance from the places where ReLU and maximum have no derivative. Sixteenths times sixteenths are
// whole 256ths, and with odd 512ths added never 0: a convolution or dense layer of these stays 1/512 away from 0,
// and float32 computes it without rounding.
func sixteenths(r *rand.Rand, n int) []float32 {
	return drawn(n, func(int) float64 { return float64(r.IntN(33)-16) / 16 })
}

func odd512ths(r *rand.Rand, n int) []float32 {
	return drawn(n, func(int) float64 { return float64(2*r.IntN(256)-255) / 512 })
}

// distinct values are at least 1/64 apart.
func distinct(r *rand.Rand, n int) []float32 {
	order := r.Perm(n)
	return drawn(n, func(i int) float64 { return float64(order[i]-n/2) / 64 })
}

func normal(r *rand.Rand, n int) []float32 {
	return drawn(n, func(int) float64 { return r.NormFloat64() })
}

func ones(_ *rand.Rand, n int) []float32 {
	return drawn(n, func(int) float64 { return 1 })
}

func drawn(n int, f func(i int) float64) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(f(i))
	}
	return out
}

// graphCase is an operation, or several, and its definition in float64.
type graphCase struct {
	name             string
	capacity, images int
	operands         []operand
	build            func(r *op.Runtime, in []op.Var) (op.Var, error)
	define           func(images int, in [][]float64) []float64
	step             float64 // of the finite differences; 1e-3 where the function has corners at a known distance, or none
	// runtime sets what the case needs in it; nil sets nothing.
	runtime func(r *op.Runtime)
}

// bench is a built case: the graph of sum_i g_i y_i and its machine.
type bench struct {
	graphCase
	runtime *op.Runtime
	graph   *gorgonia.ExprGraph
	values  [][]float32 // of the operands, in place
	weights []float32   // g, at full capacity
	y       *gorgonia.Node
	grads   map[int]*gorgonia.Node // by operand
	active  []int32                // the images that the backward pass is narrowed to; nil for all
	machine gorgonia.VM
	random  *rand.Rand
}

func newBench(t *testing.T, c graphCase) *bench {
	t.Helper()
	team := kernel.NewTeam(2)
	t.Cleanup(team.Close)
	b := &bench{
		graphCase: c, runtime: op.NewRuntime(team), graph: gorgonia.NewGraph(), grads: map[int]*gorgonia.Node{},
		random: rand.New(rand.NewPCG(1, 2)),
	}
	if c.runtime != nil {
		c.runtime(b.runtime)
	}
	var in []op.Var
	var wrt gorgonia.Nodes
	var which []int
	for i, o := range c.operands {
		data := make([]float32, o.size())
		n := gorgonia.NewTensor(b.graph, tensor.Float32, len(o.shape), gorgonia.WithShape(o.shape...), gorgonia.WithName(fmt.Sprint("operand ", i)),
			gorgonia.WithValue(tensor.New(tensor.WithShape(o.shape...), tensor.WithBacking(data))))
		b.values = append(b.values, data)
		in = append(in, op.Var{Node: n, Grad: o.grad})
		if o.grad {
			wrt, which = append(wrt, n), append(which, i)
		}
	}
	y, err := c.build(b.runtime, in)
	if err != nil {
		t.Fatal(err)
	}
	b.y = y.Node
	b.weights = sixteenths(b.random, y.Node.Shape().TotalSize())
	if y.Grad != (len(wrt) > 0) {
		t.Fatalf("the result's Grad is %v with %d operands that want one", y.Grad, len(wrt))
	}
	if len(wrt) > 0 {
		cost, err := b.weightedSum(y.Node)
		if err != nil {
			t.Fatal(err)
		}
		grads, err := gorgonia.Grad(cost, wrt...)
		if err != nil {
			t.Fatal(err)
		}
		for i, g := range grads {
			b.grads[which[i]] = g
		}
	}
	b.machine = gorgonia.NewTapeMachine(b.graph)
	t.Cleanup(func() {
		if err := b.machine.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// weightedSum makes a scalar of y whose gradient to y is the weights, those of the active images where it narrows the run.
func (b *bench) weightedSum(y *gorgonia.Node) (*gorgonia.Node, error) {
	r, per := b.runtime, len(b.weights)/b.capacity
	return r.Apply(op.Definition{
		Name: "weighted sum", Alias: -1, WRT: []bool{true},
		Run: func(in [][]float32, out []float32) {
			out[0] = 0
			for i, g := range b.weights[:r.Images*per] {
				out[0] += g * in[0][i]
			}
		},
		Grad: func(_ gorgonia.Nodes, _, dy *gorgonia.Node) (gorgonia.Nodes, error) {
			d, err := r.Apply(op.Definition{
				Name: "weighted sum dx", Out: y.Shape().Clone(), Alias: -1,
				Run: func(in [][]float32, out []float32) {
					if b.active != nil {
						r.Narrow(b.active)
					}
					for i := range out {
						out[i] = float32(math.NaN())
					}
					for i := range r.Active {
						from := i
						if b.active != nil {
							from = int(b.active[i])
						}
						for k, g := range b.weights[from*per : (from+1)*per] {
							out[i*per+k] = g * in[0][0]
						}
					}
				},
			}, dy)
			return gorgonia.Nodes{d}, err
		},
	}, y)
}

// draw gives the operands new values in place: the images, and the parameters too where wanted. What a run must not read is NaN.
func (b *bench) draw(parameters bool) {
	for i, o := range b.operands {
		if !o.perImage && !parameters {
			continue
		}
		n := copy(b.values[i], o.draw(b.random, o.used(b.images)))
		for k := n; k < o.size(); k++ {
			b.values[i][k] = float32(math.NaN())
		}
	}
}

func (b *bench) run(t *testing.T, accumulate bool) {
	t.Helper()
	b.runtime.Start(b.images)
	b.runtime.Accumulate = accumulate
	b.machine.Reset()
	if err := b.machine.RunAll(); err != nil {
		t.Fatal(err)
	}
}

// inputs are the operands' values in float64, without those of images beyond the run's.
func (b *bench) inputs() [][]float64 {
	in := make([][]float64, len(b.values))
	for i, v := range b.values {
		in[i] = float64s(v[:b.operands[i].used(b.images)])
	}
	return in
}

func (b *bench) checkForward(t *testing.T) {
	t.Helper()
	want := b.define(b.images, b.inputs())
	near(t, "y", data(b.y)[:len(want)], want, 2e-6)
}

// samples is how many coordinates of an operand a check looks at by finite differences, others each time; a case has three checks.
const samples = 8

// differences is the definition's gradient of the weighted sum to an operand at some coordinates.
func (b *bench) differences(operand int) (at []int, g []float64) {
	in := b.inputs()
	at = b.random.Perm(len(in[operand]))
	at = at[:min(samples, len(at))]
	x := make([]float64, len(at))
	for k, i := range at {
		x[k] = in[operand][i]
	}
	return at, reference.Gradient(func(x []float64) float64 {
		for k, i := range at {
			in[operand][i] = x[k]
		}
		sum := 0.0
		for i, v := range b.define(b.images, in) {
			sum += float64(b.weights[i]) * v
		}
		return sum
	}, x, b.step)
}

func (b *bench) checkGradients(t *testing.T) {
	t.Helper()
	for i, o := range b.operands {
		if !o.grad {
			continue
		}
		at, want := b.differences(i)
		got := data(b.grads[i])
		picked := make([]float32, len(at))
		for k, p := range at {
			picked[k] = got[p]
		}
		near(t, fmt.Sprintf("gradient to operand %d at %v", i, at), picked, want, 2e-5)
		for k := o.used(b.images); k < o.size(); k++ {
			if got[k] != 0 {
				t.Fatalf("gradient to operand %d: wrote %v at %d, beyond %d images", i, got[k], k, b.images)
			}
		}
	}
}

// checkNarrow: with some images left out of the backward pass, the gradients are those of their weights being 0; with all left
// out, the gradients to the parameters are 0, or unchanged where they are added up.
func (b *bench) checkNarrow(t *testing.T) {
	t.Helper()
	if len(b.grads) == 0 {
		return
	}
	defer func() { b.active = nil }()
	b.draw(true)
	whole, per := b.weights, len(b.weights)/b.capacity
	b.weights = append([]float32(nil), whole...)
	active, place := []int32{}, map[int]int{}
	for i := range b.images { // without the first, so that all move, and with the last
		if i > 0 && (i == b.images-1 || b.random.IntN(2) == 0) {
			place[i] = len(active)
			active = append(active, int32(i))
		} else {
			clear(b.weights[i*per : (i+1)*per])
		}
	}
	type sample struct {
		at   []int
		want []float64
	}
	samples := map[int]sample{} // taken before the run, which moves the operands' images
	for i := range b.grads {
		at, want := b.differences(i)
		samples[i] = sample{at, want}
	}
	b.weights, b.active = whole, active
	b.run(t, false)
	for i, s := range samples {
		got := make([]float32, len(s.at))
		for k, at := range s.at {
			if o := b.operands[i]; o.perImage {
				n := o.size() / o.shape[0]
				to, ok := place[at/n]
				if !ok {
					continue
				}
				at = to*n + at%n
			}
			got[k] = data(b.grads[i])[at]
		}
		near(t, fmt.Sprintf("images %v: gradient to operand %d at %v", active, i, s.at), got, s.want, 2e-5)
	}

	before := b.copyGradients()
	b.draw(false)
	b.active = []int32{}
	b.run(t, true)
	for i, g := range b.copyGradients() {
		if !b.operands[i].perImage {
			same(t, fmt.Sprintf("gradient to operand %d after no image", i), g, before[i])
		}
	}
	b.run(t, false)
	for i, g := range b.copyGradients() {
		if !b.operands[i].perImage {
			same(t, fmt.Sprintf("gradient to operand %d of no image", i), g, make([]float32, len(g)))
		}
	}
}

// check runs a case four times: plain; with other images, the gradients to the parameters added to the first run's; with other
// parameters, changed in place; and again, which must give the same bits. Then it leaves out images.
func (c graphCase) check(t *testing.T) {
	t.Helper()
	b := newBench(t, c)
	b.draw(true)
	b.run(t, false)
	b.checkForward(t)
	b.checkGradients(t)

	first := b.copyGradients()
	b.draw(false)
	b.run(t, true)
	b.checkForward(t)
	both := b.copyGradients()
	b.run(t, false)
	b.checkGradients(t)
	for i, second := range b.copyGradients() {
		want := float64s(second)
		if !b.operands[i].perImage {
			for k, v := range first[i] {
				want[k] += float64(v)
			}
		}
		near(t, fmt.Sprintf("gradient to operand %d after two runs", i), both[i], want, 1e-6)
	}

	b.draw(true)
	b.run(t, false)
	b.checkForward(t)
	b.checkGradients(t)

	y, grads := append([]float32(nil), data(b.y)...), b.copyGradients()
	b.run(t, false)
	same(t, "y", data(b.y)[:c.images*len(y)/c.capacity], y[:c.images*len(y)/c.capacity])
	for i, g := range b.copyGradients() {
		same(t, fmt.Sprintf("gradient to operand %d", i), g, grads[i])
	}
	b.checkNarrow(t)
}

func (b *bench) copyGradients() map[int][]float32 {
	out := map[int][]float32{}
	for i, n := range b.grads {
		out[i] = append([]float32(nil), data(n)...)
	}
	return out
}

// operations lists the graph's nodes of the named operation.
func (b *bench) operations(name string) (nodes gorgonia.Nodes) {
	for _, n := range b.graph.AllNodes() {
		if n.Op() == nil {
			continue
		}
		if of, _, _ := strings.Cut(n.Op().String(), " #"); of == name {
			nodes = append(nodes, n)
		}
	}
	return nodes
}

func data(n *gorgonia.Node) []float32 { return n.Value().Data().([]float32) }

func float64s(x []float32) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}

// near compares element by element; tol is relative to the largest value wanted.
func near(t *testing.T, what string, got []float32, want []float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	largest := 1e-30
	for _, v := range want {
		largest = max(largest, math.Abs(v))
	}
	for i, v := range want {
		if d := math.Abs(float64(got[i]) - v); !(d <= tol*largest) {
			t.Fatalf("%s: [%d] is %v, want %v", what, i, got[i], v)
		}
	}
}

func same(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i, v := range want {
		if math.Float32bits(got[i]) != math.Float32bits(v) {
			t.Fatalf("%s: [%d] is %v, want the same bits as %v", what, i, got[i], v)
		}
	}
}
