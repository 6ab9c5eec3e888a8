package main

import (
	"fmt"
	"strings"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The points of Winograd's transforms, as in ../winograd.go, and what the transforms make of them.
const (
	pointA, pointB = 0.625, 1.5
	a1, a2, a3     = pointA, pointA * pointA, pointA * pointA * pointA
	b1, b2, b3     = pointB, pointB * pointB, pointB * pointB * pointB
	normA          = 1 / (2 * a2 * (a2 - b2))
	normB          = 1 / (2 * b2 * (b2 - a2))
	norm0          = 1 / (a2 * b2)

	positions = 36
)

// constants are vectors of equal numbers, in memory or, where there are registers enough, in registers.
type constants struct {
	v    registers
	held map[float64]Op
}

var pool = map[string]Mem{}

// vectorOf returns 64 bytes of equal float32 in read-only memory.
func vectorOf(x float64) Mem {
	name := "v" + strings.NewReplacer("-", "n", ".", "p", "+", "").Replace(fmt.Sprint(float32(x)))
	m, ok := pool[name]
	if !ok {
		m = GLOBL(name, RODATA|NOPTR)
		for i := range 16 {
			DATA(4*i, F32(x))
		}
		pool[name] = m
	}
	return m
}

// inRegisters loads constants that then need no memory access.
func (c *constants) inRegisters(xs ...float64) {
	if c.held == nil {
		c.held = map[float64]Op{}
	}
	for _, x := range xs {
		r := c.v.fresh()
		VMOVUPS(vectorOf(x), r)
		c.held[x] = r
	}
}

func (c *constants) of(x float64) Op {
	if r, ok := c.held[x]; ok {
		return r
	}
	return vectorOf(x)
}

func (c *constants) copy(x VecVirtual) VecVirtual {
	r := c.v.fresh()
	VMOVAPS(x, r)
	return r
}

func (c *constants) times(k float64, x VecVirtual) VecVirtual {
	r := c.v.fresh()
	VMULPS(c.of(k), x, r)
	return r
}

// add and sub change y: y += k*x, y -= k*x.
func (c *constants) add(k float64, x, y VecVirtual) VecVirtual {
	VFMADD231PS(c.of(k), x, y)
	return y
}

func (c *constants) sub(k float64, x, y VecVirtual) VecVirtual {
	VFNMADD231PS(c.of(k), x, y)
	return y
}

func (c *constants) sum(x, y VecVirtual) VecVirtual {
	r := c.v.fresh()
	VADDPS(x, y, r)
	return r
}

func (c *constants) difference(x, y VecVirtual) VecVirtual { // x - y
	r := c.v.fresh()
	VSUBPS(y, x, r)
	return r
}

// inputLine gives the six elements of B'd to put, in the order 0, 5, 1, 2, 3, 4. It overwrites d.
func (c *constants) inputLine(d [6]VecVirtual, put func(i int, o VecVirtual)) {
	e := c.sub(b2, d[2], c.copy(d[4]))
	g := c.sub(a2, d[2], c.copy(d[4]))
	put(0, c.add(a2*b2, d[0], c.sub(a2+b2, d[2], d[4])))
	f := c.sub(b2, d[1], c.copy(d[3]))
	h := c.sub(a2, d[1], c.copy(d[3]))
	put(5, c.add(a2*b2, d[1], c.sub(a2+b2, d[3], d[5])))
	put(1, c.add(a1, f, c.copy(e)))
	put(2, c.sub(a1, f, e))
	put(3, c.add(b1, h, c.copy(g)))
	put(4, c.sub(b1, h, g))
}

// inputHalf computes elements 0, 1, 2 or 3, 4, 5 of B'd. load makes a register of element i of d.
func (c *constants) inputHalf(upper bool, load func(i int) VecVirtual) [3]VecVirtual {
	if !upper {
		d2, d4 := load(2), load(4)
		e := c.sub(b2, d2, c.copy(d4))
		o := c.add(a2*b2, load(0), c.sub(a2+b2, d2, d4))
		f := c.sub(b2, load(1), load(3))
		p := c.add(a1, f, c.copy(e))
		return [3]VecVirtual{o, p, c.sub(a1, f, e)}
	}
	d1, d3 := load(1), load(3)
	h := c.sub(a2, d1, c.copy(d3))
	o := c.add(a2*b2, d1, c.sub(a2+b2, d3, load(5)))
	g := c.sub(a2, load(2), load(4))
	p := c.add(b1, h, c.copy(g))
	return [3]VecVirtual{p, c.sub(b1, h, g), o}
}

// outputLine computes A'm. It may overwrite m.
func (c *constants) outputLine(m [6]VecVirtual) [4]VecVirtual {
	p, q := c.sum(m[1], m[2]), c.difference(m[1], m[2])
	r, s := c.sum(m[3], m[4]), c.difference(m[3], m[4])
	VADDPS(p, m[0], m[0])
	VADDPS(r, m[0], m[0])
	o1 := c.add(a1, q, c.times(b1, s))
	o3 := c.add(b3, s, c.add(a3, q, m[5]))
	o2 := c.add(a2, p, c.times(b2, r))
	return [4]VecVirtual{m[0], o1, o2, o3}
}

// filterLine computes Gg.
func (c *constants) filterLine(x, y, z VecVirtual) [6]VecVirtual {
	p := c.add(normA*a2, z, c.times(normA, x))
	q := c.times(normA*a1, y)
	r := c.add(normB*b2, z, c.times(normB, x))
	s := c.times(normB*b1, y)
	return [6]VecVirtual{c.times(norm0, x), c.sum(p, q), c.difference(p, q), c.sum(r, s), c.difference(r, s), z}
}

// planes addresses six positions, a plane apart, from a moving pointer.
type planes struct{ one, three, five, six GPVirtual }

// strides makes the multiples of a number of floats, in bytes.
func strides(floats Register) planes {
	p := planes{GP64(), GP64(), GP64(), GP64()}
	MOVQ(floats, p.one)
	SHLQ(U8(2), p.one)
	LEAQ(Mem{Base: p.one, Index: p.one, Scale: 2}, p.three)
	LEAQ(Mem{Base: p.one, Index: p.one, Scale: 4}, p.five)
	LEAQ(Mem{Base: p.three, Index: p.three, Scale: 1}, p.six)
	return p
}

// at is position j of the row of six at base.
func (p planes) at(base Register, j int) Mem {
	switch j {
	case 0:
		return Mem{Base: base}
	case 1, 2, 4:
		return Mem{Base: base, Index: p.one, Scale: uint8(j)}
	case 3:
		return Mem{Base: base, Index: p.three, Scale: 1}
	}
	return Mem{Base: base, Index: p.five, Scale: 1}
}

// text gives the attributes of a function that may spill: a large frame needs a look at the stack.
func (v registers) text() attr.Attribute {
	if v.lanes == 16 {
		return NOSPLIT
	}
	return 0
}

// frame is room on the stack for vectors.
func (v registers) frame(n int) func(i int) Mem {
	m := AllocLocal(n * 4 * v.lanes)
	return func(i int) Mem { return m.Offset(i * 4 * v.lanes) }
}

func (v registers) load(m Op) VecVirtual {
	r := v.fresh()
	VMOVUPS(m, r)
	return r
}

// winogradInput writes B'dB for one tile, see inputFunc. at is in elements from x; jump is from the end of a panel to the start
// of the next.
func winogradInput(name string, v registers) {
	TEXT(name, v.text(), "func(channels int, x *float32, at *int, v *float32, plane, width, jump int, fetch *float32, next *int)")
	Pragma("noescape")
	Doc(name + " transforms the inputs of one tile; see inputFunc.")
	left := Load(Param("channels"), GP64())
	x := Load(Param("x"), GP64())
	at := Load(Param("at"), GP64())
	to := Load(Param("v"), GP64())
	p := strides(Load(Param("plane"), GP64()))
	within := Load(Param("width"), GP64())
	fetch := Load(Param("fetch"), GP64())
	c := &constants{v: v}
	pixel := func(i, j int) VecVirtual {
		offset := GP64()
		MOVQ(Mem{Base: at, Disp: 8 * (6*i + j)}, offset)
		return v.load(Mem{Base: x, Index: offset, Scale: 4})
	}
	wide := v.lanes == 16
	var spill func(i int) Mem
	if wide {
		c.inRegisters(a1, b1, a2, b2, a2*b2, a2+b2)
	} else {
		spill = v.frame(positions)
	}
	Label("loop")
	Comment("Fetch the next tile's pixels: four of each row, a part of their channels.")
	next, row := GP64(), GP64()
	Load(Param("next"), next)
	for i := range 6 {
		MOVQ(Mem{Base: next, Disp: 8 * i}, row)
		for line := 0; line < 16*v.lanes; line += 64 {
			PREFETCHT0(Mem{Base: fetch, Index: row, Scale: 4, Disp: line})
		}
	}
	q := GP64()
	MOVQ(to, q)
	put := func(j int, o VecVirtual) { VMOVUPS(o, p.at(q, j)) }
	if wide {
		for _, upper := range []bool{false, true} {
			var half [3][6]VecVirtual
			for j := range 6 {
				for i, o := range c.inputHalf(upper, func(i int) VecVirtual { return pixel(i, j) }) {
					half[i][j] = o
				}
			}
			for i := range half {
				c.inputLine(half[i], put)
				if !upper || i < 2 {
					ADDQ(p.six, q)
				}
			}
		}
	} else {
		for j := range 6 {
			var d [6]VecVirtual
			for i := range d {
				d[i] = pixel(i, j)
			}
			c.inputLine(d, func(i int, o VecVirtual) { VMOVUPS(o, spill(6*i+j)) })
		}
		for i := range 6 {
			var d [6]VecVirtual
			for j := range d {
				d[j] = v.load(spill(6*i + j))
			}
			c.inputLine(d, put)
			if i < 5 {
				ADDQ(p.six, q)
			}
		}
	}
	ADDQ(I32(4*v.lanes), x)
	ADDQ(I32(4*v.lanes), to)
	ADDQ(I32(16*v.lanes), fetch)
	SUBQ(I32(v.lanes), left)
	JZ(LabelRef("end"))
	SUBQ(I32(v.lanes), within)
	JNZ(LabelRef("loop"))
	Load(Param("width"), within)
	jump := Load(Param("jump"), GP64())
	LEAQ(Mem{Base: to, Index: jump, Scale: 4}, to)
	JMP(LabelRef("loop"))
	Label("end")
	VZEROUPPER()
	RET()
}

// prefetch asks for n cache lines for the second-level cache.
func prefetch(name string) {
	TEXT(name, NOSPLIT, "func(n int, x *float32)")
	Pragma("noescape")
	Doc(name + " asks for n cache lines from x on for the second-level cache.")
	n := Load(Param("n"), GP64())
	x := Load(Param("x"), GP64())
	Label("loop")
	PREFETCHT1(Mem{Base: x})
	ADDQ(I32(64), x)
	DECQ(n)
	JNZ(LabelRef("loop"))
	RET()
}

// winogradFilter writes U for n channels of a panel, see filterFunc. A tap is step floats after the one before.
func winogradFilter(name string, v registers, nr int) {
	TEXT(name, v.text(), "func(n int, w *float32, step int, u *float32, plane, stream int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s transforms the filters of n channels and %d outputs; see filterFunc.", name, nr))
	n := Load(Param("n"), GP64())
	w := Load(Param("w"), GP64())
	step := Load(Param("step"), GP64())
	u := Load(Param("u"), GP64())
	p := strides(Load(Param("plane"), GP64()))
	SHLQ(U8(2), step)
	c := &constants{v: v}
	var spill func(i int) Mem
	if v.lanes < 16 {
		spill = v.frame(18 * 16 / v.lanes)
	}
	stream := Load(Param("stream"), GP64())
	TESTQ(stream, stream)
	JNZ(LabelRef("streamLoop"))
	for _, stream := range []bool{false, true} {
		loop := "loop"
		if stream {
			loop = "streamLoop"
		}
		Label(loop)
		for line := range nr / 16 {
			filterLine(v, c, p, spill, w, step, u, 64*line, stream)
		}
		ADDQ(I32(9*4*nr), w)
		ADDQ(I32(4*nr), u)
		DECQ(n)
		JNZ(LabelRef(loop))
		VZEROUPPER()
		RET()
	}
}

