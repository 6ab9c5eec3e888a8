package op

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"deeprank/internal/kernel"
)

// unary is an op of one input whose gradient reads dy and what the op kept in its closure. Its passes are given the number
// of images: all of them forward, Runtime.Active backward.
type unary struct {
	name      string
	in, out   tensor.Shape
	forward   func(images int, x, y []float32)
	backward  func(images int, dy, dx []float32)
	keeps     kept // what the closure keeps of each image; nil for nothing
	readsOut  bool // backwardY is called with the output instead of backward
	backwardY func(images int, y, dy, dx []float32)
}

func (u unary) apply(r *Runtime, x Var, s Slots) (Var, error) {
	n, err := r.Apply(Definition{
		Name: u.name, Out: u.out, Slot: s.Out, Alias: -1, WRT: []bool{x.Grad},
		Run: func(in [][]float32, out []float32) { u.forward(r.Images, in[0], out) },
		Grad: func(_ gorgonia.Nodes, y, dy *gorgonia.Node) (gorgonia.Nodes, error) {
			d := Definition{Name: u.name + " dx", Out: u.in, Slot: s.Grad, Alias: -1}
			inputs := []*gorgonia.Node{dy}
			if u.keeps != nil {
				r.keep(u.keeps)
			}
			if u.readsOut {
				r.Keep(y)
				inputs = append(inputs, y)
			}
			d.Run = func(in [][]float32, out []float32) {
				switch {
				case r.Active == 0:
				case u.readsOut:
					u.backwardY(r.Active, in[1], in[0], out)
				default:
					u.backward(r.Active, in[0], out)
				}
			}
			dx, err := r.Apply(d, inputs...)
			return gorgonia.Nodes{dx}, err
		},
	}, x.Node)
	return Var{n, x.Grad}, err
}

// MaxPool is F.max_pool2d; p.Images is the capacity. x [N][H][W][C], y [N][OH][OW][C]. It keeps the winner of
// each window, one byte an output.
func MaxPool(r *Runtime, name string, x Var, p kernel.Pool, s Slots) (Var, error) {
	oh, ow := p.OutHeight(), p.OutWidth()
	index := make([]uint8, p.Images*oh*ow*p.Channels)
	r.beside += int64(len(index))
	in, out := p.Height*p.Width*p.Channels, oh*ow*p.Channels
	with := func(images int) kernel.Pool { q := p; q.Images = images; return q }
	return unary{
		name: "max pool " + name, keeps: rowsOf(index, oh*ow*p.Channels),
		in: tensor.Shape{p.Images, p.Height, p.Width, p.Channels}, out: tensor.Shape{p.Images, oh, ow, p.Channels},
		forward: func(n int, x, y []float32) {
			with(n).Forward(r.Team, x[:n*in], y[:n*out], index[:n*out])
		},
		backward: func(n int, dy, dx []float32) {
			with(n).Backward(r.Team, dy[:n*out], index[:n*out], dx[:n*in])
		},
	}.apply(r, x, s)
}

// AveragePool is F.avg_pool2d(x, k); a.Images is the capacity. x [N][H][W][C], y [N][H/k][W/k][C].
func AveragePool(r *Runtime, name string, x Var, a kernel.AveragePool, s Slots) (Var, error) {
	oh, ow := a.OutHeight(), a.OutWidth()
	in, out := a.Height*a.Width*a.Channels, oh*ow*a.Channels
	with := func(images int) kernel.AveragePool { q := a; q.Images = images; return q }
	return unary{
		name: "average pool " + name,
		in:   tensor.Shape{a.Images, a.Height, a.Width, a.Channels}, out: tensor.Shape{a.Images, oh, ow, a.Channels},
		forward:  func(n int, x, y []float32) { with(n).Forward(r.Team, x[:n*in], y[:n*out]) },
		backward: func(n int, dy, dx []float32) { with(n).Backward(r.Team, dy[:n*out], dx[:n*in]) },
	}.apply(r, x, s)
}

// GlobalAverage is the mean over positions: x [N][H][W][C], y [N][C].
func GlobalAverage(r *Runtime, name string, x Var, s Slots) (Var, error) {
	sh := x.Node.Shape()
	positions, channels := sh[1]*sh[2], sh[3]
	return unary{
		name: "global average " + name, in: sh.Clone(), out: tensor.Shape{sh[0], channels},
		forward: func(n int, x, y []float32) {
			kernel.GlobalAverageForward(r.Team, n, positions, channels, x[:n*positions*channels], y[:n*channels])
		},
		backward: func(n int, dy, dx []float32) {
			kernel.GlobalAverageBackward(r.Team, n, positions, channels, dy[:n*channels], dx[:n*positions*channels])
		},
	}.apply(r, x, s)
}

