package op_test

import (
	"fmt"
	"testing"

	"deeprank/internal/kernel"
	"deeprank/internal/op"
	"deeprank/internal/reference"
)

// convCase is one convolution, with slots of its own.
func convCase(name string, c kernel.Conv, used int, relu bool) graphCase {
	return graphCase{
		name: name, capacity: c.Images, images: used, step: 1e-3,
		operands: []operand{
			images(true, sixteenths, c.Images, c.Height, c.Width, c.In),
			parameter(true, sixteenths, c.Out, c.In, c.Kernel, c.Kernel),
			parameter(true, odd512ths, c.Out),
		},
		build: func(r *op.Runtime, in []op.Var) (op.Var, error) {
			return op.Conv(r, name, in[0], in[1], in[2], c, relu, op.Slots{})
		},
		define: func(n int, in [][]float64) []float64 { return defineConv(c, n, relu, in[0], in[1], in[2]) },
	}
}

func defineConv(c kernel.Conv, n int, relu bool, x, w, b []float64) []float64 {
	s := reference.Conv(c)
	s.Images = n
	y := make([]float64, n*s.OutHeight()*s.OutWidth()*s.Out)
	s.Forward(x, w, b, y, relu)
	return y
}

func defineDense(n, in, out int, relu bool, x, w, b []float64) []float64 {
	y := make([]float64, n*out)
	reference.DenseForward(n, in, out, x, w, b, y, relu)
	return y
}

// vggLayers are VGG-16's convolutions at an eighth of its size, with a sixteenth of its channels.
var vggLayers = []struct {
	name          string
	size, in, out int
}{
	{"conv1_1", 28, 3, 4}, {"conv1_2", 28, 4, 4},
	{"conv2_1", 14, 4, 8}, {"conv2_2", 14, 8, 8},
	{"conv3_1", 7, 8, 16}, {"conv3_2", 7, 16, 16}, {"conv3_3", 7, 16, 16},
	{"conv4_1", 3, 16, 32}, {"conv4_2", 3, 32, 32}, {"conv4_3", 3, 32, 32},
	{"conv5_1", 2, 32, 32}, {"conv5_2", 2, 32, 32}, {"conv5_3", 1, 32, 32},
}

func TestConv(t *testing.T) {
	var cases []graphCase
	for _, l := range vggLayers {
		cases = append(cases, convCase(l.name, kernel.Conv{
			Images: 2, Height: l.size, Width: l.size, In: l.in, Out: l.out, Kernel: 3, Stride: 1, Pad: 1,
		}, 2, true))
	}
	for _, relu := range []bool{false, true} {
		for _, c := range []struct{ capacity, used, height, width, in, out int }{
			{3, 2, 5, 5, 3, 13}, {3, 1, 3, 4, 13, 26}, {2, 2, 2, 3, 26, 51}, {2, 1, 2, 2, 51, 102}, {1, 1, 1, 1, 102, 102},
			{3, 3, 7, 9, 5, 3}, {6, 3, 1, 6, 1, 1},
		} {
			cases = append(cases, convCase(fmt.Sprintf("3x3 %v relu %v", c, relu), kernel.Conv{
				Images: c.capacity, Height: c.height, Width: c.width, In: c.in, Out: c.out, Kernel: 3, Stride: 1, Pad: 1,
			}, c.used, relu))
		}
		for _, c := range []struct{ capacity, used, height, width, out int }{
			{2, 2, 56, 56, 3}, {3, 2, 28, 28, 6}, {3, 2, 8, 8, 12}, {3, 2, 4, 4, 19}, {2, 1, 9, 7, 13}, {2, 2, 3, 5, 2},
		} {
			cases = append(cases, convCase(fmt.Sprintf("8x8 %v relu %v", c, relu), kernel.Conv{
				Images: c.capacity, Height: c.height, Width: c.width, In: 3, Out: c.out, Kernel: 8, Stride: 4, Pad: 4,
			}, c.used, relu))
		}
	}
	for _, c := range cases {
		t.Run(c.name, c.check)
	}
}