// filterLine transforms the filters of 16 outputs, which fill a cache line of each position.
func filterLine(v registers, c *constants, p planes, spill func(i int) Mem, w, step, u Register, disp int, stream bool) {
	parts := 16 / v.lanes
	var half [6][3]VecVirtual
	tap, q := GP64(), GP64()
	for j := range 3 {
		// Taps j, 3+j and 6+j.
		LEAQ(Mem{Base: step, Index: step, Scale: 2}, q)
		MOVQ(w, tap)
		for range j {
			ADDQ(step, tap)
		}
		for part := range parts {
			at := disp + 4*v.lanes*part
			x := v.load(Mem{Base: tap, Disp: at})
			y := v.load(Mem{Base: tap, Index: q, Scale: 1, Disp: at})
			z := v.load(Mem{Base: tap, Index: q, Scale: 2, Disp: at})
			for i, o := range c.filterLine(x, y, z) {
				half[i][j] = o
				if spill != nil {
					VMOVUPS(o, spill(18*part+3*i+j))
				}
			}
		}
	}
	MOVQ(u, q)
	for i := range 6 {
		var out [2][6]VecVirtual
		for part := range parts {
			if spill != nil {
				for j := range 3 {
					half[i][j] = v.load(spill(18*part + 3*i + j))
				}
			}
			out[part] = c.filterLine(half[i][0], half[i][1], half[i][2])
		}
		for j := range 6 {
			for part := range parts {
				m := p.at(q, j)
				m.Disp += disp + 4*v.lanes*part
				if stream {
					VMOVNTPS(out[part][j], m)
				} else {
					VMOVUPS(out[part][j], m)
				}
			}
		}
		if i < 5 {
			ADDQ(p.six, q)
		}
	}
}

