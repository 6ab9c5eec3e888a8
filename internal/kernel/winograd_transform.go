package kernel

import "fmt"

// winogradKernels are the transforms of one instruction set. Vectors run over channels, lanes at a time.
type winogradKernels struct {
	name   string
	lanes  int
	input  inputFunc
	fetch  fetchFunc
	filter filterFunc
	// multiply has the tiles of the implementation's gemmKernel.
	multiply multiplyFunc
	output   outputFunc
	pool     poolFunc
}

// tileLayout says where transformed tiles lie: position p of tile t, channel c, is at
//
//	p*plane + c/width*panel + t*row + c%width
//
// A plane, one position of all tiles, is a matrix: by rows of all channels (width = channels), or in panels of width
// channels, each a matrix of its own. Planes are padded, so that the 36 streams fall into different sets of the caches.
type tileLayout struct{ plane, row, width, panel int }

// size is how many floats tiles of that many channels take.
func (l tileLayout) size(tiles, channels int) int {
	return (positions-1)*l.plane + (ceilDiv(channels, l.width)-1)*l.panel + (tiles-1)*l.row + l.width
}

// inputFunc writes B'dB for one tile: pixel (i, j) is x[base+at[6*i+j]:][:channels], or zero where at is missing; position
// 6*i+j, channel c, goes to v[(6*i+j)*plane+c/width*panel+c%width]. channels and width are multiples of the lanes. zeros are
// as many zeros as there are channels. While it runs it may fetch four pixels from x[next[i]] on, for each i.
type inputFunc func(channels int, x []float32, base int, at *[positions]int, zeros, v []float32, l tileLayout, next *[tilePixels]int)

// fetchFunc may bring x nearer: into the second-level cache. It changes nothing.
type fetchFunc func(x []float32)

// filterFunc writes U = G w G' for n channels of one panel of outputs: tap r of channel c, output o, is
// w[c*9*nr+(r or, where flipped, 8-r)*nr+o], position p of it u[p*plane+c*nr+o], o < nr, a multiple of the lanes.
// It may store past the caches.
type filterFunc func(n, nr int, w []float32, flipped bool, u []float32, plane int, stream bool)

// multiplyFunc computes the product of one position, C = A*B or C += A*B, for a number of rows that is a multiple of mr, and the
// first columns, a multiple of 16, of a panel of nr:
//
//	A(i, c) = a[i*lda+c]     B(c, j) = b[c*nr+j]     C(i, j) = m[i*ldm+j]     c < k, a multiple of 4
//
// While it runs it may fetch mr rows from last[0] on, and from b[far] on as much as a panel.
type multiplyFunc func(rows, columns, k int, a []float32, lda int, b, m []float32, ldm int, add bool, last []float32, far int)

// outputFunc writes the 4x4 pixels of one tile, A'MA and what end asks for: position p, channel c, is m[p*plane+c], pixel
// (i, j) goes to y[base+at[6*(i+1)+j+1]:][:channels], or nowhere where at is missing. channels is a multiple of the lanes.
type outputFunc func(channels int, m []float32, plane int, y []float32, base int, at *[positions]int, end *outputEnd)

// poolFunc is outputFunc with the maxima of the windows of 2x2 pixels and their places, 0 to 3, in place of the pixels:
// window (i, j) goes to y[base+i*line+j*pixel:][:channels] and to the same place of index. Ties and NaN are as in Pool.
type poolFunc func(channels int, m []float32, plane int, y []float32, index []uint8, base, line, pixel int, end *outputEnd)

// outputEnd is what becomes of an output before it is stored.
type outputEnd struct {
	bias   []float32 // added, a number for each channel; or nil
	relu   bool      // negative ones become 0, NaN stays
	mask   []float32 // as y: where it is not above 0 the output is 0; or nil
	stream bool      // store past the caches
}

// at is the end of channels [c0, c0+channels).
func (e outputEnd) at(c0, channels int) outputEnd {
	if e.bias != nil {
		e.bias = e.bias[c0 : c0+channels]
	}
	return e
}

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
	r := takeRoom()
	defer r.giveBack()
	for t := range count {
		base, at := m.tile(first+t, &r.edge)
		m.ahead(first+t+1, &r.input)
		k.input(m.channels, m.data, base, at, zeros, v[t*l.row:], l, &r.input)
	}
}

