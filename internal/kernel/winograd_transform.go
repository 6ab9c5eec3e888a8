package kernel

import "fmt"

// winogradKernels are the transforms of one instruction set. Vectors run over channels, lanes at a time.
type winogradKernels struct {
	name  string
	lanes int
	input inputFunc
}

// tileLayout says where transformed tiles lie: position p of tile t, channel c, is at
//
//	p*plane + c/width*panel + t*row + c%width
//
// A plane, one position of all tiles, is a matrix: by rows of all channels (width = channels), or in panels of width
// channels, each a matrix of its own. planes are padded, so that the 36 streams fall into different sets of the caches.
type tileLayout struct{ plane, row, width, panel int }

// size is how many floats tiles of that many channels take.
func (l tileLayout) size(tiles, channels int) int {
	return (positions-1)*l.plane + (ceilDiv(channels, l.width)-1)*l.panel + (tiles-1)*l.row + l.width
}

// inputFunc writes B'dB for one tile: pixel (i, j) is x[base+at[6*i+j]:][:channels], or zero where at is missing; position
// 6*i+j, channel c, goes to v[(6*i+j)*plane+c/width*panel+c%width]. channels and width are multiples of the lanes. zeros are
// as many zeros as there are channels. While it runs it may fetch four pixels from x[next[i]] on, for each i.
type inputFunc func(channels int, x []float32, base int, at *[positions]int, zeros, v []float32, l tileLayout, next *[tilePixels]int)

// inputTiles transforms tiles [first, first+count) of a map; tile first is tile 0 of the layout.
func (k *winogradKernels) inputTiles(m *tileMap, first, count int, zeros, v []float32, l tileLayout) {
	if m.channels%k.lanes != 0 || l.width%k.lanes != 0 {
		panic(fmt.Sprintf("kernel: %s: %d channels in panels of %d, want multiples of %d", k.name, m.channels, l.width, k.lanes))
	}
	if count <= 0 || m.channels == 0 {
		return
	}
	if len(m.data) != m.pixels*m.channels || first < 0 || first+count > m.tiles || len(v) < l.size(count, m.channels) || len(zeros) < m.channels {
		panic("kernel: " + k.name + ": tiles outside their slices")
	}
	var edge [positions]int
	var next [tilePixels]int
	for t := range count {
		base, at := m.tile(first+t, &edge)
		m.ahead(first+t+1, &next)
		k.input(m.channels, m.data, base, at, zeros, v[t*l.row:], l, &next)
	}
}

// ahead finds the pixels of a tile that the one before it has not read: four of each row, from the third on.
func (m *tileMap) ahead(n int, next *[tilePixels]int) {
	if n == m.tiles {
		n--
	}
	r, c := &m.down[n/m.columns], &m.across[n%m.columns]
	for i, down := range r.at {
		next[i] = max(0, down+max(0, c.at[2])) * m.channels
	}
}

// zeros returns n zeros for a kernel call; nobody writes to them.
func (t *Team) zeros(n int) []float32 { return t.Shared(slotZeros, n) }
