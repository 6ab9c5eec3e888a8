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
//	W  [Out/nr][In][nr/lanes][9][lanes]  sums of taps, as the transform's vectors leave them; dw is made of it in the end
//
// # Schedule
//
// A superblock of tiles is transformed, then multiplied position by position, and transformed back
// at once: D stays in the second-level cache, and a rounding error does not grow with the batch.
//
// Where channels are few and tiles many, the superblocks are dealt to groups, and one task does all of a group, with a W of
// its own; all W are added up in the order of the groups. Else all tasks transform a superblock together, and then share out
// the blocks of D. Either way the shape alone says what is added to what.

// weightsBlocks is how the pass is cut.
type weightsBlocks struct {
	groups   int // of superblocks; 0: all tasks share a superblock
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
	slotWeightsTaps
)

// winogradWeightsBlocks chooses, by measurements: products like many tiles, and blocks of D that stay in the second-level
// cache; V and Z of a superblock should stay in the third.
func (s Conv) winogradWeightsBlocks(nr, tiles int) weightsBlocks {
	b := weightsBlocks{tiles: 168, outputs: 128, channels: 2 * panelChannels}
	if s.In*s.Out <= 128*128 {
		if b.groups = min(tiles/64, 16); b.groups >= 4 {
			b.tiles, b.channels = 128, 3*panelChannels
		} else { // few tiles: small blocks, so that there are tasks for all threads
			b.groups, b.outputs, b.channels = 0, 32, panelChannels
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
	b     weightsBlocks
	v, z  tileLayout
	w     []float32 // W, one of each group
	sizeW int
	sums  []float32 // of dy, [parts][Out]
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
		b: s.winogradWeightsBlocks(nr, g.tiles),
	}
	p.b.tiles = min(p.b.tiles, g.tiles)
	p.v = tileLayout{row: panelChannels, width: panelChannels, panel: p.b.tiles * panelChannels}
	p.v.plane = ceilDiv(s.In, panelChannels)*p.v.panel + 16
	p.z = tileLayout{row: nr, width: nr, panel: p.b.tiles * nr}
	p.z.plane = ceilDiv(s.Out, nr)*p.z.panel + 16
	p.sizeW = ceilDiv(s.Out, nr) * nr * s.In * 9
	p.w = t.Shared(slotWeightsW, max(1, p.b.groups)*p.sizeW)
	if p.b.groups > 0 {
		p.runGroups()
	} else {
		p.runShared()
	}
	p.store(dw, db, accumulate)
}

// runGroups gives a group of tiles to each task.
func (p *winogradWeights) runGroups() {
	in, out := p.x.channels, p.dy.channels
	p.sums = p.t.Shared(slotWeightsSums, p.b.groups*out)
	clear(p.sums)
	p.t.Run(p.b.groups, func(task, worker int) {
		v := p.t.Scratch(worker, slotWeightsV, positions*p.v.plane)
		z := p.t.Scratch(worker, slotWeightsZ, positions*p.z.plane)
		w := p.w[task*p.sizeW:][:p.sizeW]
		sums := p.sums[task*out:][:out]
		from, to := task*p.x.tiles/p.b.groups, (task+1)*p.x.tiles/p.b.groups
		blocks := ceilDiv(to-from, p.b.tiles)
		for i := range blocks {
			first := from + i*(to-from)/blocks
			count := from + (i+1)*(to-from)/blocks - first
			p.in.inputTiles(&p.x, first, count, p.zeros, v, p.v)
			p.k.gradientTiles(&p.dy, first, count, p.zeros, z, p.z, sums)
			for o := 0; o < out; o += p.b.outputs {
				for c := 0; c < in; c += p.b.channels {
					p.block(worker, v, z, count, c, o, w, i > 0)
				}
			}
		}
	})
}

// runShared takes the superblocks one after the other.
func (p *winogradWeights) runShared() {
	in, out := p.x.channels, p.dy.channels
	v := p.t.Shared(slotWeightsV, positions*p.v.plane)
	z := p.t.Shared(slotWeightsZ, positions*p.z.plane)
	// A task transforms part tiles; each has sums of dy of its own.
	part := max(1, 4096/(in+out))
	p.sums = p.t.Shared(slotWeightsSums, ceilDiv(p.b.tiles, part)*out)
	clear(p.sums)
	blocks := ceilDiv(p.x.tiles, p.b.tiles)
	for i := range blocks {
		first := i * p.x.tiles / blocks
		count := (i+1)*p.x.tiles/blocks - first
		p.t.Run(ceilDiv(count, part), func(task, _ int) {
			j := task * part
			n := min(part, count-j)
			p.in.inputTiles(&p.x, first+j, n, p.zeros, v[j*p.v.row:], p.v)
			p.k.gradientTiles(&p.dy, first+j, n, p.zeros, z[j*p.z.row:], p.z, p.sums[task*out:][:out])
		})
		across := ceilDiv(in, p.b.channels)
		p.t.Run(ceilDiv(out, p.b.outputs)*across, func(task, worker int) {
			p.block(worker, v, z, count, task%across*p.b.channels, task/across*p.b.outputs, p.w, i > 0)
		})
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

// store adds up W of all groups and lays out dw as [Out][In][9]; the same for db.
func (p *winogradWeights) store(dw, db []float32, accumulate bool) {
	const strip = 16 // channels a task
	in, out, lanes := p.x.channels, p.dy.channels, p.k.lanes
	strips := ceilDiv(in, strip)
	p.t.Run(ceilDiv(out, p.g.nr)*strips, func(task, worker int) {
		o, c := task/strips*p.g.nr, task%strips*strip
		channels := min(strip, in-c)
		n := channels * p.g.nr * 9
		taps := p.w[(o*in+c*p.g.nr)*9:][:n]
		if p.b.groups > 1 {
			sum := p.t.Scratch(worker, slotWeightsTaps, n)
			copy(sum, taps)
			for i := 1; i < p.b.groups; i++ {
				for j, v := range p.w[i*p.sizeW+(o*in+c*p.g.nr)*9:][:n] {
					sum[j] += v
				}
			}
			taps = sum
		}
		for i := range channels {
			for j := range min(p.g.nr, out-o) {
				to := dw[((o+j)*in+c+i)*9:][:9]
				from := taps[(i*p.g.nr+j/lanes*lanes)*9+j%lanes:]
				for r := range to {
					v := from[r*lanes]
					if accumulate {
						v += to[r]
					}
					to[r] = v
				}
			}
		}
	})
	for o := range out {
		sum := 0.0
		for i := o; i < len(p.sums); i += out {
			sum += float64(p.sums[i])
		}
		if accumulate {
			sum += float64(db[o])
		}
		db[o] = float32(sum)
	}
}
