package op_test

import (
	"fmt"
	"math"
	"testing"

	"deeprank/internal/kernel"
	"deeprank/internal/op"
)

// blockCase is two convolutions and a pooling in one; trained says which of the four parameters want a gradient.
func blockCase(images_, used, height, width, in, between, out int, trained [4]bool) (graphCase, [2]kernel.Conv) {
	c := [2]kernel.Conv{
		{Images: images_, Height: height, Width: width, In: in, Out: between, Kernel: 3, Stride: 1, Pad: 1},
		{Images: images_, Height: height, Width: width, In: between, Out: out, Kernel: 3, Stride: 1, Pad: 1},
	}
	p := kernel.Pool{Images: images_, Height: height, Width: width, Channels: out, Kernel: 2, Stride: 2}
	return graphCase{
		name: fmt.Sprint(images_, used, height, width, in, between, out, trained), capacity: images_, images: used, step: 1e-6,
		operands: []operand{
			images(false, normal, images_, height, width, in),
			parameter(trained[0], normal, between, in, 3, 3), parameter(trained[1], normal, between),
			parameter(trained[2], normal, out, between, 3, 3), parameter(trained[3], normal, out),
		},
		build: func(r *op.Runtime, in []op.Var) (op.Var, error) {
			deep := func(at int) op.Slot { return op.Slot{Name: "deep", At: at} }
			few, size := op.Together(images_), height*width
			s := [2]op.Slots{{Out: deep(0)}, {Unpool: deep(few * size * between), Grad: deep(few * size * (between + out))}}
			return op.ConvConvPool(r, "c", in[0], [2]op.Var{in[1], in[3]}, [2]op.Var{in[2], in[4]}, c, s)
		},
		define: func(n int, in [][]float64) []float64 {
			return definePool(p, n, defineConv(c[1], n, true, defineConv(c[0], n, true, in[0], in[1], in[2]), in[3], in[4]))
		},
	}, c
}

func TestConvConvPool(t *testing.T) {
	all := [4]bool{true, true, true, true}
	for _, trained := range [][4]bool{
		all, {true, true}, {false, false, true, true}, {false, true}, {true, false, false, true}, {},
	} {
		g, _ := blockCase(5, 4, 6, 8, 3, 4, 5, trained)
		t.Run(g.name, g.check)
	}
	for _, n := range [][2]int{{1, 1}, {2, 1}, {3, 3}, {7, 7}, {9, 5}} {
		g, _ := blockCase(n[0], n[1], 4, 4, 2, 3, 4, all)
		t.Run(g.name, g.check)
	}
}

// TestConvConvPoolBits: outputs and gradients have the bits of the two layers one by one, directly and by Winograd's method.
func TestConvConvPoolBits(t *testing.T) {
	for _, shape := range [][5]int{{8, 8, 3, 16, 16}, {20, 16, 3, 16, 32}, {6, 10, 3, 5, 7}} {
		for _, used := range []int{7, 5} {
			one, c := blockCase(7, used, shape[0], shape[1], shape[2], shape[3], shape[4], [4]bool{true, true, true, true})
			two := one
			two.build = func(r *op.Runtime, in []op.Var) (op.Var, error) {
				x, err := op.Conv(r, "a", in[0], in[1], in[2], c[0], true, op.Slots{})
				if err != nil {
					return x, err
				}
				return op.ConvPool(r, "b", x, in[3], in[4], c[1], op.Slots{})
			}
			a, b := newBench(t, one), newBench(t, two)
			for step := range 3 { // the last one adds to the gradients of the one before
				for _, x := range []*bench{a, b} {
					x.draw(step == 0)
					x.run(t, step == 2)
				}
				per := len(data(a.y)) / 7
				sameBits(t, "y", data(a.y)[:used*per], data(b.y)[:used*per])
				for i := 1; i <= 4; i++ {
					sameBits(t, fmt.Sprintf("step %d, gradient %d", step, i), data(a.grads[i]), data(b.grads[i]))
				}
			}
		}
	}
}

func sameBits(t *testing.T, what string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) || len(got) == 0 {
		t.Fatalf("%s: %d and %d floats", what, len(got), len(want))
	}
	for i := range got {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("%s at %d: %v, want %v", what, i, got[i], want[i])
		}
	}
}
