package kernel

// winogradPass is one convolution by Winograd's method, forward or to the data, ready to be cut into tasks.
type winogradPass struct {
	k       *winogradKernels
	g       *gemmKernel
	in, out tileMap
	zeros   []float32

	u      []float32 // transformed filters [positions][panels][in][nr], a position uPlane apart
	uPlane int

	end    outputEnd
	pooled []float32 // instead of out.data: the map after pooling, and its index
	index  []uint8
}

// Slots of the workspaces of Team, after those of the products.
const (
	slotTransformed = slotEnd + iota
	slotFilters
	slotTaps
	slotProducts
	slotWinogradEnd
)

// winogradSupports says where the transforms apply: whole vectors of channels, of any instruction set.
func (s Conv) winogradSupports(Pass) bool {
	return s.Kernel == 3 && s.Stride == 1 && s.Pad == 1 && s.In%16 == 0 && s.Out%16 == 0
}

// winogradWins says where Winograd's method is faster than direct convolution: where there are 12 to 16 tiles to share the
// cost of transforming the filters, which a few images have even of small maps. Measured on Ice Lake, two threads, direct over
// Winograd's time, forward and to the data:
//
//	                     AVX-512       AVX2
//	1 image  8x8x64      0.6  0.8    1.1  1.2
//	3 images 7x7x128     1.0  1.3    1.0  1.3
//	1 image  14x14x512   0.8  1.1    1.2  1.3
//	1 image  16x16x64    1.4  1.6    1.6  1.8
//	2 images 14x14x512   1.2  1.4    1.7  1.6
//	24 images 224x224x16 3.1  2.7    2.1  2.1
//
// On Zen 5 (AVX-512, two threads) a whole step of the preset small takes 2.61 ms an image with maps from 14x14, 2.05 from 12x12,
// 1.92 from 6x6, 1.95 from 3x3; with a single triplet in the batch 4.09, 3.52, 3.41 and 3.16.
//
// The number of images does not enter: an image's numbers should not depend on the company it is in, so that parts of a
// batch add up to the batch.
func (s Conv) winogradWins(Pass) bool { return s.Height*s.Width >= 4*4 }

func (s Conv) winogradForward(t *Team, x, w, bias, y []float32, relu bool) {
	p := s.winograd(t, x, w, s.In, s.Out, false)
	p.out.data = y
	p.end = outputEnd{bias: bias, relu: relu}
	p.run(t)
}

func (s Conv) winogradBackwardData(t *Team, dy, w, x, dx []float32) {
	p := s.winograd(t, dy, w, s.Out, s.In, true)
	p.out.data = dx
	p.end = outputEnd{mask: x}
	p.run(t)
}

func (s Conv) winogradForwardPool(t *Team, x, w, bias, y []float32, index []uint8) {
	if s.Height%tileOutputs != 0 || s.Width%tileOutputs != 0 { // windows lie across tiles
		whole := t.Shared(slotUnpooled, s.positions()*s.Out)
		s.winogradForward(t, x, w, bias, whole, true)
		s.pool2x2().Forward(t, whole, y, index)
		return
	}
	p := s.winograd(t, x, w, s.In, s.Out, false)
	p.pooled, p.index = y, index
	p.end = outputEnd{bias: bias, relu: true}
	p.run(t)
}

// winograd prepares the convolution of x, a map of in channels, with filters turned by 180 degrees if flipped, to out
// channels.
func (s Conv) winograd(t *Team, x, w []float32, in, out int, flipped bool) winogradPass {
	g := t.grid(s)
	p := winogradPass{k: &t.impl.winograd, g: &t.impl.gemm, in: g.over(x, in), out: g.over(nil, out), zeros: t.zeros(in)}
	p.transformFilters(t, w, flipped)
	return p
}

