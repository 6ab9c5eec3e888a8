package kernel

// The gradient to the weights of 3x3 convolutions, by F(3x3,4x4): a tile of 4x4 gradients dy and the 6x6 inputs x that the
// outputs saw give 3x3 taps with 36 multiplications a pair of channels, where the definition takes 144:
//
//	dw = sum over tiles of G' [ (B' x B) . (A dy A') ] G
//
// The sum can be taken before the transform of the taps, so for each of the 36 positions p it is one product of matrices,
// whose depth is the tiles:
//
//	V[p] [tiles][In] = B'xB          Z[p] [tiles][Out] = A dy A'          D[p] [In][Out] = V[p]' Z[p]          dw += G'DG
//
// # Layouts
//
// The microkernel takes columns of V' and panels of Z as the transforms write them; nothing is packed a second time:
//
//	V  [36][In/48][tiles][48]            48 is a multiple of the rows of every microkernel's tile, and of the vectors
//	Z  [36][Out/nr][tiles][nr]           nr is the columns of the microkernel's tile
//	D  [36][Out/nr][channels][nr]        one block of channels and outputs, of one superblock of tiles
//	W  [Out/nr][In][nr/lanes][9][lanes]  sums of taps, as the transform's vectors leave them; dw is laid out in the end
//
// # Schedule
//
// A superblock of tiles is transformed, then multiplied position by position, and transformed back at once: D stays in the
// second-level cache, and a rounding error does not grow with the batch.
//
// Where channels are few and tiles many, a task does all superblocks of a strip of an image, with a W of its own; all W are then
// added up in order. Else the superblocks go one after the other: all tasks transform one together, and then share out the blocks
// of D. Either way the order of the images alone says what is added to what: a batch that is cut after any multiple of UnitImages
// images, and accumulated, gives the bits of the whole.

// UnitImages is the number of images that may share a superblock: those of a triplet. A batch that is cut into multiples of it, and
// whose gradients are accumulated, gives the bits of the whole.
const UnitImages = 3

// weightsBlocks is how the pass is cut. It depends on the shape of an image, not on the number of images.
type weightsBlocks struct {
	strips   int // of an image, a task each; 0: all tasks share a superblock
	tiles    int // of a superblock, that is, in V and Z at a time
	outputs  int // the columns of a block of D, a multiple of nr
	channels int // its rows, a multiple of panelChannels
}

// panelChannels is the width of a panel of V.
const panelChannels = 48

// Slots of the workspaces of Team, after those of the other passes.
const (
	slotWeightsV = slotWinogradEnd + iota
	slotWeightsZ
	slotWeightsD
	slotWeightsW
	slotWeightsSums
	slotWeightsParts
)

// winogradWeightsBlocks chooses, by measurements: products like many tiles, and blocks of D that stay in the second-level
// cache; V and Z of a superblock should stay in the third. each is the tiles of an image.
func (s Conv) winogradWeightsBlocks(nr, each int) weightsBlocks {
	b := weightsBlocks{tiles: even(UnitImages*each, 150, 1), outputs: 128, channels: 2 * panelChannels}
	if s.In*s.Out <= 128*128 {
		if each >= 64 {
			b.strips = max(1, each/392)
			b.tiles, b.channels = even(ceilDiv(each, b.strips), 128, 1), 3*panelChannels
		} else { // few tiles: small blocks, so that there are tasks for all threads
			b.outputs, b.channels = 32, panelChannels
		}
	}
	b.outputs = ceilDiv(b.outputs, nr) * nr
	return b
}

// winogradWeights is one gradient to the weights, ready to be cut into tasks.
type winogradWeights struct {
	t     *Team
	g     *gemmKernel
	in    *winogradKernels
	k     *winogradWeightsKernels
	x, dy tileMap
	zeros []float32
	each  int // tiles of an image
	b     weightsBlocks
	v, z  tileLayout
	w     []float32 // W, with all that is summed up
	sizeW int

	dw, db []float32
}