// tileRoom is what the transforms are given by address. It is lent, as it would else be made anew for each block of tiles.
type tileRoom struct {
	edge     [positions]int
	input    [tilePixels]int
	gradient [tileOutputs]int
	end      outputEnd
}

// rooms are those that nobody has.
var rooms = make(chan *tileRoom, 256)

func takeRoom() *tileRoom {
	select {
	case r := <-rooms:
		return r
	default:
		return new(tileRoom)
	}
}

func (r *tileRoom) giveBack() {
	r.end = outputEnd{}
	select {
	case rooms <- r:
	default:
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

// A fetcher brings the inputs of coming tiles nearer while others are multiplied, a row of pixels at a time: the transform,
// which has little to compute, would wait for them.
type fetcher struct {
	m           *tileMap
	fetch       fetchFunc
	first       int             // the first tile to come
	rows, done  int             // rows of pixels to be fetched in all, and those that are
	steps, step int             // calls of some that there will be in all, and those that were
	at          [tilePixels]int // the rows of the present tile
}

// fetcher fetches the inputs of count tiles in that many calls of some.
func (k *winogradKernels) fetcher(m *tileMap, first, count, steps int) fetcher {
	f := fetcher{m: m, fetch: k.fetch, first: first, rows: max(0, min(count, m.tiles-first)) * tilePixels, steps: steps}
	if k.fetch == nil {
		f.rows = 0
	}
	return f
}

// some fetches this call's share.
func (f *fetcher) some() {
	f.step++
	for f.done*f.steps < f.rows*f.step && f.done < f.rows {
		row := f.done % tilePixels
		if row == 0 {
			f.m.ahead(f.first+f.done/tilePixels, &f.at)
		}
		x := f.m.data[f.at[row]:]
		f.fetch(x[:min(len(x), 4*f.m.channels)])
		f.done++
	}
}

// outputTiles makes channels [c0, c0+channels) of tiles [first, first+count) of a map from m, in which position p of tile t
// is the row m[p*plane+t*row:].
func (k *winogradKernels) outputTiles(y *tileMap, first, count, c0, channels int, m []float32, plane, row int, end outputEnd) {
	k.checkOutput(y, first, count, c0, channels, m, plane, row, end.bias)
	if len(y.data) != y.pixels*y.channels || end.mask != nil && len(end.mask) != len(y.data) {
		panic("kernel: " + k.name + ": outputs outside their slices")
	}
	r := takeRoom()
	defer r.giveBack()
	r.end = end.at(c0, channels)
	for t := range count {
		base, at := y.tile(first+t, &r.edge)
		k.output(channels, m[t*row:], plane, y.data, base+c0, at, &r.end)
	}
}

// poolTiles is outputTiles for a map pooled by 2x2: y and index have half the pixels of g each way. Tiles must not lie
// across images: height and width are multiples of 4.
func (k *winogradKernels) poolTiles(g *grid, y []float32, index []uint8, of, first, count, c0, channels int, m []float32, plane, row int, end outputEnd) {
	k.checkOutput(&tileMap{grid: g, channels: of}, first, count, c0, channels, m, plane, row, end.bias)
	if len(y) != g.pixels/4*of || len(index) != len(y) || g.height%tileOutputs != 0 || g.width%tileOutputs != 0 || end.mask != nil {
		panic("kernel: " + k.name + ": outputs outside their slices")
	}
	r := takeRoom()
	defer r.giveBack()
	r.end = end.at(c0, channels)
	line := g.width / 2 * of
	for t := range count {
		n := first + t
		at := (n/g.columns*2)*line + n%g.columns*2*of
		k.pool(channels, m[t*row:], plane, y, index, at+c0, line, of, &r.end)
	}
}

func (k *winogradKernels) checkOutput(y *tileMap, first, count, c0, channels int, m []float32, plane, row int, bias []float32) {
	if channels%k.lanes != 0 {
		panic(fmt.Sprintf("kernel: %s: %d channels, want a multiple of %d", k.name, channels, k.lanes))
	}
	if first < 0 || count < 1 || first+count > y.tiles || c0 < 0 || channels < 1 || c0+channels > y.channels || plane < 0 || row < 0 ||
		len(m) < (positions-1)*plane+(count-1)*row+channels || bias != nil && len(bias) != y.channels {
		panic("kernel: " + k.name + ": tiles outside their slices")
	}
}

// zeros returns n zeros for a kernel call; nobody writes to them.
func (t *Team) zeros(n int) []float32 { return t.Shared(slotZeros, n) }