// transformFilters makes U, in parallel. w is [out][in][9], or [in][out][9] where flipped.
func (p *winogradPass) transformFilters(t *Team, w []float32, flipped bool) {
	const chunk = 16 // channels a task
	nr, in, out := p.g.nr, p.in.channels, p.out.channels
	panels, chunks := ceilDiv(out, nr), ceilDiv(in, chunk)
	p.uPlane = panels*in*nr + 16
	p.u = t.Shared(slotFilters, positions*p.uPlane)
	t.Run(panels*chunks, func(task, worker int) {
		o, c := task/chunks*nr, task%chunks*chunk
		n, outputs := min(chunk, in-c), min(nr, out-o)
		taps := t.Scratch(worker, slotTaps, chunk*9*nr) // [n][9][nr]
		if outputs < nr {
			clear(taps)
		}
		if flipped {
			for k := range n {
				transpose(taps[k*9*nr:], nr, w[((c+k)*out+o)*9:], 9, outputs, 9)
			}
		} else {
			transpose(taps, nr, w[(o*in+c)*9:], in*9, outputs, n*9)
		}
		p.k.filter(n, nr, taps[:n*9*nr], flipped, p.u[o*in+c*nr:], p.uPlane, len(p.u) >= streamed)
	})
}

// transpose writes dst[i*ld+r] = src[r*step+i] for r < rows, i < n.
func transpose(dst []float32, ld int, src []float32, step, rows, n int) {
	r := 0
	for ; r+8 <= rows; r += 8 {
		interleave(dst[r:], ld, src[r*step:], step, n)
	}
	for ; r < rows; r++ {
		for i, v := range src[r*step:][:n] {
			dst[i*ld+r] = v
		}
	}
}

// blocks is how a pass is cut: by shape alone, so that any number of threads gives the same bits.
type blocks struct {
	shared  bool // the tiles of a block are transformed by all, who then share out the outputs; else a block is a task
	tiles   int  // of a block, that is, in V at a time
	sub     int  // of them, multiplied and transformed back at a time
	outputs int  // the same, along the output channels: a multiple of nr
	depth   int  // input channels summed up at a time
}

// blocks chooses sizes, by measurements. V and M of a block should fit the second-level cache, or M at least, while U is read
// once for each block, so that a block should not be too small either. Where U is larger than the caches, or where there are too
// few blocks to occupy all threads, V is made for many tiles, and shared.
func (p *winogradPass) blocks() blocks {
	const least = 16 // tasks
	in, out, tiles, g := p.in.channels, p.out.channels, p.in.tiles, p.g
	b := blocks{tiles: 96, outputs: 32, depth: 256}
	if in <= 64 {
		b.tiles, b.outputs = 24, 64
	}
	if few := tiles < least*b.tiles; in*out > 256*256 || few && in*out > 128*128 {
		b = blocks{shared: true, tiles: 336, sub: 84, outputs: 128, depth: 256}
		b.tiles = even(tiles, b.tiles, g.mr)
		b.sub = even(b.tiles, b.sub, g.mr)
		for b.outputs > g.nr && ceilDiv(b.tiles, b.sub)*ceilDiv(out, b.outputs) < least {
			b.outputs /= 2
		}
	} else if few {
		b.tiles = min(b.tiles, ceilDiv(ceilDiv(tiles, least), g.mr)*g.mr)
	}
	b.tiles = min(b.tiles, tiles)
	if !b.shared {
		b.sub = b.tiles
	}
	b.outputs = min(ceilDiv(b.outputs, g.nr), ceilDiv(out, g.nr)) * g.nr
	b.depth = min(b.depth, in)
	return b
}

// even cuts n into equal parts of at most about most, and returns their size, a multiple of unit.
func even(n, most, unit int) int {
	return ceilDiv(ceilDiv(n, ceilDiv(n, most)), unit) * unit
}

// streamed is the size of maps and transformed filters, in floats, from which on they are stored past the caches: the next to
// read them would not find them there anyway.
const streamed = 8 << 20 / 4