func (s Conv) winogradBackwardWeights(t *Team, x, dy, dw, db []float32, accumulate bool) {
	g := t.grid(s)
	if g.tiles == 0 || s.In == 0 || s.Out == 0 {
		s.directBackwardWeights(t, x, dy, dw, db, accumulate)
		return
	}
	nr := t.impl.gemm.nr
	p := winogradWeights{
		t: t, g: &t.impl.gemm, in: &t.impl.winograd, k: &t.impl.weights,
		x: g.over(x, s.In), dy: g.over(dy, s.Out), zeros: t.zeros(max(s.In, s.Out)),
		each: g.tiles / s.Images, b: s.winogradWeightsBlocks(nr, g.tiles/s.Images), dw: dw, db: db,
	}
	p.v = tileLayout{row: panelChannels, width: panelChannels, panel: p.b.tiles * panelChannels}
	p.v.plane = ceilDiv(s.In, panelChannels)*p.v.panel + 16
	p.z = tileLayout{row: nr, width: nr, panel: p.b.tiles * nr}
	p.z.plane = ceilDiv(s.Out, nr)*p.z.panel + 16
	p.sizeW = ceilDiv(s.Out, nr) * nr * s.In * 9
	p.w = t.Shared(slotWeightsW, p.sizeW)
	if accumulate {
		p.layOut(false)
	} else {
		clear(p.w)
		clear(db)
	}
	if p.b.strips > 0 {
		p.runStrips(s.Images)
	} else {
		p.runShared(s.Images)
	}
	p.layOut(true)
}

// runStrips gives a strip of an image to each task, some images at a time.
func (p *winogradWeights) runStrips(images int) {
	const most = 32 // tasks at a time, for the sake of memory
	in, out := p.x.channels, p.dy.channels
	round := max(1, most/p.b.strips)
	for image := 0; image < images; image += round {
		tasks := min(round, images-image) * p.b.strips
		w := p.t.Shared(slotWeightsParts, tasks*p.sizeW)
		all := p.t.Shared(slotWeightsSums, tasks*out)
		clear(all)
		p.t.Run(tasks, func(task, worker int) {
			v := p.t.Scratch(worker, slotWeightsV, positions*p.v.plane)
			z := p.t.Scratch(worker, slotWeightsZ, positions*p.z.plane)
			strip := task % p.b.strips
			start := (image + task/p.b.strips) * p.each
			from, to := start+strip*p.each/p.b.strips, start+(strip+1)*p.each/p.b.strips
			blocks := ceilDiv(to-from, p.b.tiles)
			for i := range blocks {
				first := from + i*(to-from)/blocks
				count := from + (i+1)*(to-from)/blocks - first
				p.in.inputTiles(&p.x, first, count, p.zeros, v, p.v)
				p.k.gradientTiles(&p.dy, first, count, p.zeros, z, p.z, all[task*out:][:out])
				for o := 0; o < out; o += p.b.outputs {
					for c := 0; c < in; c += p.b.channels {
						p.block(worker, v, z, count, c, o, w[task*p.sizeW:][:p.sizeW], i > 0)
					}
				}
			}
		})
		cuts, size := cut(p.sizeW, 1)
		p.t.Run(cuts, func(task, _ int) {
			sum := p.w[task*size : min((task+1)*size, p.sizeW)]
			for i := range tasks {
				addTo(sum, w[i*p.sizeW+task*size:])
			}
		})
		for task := range tasks {
			addTo(p.db, all[task*out:])
		}
	}
}

