package kernel

// A grid says which pixels belong to which tile, for a whole batch: tiles are numbered over all images, row by row.
//
// Where a side is no multiple of 4, tiles at the images' edges would be partly empty. Images are then laid in a mosaic, one
// line of zeros between them, which is all that 3x3 filters want, and the tiles cut that:
//
//	+------+-+------+-+------+     14 x 14, 12 images: 15 x 11 tiles instead of 12 x 4 x 4
//	|  0   |0|  1   |0|  2   |
//	+------+-+------+-+------+     Tiles may then belong to several images, and pixels of tiles to none; the last
//	|00000000000000000000000000     row of the mosaic may lack images.
//	+------+-+------+-+------+
//	|  3   |0|  4   |0|  5   |
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

// makeGrid lays out tiles over the images of a convolution's input, which are as large as those of its output.
func makeGrid(images, height, width int) *grid {
	g := &grid{images: images, height: height, width: width, pixels: images * height * width}
	if g.pixels == 0 {
		return g
	}
	// The fewest tiles; of equal ones the plainest.
	across := 0
	for n := 1; n <= images; n++ {
		rows, columns := lines(ceilDiv(images, n), height), lines(n, width)
		if across == 0 || rows*columns < g.tiles {
			across, g.rows, g.columns, g.tiles = n, rows, columns, rows*columns
		}
	}
	g.down = spans(ceilDiv(images, across), height, width, across*height*width)
	g.across = spans(across, width, 1, height*width)
	return g
}

// plain reports whether n images of that size are cut one by one, without lines of zeros between them.
func plain(n, size int) bool {
	return n*ceilDiv(size, tileOutputs) <= ceilDiv(n*(size+1)-1, tileOutputs)
}

// lines counts the tiles along n images of that size.
func lines(n, size int) int {
	return min(n*ceilDiv(size, tileOutputs), ceilDiv(n*(size+1)-1, tileOutputs))
}

// spans lists the tiles along n images of that size; line and image are the distances in memory of lines and of images.
func spans(n, size, line, image int) []span {
	list := make([]span, lines(n, size))
	for t := range list {
		s := &list[t]
		s.whole = true
		for i := range s.at {
			var k, at int // line at of image k
			if plain(n, size) {
				each := ceilDiv(size, tileOutputs)
				k, at = t/each, t%each*tileOutputs+i-1
			} else {
				at = t*tileOutputs + i // counted with the zeros before the first image
				k, at = at/(size+1), at%(size+1)-1
			}
			if k >= n || at < 0 || at >= size {
				s.at[i] = none
			} else {
				s.at[i] = k*image + at*line
			}
			s.whole = s.whole && s.at[i] != none && (i == 0 || s.at[i] == s.at[i-1]+line)
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
	if r.whole && c.whole && r.at[tilePixels-1]+c.at[tilePixels-1] < m.pixels {
		return (r.at[0] + c.at[0]) * m.channels, &m.whole
	}
	for i, down := range r.at {
		for j, across := range c.at {
			pixel := down + across
			if down == none || across == none || pixel >= m.pixels {
				edge[i*tilePixels+j] = missing
			} else {
				edge[i*tilePixels+j] = pixel * m.channels
			}
		}
	}
	return 0, edge
}