// The flags of winogradOutput, as in ../winograd_amd64.go.
const (
	outputReLU = 1 << iota
	outputStream
)

// outputSource reads M and transforms its columns.
type outputSource struct {
	v            registers
	c            *constants
	m            Register
	one, six     GPVirtual // a position and six of them, in bytes
	three, fifth GPVirtual // eighteen positions and thirty
}

func newOutputSource(v registers, c *constants, m, plane Register) outputSource {
	s := outputSource{v: v, c: c, m: m, one: GP64(), six: GP64(), three: GP64(), fifth: GP64()}
	MOVQ(plane, s.one)
	SHLQ(U8(2), s.one)
	LEAQ(Mem{Base: s.one, Index: s.one, Scale: 2}, s.six)
	ADDQ(s.six, s.six)
	LEAQ(Mem{Base: s.six, Index: s.six, Scale: 2}, s.three)
	LEAQ(Mem{Base: s.six, Index: s.six, Scale: 4}, s.fifth)
	return s
}

// columns gives A'm, row i of column j, to put.
func (s outputSource) columns(disp int, put func(i, j int, o VecVirtual)) {
	q := GP64()
	MOVQ(s.m, q)
	for j := range 6 {
		var d [6]VecVirtual
		for i := range d {
			m := Mem{Base: q, Disp: disp}
			switch i {
			case 1, 2, 4:
				m.Index, m.Scale = s.six, uint8(i)
			case 3:
				m.Index, m.Scale = s.three, 1
			case 5:
				m.Index, m.Scale = s.fifth, 1
			}
			d[i] = s.v.load(m)
		}
		for i, o := range s.c.outputLine(d) {
			put(i, j, o)
		}
		if j < 5 {
			ADDQ(s.one, q)
		}
	}
}

