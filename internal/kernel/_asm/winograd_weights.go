package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// gradientLine computes A y. It may overwrite y.
func (c *constants) gradientLine(y [4]VecVirtual) [6]VecVirtual {
	e, f := c.add(a2, y[2], c.copy(y[0])), c.add(a2, y[3], c.copy(y[1]))
	g, h := c.add(b2, y[2], c.copy(y[0])), c.add(b2, y[3], y[1])
	o1, o3 := c.add(a1, f, c.copy(e)), c.add(b1, h, c.copy(g))
	return [6]VecVirtual{y[0], o1, c.sub(a1, f, e), o3, c.sub(b1, h, g), y[3]}
}

// tapLine computes G'u. It may overwrite u.
func (c *constants) tapLine(u [6]VecVirtual) [3]VecVirtual {
	p, q := c.sum(u[1], u[2]), c.difference(u[1], u[2])
	r, s := c.sum(u[3], u[4]), c.difference(u[3], u[4])
	o0 := c.add(normB, r, c.add(normA, p, c.times(norm0, u[0])))
	o1 := c.add(normB*b1, s, c.times(normA*a1, q))
	return [3]VecVirtual{o0, o1, c.add(normB*b2, r, c.add(normA*a2, p, u[5]))}
}

// winogradGradient writes A dy A' for one tile and adds up its outputs, see gradientFunc. at is in elements from dy; jump is
// from the end of a panel to the start of the next.
func winogradGradient(name string, v registers) {
	TEXT(name, v.text(), "func(channels int, dy *float32, at *int, z *float32, plane, width, jump int, sums, fetch *float32, next *int)")
	Pragma("noescape")
	Doc(name + " transforms the gradients of one tile; see gradientFunc.")
	left := Load(Param("channels"), GP64())
	dy := Load(Param("dy"), GP64())
	at := Load(Param("at"), GP64())
	to := Load(Param("z"), GP64())
	p := strides(Load(Param("plane"), GP64()))
	within := Load(Param("width"), GP64())
	fetch := Load(Param("fetch"), GP64())
	sums := Load(Param("sums"), GP64())
	c := &constants{v: v}
	wide := v.lanes == 16
	var spill func(i int) Mem
	if wide {
		c.inRegisters(a1, b1, a2, b2)
	} else {
		spill = v.frame(24)
	}
	Label("loop")
	Comment("Fetch the next tile's outputs: four of each row, a part of their channels.")
	next, offset := GP64(), GP64()
	Load(Param("next"), next)
	for i := range 4 {
		MOVQ(Mem{Base: next, Disp: 8 * i}, offset)
		for line := 0; line < 16*v.lanes; line += 64 {
			PREFETCHT0(Mem{Base: fetch, Index: offset, Scale: 4, Disp: line})
		}
	}
	total := v.load(Mem{Base: sums})
	var half [6][4]VecVirtual
	for j := range 4 {
		var y [4]VecVirtual
		for i := range y {
			MOVQ(Mem{Base: at, Disp: 8 * (6*(i+1) + j + 1)}, offset)
			y[i] = v.load(Mem{Base: dy, Index: offset, Scale: 4})
		}
		column := c.sum(y[0], y[1])
		VADDPS(y[2], column, column)
		VADDPS(y[3], column, column)
		VADDPS(column, total, total)
		for i, o := range c.gradientLine(y) {
			if half[i][j] = o; !wide {
				VMOVUPS(o, spill(4*i+j))
			}
		}
	}
	VMOVUPS(total, Mem{Base: sums})
	q := GP64()
	MOVQ(to, q)
	for i := range 6 {
		if !wide {
			for j := range 4 {
				half[i][j] = v.load(spill(4*i + j))
			}
		}
		for j, o := range c.gradientLine(half[i]) {
			VMOVUPS(o, p.at(q, j))
		}
		if i < 5 {
			ADDQ(p.six, q)
		}
	}
	ADDQ(I32(4*v.lanes), dy)
	ADDQ(I32(4*v.lanes), sums)
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

// winogradTaps computes or adds up the taps of n elements, see tapsFunc.
func winogradTaps(name string, v registers) {
	TEXT(name, v.text(), "func(n int, d *float32, plane int, w *float32, add bool)")
	Pragma("noescape")
	Doc(name + " transforms the sums of n elements to taps; see tapsFunc.")
	n := Load(Param("n"), GP64())
	d := Load(Param("d"), GP64())
	plane := Load(Param("plane"), GP64())
	w := Load(Param("w"), GP64())
	add := Load(Param("add"), GP8())
	c := &constants{v: v}
	line, rows := GP64(), GP64() // a position, and six of them
	LEAQ(Mem{Base: plane, Index: plane, Scale: 2}, rows)
	ADDQ(rows, rows)
	p := strides(rows)
	MOVQ(plane, line)
	SHLQ(U8(2), line)
	var spill func(i int) Mem
	wide := v.lanes == 16
	if wide {
		c.inRegisters(norm0, normA, normB, normA*a1, normB*b1, normA*a2, normB*b2)
	} else {
		spill = v.frame(18)
	}
	Label("loop")
	q := GP64()
	MOVQ(d, q)
	var half [3][6]VecVirtual
	for j := range 6 {
		var u [6]VecVirtual
		for i := range u {
			m := p.at(q, i)
			u[i] = v.load(m)
			m.Disp += 256 // 36 streams are more than the machine follows by itself
			PREFETCHT0(m)
		}
		for i, o := range c.tapLine(u) {
			if half[i][j] = o; !wide {
				VMOVUPS(o, spill(6*i+j))
			}
		}
		if j < 5 {
			ADDQ(line, q)
		}
	}
	for i := range 3 {
		if !wide {
			for j := range 6 {
				half[i][j] = v.load(spill(6*i + j))
			}
		}
		o := c.tapLine(half[i])
		tap := func(j int) Mem { return Mem{Base: w, Disp: 4 * v.lanes * (3*i + j)} }
		set := fmt.Sprintf("set%d", i)
		TESTB(add, add)
		JZ(LabelRef(set))
		for j := range o {
			VADDPS(tap(j), o[j], o[j])
		}
		Label(set)
		for j := range o {
			VMOVUPS(o[j], tap(j))
		}
	}
	ADDQ(I32(4*v.lanes), d)
	ADDQ(I32(36*v.lanes), w)
	SUBQ(I32(v.lanes), n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
