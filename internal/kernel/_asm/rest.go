package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// mask writes the gradient of ReLU for n elements, a multiple of 4 registers: dy = 0 where y is not above 0.
func mask(name string, v registers) {
	TEXT(name, NOSPLIT, "func(n int, dy, y *float32)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s sets dy to 0 where y is not above 0, for n elements, a multiple of %d.", name, 4*v.lanes))
	n := Load(Param("n"), GP64())
	dy := Load(Param("dy"), GP64())
	y := Load(Param("y"), GP64())
	zero := v.zero()
	const above = 0x1e // greater than, ordered, quiet: false for NaN
	Label("loop")
	for u := range 4 {
		g, from, at := v.fresh(), Mem{Base: y, Disp: 4 * v.lanes * u}, Mem{Base: dy, Disp: 4 * v.lanes * u}
		VMOVUPS(from, g)
		if v.lanes == 16 {
			keep := K()
			VCMPPS(Imm(above), zero, g, keep)
			VMOVUPS_Z(at, keep, g)
		} else {
			VCMPPS(Imm(above), zero, g, g)
			VANDPS(at, g, g)
		}
		VMOVUPS(g, at)
	}
	ADDQ(I32(16*v.lanes), dy)
	ADDQ(I32(16*v.lanes), y)
	SUBQ(I32(4*v.lanes), n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// peak writes a loop of multiply-adds in registers: what the machine can do at best.
func peak(name string, v registers, sums int) {
	TEXT(name, NOSPLIT, "func(n int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s does n times %d multiply-adds of %d elements each.", name, sums, v.lanes))
	n := Load(Param("n"), GP64())
	acc := make([]VecVirtual, sums)
	for i := range acc {
		acc[i] = v.zero()
	}
	x := v.zero()
	Label("loop")
	for i := range acc {
		VFMADD231PS(x, x, acc[i])
	}
	DECQ(n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
