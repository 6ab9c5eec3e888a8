package op

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"deeprank/internal/kernel"
)

// Var is a node of the graph that knows whether a gradient to it is wanted: a trained parameter, or a map that
// depends on one.
type Var struct {
	Node *gorgonia.Node
	Grad bool
}

// Slots are the shared memory of a layer's output, of the gradient to its input and, where it pools, of the gradient to what it
// pools.
type Slots struct{ Out, Grad, Unpool Slot }

// layer is a convolution or a dense layer: three passes over the same operands, with bias and ReLU.
type layer struct {
	name     string
	in, out  tensor.Shape // at full capacity
	relu     bool
	outputs  int // length of the bias
	perImage int // floats of the output for each image, for the ReLU mask
	unpool   *unpooling

	forward func(images int, x, w, b, y []float32)
	// toData computes dx; where masked is set and x is not nil, dx is 0 where x is not above 0.
	toData   func(images int, dy, w, x, dx []float32)
	masked   bool
	toWeight func(images int, x, dy, dw, db []float32, accumulate bool)
}

// unpooling is how the gradient of a pooled map becomes that of the map below it.
type unpooling struct {
	out   tensor.Shape // at full capacity
	keeps kept
	run   func(images int, dy, dx []float32)
}

func (l layer) apply(r *Runtime, x, w, b Var, s Slots) (Var, error) {
	wrt := []bool{x.Grad, w.Grad, b.Grad}
	n, err := r.Apply(Definition{
		Name: l.name, Out: l.out, Slot: s.Out, Alias: -1, WRT: wrt,
		Run: func(in [][]float32, out []float32) { l.forward(r.Images, in[0], in[1], in[2], out) },
		Grad: func(in gorgonia.Nodes, y, dy *gorgonia.Node) (gorgonia.Nodes, error) {
			return l.gradient(r, wrt, in, y, dy, s)
		},
	}, x.Node, w.Node, b.Node)
	r.rectified[n] = l.relu
	return Var{n, x.Grad || w.Grad || b.Grad}, err
}

// gradient builds mask, dw, db and dx as doc.go shows them. Each map that they read is kept (Runtime.Keep), and they work on
// the first Runtime.Active images.
func (l layer) gradient(r *Runtime, wrt []bool, in gorgonia.Nodes, y, dy *gorgonia.Node, s Slots) (gorgonia.Nodes, error) {
	var err error
	grads := make(gorgonia.Nodes, 3)
	if l.relu {
		if dy, err = r.maskReLU(l.name, y, dy, l.perImage); err != nil {
			return nil, err
		}
	}
	if l.unpool != nil {
		r.keep(l.unpool.keeps)
		if dy, err = r.Apply(Definition{
			Name: l.name + " unpool", Out: l.unpool.out, Slot: s.Unpool, Alias: -1,
			Run: func(in [][]float32, out []float32) {
				if r.Active > 0 {
					l.unpool.run(r.Active, in[0], out)
				}
			},
		}, dy); err != nil {
			return nil, err
		}
	}
	data := []*gorgonia.Node{dy, in[1]}
	if wrt[1] || wrt[2] {
		r.Keep(in[0])
		db := r.Floats(l.outputs)
		dw, err := r.Apply(Definition{
			Name: l.name + " dw", Out: in[1].Shape(), Alias: -1,
			Run: func(in [][]float32, out []float32) {
				if r.Active > 0 {
					l.toWeight(r.Active, in[0], in[1], out, db, r.Accumulate)
				} else if !r.Accumulate {
					clear(out)
					clear(db)
				}
			},
		}, in[0], dy)
		if err != nil {
			return nil, err
		}
		if wrt[1] {
			grads[1] = dw
		}
		if wrt[2] {
			if grads[2], err = r.Apply(Definition{
				Name: l.name + " db", Out: in[2].Shape(), Alias: -1,
				Run: func(_ [][]float32, out []float32) { copy(out, db) },
			}, dw); err != nil {
				return nil, err
			}
		}
		data = append(data, dw)
	}
	if wrt[0] {
		mask := -1 // the place of x among the operands
		if l.masked && r.rectified[in[0]] {
			r.Keep(in[0])
			mask = len(data)
			data = append(data, in[0])
		}
		if grads[0], err = r.Apply(Definition{
			Name: l.name + " dx", Out: l.in, Slot: s.Grad, Alias: -1,
			Run: func(in [][]float32, out []float32) {
				if r.Active == 0 {
					return
				}
				var x []float32
				if mask >= 0 {
					x = in[mask]
				}
				l.toData(r.Active, in[0], in[1], x, out)
			},
		}, data...); err != nil {
			return nil, err
		}
		r.masked[grads[0]] = mask >= 0
	}
	return grads, nil
}