// Flatten lays x [N][H][W][C] out in torch's order: y [N][C*H*W].
func Flatten(r *Runtime, name string, x Var, s Slots) (Var, error) {
	sh := x.Node.Shape()
	h, w, c := sh[1], sh[2], sh[3]
	per := h * w * c
	return unary{
		name: "flatten " + name, in: sh.Clone(), out: tensor.Shape{sh[0], per},
		forward: func(n int, x, y []float32) {
			kernel.FlattenForward(r.Team, n, h, w, c, x[:n*per], y[:n*per])
		},
		backward: func(n int, dy, dx []float32) {
			kernel.FlattenBackward(r.Team, n, h, w, c, dy[:n*per], dx[:n*per])
		},
	}.apply(r, x, s)
}

// Normalize is F.normalize: each row of x [rows][cols] divided by its L2 norm.
func Normalize(r *Runtime, name string, x Var, s Slots) (Var, error) {
	sh := x.Node.Shape()
	cols := sh[1]
	norms := r.Floats(sh[0])
	return unary{
		name: "normalize " + name, in: sh.Clone(), out: sh.Clone(), keeps: rowsOf(norms, 1), readsOut: true,
		forward: func(n int, x, y []float32) {
			kernel.NormalizeRows(r.Team, n, cols, x[:n*cols], y[:n*cols], norms[:n])
		},
		backwardY: func(n int, y, dy, dx []float32) {
			kernel.NormalizeRowsBackward(r.Team, n, cols, y[:n*cols], norms[:n], dy[:n*cols], dx[:n*cols])
		},
	}.apply(r, x, s)
}

// Dropout zeroes features with probability p and scales the rest by 1/(1-p) while training; otherwise it copies.
// layer tells the masks of several dropouts apart: image i's mask is a function of (Runtime.Keys[i], layer).
func Dropout(r *Runtime, name string, x Var, p float64, layer uint64, s Slots) (Var, error) {
	sh := x.Node.Shape()
	cols := sh[1]
	keys := make([]uint64, sh[0])
	run := func(n int, x, y []float32) {
		if !r.Train {
			copy(y[:n*cols], x[:n*cols])
			return
		}
		kernel.Dropout(r.Team, n, cols, x[:n*cols], y[:n*cols], keys[:n], p)
	}
	return unary{
		name: "dropout " + name, in: sh.Clone(), out: sh.Clone(), keeps: rowsOf(keys, 1), backward: run,
		forward: func(n int, x, y []float32) {
			if r.Train {
				for i := range keys[:n] {
					keys[i] = kernel.StreamKey(r.Keys[i], layer)
				}
			}
			run(n, x, y)
		},
	}.apply(r, x, s)
}

// Join puts the columns of a [rows][ca] and b [rows][cb] side by side: y [rows][ca+cb].
func Join(r *Runtime, name string, a, b Var, s Slots) (Var, error) {
	as, bs := a.Node.Shape(), b.Node.Shape()
	ca, cb := as[1], bs[1]
	wrt := []bool{a.Grad, b.Grad}
	n, err := r.Apply(Definition{
		Name: "join " + name, Out: tensor.Shape{as[0], ca + cb}, Slot: s.Out, Alias: -1, WRT: wrt,
		Run: func(in [][]float32, out []float32) {
			n := r.Images
			kernel.Join(r.Team, n, ca, cb, in[0][:n*ca], in[1][:n*cb], out[:n*(ca+cb)])
		},
		Grad: func(_ gorgonia.Nodes, _, dy *gorgonia.Node) (gorgonia.Nodes, error) {
			// One pass splits dy; the gradient to b is left by the gradient to a.
			rest := r.Floats(as[0] * cb)
			da, err := r.Apply(Definition{
				Name: "split " + name, Out: as.Clone(), Alias: -1,
				Run: func(in [][]float32, out []float32) {
					n := r.Active
					kernel.Split(r.Team, n, ca, cb, in[0][:n*(ca+cb)], out[:n*ca], rest[:n*cb])
				},
			}, dy)
			if err != nil {
				return nil, err
			}
			grads := make(gorgonia.Nodes, 2)
			if wrt[0] {
				grads[0] = da
			}
			if wrt[1] {
				grads[1], err = r.Apply(Definition{
					Name: "split " + name + " rest", Out: bs.Clone(), Alias: -1,
					Run: func(_ [][]float32, out []float32) { copy(out, rest[:r.Active*cb]) },
				}, da)
			}
			return grads, err
		},
	}, a.Node, b.Node)
	return Var{n, a.Grad || b.Grad}, err
}