func TestDense(t *testing.T) {
	for _, relu := range []bool{false, true} {
		for _, c := range []struct{ capacity, used, in, out int }{
			{1, 1, 1, 1}, {3, 3, 13, 26}, {6, 3, 26, 51}, {5, 2, 51, 102}, {24, 24, 102, 13}, {2, 1, 257, 33}, {7, 7, 64, 64},
		} {
			g := graphCase{
				name: fmt.Sprintf("%v relu %v", c, relu), capacity: c.capacity, images: c.used, step: 1e-3,
				operands: []operand{
					images(true, sixteenths, c.capacity, c.in), parameter(true, sixteenths, c.out, c.in), parameter(true, odd512ths, c.out),
				},
				build: func(r *op.Runtime, in []op.Var) (op.Var, error) {
					return op.Dense(r, "fc", in[0], in[1], in[2], relu, op.Slots{})
				},
				define: func(n int, in [][]float64) []float64 { return defineDense(n, c.in, c.out, relu, in[0], in[1], in[2]) },
			}
			t.Run(g.name, g.check)
		}
	}
}

// TestWholeGradients holds every element of a layer's gradients, not only some, against the reference's backward passes,
// which kernel's tests check with finite differences.
func TestWholeGradients(t *testing.T) {
	c := kernel.Conv{Images: 3, Height: 6, Width: 5, In: 13, Out: 26, Kernel: 3, Stride: 1, Pad: 1}
	b := newBench(t, convCase("conv", c, 2, true))
	b.draw(true)
	b.run(t, false)
	s := reference.Conv(c)
	s.Images = 2
	in, y, dy := b.inputs(), float64s(data(b.y)), float64s(b.weights)
	y, dy = y[:len(y)*2/3], dy[:len(dy)*2/3]
	reference.MaskReLU(dy, y)
	dx, dw, db := make([]float64, len(in[0])), make([]float64, len(in[1])), make([]float64, len(in[2]))
	s.BackwardData(dy, in[1], dx)
	s.BackwardWeights(in[0], dy, dw, db, false)
	near(t, "dx", data(b.grads[0])[:len(dx)], dx, 1e-6)
	near(t, "dw", data(b.grads[1]), dw, 1e-6)
	near(t, "db", data(b.grads[2]), db, 1e-6)
}

// TestFrozen: what is frozen has no node in the graph, and the other gradients are right without it.
func TestFrozen(t *testing.T) {
	c := kernel.Conv{Images: 3, Height: 5, Width: 4, In: 3, Out: 13, Kernel: 3, Stride: 1, Pad: 1}
	for _, f := range []struct {
		name    string
		x, w, b bool
		nodes   map[string]int
	}{
		{"nothing", true, true, true, map[string]int{" dx": 1, " dw": 1, " db": 1}},
		{"layer", true, false, false, map[string]int{" dx": 1, " dw": 0, " db": 0}},
		{"bias", true, true, false, map[string]int{" dx": 1, " dw": 1, " db": 0}},
		{"weight", true, false, true, map[string]int{" dx": 1, " dw": 1, " db": 1}}, // db is left by dw
		{"all below", false, true, true, map[string]int{" dx": 0, " dw": 1, " db": 1}},
		{"all but bias", false, false, true, map[string]int{" dx": 0, " dw": 1, " db": 1}},
		{"all", false, false, false, map[string]int{" dx": 0, " dw": 0, " db": 0, " mask": 0}},
	} {
		t.Run(f.name, func(t *testing.T) {
			g := convCase("l", c, 2, true)
			g.operands[0].grad, g.operands[1].grad, g.operands[2].grad = f.x, f.w, f.b
			b := newBench(t, g)
			for suffix, want := range f.nodes {
				if got := b.operations("conv l" + suffix); len(got) != want {
					t.Errorf("the graph has %d of%s, want %d", len(got), suffix, want)
				}
			}
			g.check(t)
		})
	}
}

