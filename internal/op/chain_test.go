package op_test

import (
	"fmt"
	"strings"
	"testing"

	"deeprank/internal/kernel"
	"deeprank/internal/op"
)

// The chains share memory as the tower does: the gradients of a path are written in turn to two slots, and without
// gradients the maps too.
type turns struct {
	path       string
	n, written int
	maps       bool
}

func (s *turns) next() op.Slots {
	slots := op.Slots{Grad: s.gradient()}
	if s.maps {
		slots.Out = op.Slot{Name: fmt.Sprint(s.path, " map ", s.written%2)}
		s.written++
	}
	return slots
}

// pooled is next for a layer that pools: two gradients, one map.
func (s *turns) pooled() op.Slots {
	slots := s.next()
	slots.Unpool = s.gradient()
	return slots
}

func (s *turns) gradient() op.Slot {
	s.n++
	return op.Slot{Name: fmt.Sprint(s.path, " gradient ", s.n%2)}
}

// deepChain is a small deep path: two convolutions with pooling, a third, flatten, two dense layers with dropout.
// Operands: image, then weight and bias of c1, c2, c3, fc6, fc7; trained says which of the layers are.
func deepChain(name string, capacity, used int, image bool, trained string, maps, fused bool) graphCase {
	conv := func(size, in, out int) kernel.Conv {
		return kernel.Conv{Images: capacity, Height: size, Width: size, In: in, Out: out, Kernel: 3, Stride: 1, Pad: 1}
	}
	pool := func(size, channels int) kernel.Pool {
		return kernel.Pool{Images: capacity, Height: size, Width: size, Channels: channels, Kernel: 2, Stride: 2}
	}
	c1, c2, c3 := conv(8, 3, 5), conv(4, 5, 13), conv(2, 13, 6)
	const fc, p = 17, 0.4
	keys := dropoutKeys(capacity)
	operands := []operand{images(image, normal, capacity, 8, 8, 3)}
	for _, l := range []struct {
		name  string
		shape []int
	}{{"c1", []int{5, 3, 3, 3}}, {"c2", []int{13, 5, 3, 3}}, {"c3", []int{6, 13, 3, 3}}, {"fc6", []int{fc, 24}}, {"fc7", []int{fc, fc}}} {
		w, b := strings.Contains(trained, l.name), strings.Contains(trained, l.name) || strings.Contains(trained, "bias of "+l.name)
		if strings.Contains(trained, "bias of "+l.name) {
			w = false
		}
		operands = append(operands, parameter(w, normal, l.shape...), parameter(b, normal, l.shape[0]))
	}
	return graphCase{
		name: name, capacity: capacity, images: used, operands: operands, step: 1e-6,
		runtime: func(r *op.Runtime) { r.Train, r.Keys = !maps, keys },
		build: func(r *op.Runtime, in []op.Var) (op.Var, error) {
			s := &turns{path: "deep", maps: maps}
			x := in[0]
			layers := []func() (op.Var, error){
				func() (op.Var, error) { return op.Conv(r, "c1", x, in[1], in[2], c1, true, s.next()) },
				func() (op.Var, error) { return op.MaxPool(r, "p1", x, pool(8, 5), s.next()) },
				func() (op.Var, error) { return op.Conv(r, "c2", x, in[3], in[4], c2, true, s.next()) },
				func() (op.Var, error) { return op.MaxPool(r, "p2", x, pool(4, 13), s.next()) },
			}
			if fused {
				layers = []func() (op.Var, error){
					func() (op.Var, error) { return op.ConvPool(r, "c1", x, in[1], in[2], c1, s.pooled()) },
					func() (op.Var, error) { return op.ConvPool(r, "c2", x, in[3], in[4], c2, s.pooled()) },
				}
			}
			for _, layer := range append(layers,
				func() (op.Var, error) { return op.Conv(r, "c3", x, in[5], in[6], c3, true, s.next()) },
				func() (op.Var, error) { return op.Flatten(r, "", x, s.next()) },
				func() (op.Var, error) { return op.Dense(r, "fc6", x, in[7], in[8], true, s.next()) },
				func() (op.Var, error) { return op.Dropout(r, "d6", x, p, 2, op.Slots{}) },
				func() (op.Var, error) { return op.Dense(r, "fc7", x, in[9], in[10], true, op.Slots{}) },
				func() (op.Var, error) { return op.Normalize(r, "", x, op.Slots{}) },
			) {
				var err error
				if x, err = layer(); err != nil {
					return x, err
				}
			}
			return x, nil
		},
		define: func(n int, in [][]float64) []float64 {
			x := defineConv(c1, n, true, in[0], in[1], in[2])
			x = definePool(pool(8, 5), n, x)
			x = defineConv(c2, n, true, x, in[3], in[4])
			x = definePool(pool(4, 13), n, x)
			x = defineConv(c3, n, true, x, in[5], in[6])
			x = defineFlatten(n, 2, 2, 6, x)
			x = defineDense(n, 24, fc, true, x, in[7], in[8])
			if !maps {
				mask := masks(n, fc, keys, 2, p)
				for i := range x {
					x[i] *= mask[i]
				}
			}
			x = defineDense(n, fc, fc, true, x, in[9], in[10])
			return defineNormalize(n, fc, x)
		},
	}
}

