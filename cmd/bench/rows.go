package main

import (
	"fmt"

	"deeprank/internal/kernel"
	"deeprank/model"
)

// convolution adds the passes of a 3x3 convolution with its ReLU, and of the pooling behind it. masked: its input is itself
// the output of a ReLU, so the gradient to it is masked.
func (b *builder) convolution(l *layer, masked bool) {
	c, t := l.conv, b.team
	x, z := b.x[:c.Images*c.Height*c.Width*c.In], b.z[:c.Images*c.Height*c.Width*c.In]
	y := b.y[:c.Images*c.OutHeight()*c.OutWidth()*c.Out]
	w, dw, bias, db := b.w[:c.Out*c.In*c.Kernel*c.Kernel], b.dw[:c.Out*c.In*c.Kernel*c.Kernel], b.bias[:c.Out], b.db[:c.Out]
	if p := l.pool; p != nil {
		last := l == &b.features[len(b.features)-1]
		pooled, index := b.z[:len(y)/4], b.index[:len(y)/4]
		b.addConv(l, forwardPool, func() { c.ForwardPool(t, x, w, bias, pooled, index) })
		if l.data || l.weights {
			b.add(l.name, "unpool", fmt.Sprintf("%dx%d %d", p.OutHeight(), p.OutWidth(), p.Channels), 0, func() {
				if last { // in the others the layer above masks
					kernel.MaskReLU(t, pooled, b.x[:len(pooled)])
				}
				p.Backward(t, pooled, index, y)
			})
		}
	} else {
		b.addConv(l, forward, func() { c.Forward(t, x, w, bias, y, true) })
	}
	if l.weights {
		b.addConv(l, toWeights, func() { c.BackwardWeights(t, x, y, dw, db, false) })
	}
	if l.data {
		mask := x
		if !masked {
			mask = nil
		}
		b.addConv(l, toData, func() { c.BackwardDataMasked(t, y, w, mask, z) })
	}
}

// middle adds what lies between the last feature map and fc6.
func (b *builder) middle() {
	fc6, t, side := &b.heads[0], b.team, b.side
	channels := b.features[len(b.features)-1].conv.Out
	maps, flat := b.x[:b.images*side*side*channels], b.y[:b.images*fc6.in]
	shape := fmt.Sprintf("%dx%d %d", side, side, channels)
	if b.spec.Head == model.HeadGAP {
		b.add("mean", forward, shape, 0, func() { kernel.GlobalAverageForward(t, b.images, side*side, channels, maps, flat) })
		if fc6.data {
			b.add("mean", backward, shape, 0, func() { kernel.GlobalAverageBackward(t, b.images, side*side, channels, flat, maps) })
		}
		return
	}
	b.add("flatten", forward, shape, 0, func() { kernel.FlattenForward(t, b.images, side, side, channels, maps, flat) })
	if fc6.data {
		b.add("flatten", backward, shape, 0, func() { kernel.FlattenBackward(t, b.images, side, side, channels, flat, maps) })
	}
}

// denseLayer adds the passes of a dense layer, with its ReLU and its mask or without.
func (b *builder) denseLayer(l *layer, relu bool) {
	t := b.team
	x, y, z := b.x[:b.images*l.in], b.y[:b.images*l.out], b.z[:b.images*l.in]
	w, dw, bias, db := b.w[:l.in*l.out], b.dw[:l.in*l.out], b.bias[:l.out], b.db[:l.out]
	b.add(l.name, forward, l.shape(), l.flops(), func() { kernel.DenseForward(t, b.images, l.in, l.out, x, w, bias, y, relu) })
	if l.weights {
		b.add(l.name, toWeights, l.shape(), l.flops(), func() { kernel.DenseBackwardWeights(t, b.images, l.in, l.out, x, y, dw, db, false) })
	}
	if l.data {
		b.add(l.name, toData, l.shape(), l.flops(), func() { kernel.DenseBackwardData(t, b.images, l.in, l.out, y, w, z) })
	}
}