func (p *winogradPass) run(t *Team) {
	if p.in.tiles == 0 || p.out.channels == 0 {
		return
	}
	b := p.blocks()
	p.end.stream = len(p.out.data) >= streamed || len(p.pooled) >= streamed
	in := p.in.channels
	l := tileLayout{row: in + 16, width: in}
	l.plane = ceilDiv(b.tiles, p.g.mr)*p.g.mr*l.row + 16
	size := positions * l.plane
	if !b.shared {
		// A task is a few blocks, one after the other, so that a block can fetch the inputs of the next.
		each := b.tiles * min(max(1, p.in.tiles/(b.tiles*64)), 8)
		t.Run(ceilDiv(p.in.tiles, each), func(task, worker int) {
			v := t.Scratch(worker, slotTransformed, size)
			end := min((task+1)*each, p.in.tiles)
			for first := task * each; first < end; first += b.tiles {
				count := min(b.tiles, end-first)
				p.k.inputTiles(&p.in, first, count, p.zeros, v, l)
				next := p.k.fetcher(&p.in, first+count, min(b.tiles, end-first-count), ceilDiv(p.out.channels, p.g.nr)*positions)
				for o := 0; o < p.out.channels; o += b.outputs {
					for sub := 0; sub < count; sub += b.sub {
						p.block(t, worker, b, v[sub*l.row:], l, first+sub, min(b.sub, count-sub), o, &next)
					}
				}
			}
		})
		return
	}
	v := t.Shared(slotTransformed, size)
	for first := 0; first < p.in.tiles; first += b.tiles {
		count := min(b.tiles, p.in.tiles-first)
		part := max(1, 4096/in)
		t.Run(ceilDiv(count, part), func(task, _ int) {
			i := task * part
			p.k.inputTiles(&p.in, first+i, min(part, count-i), p.zeros, v[i*l.row:], l)
		})
		subs := ceilDiv(count, b.sub)
		t.Run(ceilDiv(p.out.channels, b.outputs)*subs, func(task, worker int) {
			o, sub := task/subs*b.outputs, task%subs*b.sub
			p.block(t, worker, b, v[sub*l.row:], l, first+sub, min(b.sub, count-sub), o, &fetcher{})
		})
	}
}

// block multiplies count transformed tiles, v, by the filters of b.outputs channels from o on, and stores the outputs. Between
// tiles it fetches what comes next.
func (p *winogradPass) block(t *Team, worker int, b blocks, v []float32, l tileLayout, first, count, o int, next *fetcher) {
	g, in := p.g, p.in.channels
	outputs := min(b.outputs, p.out.channels-o)
	row := ceilDiv(outputs, g.nr) * g.nr
	rows := ceilDiv(count, g.mr) * g.mr
	plane := rows*row + 16
	m := t.Scratch(worker, slotProducts, positions*plane)
	panel := in * g.nr
	for pos := range positions {
		a, c := v[pos*l.plane:], m[pos*plane:]
		u := p.u[pos*p.uPlane+o*in:]
		for k := 0; k < in; k += b.depth {
			depth := min(b.depth, in-k)
			for j := 0; j < row; j += g.nr {
				// After this panel come the next outputs, then the next channels, then the next position.
				at := j/g.nr*panel + k*g.nr
				far, last := panel, a[k:]
				if j+g.nr >= row {
					far, last = (k+depth)*g.nr-at, a[k+depth:]
					if k+depth >= in {
						far, last = p.uPlane-at, a[min(l.plane, len(a)-1):]
					}
				}
				p.k.multiply(rows, min(g.nr, outputs-j), depth, a[k:], l.row, u[at:], c[j:], row, k > 0, last, far)
				if k == 0 {
					next.some()
				}
			}
		}
	}
	if p.pooled != nil {
		p.k.poolTiles(p.in.grid, p.pooled, p.index, p.out.channels, first, count, o, outputs, m, plane, row, p.end)
		return
	}
	p.k.outputTiles(&p.out, first, count, o, outputs, m, plane, row, p.end)
}