func TestDeepChain(t *testing.T) {
	const all = "c1 c2 c3 fc6 fc7"
	for _, c := range []graphCase{
		deepChain("all trained", 3, 3, false, all, false, false),
		deepChain("to the image too", 3, 2, true, all, false, false),
		deepChain("to the image alone", 3, 2, true, "", false, false),
		deepChain("first frozen", 3, 2, false, "c2 c3 fc6 fc7", false, false),
		deepChain("middle frozen", 3, 3, false, "c1 fc7", false, false),
		deepChain("convolutions frozen", 3, 3, false, "fc6 fc7", false, false),
		deepChain("last frozen", 6, 3, false, "c1 c2 c3", false, false),
		deepChain("biases alone", 3, 3, false, "bias of c1, bias of c3, bias of fc6", false, false),
		deepChain("maps share memory", 3, 2, false, "", true, false),
		deepChain("pooled as it is made", 3, 3, false, all, false, true),
		deepChain("pooled as it is made, to the image too", 3, 2, true, all, false, true),
		deepChain("pooled as it is made, first frozen", 3, 2, false, "c2 c3 fc6 fc7", false, true),
		deepChain("pooled as it is made, maps share memory", 3, 2, false, "", true, true),
	} {
		t.Run(c.name, c.check)
	}
}

// shallowChain is both shallow paths on one image, joined and brought to unit length, then a dense layer.
func shallowChain(name string, image, first, second, maps bool) graphCase {
	const size, k, capacity, out = 32, 5, 3, 7
	type path struct {
		average kernel.AveragePool
		conv    kernel.Conv
		pool    kernel.Pool
	}
	newPath := func(reduce, pooled, stride, pad int) path {
		p := path{average: kernel.AveragePool{Images: capacity, Height: size, Width: size, Channels: 3, Kernel: reduce}}
		p.conv = kernel.Conv{Images: capacity, Height: size / reduce, Width: size / reduce, In: 3, Out: k, Kernel: 8, Stride: 4, Pad: 4}
		p.pool = kernel.Pool{Images: capacity, Height: p.conv.OutHeight(), Width: p.conv.OutWidth(), Channels: k, Kernel: pooled, Stride: stride, Pad: pad}
		return p
	}
	paths := []path{newPath(4, 7, 4, 3), newPath(8, 3, 2, 1)}
	length := func(p path) int { return p.pool.OutHeight() * p.pool.OutWidth() * k }
	joined := length(paths[0]) + length(paths[1])
	grad := !maps
	return graphCase{
		name: name, capacity: capacity, images: 2, step: 1e-6,
		operands: []operand{
			images(image, normal, capacity, size, size, 3),
			parameter(first, normal, k, 3, 8, 8), parameter(first, normal, k),
			parameter(second, normal, k, 3, 8, 8), parameter(second, normal, k),
			parameter(grad, normal, out, joined), parameter(grad, normal, out),
		},
		build: func(r *op.Runtime, in []op.Var) (op.Var, error) {
			var ends []op.Var
			for i, p := range paths {
				s := &turns{path: fmt.Sprint("path ", i), maps: maps}
				x, err := op.AveragePool(r, "a", in[0], p.average, s.next())
				if err != nil {
					return x, err
				}
				if x, err = op.Conv(r, "c", x, in[1+2*i], in[2+2*i], p.conv, true, s.next()); err != nil {
					return x, err
				}
				if x, err = op.MaxPool(r, "p", x, p.pool, s.next()); err != nil {
					return x, err
				}
				if x, err = op.Flatten(r, "f", x, s.next()); err != nil {
					return x, err
				}
				ends = append(ends, x)
			}
			x, err := op.Join(r, "", ends[0], ends[1], op.Slots{})
			if err != nil {
				return x, err
			}
			if x, err = op.Normalize(r, "", x, op.Slots{}); err != nil {
				return x, err
			}
			return op.Dense(r, "embed", x, in[5], in[6], false, op.Slots{})
		},
		define: func(n int, in [][]float64) []float64 {
			var ends [][]float64
			for i, p := range paths {
				x := defineAverage(p.average, n, in[0])
				x = defineConv(p.conv, n, true, x, in[1+2*i], in[2+2*i])
				x = definePool(p.pool, n, x)
				ends = append(ends, defineFlatten(n, p.pool.OutHeight(), p.pool.OutWidth(), k, x))
			}
			x := defineJoin(n, length(paths[0]), length(paths[1]), ends[0], ends[1])
			x = defineNormalize(n, joined, x)
			return defineDense(n, joined, out, false, x, in[5], in[6])
		},
	}
}