// maskReLU returns dy with 0 where y, the output of a ReLU of so many floats an image, is 0: in place, and only where the layer
// above has not done it.
func (r *Runtime) maskReLU(name string, y, dy *gorgonia.Node, perImage int) (*gorgonia.Node, error) {
	if r.masked[dy] {
		return dy, nil
	}
	r.Keep(y)
	return r.Apply(Definition{
		Name: name + " mask", Out: y.Shape(), Alias: 0,
		Run: func(in [][]float32, out []float32) {
			n := r.Active * perImage
			kernel.MaskReLU(r.Team, out[:n], in[1][:n])
		},
	}, dy, y)
}

// Conv is y = relu(conv2d(x, w) + b), or without the ReLU. x [N][H][W][In], w [Out][In][k][k], b [Out],
// y [N][OH][OW][Out]; c.Images is the capacity N.
func Conv(r *Runtime, name string, x, w, b Var, c kernel.Conv, relu bool, s Slots) (Var, error) {
	l, with, in, out := convolution(r, name, c)
	l.relu = relu
	l.forward = func(n int, x, w, b, y []float32) {
		with(n).Forward(r.Team, x[:n*in], w, b, y[:n*out], relu)
	}
	return l.apply(r, x, w, b, s)
}

// ConvPool is y = max_pool2d(relu(conv2d(x, w) + b), 2): a convolution whose output is pooled as it is made, so that the
// large map is never written. x [N][H][W][In], y [N][H/2][W/2][Out]. It keeps the winner of each window, a byte an output.
func ConvPool(r *Runtime, name string, x, w, b Var, c kernel.Conv, s Slots) (Var, error) {
	l, with, in, out := convolution(r, name, c)
	p := kernel.Pool{Images: c.Images, Height: c.OutHeight(), Width: c.OutWidth(), Channels: c.Out, Kernel: 2, Stride: 2}
	pooled := p.OutHeight() * p.OutWidth() * p.Channels
	index := make([]uint8, c.Images*pooled)
	r.beside += int64(len(index))
	l.name, l.relu = "conv pool "+name, true
	l.unpool = &unpooling{out: l.out, keeps: rowsOf(index, pooled), run: func(n int, dy, dx []float32) {
		q := p
		q.Images = n
		q.Backward(r.Team, dy[:n*pooled], index[:n*pooled], dx[:n*out])
	}}
	l.out, l.perImage = tensor.Shape{c.Images, p.OutHeight(), p.OutWidth(), c.Out}, pooled
	l.forward = func(n int, x, w, b, y []float32) {
		with(n).ForwardPool(r.Team, x[:n*in], w, b, y[:n*pooled], index[:n*pooled])
	}
	return l.apply(r, x, w, b, s)
}

// convolution is the layer of c without its forward pass, c for a number of images, and the floats of an image before and
// after it.
func convolution(r *Runtime, name string, c kernel.Conv) (l layer, with func(images int) kernel.Conv, in, out int) {
	with = func(images int) kernel.Conv { c := c; c.Images = images; return c }
	in, out = c.Height*c.Width*c.In, c.OutHeight()*c.OutWidth()*c.Out
	return layer{
		name:    "conv " + name,
		in:      tensor.Shape{c.Images, c.Height, c.Width, c.In},
		out:     tensor.Shape{c.Images, c.OutHeight(), c.OutWidth(), c.Out},
		outputs: c.Out, perImage: out,
		masked: true,
		toData: func(n int, dy, w, x, dx []float32) {
			if x != nil {
				x = x[:n*in]
			}
			with(n).BackwardDataMasked(r.Team, dy[:n*out], w, x, dx[:n*in])
		},
		toWeight: func(n int, x, dy, dw, db []float32, accumulate bool) {
			with(n).BackwardWeights(r.Team, x[:n*in], dy[:n*out], dw, db, accumulate)
		},
	}, with, in, out
}

// Dense is y = relu(x wᵀ + b), or without the ReLU. x [rows][in], w [out][in], b [out], y [rows][out].
func Dense(r *Runtime, name string, x, w, b Var, relu bool, s Slots) (Var, error) {
	xs, ws := x.Node.Shape(), w.Node.Shape()
	if len(xs) != 2 || len(ws) != 2 || xs[1] != ws[1] {
		return Var{}, fmt.Errorf("dense %s: input %v does not fit weight %v", name, xs, ws)
	}
	in, out := ws[1], ws[0]
	return layer{
		name: "dense " + name, in: xs.Clone(), out: tensor.Shape{xs[0], out},
		relu: relu, outputs: out, perImage: out,
		forward: func(n int, x, w, b, y []float32) {
			kernel.DenseForward(r.Team, n, in, out, x[:n*in], w, b, y[:n*out], relu)
		},
		toData: func(n int, dy, w, _, dx []float32) {
			kernel.DenseBackwardData(r.Team, n, in, out, dy[:n*out], w, dx[:n*in])
		},
		toWeight: func(n int, x, dy, dw, db []float32, accumulate bool) {
			kernel.DenseBackwardWeights(r.Team, n, in, out, x[:n*in], dy[:n*out], dw, db, accumulate)
		},
	}.apply(r, x, w, b, s)
}
