package kernel

// A grid says which pixels belong to which tile, for a whole batch: tiles are numbered over all images, row by row.
//
// Where a side is no multiple of 4, tiles at the images' edges are partly empty: 14 x 14 takes 4 x 4 tiles. Laying the images in
// a mosaic would save an eighth of those, but then an image's tiles, and so its last bits, would depend on its place in the
// batch, and parts of a batch would not add up to the batch.
//
// A pixel's number is that of its row plus that of its column, so two short tables hold all of it.
type grid struct {
	images, height, width int
	pixels                int    // of the batch
	rows, columns         int    // of tiles
	tiles                 int    // rows*columns
	down, across          []span // the rows and columns of tiles
}

// span is the place of six lines of pixels, of which the middle four get outputs; none where a line has only zeros.
type span struct {
	at    [tilePixels]int
	whole bool // the six are neighbours in memory, none missing
}

const none = -1

// makeGrid lays out tiles over the images of a convolution's input, which are as large as those of its output. The images lie one
// below the other.
func makeGrid(images, height, width int) *grid {
	g := &grid{images: images, height: height, width: width, pixels: images * height * width}
	if g.pixels == 0 {
		return g
	}
	g.down = spans(images, height, width)
	g.across = spans(1, width, 1)
	g.rows, g.columns = len(g.down), len(g.across)
	g.tiles = g.rows * g.columns
	return g
}

// spans lists the tiles along n images of that size; line is the distance in memory of lines.
func spans(n, size, line int) []span {
	each := ceilDiv(size, tileOutputs)
	list := make([]span, n*each)
	for t := range list {
		s := &list[t]
		s.whole = true
		for i := range s.at {
			k, at := t/each, t%each*tileOutputs+i-1 // line at of image k
			if at < 0 || at >= size {
				s.at[i] = none
				s.whole = false
			} else {
				s.at[i] = (k*size + at) * line
			}
		}
	}
	return list
}

// grid returns the tiles for a convolution. They are kept: a network has few sizes, and making them anew would allocate.
func (t *Team) grid(s Conv) *grid {
	for _, g := range t.grids {
		if g.images == s.Images && g.height == s.Height && g.width == s.Width {
			return g
		}
	}
	const kept = 64
	if len(t.grids) == kept {
		t.grids = append(t.grids[:0], t.grids[kept/2:]...)
	}
	g := makeGrid(s.Images, s.Height, s.Width)
	t.grids = append(t.grids, g)
	return g
}

// tileMap is a map of activations [pixels][channels] seen as tiles.
type tileMap struct {
	*grid
	channels int
	data     []float32
	whole    [positions]int // the pixels of a tile that has all of them
}

func (g *grid) over(data []float32, channels int) tileMap {
	m := tileMap{grid: g, channels: channels, data: data}
	for i := range tilePixels {
		for j := range tilePixels {
			m.whole[i*tilePixels+j] = (i*g.width + j) * channels
		}
	}
	return m
}

// missing is the place of a pixel that is not in the map, and counts as zero.
const missing = -1 << 62

// tile finds the pixels of a tile: (i, j) is data[base+at[6*i+j]:][:channels], or missing. edge is room for at. The outputs
// of a tile are its pixels with i and j from 1 to 4.
func (m *tileMap) tile(n int, edge *[positions]int) (base int, at *[positions]int) {
	r, c := &m.down[n/m.columns], &m.across[n%m.columns]
	if r.whole && c.whole {
		return (r.at[0] + c.at[0]) * m.channels, &m.whole
	}
	for i, down := range r.at {
		for j, across := range c.at {
			if down == none || across == none {
				edge[i*tilePixels+j] = missing
			} else {
				edge[i*tilePixels+j] = (down + across) * m.channels
			}
		}
	}
	return 0, edge
}
