package kernel

import "fmt"

// winogradWeightsKernels are the transforms of one instruction set that only the gradient to the weights needs. Vectors run
// over channels, lanes at a time.
type winogradWeightsKernels struct {
	name     string
	lanes    int
	gradient gradientFunc
	taps     tapsFunc
}

// gradientFunc writes Z = A dy A' for one tile: output (i, j) is dy[base+at[6*(i+1)+j+1]:][:channels], or zero where at is
// missing; position p, channel c, goes to z[p*plane+c/width*panel+c%width]. The sum of the tile's outputs is added to
// sums[c]. channels and width are multiples of the lanes. zeros are as many zeros as there are channels. While it runs it
// may fetch four pixels from dy[next[i]] on, for each i.
type gradientFunc func(channels int, dy []float32, base int, at *[positions]int, zeros, z []float32, l tileLayout, sums []float32, next *[tileOutputs]int)

// tapsFunc computes the 3x3 taps G'dG of n elements, a multiple of the lanes, or adds them to w: position p of element e is
// d[p*plane+e], tap r of it w[e/lanes*9*lanes+r*lanes+e%lanes].
type tapsFunc func(n int, d []float32, plane int, w []float32, add bool)

// gradientTiles transforms tiles [first, first+count) of a gradient; tile first is tile 0 of the layout. It adds the sums of
// their outputs to sums, a number a channel.
func (k *winogradWeightsKernels) gradientTiles(m *tileMap, first, count int, zeros, z []float32, l tileLayout, sums []float32) {
	if m.channels%k.lanes != 0 || l.width%k.lanes != 0 {
		panic(fmt.Sprintf("kernel: %s: %d channels in panels of %d, want multiples of %d", k.name, m.channels, l.width, k.lanes))
	}
	if count <= 0 || m.channels == 0 {
		return
	}
	if len(m.data) != m.pixels*m.channels || first < 0 || first+count > m.tiles || len(z) < l.size(count, m.channels) ||
		len(zeros) < m.channels || len(sums) < m.channels {
		panic("kernel: " + k.name + ": tiles outside their slices")
	}
	r := takeRoom()
	defer r.giveBack()
	for t := range count {
		base, at := m.tile(first+t, &r.edge)
		m.aheadOutputs(min(first+t+1, m.tiles-1), &r.gradient)
		k.gradient(m.channels, m.data, base, at, zeros, z[t*l.row:], l, sums, &r.gradient)
	}
}

// aheadOutputs finds where the rows of a tile's outputs start.
func (m *tileMap) aheadOutputs(n int, next *[tileOutputs]int) {
	r, c := &m.down[n/m.columns], &m.across[n%m.columns]
	for i := range next {
		next[i] = max(0, r.at[i+1]+max(0, c.at[1])) * m.channels
	}
}

// tapsOf is tapsFunc with its lengths checked.
func (k *winogradWeightsKernels) tapsOf(n int, d []float32, plane int, w []float32, add bool) {
	if n < 0 || n%k.lanes != 0 || plane < 0 || n > 0 && len(d) < (positions-1)*plane+n || len(w) < 9*n {
		panic("kernel: " + k.name + ": taps outside their slices")
	}
	if n > 0 {
		k.taps(n, d, plane, w, add)
	}
}