// shallow adds a shallow path as a whole, apart from its convolution's passes.
func (b *builder) shallow(l *layer) {
	t, c, p, size := b.team, l.conv, *l.pool, b.spec.Size
	average := kernel.AveragePool{Images: b.images, Height: size, Width: size, Channels: c.In, Kernel: size / c.Height}
	picture, small := b.y[:b.images*size*size*c.In], b.x[:b.images*c.Height*c.Width*c.In]
	b.add(l.name, "forward, average", fmt.Sprintf("%dx%d 1/%d", size, size, average.Kernel), 0, func() { average.Forward(t, picture, small) })
	y := b.y[:c.Images*c.OutHeight()*c.OutWidth()*c.Out]
	w, dw, bias, db := b.w[:c.Out*c.In*c.Kernel*c.Kernel], b.dw[:c.Out*c.In*c.Kernel*c.Kernel], b.bias[:c.Out], b.db[:c.Out]
	b.addConv(l, forward, func() { c.Forward(t, small, w, bias, y, true) })
	pooled := b.z[:b.images*p.OutHeight()*p.OutWidth()*p.Channels]
	flat, index := b.x[:len(pooled)], b.index[:len(pooled)]
	shape := fmt.Sprintf("%dx%d %d", p.Height, p.Width, p.Channels)
	b.add(l.name, "forward, pool", shape, 0, func() {
		p.Forward(t, y, pooled, index)
		kernel.FlattenForward(t, b.images, p.OutHeight(), p.OutWidth(), p.Channels, pooled, flat)
	})
	if l.weights {
		b.add(l.name, "unpool", shape, 0, func() {
			kernel.FlattenBackward(t, b.images, p.OutHeight(), p.OutWidth(), p.Channels, flat, pooled)
			p.Backward(t, pooled, index, y)
		})
		b.addConv(l, toWeights, func() { c.BackwardWeights(t, small, y, dw, db, false) })
	}
}

// ends adds what joins the paths, the embedding and the loss.
func (b *builder) ends() {
	t, n, deep, dim := b.team, b.images, b.heads[len(b.heads)-1].out, b.embed.out
	all := b.embed.in
	row := func(m []float32, cols int) []float32 { return m[:n*cols] }
	shape := fmt.Sprintf("%d + %d", deep, all-deep)
	b.add("join", forward, shape, 0, func() {
		kernel.NormalizeRows(t, n, deep, row(b.x, deep), row(b.y, deep), b.norms)
		kernel.NormalizeRows(t, n, all-deep, row(b.x, all-deep), row(b.z, all-deep), b.norms)
		kernel.Join(t, n, deep, all-deep, row(b.y, deep), row(b.z, all-deep), row(b.x, all))
	})
	if b.embed.data {
		b.add("join", backward, shape, 0, func() {
			kernel.Split(t, n, deep, all-deep, row(b.x, all), row(b.y, deep), row(b.z, all-deep))
			kernel.NormalizeRowsBackward(t, n, deep, row(b.x, deep), b.norms, row(b.y, deep), row(b.z, deep))
			kernel.NormalizeRowsBackward(t, n, all-deep, row(b.x, all-deep), b.norms, row(b.y, all-deep), row(b.z, all-deep))
		})
	}
	b.denseLayer(&b.embed, false)
	shape = fmt.Sprint(dim)
	b.add("unit length", forward, shape, 0, func() { kernel.NormalizeRows(t, n, dim, row(b.x, dim), row(b.y, dim), b.norms) })
	if n%3 != 0 || b.forwardOnly {
		return
	}
	b.add("loss", forward, shape, 0, func() { kernel.TripletDistances(t, n/3, dim, row(b.y, dim), b.dpos[:n/3], b.dneg[:n/3]) })
	b.add("loss", backward, shape, 0, func() {
		kernel.TripletDistancesBackward(t, n/3, dim, row(b.y, dim), b.dpos[:n/3], b.dneg[:n/3], row(b.z, dim))
	})
	b.add("unit length", backward, shape, 0, func() {
		kernel.NormalizeRowsBackward(t, n, dim, row(b.y, dim), b.norms, row(b.z, dim), row(b.x, dim))
	})
}