func TestShallowChain(t *testing.T) {
	for _, c := range []graphCase{
		shallowChain("all trained", false, true, true, false),
		shallowChain("to the image too", true, true, true, false), // two paths meet in it
		shallowChain("first frozen", false, false, true, false),
		shallowChain("second frozen", false, true, false, false),
		shallowChain("both frozen", false, false, false, false),
		shallowChain("maps share memory", false, false, false, true),
	} {
		t.Run(c.name, c.check)
	}
}

// TestTwoOps: each pair of a layer and what may follow it, sharing both gradient slots.
func TestTwoOps(t *testing.T) {
	const capacity, used, size, in, out = 3, 2, 6, 4, 7
	c := kernel.Conv{Images: capacity, Height: size, Width: size, In: in, Out: out, Kernel: 3, Stride: 1, Pad: 1}
	p := kernel.Pool{Images: capacity, Height: size, Width: size, Channels: out, Kernel: 3, Stride: 2, Pad: 1}
	a := kernel.AveragePool{Images: capacity, Height: size, Width: size, Channels: out, Kernel: 4}
	type after struct {
		name   string
		build  func(r *op.Runtime, x op.Var, s op.Slots) (op.Var, error)
		define func(x []float64) []float64
	}
	for _, second := range []after{
		{
			"max pool", func(r *op.Runtime, x op.Var, s op.Slots) (op.Var, error) { return op.MaxPool(r, "", x, p, s) },
			func(x []float64) []float64 { return definePool(p, used, x) },
		},
		{
			"average pool", func(r *op.Runtime, x op.Var, s op.Slots) (op.Var, error) { return op.AveragePool(r, "", x, a, s) },
			func(x []float64) []float64 { return defineAverage(a, used, x) },
		},
		{
			"flatten", func(r *op.Runtime, x op.Var, s op.Slots) (op.Var, error) { return op.Flatten(r, "", x, s) },
			func(x []float64) []float64 { return defineFlatten(used, size, size, out, x) },
		},
		{
			"flatten, normalize", func(r *op.Runtime, x op.Var, s op.Slots) (op.Var, error) {
				x, err := op.Flatten(r, "", x, s)
				if err != nil {
					return x, err
				}
				return op.Normalize(r, "", x, op.Slots{})
			},
			func(x []float64) []float64 {
				return defineNormalize(used, size*size*out, defineFlatten(used, size, size, out, x))
			},
		},
	} {
		for _, relu := range []bool{false, true} {
			g := convCase("c", c, used, relu)
			g.build = func(r *op.Runtime, in []op.Var) (op.Var, error) {
				s := &turns{path: "x"}
				y, err := op.Conv(r, "c", in[0], in[1], in[2], c, relu, s.next())
				if err != nil {
					return y, err
				}
				return second.build(r, y, s.next())
			}
			g.define = func(n int, in [][]float64) []float64 {
				return second.define(defineConv(c, n, relu, in[0], in[1], in[2]))
			}
			g.step = 1e-6
			for i := range g.operands {
				g.operands[i].draw = normal
			}
			t.Run(fmt.Sprintf("convolution relu %v, %s", relu, second.name), g.check)
		}
	}
}
