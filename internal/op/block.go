package op

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"deeprank/internal/kernel"
)

// The largest maps of VGG-16 are those of its first two convolutions: more than half of what a training step would keep.
// ConvConvPool runs both, and the pooling behind them, a few images at a time: what lies between exists only for those few. The
// backward pass computes the map between again, which costs a hundredth of a step, and goes through all its passes before the
// next images:
//
//	forward    x --conv 0--> between --conv 1, pool--> y                        for each few images
//	backward   x --conv 0--> between                                            for each few images
//	           dy --unpool--> g1 --> dw1, db1 (between)
//	                          g1 --> g0 (masked by between) --> dw0, db0 (x)
//
// The few are a multiple of kernel.UnitImages, so that the gradients have the bits of layers one by one.

// togetherImages is the number of images that a block has between its layers at a time.
const togetherImages = kernel.UnitImages

// Together is the number of images, of that many, for which ConvConvPool keeps the maps between its layers.
func Together(images int) int { return min(images, togetherImages) }

// block is two convolutions at full capacity, and the pooling of the second one's output.
type block struct {
	name    string
	c       [2]kernel.Conv
	pool    kernel.Pool
	wrt     []bool
	index   []uint8 // the winner of each window
	between place   // the map between the layers, and the gradients behind and before the second layer: Together(images) of each
	g1, g0  place
}

// The inputs of a block.
const blockX, blockW0, blockB0, blockW1, blockB1, blockInputs = 0, 1, 2, 3, 4, 5

// floats of an image: the input, the map between, the second layer's output, and that after pooling.
func (b *block) floats() (x, between, out, pooled int) {
	c, d, p := b.c[0], b.c[1], b.pool
	return c.Height * c.Width * c.In, d.Height * d.Width * d.In, p.Height * p.Width * p.Channels, p.OutHeight() * p.OutWidth() * p.Channels
}

// of returns the layers for a number of images.
func (b *block) of(images int) (first, second kernel.Conv, pool kernel.Pool) {
	first, second, pool = b.c[0], b.c[1], b.pool
	first.Images, second.Images, pool.Images = images, images, images
	return first, second, pool
}

// ConvConvPool is y = max_pool2d(relu(conv2d(relu(conv2d(x, w0) + b0), w1) + b1), 2), as Conv and ConvPool give it in every bit.
// x [N][H][W][In], whose gradient is not wanted, y [N][H/2][W/2][Out]. The slots are those of the two layers; all but that of y hold
// Together(N) images.
func ConvConvPool(r *Runtime, name string, x Var, w, bias [2]Var, c [2]kernel.Conv, s [2]Slots) (Var, error) {
	if x.Grad {
		return Var{}, fmt.Errorf("%s: no gradient to the input of two layers in one", name)
	}
	b := &block{
		name: name, c: c, wrt: []bool{false, w[0].Grad, bias[0].Grad, w[1].Grad, bias[1].Grad},
		pool: kernel.Pool{Images: c[1].Images, Height: c[1].OutHeight(), Width: c[1].OutWidth(), Channels: c[1].Out, Kernel: 2, Stride: 2},
	}
	few := Together(c[0].Images)
	perX, between, out, pooled := b.floats()
	b.index = make([]uint8, c[0].Images*pooled)
	r.beside += int64(len(b.index))
	b.between = r.reserve(s[0].Out, few*between)
	n, err := r.Apply(Definition{
		Name: "conv conv pool " + name, Out: tensor.Shape{c[1].Images, b.pool.OutHeight(), b.pool.OutWidth(), c[1].Out}, Slot: s[1].Out, Alias: -1, WRT: b.wrt,
		Run: func(in [][]float32, y []float32) {
			for i := 0; i < r.Images; i += few {
				n := min(few, r.Images-i)
				first, second, _ := b.of(n)
				m := b.between.floats(few * between)[:n*between]
				first.Forward(r.Team, in[blockX][i*perX:(i+n)*perX], in[blockW0], in[blockB0], m, true)
				second.ForwardPool(r.Team, m, in[blockW1], in[blockB1], y[i*pooled:(i+n)*pooled], b.index[i*pooled:(i+n)*pooled])
			}
		},
		Grad: func(in gorgonia.Nodes, y, dy *gorgonia.Node) (gorgonia.Nodes, error) {
			b.g1 = r.reserve(s[1].Unpool, few*out)
			if b.trains(0) {
				b.g0 = r.reserve(s[1].Grad, few*between)
			}
			return b.gradient(r, in, y, dy)
		},
	}, x.Node, w[0].Node, bias[0].Node, w[1].Node, bias[1].Node)
	r.rectified[n] = true
	grad := false
	for _, g := range b.wrt {
		grad = grad || g
	}
	return Var{n, grad}, err
}

