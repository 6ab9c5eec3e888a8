package shop

import (
	"image"
	"image/draw"
	"math"

	"golang.org/x/image/vector"
)

// canvas is one worker's memory for pictures of one side length.
type canvas struct {
	size   int
	colour []rgb        // size*size, in [0, 255]
	under  *image.Alpha // the last sheet's coverage
	mask   *image.Alpha
	shadow []int32 // the whole garment's coverage, then blurred
	swap   []int32
	raster *vector.Rasterizer
}

func newCanvas(size int) *canvas {
	all := image.Rect(0, 0, size, size)
	c := &canvas{
		size:   size,
		colour: make([]rgb, size*size),
		under:  image.NewAlpha(all),
		mask:   image.NewAlpha(all),
		shadow: make([]int32, size*size),
		swap:   make([]int32, size*size),
		raster: vector.NewRasterizer(size, size),
	}
	c.raster.DrawOp = draw.Src
	return c
}

// picture draws view number n of a product.
func (c *canvas) picture(p *Product, v *view) *image.RGBA {
	c.backdrop(&v.back)
	c.castShadow(p, v)
	for i := range p.layers {
		c.layer(&p.layers[i], p, v)
	}
	return c.lit(v)
}

// backdrop fills the canvas.
func (c *canvas) backdrop(b *backdrop) {
	side := float64(c.size)
	for y := range c.size {
		for x := range c.size {
			c.colour[y*c.size+x] = b.at((float64(x)+0.5)/side-0.5, (float64(y)+0.5)/side-0.5, 1/side)
		}
	}
}

// cover fills m with the coverage of polygons given in garment units.
func (c *canvas) cover(m *image.Alpha, shape []polygon, v *view, dx, dy float64) {
	// Reset also restores draw.Over as the operation.
	c.raster.Reset(c.size, c.size)
	c.raster.DrawOp = draw.Src
	for _, poly := range shape {
		for i, a := range poly {
			x := mad(v.scale, dot(a.x, a.y, v.cos, -v.sin), v.x+dx)
			y := mad(v.scale, dot(a.x, a.y, v.sin, v.cos), v.y+dy)
			if i == 0 {
				c.raster.MoveTo(float32(x), float32(y))
			} else {
				c.raster.LineTo(float32(x), float32(y))
			}
		}
		c.raster.ClosePath()
	}
	c.raster.Draw(m, m.Bounds(), image.Opaque, image.Point{})
}

// castShadow darkens the backdrop beside the garment.
func (c *canvas) castShadow(p *Product, v *view) {
	clear(c.shadow)
	for i := range p.layers {
		l := &p.layers[i]
		if l.place == on {
			continue
		}
		c.cover(c.mask, l.shape, v, v.light.shadow.x, v.light.shadow.y)
		for k, a := range c.mask.Pix {
			c.shadow[k] = max(c.shadow[k], int32(a))
		}
	}
	radius := max(1, c.size/24)
	for range 2 {
		blur(c.swap, c.shadow, c.size, radius)
		blur(c.shadow, c.swap, c.size, radius)
	}
	for k, a := range c.shadow {
		c.colour[k] = c.colour[k].times(1 - mul(v.light.dark, float64(a)/255))
	}
}

// blur averages each row over 2*radius+1 pixels and writes it as a column, so
// that two calls blur both ways.
func blur(to, from []int32, size, radius int) {
	for y := range size {
		row := from[y*size : (y+1)*size]
		sum := int32(0)
		for x := -radius; x < size; x++ {
			if x+radius < size {
				sum += row[x+radius]
			}
			if x-radius-1 >= 0 {
				sum -= row[x-radius-1]
			}
			if x >= 0 {
				to[x*size+y] = sum / int32(2*radius+1)
			}
		}
	}
}

// layer draws one layer over the canvas.
func (c *canvas) layer(l *layer, p *Product, v *view) {
	m := c.mask
	if l.place == sheet {
		m = c.under
	}
	c.cover(m, l.shape, v, 0, 0)
	pixel := 1 / v.scale
	for k, a := range m.Pix {
		if a == 0 {
			continue
		}
		alpha := float64(a) / 255
		if l.place == on {
			alpha *= float64(c.under.Pix[k]) / 255
		}
		if l.fill == darken {
			c.colour[k] = c.colour[k].times(1 - mul(alpha, l.amount))
			continue
		}
		// Back from the pixel's centre to garment units.
		px := (float64(k%c.size) + 0.5 - v.x) / v.scale
		py := (float64(k/c.size) + 0.5 - v.y) / v.scale
		x, y := dot(px, py, v.cos, v.sin), dot(px, py, -v.sin, v.cos)
		c.colour[k] = c.colour[k].toward(p.colourAt(l.fill, x, y, pixel), alpha)
	}
	if !l.bare {
		c.edge(l, v)
	}
}

// edge draws the thin dark line that keeps white on white apart.
func (c *canvas) edge(l *layer, v *view) {
	var lines []polygon
	for _, poly := range l.shape {
		lines = append(lines, stroke(poly, 0.024, true)...)
	}
	c.cover(c.mask, lines, v, 0, 0)
	for k, a := range c.mask.Pix {
		if a == 0 {
			continue
		}
		alpha := float64(a) / 255
		if l.place == on {
			alpha *= float64(c.under.Pix[k]) / 255
		}
		c.colour[k] = c.colour[k].times(1 - mul(0.5, alpha))
	}
}

// colourAt returns what a layer of the given kind shows at (x, y).
func (p *Product) colourAt(f fill, x, y, pixel float64) rgb {
	var c rgb
	switch f {
	case cloth:
		c = p.base
	case trim:
		c = p.trim
	case sole:
		c = p.sole
	case metal:
		return p.metal
	default:
		c = p.base.toward(p.second, p.print.at(x, y, pixel))
	}
	// Folds, and less light towards the sides.
	sin, _ := sincos(mad(p.foldX, x, mul(p.foldY, y)))
	return c.times(mad(-0.14, mul(x, x), mad(0.05, sin, 1.03)))
}

// lit applies light and noise and rounds to 8 bits.
func (c *canvas) lit(v *view) *image.RGBA {
	im := image.NewRGBA(image.Rect(0, 0, c.size, c.size))
	l, side := &v.light, float64(c.size)
	for k := range c.colour {
		x, y := float64(k%c.size)/side-0.5, float64(k/c.size)/side-0.5
		gain := mad(l.slope, dot(x, y, l.dx, l.dy), l.gain)
		// The sum of four 16-bit numbers is near enough to a normal one.
		b := v.noise.bits()
		sum := mul(float64(b&0xffff+b>>16&0xffff+b>>32&0xffff+b>>48), 1.0/65536) // mean 2, deviation 1/sqrt(3)
		noise := mul(l.grain, mul(sum-2, 1.7320508))
		c := c.colour[k]
		im.Pix[4*k] = level(mad(c.r, mul(gain, l.tint.r), noise))
		im.Pix[4*k+1] = level(mad(c.g, mul(gain, l.tint.g), noise))
		im.Pix[4*k+2] = level(mad(c.b, mul(gain, l.tint.b), noise))
		im.Pix[4*k+3] = 255
	}
	return im
}

func level(v float64) uint8 { return uint8(math.Floor(min(max(v, 0), 255) + 0.5)) }