// finish makes the bias and floor registers: what to add (0 without bias), and the least value (minus infinity without ReLU).
func outputFloor(v registers, relu Register, bit int) VecVirtual {
	floor := v.zero()
	TESTQ(U32(uint32(bit)), relu)
	JNZ(LabelRef("floor"))
	VMOVUPS(lowest(), floor)
	Label("floor")
	return floor
}

// lowest is minus infinity.
func lowest() Mem {
	m, ok := pool["vlowest"]
	if !ok {
		m = GLOBL("vlowest", RODATA|NOPTR)
		for i := range 16 {
			DATA(4*i, U32(0xff800000))
		}
		pool["vlowest"] = m
	}
	return m
}

// winogradOutput writes the pixels of one tile, 16 channels, a cache line, at a time; see outputFunc.
func winogradOutput(name string, v registers) {
	TEXT(name, v.text(), "func(channels int, m *float32, plane int, y *float32, at *int, bias, mask *float32, flags int)")
	Pragma("noescape")
	Doc(name + " transforms and stores the outputs of one tile; see outputFunc.")
	n := Load(Param("channels"), GP64())
	m := Load(Param("m"), GP64())
	y := Load(Param("y"), GP64())
	at := Load(Param("at"), GP64())
	bias := Load(Param("bias"), GP64())
	mask := Load(Param("mask"), GP64())
	c := &constants{v: v}
	s := newOutputSource(v, c, m, Load(Param("plane"), GP64()))
	flags := Load(Param("flags"), GP64())
	floor := outputFloor(v, flags, outputReLU)
	halves := 16 / v.lanes
	var spill func(i int) Mem
	if halves > 1 {
		spill = v.frame(halves * 24)
	}
	var zero VecVirtual
	if halves == 1 {
		zero = v.zero()
	}

	body := func(variant string, masked, stream bool) {
		Label("loop" + variant)
		var half [4][6]VecVirtual
		for h := range halves {
			s.columns(4*v.lanes*h, func(i, j int, o VecVirtual) {
				half[i][j] = o
				if halves > 1 {
					VMOVUPS(o, spill(24*h+6*i+j))
				}
			})
		}
		var plus VecVirtual
		if halves == 1 {
			plus = v.zero()
			TESTQ(bias, bias)
			JZ(LabelRef("noBias" + variant))
			VMOVUPS(Mem{Base: bias}, plus)
			ADDQ(I32(64), bias)
			Label("noBias" + variant)
		}
		for i := range 4 {
			var out [2][4]VecVirtual
			for h := range halves {
				if halves > 1 {
					for j := range 6 {
						half[i][j] = v.load(spill(24*h + 6*i + j))
					}
				}
				out[h] = c.outputLine(half[i])
				if halves > 1 {
					l := fmt.Sprintf("noBias%s%d%d", variant, i, h)
					TESTQ(bias, bias)
					JZ(LabelRef(l))
					for _, o := range out[h] {
						VADDPS(Mem{Base: bias, Disp: 4 * v.lanes * h}, o, o)
					}
					Label(l)
				}
				for _, o := range out[h] {
					if halves == 1 {
						VADDPS(plus, o, o)
					}
					VMAXPS(o, floor, o) // the second source, o, where it is NaN
				}
			}
			for j := range 4 {
				skip := fmt.Sprintf("skip%s%d%d", variant, i, j)
				offset := GP64()
				MOVQ(Mem{Base: at, Disp: 8 * (6*(i+1) + j + 1)}, offset)
				TESTQ(offset, offset)
				JS(LabelRef(skip))
				for h := range halves {
					o := out[h][j]
					if masked {
						const below = 0x11 // less than, ordered, quiet: false for NaN
						from := Mem{Base: mask, Index: offset, Scale: 4, Disp: 4 * v.lanes * h}
						if v.lanes == 16 {
							keep := K()
							VCMPPS(Imm(below), from, zero, keep)
							VMOVAPS_Z(o, keep, o)
						} else {
							keep := v.zero()
							VCMPPS(Imm(below), from, keep, keep)
							VANDPS(keep, o, o)
						}
					}
					to := Mem{Base: y, Index: offset, Scale: 4, Disp: 4 * v.lanes * h}
					if stream {
						VMOVNTPS(o, to)
					} else {
						VMOVUPS(o, to)
					}
				}
				Label(skip)
			}
		}
		if halves > 1 {
			TESTQ(bias, bias)
			JZ(LabelRef("noBias" + variant))
			ADDQ(I32(64), bias)
			Label("noBias" + variant)
		}
		if masked {
			ADDQ(I32(64), mask)
		}
		ADDQ(I32(64), m)
		ADDQ(I32(64), y)
		SUBQ(I32(16), n)
		JNZ(LabelRef("loop" + variant))
		VZEROUPPER()
		RET()
	}
	TESTQ(mask, mask)
	JNZ(LabelRef("masked"))
	TESTQ(U32(outputStream), flags)
	JNZ(LabelRef("loopS"))
	body("", false, false)
	body("S", false, true)
	Label("masked")
	TESTQ(U32(outputStream), flags)
	JNZ(LabelRef("loopMS"))
	body("M", true, false)
	body("MS", true, true)
}