// trains says whether a gradient to a layer's parameters is wanted.
func (b *block) trains(layer int) bool { return b.wrt[blockW0+2*layer] || b.wrt[blockB0+2*layer] }

// gradient builds one node that computes all gradients, and one for each that copies it.
func (b *block) gradient(r *Runtime, in gorgonia.Nodes, y, dy *gorgonia.Node) (grads gorgonia.Nodes, err error) {
	_, _, _, pooled := b.floats()
	if dy, err = r.maskReLU(b.name, y, dy, pooled); err != nil {
		return nil, err
	}
	r.Keep(in[blockX])
	r.keep(rowsOf(b.index, pooled))
	var sums [blockInputs][]float32 // gradients to the parameters
	for layer := range b.c {
		if b.trains(layer) {
			w, bias := blockW0+2*layer, blockB0+2*layer
			sums[w], sums[bias] = r.Floats(in[w].Shape().TotalSize()), r.Floats(in[bias].Shape().TotalSize())
		}
	}
	all, err := r.Apply(Definition{
		Name: "conv conv pool " + b.name + " gradients", Alias: -1,
		Run: func(in [][]float32, _ []float32) {
			if r.Active == 0 && !r.Accumulate {
				for _, s := range sums {
					clear(s)
				}
			}
			b.backward(r, in, in[blockInputs], sums)
		},
	}, in[blockX], in[blockW0], in[blockB0], in[blockW1], in[blockB1], dy)
	if err != nil {
		return nil, err
	}
	grads = make(gorgonia.Nodes, blockInputs)
	for i, wanted := range b.wrt {
		if !wanted {
			continue
		}
		if grads[i], err = r.Apply(Definition{
			Name: fmt.Sprintf("conv conv pool %s d%d", b.name, i), Out: in[i].Shape(), Alias: -1,
			Run: func(_ [][]float32, out []float32) { copy(out, sums[i]) },
		}, all); err != nil {
			return nil, err
		}
	}
	return grads, nil
}

// backward computes or adds to sums, by input, from in and the masked gradient dy.
func (b *block) backward(r *Runtime, in [][]float32, dy []float32, sums [blockInputs][]float32) {
	perX, between, out, pooled := b.floats()
	few := Together(b.c[0].Images)
	for i := 0; i < r.Active; i += few {
		n, add := min(few, r.Active-i), r.Accumulate || i > 0
		first, second, pool := b.of(n)
		x := in[blockX][i*perX : (i+n)*perX]
		m, g1 := b.between.floats(few * between)[:n*between], b.g1.floats(few * out)[:n*out]
		first.Forward(r.Team, x, in[blockW0], in[blockB0], m, true)
		pool.Backward(r.Team, dy[i*pooled:(i+n)*pooled], b.index[i*pooled:(i+n)*pooled], g1)
		if b.trains(1) {
			second.BackwardWeights(r.Team, m, g1, sums[blockW1], sums[blockB1], add)
		}
		if b.trains(0) {
			g0 := b.g0.floats(few * between)[:n*between]
			second.BackwardDataMasked(r.Team, g1, in[blockW1], m, g0)
			first.BackwardWeights(r.Team, x, g0, sums[blockW0], sums[blockB0], add)
		}
	}
}