// runShared takes the superblocks one after the other.
func (p *winogradWeights) runShared(images int) {
	in, out := p.x.channels, p.dy.channels
	v := p.t.Shared(slotWeightsV, positions*p.v.plane)
	z := p.t.Shared(slotWeightsZ, positions*p.z.plane)
	// A task transforms part tiles; each has sums of dy of its own.
	part := max(1, 4096/(in+out))
	all := p.t.Shared(slotWeightsSums, ceilDiv(p.b.tiles, part)*out)
	for image := 0; image < images; image += UnitImages {
		from, to := image*p.each, min(image+UnitImages, images)*p.each
		blocks := ceilDiv(to-from, p.b.tiles)
		for i := range blocks {
			first := from + i*(to-from)/blocks
			count := from + (i+1)*(to-from)/blocks - first
			clear(all)
			p.t.Run(ceilDiv(count, part), func(task, _ int) {
				j := task * part
				n := min(part, count-j)
				p.in.inputTiles(&p.x, first+j, n, p.zeros, v[j*p.v.row:], p.v)
				p.k.gradientTiles(&p.dy, first+j, n, p.zeros, z[j*p.z.row:], p.z, all[task*out:][:out])
			})
			for j := out; j < len(all); j += out {
				addTo(all[:out], all[j:])
			}
			addTo(p.db, all)
			across := ceilDiv(in, p.b.channels)
			p.t.Run(ceilDiv(out, p.b.outputs)*across, func(task, worker int) {
				p.block(worker, v, z, count, task%across*p.b.channels, task/across*p.b.outputs, p.w, true)
			})
		}
	}
}

// block computes D for the block of channels from c, of outputs from o, over count tiles, and sets W there, or adds to it.
func (p *winogradWeights) block(worker int, v, z []float32, count, c, o int, w []float32, add bool) {
	g, in := p.g, p.x.channels
	channels, outputs := min(p.b.channels, in-c), min(p.b.outputs, p.dy.channels-o)
	panel := ceilDiv(channels, g.mr) * g.mr * g.nr // of D
	plane := ceilDiv(outputs, g.nr)*panel + 16
	d := p.t.Scratch(worker, slotWeightsD, positions*plane)
	// Panels are used some times in a row, then come the next ones from far away. So each call fetches a part of what the next
	// position wants, evenly: of the panels of V by ahead, of those of Z by far.
	share := ceilDiv(panelChannels, ceilDiv(outputs, g.nr)*ceilDiv(min(panelChannels, channels), g.mr))
	for pos := range positions {
		nextV, nextZ := p.v.plane, p.z.plane
		if pos == positions-1 {
			nextV, nextZ = 0, 0
		}
		for i := 0; i < channels; i += panelChannels {
			a := v[pos*p.v.plane+(c+i)/panelChannels*p.v.panel:]
			ahead := nextV
			for j := 0; j < outputs; j += g.nr {
				b := z[pos*p.z.plane+(o+j)/g.nr*p.z.panel:]
				run := g.run
				if g.narrow != nil && outputs-j <= g.nr/2 {
					run = g.narrow
				}
				for r := i; r < min(i+panelChannels, channels); r += g.mr {
					far := nextZ + r/g.mr*(count/4)*16%(count*g.nr)
					run(count, a[r-i:], 1, panelChannels, b, d[pos*plane+j/g.nr*panel+r*g.nr:], g.nr, nil, 0, ahead, share, far)
					ahead += count * share
				}
			}
		}
	}
	for j := 0; j < outputs; j += g.nr {
		p.k.tapsOf(channels*g.nr, d[j/g.nr*panel:], plane, w[((o+j)*in+c*g.nr)*9:], add)
	}
}

// layOut copies W to dw [Out][In][9]; or, without out, the other way.
func (p *winogradWeights) layOut(out bool) {
	const strip = 16 // channels a task
	in, of, lanes := p.x.channels, p.dy.channels, p.k.lanes
	strips := ceilDiv(in, strip)
	p.t.Run(ceilDiv(of, p.g.nr)*strips, func(task, _ int) {
		o, c := task/strips*p.g.nr, task%strips*strip
		w := p.w[(o*in+c*p.g.nr)*9:]
		for i := range min(strip, in-c) {
			for j := range min(p.g.nr, of-o) {
				taps := p.dw[((o+j)*in+c+i)*9:][:9]
				sums := w[(i*p.g.nr+j/lanes*lanes)*9+j%lanes:]
				for r := range taps {
					if out {
						taps[r] = sums[r*lanes]
					} else {
						sums[r*lanes] = taps[r]
					}
				}
			}
		}
	})
}