// winogradPool writes the pooled pixels of one tile and their places in the windows; see poolFunc.
func winogradPool(name string, v registers) {
	TEXT(name, v.text(), "func(channels int, m *float32, plane int, y *float32, index *uint8, line, pixel int, bias *float32, flags int)")
	Pragma("noescape")
	Doc(name + " transforms, pools and stores the outputs of one tile; see poolFunc.")
	n := Load(Param("channels"), GP64())
	m := Load(Param("m"), GP64())
	y := Load(Param("y"), GP64())
	index := Load(Param("index"), GP64())
	line := Load(Param("line"), GP64())
	pixel := Load(Param("pixel"), GP64())
	bias := Load(Param("bias"), GP64())
	c := &constants{v: v}
	s := newOutputSource(v, c, m, Load(Param("plane"), GP64()))
	flags := Load(Param("flags"), GP64())
	floor := outputFloor(v, flags, outputReLU)
	wide := v.lanes == 16
	var spill func(i int) Mem
	if !wide {
		spill = v.frame(24)
	}
	Label("loop")
	var half [4][6]VecVirtual
	s.columns(0, func(i, j int, o VecVirtual) {
		half[i][j] = o
		if !wide {
			VMOVUPS(o, spill(6*i+j))
		}
	})
	place := GP64()
	for i := range 2 {
		if i == 0 {
			XORQ(place, place)
		} else {
			MOVQ(line, place)
		}
		var out [2][4]VecVirtual
		for r := range out {
			if !wide {
				for j := range 6 {
					half[2*i+r][j] = v.load(spill(6*(2*i+r) + j))
				}
			}
			out[r] = c.outputLine(half[2*i+r])
			l := fmt.Sprintf("noBias%d%d", i, r)
			TESTQ(bias, bias)
			JZ(LabelRef(l))
			for _, o := range out[r] {
				VADDPS(Mem{Base: bias}, o, o)
			}
			Label(l)
			for _, o := range out[r] {
				VMAXPS(o, floor, o)
			}
		}
		for j := range 2 {
			best := out[0][2*j]
			at := v.zero()
			for k := 1; k < 4; k++ {
				o := out[k/2][2*j+k%2]
				const above, unordered = 0x1e, 0x03
				if wide {
					wins, nan := K(), K()
					VCMPPS(Imm(above), best, o, wins)
					VCMPPS(Imm(unordered), o, o, nan)
					KORW(wins, nan, wins)
					VMOVAPS(o, wins, best)
					VMOVDQU32(whole(k), wins, at)
				} else {
					wins, nan := v.fresh(), v.fresh()
					VCMPPS(Imm(above), best, o, wins)
					VCMPPS(Imm(unordered), o, o, nan)
					VORPS(nan, wins, wins)
					VBLENDVPS(wins, o, best, best)
					VBLENDVPS(wins, whole(k), at, at)
				}
			}
			VMOVUPS(best, Mem{Base: y, Index: place, Scale: 4})
			if wide {
				VPMOVDB(at, Mem{Base: index, Index: place, Scale: 1})
			} else {
				low, high := at.AsX(), XMM()
				VEXTRACTI128(U8(1), at, high)
				VPACKUSDW(high, low, low)
				VPACKUSWB(low, low, low)
				VMOVQ(low, Mem{Base: index, Index: place, Scale: 1})
			}
			if j == 0 {
				ADDQ(pixel, place)
			}
		}
	}
	TESTQ(bias, bias)
	JZ(LabelRef("noBias"))
	ADDQ(I32(4*v.lanes), bias)
	Label("noBias")
	ADDQ(I32(4*v.lanes), m)
	ADDQ(I32(4*v.lanes), y)
	ADDQ(I32(v.lanes), index)
	SUBQ(I32(v.lanes), n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// whole is 64 bytes of equal 32-bit integers.
func whole(k int) Mem {
	name := fmt.Sprintf("i%d", k)
	m, ok := pool[name]
	if !ok {
		m = GLOBL(name, RODATA|NOPTR)
		for i := range 16 {
			DATA(4*i, U32(uint32(k)))
		}
		pool[name] = m
	}
	return m
}

// winogradMultiply writes the product of one position: tiles times mr rows of A, in memory lda apart, with a panel of B. It is
// gemm's microkernel for rows that lie as they are, with the loop over the tiles inside: for 64 channels a tile takes 300 ns,
// and each call would cost a fifth of that.
func winogradMultiply(name string, v registers, mr, vectors, panel int) {
	TEXT(name, NOSPLIT, "func(tiles, k int, a *float32, lda int, b *float32, c *float32, ldc, add int, last *float32, far int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s multiplies rows, %d at a time, by %d columns; see multiplyFunc.", name, mr, vectors*v.lanes))
	tiles := Load(Param("tiles"), GP64())
	a := Load(Param("a"), GP64())
	lda := Load(Param("lda"), GP64())
	c := Load(Param("c"), GP64())
	ldc := Load(Param("ldc"), GP64())
	far := Load(Param("far"), GP64())
	first := Load(Param("b"), GP64())
	SHLQ(U8(2), lda)
	SHLQ(U8(2), ldc)
	LEAQ(Mem{Base: first, Index: far, Scale: 4}, far)
	Comment("What is fetched of B ends where this panel's part would.")
	limit := Load(Param("k"), GP64())
	IMUL3Q(U32(uint32(4*panel)), limit, limit)
	ADDQ(far, limit)

	// Rows 0, 3, 6, ... have registers of their own; the two after each are reached by index lda, scaled by 1 and 2.
	rows := make([]GPVirtual, (mr+2)/3)
	for i := range rows {
		rows[i] = GP64()
	}
	k, b, next := GP64(), GP64(), GP64()

	Label("tile")
	MOVQ(a, rows[0])
	for i := 1; i < len(rows); i++ {
		LEAQ(Mem{Base: rows[i-1], Index: lda, Scale: 2}, rows[i])
		ADDQ(lda, rows[i])
	}
	Comment("The next rows, which the loop fetches.")
	LEAQ(Mem{Base: rows[len(rows)-1], Index: lda, Scale: 2}, a)
	if mr%3 == 0 {
		ADDQ(lda, a)
	}
	MOVQ(a, next)
	CMPQ(tiles, Imm(1))
	JNE(LabelRef("start"))
	Load(Param("last"), next)
	Label("start")
	Load(Param("k"), k)
	MOVQ(first, b)
	sums := make([][]VecVirtual, mr)
	for i := range sums {
		sums[i] = make([]VecVirtual, vectors)
		for j := range sums[i] {
			sums[i][j] = v.zero()
		}
	}
	columns := make([]VecVirtual, vectors)
	for j := range columns {
		columns[j] = v.fresh()
	}
	scalar := v.fresh()
	Label("loop")
	for u := range unroll {
		for j := range columns {
			VMOVUPS(Mem{Base: b, Disp: 4 * (u*panel + j*v.lanes)}, columns[j])
		}
		PREFETCHT0(Mem{Base: next, Disp: 64 * u})
		for i := range sums {
			m := Mem{Base: rows[i/3], Disp: 4 * u}
			if i%3 > 0 {
				m.Index, m.Scale = lda, uint8(i%3)
			}
			VBROADCASTSS(m, scalar)
			for j := range columns {
				VFMADD231PS(scalar, columns[j], sums[i][j])
			}
		}
	}
	PREFETCHT1(Mem{Base: far})
	ADDQ(I32(64), far)
	CMPQ(far, limit)
	CMOVQGT(limit, far)
	ADDQ(I32(64*unroll), next)
	ADDQ(I32(4*panel*unroll), b)
	for _, r := range rows {
		ADDQ(I32(4*unroll), r)
	}
	SUBQ(Imm(unroll), k)
	JNZ(LabelRef("loop"))

	add := Load(Param("add"), GP64())
	TESTQ(add, add)
	JZ(LabelRef("store"))
	at := GP64()
	MOVQ(c, at)
	for i := range sums {
		for j := range sums[i] {
			VADDPS(Mem{Base: at, Disp: 4 * v.lanes * j}, sums[i][j], sums[i][j])
		}
		if i+1 < mr {
			ADDQ(ldc, at)
		}
	}
	Label("store")
	for i := range sums {
		for j := range sums[i] {
			VMOVUPS(sums[i][j], Mem{Base: c, Disp: 4 * v.lanes * j})
		}
		ADDQ(ldc, c)
	}
	DECQ(tiles)
	JNZ(LabelRef("tile"))
	VZEROUPPER()
	RET()
}