// TestMaskByTheLayerAbove: where one convolution alone reads the output of a ReLU, its dx is masked, and there is no pass for that; where
// two do, their sum is masked. The gradients are right both ways.
func TestMaskByTheLayerAbove(t *testing.T) {
	c := kernel.Conv{Images: 3, Height: 5, Width: 4, In: 13, Out: 13, Kernel: 3, Stride: 1, Pad: 1}
	const used, wide = 2, 5 * 4 * 13
	for _, consumers := range []int{1, 2} {
		for _, frozen := range []bool{false, true} {
			g := convCase("", c, used, true)
			g.operands = append(g.operands, g.operands[1:]...)
			g.operands = append(g.operands, g.operands[1:3]...) // weights and biases of below, above 0 and above 1
			if frozen {
				for i := range g.operands[1:] {
					g.operands[1+i].grad = false
				}
			}
			g.step = 1e-6
			for i := range g.operands {
				g.operands[i].draw = normal
			}
			if consumers == 1 {
				g.operands = g.operands[:5]
			}
			g.build = func(r *op.Runtime, in []op.Var) (op.Var, error) {
				below, err := op.Conv(r, "below", in[0], in[1], in[2], c, true, op.Slots{})
				if err != nil {
					return below, err
				}
				var flat [2]op.Var
				for i := range consumers {
					y, err := op.Conv(r, fmt.Sprint("above", i), below, in[3+2*i], in[4+2*i], c, true, op.Slots{})
					if err != nil {
						return y, err
					}
					if flat[i], err = op.Flatten(r, "", y, op.Slots{}); err != nil {
						return y, err
					}
				}
				if consumers == 1 {
					return flat[0], nil
				}
				return op.Join(r, "", flat[0], flat[1], op.Slots{})
			}
			g.define = func(n int, in [][]float64) []float64 {
				below := defineConv(c, n, true, in[0], in[1], in[2])
				above := func(i int) []float64 {
					return defineFlatten(n, 5, 4, 13, defineConv(c, n, true, below, in[3+2*i], in[4+2*i]))
				}
				if consumers == 1 {
					return above(0)
				}
				return defineJoin(n, wide, wide, above(0), above(1))
			}
			t.Run(fmt.Sprint(consumers, " consumers, frozen ", frozen), func(t *testing.T) {
				b := newBench(t, g)
				if got := len(b.operations("conv below mask")); got != consumers-1 {
					t.Errorf("%d passes to mask", got)
				}
				g.check(t)
			})
		}
	}
}

// TestDataAfterWeights: the gradient to the data is a parent of that to the weights in the graph, whatever order gorgonia finds for the
// rest. The gradient to the data of the layer below overwrites what the weights' gradient reads.
func TestDataAfterWeights(t *testing.T) {
	for _, c := range []graphCase{
		convCase("l", kernel.Conv{Images: 1, Height: 2, Width: 2, In: 1, Out: 1, Kernel: 3, Stride: 1, Pad: 1}, 1, true),
		convCase("l", kernel.Conv{Images: 1, Height: 2, Width: 2, In: 1, Out: 1, Kernel: 3, Stride: 1, Pad: 1}, 1, false),
	} {
		b := newBench(t, c)
		dx, dw := b.operations("conv l dx"), b.operations("conv l dw")
		if len(dx) != 1 || len(dw) != 1 || !b.graph.HasEdgeFromTo(dx[0].ID(), dw[0].ID()) {
			t.Error("nothing makes dx wait for dw")
		}
	}
}

func TestDenseShapes(t *testing.T) {
	var err error
	newBench(t, graphCase{
		capacity: 2, images: 2,
		operands: []operand{images(false, normal, 2, 3), parameter(false, normal, 5, 4), parameter(false, normal, 5)},
		build: func(r *op.Runtime, in []op.Var) (op.Var, error) {
			_, err = op.Dense(r, "fc6", in[0], in[1], in[2], false, op.Slots{})
			return in[0], nil
		},
	})
	if err == nil {
		t.Error("rows of 3 fitted a weight for 4")
	}
}
