package main

import (
	"context"
	"fmt"
	"math"
	"time"

	"deeprank/internal/kernel"
)

// A row is one kernel of the step: a layer's pass.
type row struct {
	name, pass, shape string
	algorithm         string  // of a convolution
	flops             float64 // for one image; 0 where operations say nothing about the time
	run               func()
}

// A measured row, as the JSON object has it. Times are for one image.
type measured struct {
	Name   string  `json:"name"`
	Pass   string  `json:"pass"`
	Shape  string  `json:"shape,omitempty"`
	How    string  `json:"algorithm,omitempty"` // of a convolution
	MS     float64 `json:"ms"`
	GFLOPS float64 `json:"gflops"` // effective; 0 where operations say nothing about the time
	Share  float64 `json:"share"`  // of the limit
}

// fastest returns the seconds of the fastest of several calls, after one that is not timed; it repeats them for that long.
func fastest(patience time.Duration, f func()) float64 {
	f()
	best, begin := math.Inf(1), time.Now()
	for i := 0; i < 3 || time.Since(begin) < patience && i < 1000; i++ {
		start := time.Now()
		f()
		best = min(best, time.Since(start).Seconds())
	}
	return best
}

// measure runs the rows one after another and hands each over as soon as it is known.
func measure(ctx context.Context, rows []row, images int, limit float64, patience time.Duration, tell func(measured)) error {
	for _, r := range rows {
		if err := ctx.Err(); err != nil {
			return err
		}
		seconds := fastest(patience, r.run) / float64(images)
		m := measured{Name: r.name, Pass: r.pass, Shape: r.shape, How: r.algorithm, MS: seconds * 1e3}
		if r.flops > 0 {
			m.GFLOPS = r.flops / seconds / 1e9
			m.Share = m.GFLOPS / limit
		}
		tell(m)
	}
	return nil
}

// The passes' names.
const (
	forward     = "forward"
	forwardPool = "forward + pool"
	toData      = "to data"
	toWeights   = "to weights"
	backward    = "backward"
)

// memory is what all rows work on: three maps, of which each has room for the largest, parameters and their gradients.
type memory struct {
	x, y, z    []float32
	w, dw      []float32
	bias, db   []float32
	index      []uint8
	norms      []float32
	pixels     []byte
	dpos, dneg []float32
}

func newMemory(n *network) *memory {
	values, parameters, outputs := n.images*n.spec.Size*n.spec.Size*3, 0, 0
	for _, l := range n.layers() {
		if l.dense {
			values = max(values, n.images*l.in, n.images*l.out)
			parameters, outputs = max(parameters, l.in*l.out), max(outputs, l.out)
			continue
		}
		c := l.conv
		values = max(values, n.images*c.Height*c.Width*c.In, n.images*c.OutHeight()*c.OutWidth()*c.Out)
		parameters, outputs = max(parameters, c.Out*c.In*c.Kernel*c.Kernel), max(outputs, c.Out)
	}
	m := &memory{
		x: make([]float32, values), y: make([]float32, values), z: make([]float32, values),
		w: make([]float32, parameters), dw: make([]float32, parameters), bias: make([]float32, outputs), db: make([]float32, outputs),
		index: make([]uint8, values), norms: make([]float32, n.images), pixels: make([]byte, n.images*n.spec.Size*n.spec.Size*3),
		dpos: make([]float32, n.images), dneg: make([]float32, n.images),
	}
	for _, v := range [][]float32{m.x, m.y, m.w, m.bias, m.dpos, m.dneg} { // half of the values above 0, none of them tiny
		for i := range v {
			v[i] = float32(i%17-8) / 1024
		}
	}
	return m
}

// rows lists the kernels of a step in the order in which the data meets them, or of the forward pass alone.
func (n *network) rows(t *kernel.Team, forwardOnly bool) []row {
	m := newMemory(n)
	b := &builder{network: n, memory: m, team: t, forwardOnly: forwardOnly}
	b.add("images", forward, fmt.Sprintf("%dx%d", n.spec.Size, n.spec.Size), 0, func() {
		kernel.PixelsToInput(t, n.images, n.spec.Size, m.pixels, m.x[:len(m.pixels)])
	})
	if !n.kept {
		for i := range n.features {
			b.convolution(&n.features[i], i > 0)
		}
		b.middle()
	}
	for i := range n.heads {
		b.denseLayer(&n.heads[i], true)
	}
	for i := range n.shallows {
		b.shallow(&n.shallows[i])
	}
	b.ends()
	return b.rows
}

// builder collects rows.
type builder struct {
	*network
	*memory
	team        *kernel.Team
	forwardOnly bool
	rows        []row
}

func (b *builder) add(name, pass, shape string, flops float64, run func()) {
	if b.forwardOnly && pass != forward && pass != forwardPool {
		return
	}
	b.rows = append(b.rows, row{name: name, pass: pass, shape: shape, flops: flops, run: run})
}

// addConv adds a pass of a convolution.
func (b *builder) addConv(l *layer, pass string, run func()) {
	kind, ok := map[string]kernel.Pass{toData: kernel.DataPass, toWeights: kernel.WeightsPass}[pass]
	if !ok {
		kind = kernel.ForwardPass
	}
	n := len(b.rows)
	b.add(l.name, pass, l.shape(), l.flops(), run)
	if len(b.rows) > n {
		b.rows[n].algorithm = l.conv.Algorithm(b.team, kind)
	}
}
