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

// copyRows copies count runs of n elements; tail has the low n%16 bits set.
func copyRows() {
	TEXT("copyRowsAVX512", NOSPLIT, "func(count, n int, dst *float32, ld int, src *float32, step int, tail uint32)")
	Pragma("noescape")
	Doc("copyRowsAVX512 copies count runs of n elements from src, step apart, to dst, ld apart; tail has the low n%16 bits set.")
	count := Load(Param("count"), GP64())
	whole := Load(Param("n"), GP64())
	dst := Load(Param("dst"), GP64())
	ld := Load(Param("ld"), GP64())
	src := Load(Param("src"), GP64())
	step := Load(Param("step"), GP64())
	tail := Load(Param("tail"), GP32())
	mask := K()
	KMOVW(tail, mask)
	SHRQ(U8(4), whole) // registers filled by a run
	SHLQ(U8(2), ld)
	SHLQ(U8(2), step)
	from, to, left := GP64(), GP64(), GP64()
	Label("row")
	MOVQ(src, from)
	MOVQ(dst, to)
	MOVQ(whole, left)
	CMPQ(left, U8(4))
	JL(LabelRef("few"))
	Label("four")
	var v [4]VecVirtual
	for i := range v {
		v[i] = ZMM()
		VMOVUPS(Mem{Base: from, Disp: 64 * i}, v[i])
	}
	for i := range v {
		VMOVUPS(v[i], Mem{Base: to, Disp: 64 * i})
	}
	ADDQ(I32(256), from)
	ADDQ(I32(256), to)
	SUBQ(U8(4), left)
	CMPQ(left, U8(4))
	JGE(LabelRef("four"))
	Label("few")
	TESTQ(left, left)
	JZ(LabelRef("last"))
	Label("one")
	VMOVUPS(Mem{Base: from}, v[0])
	VMOVUPS(v[0], Mem{Base: to})
	ADDQ(U8(64), from)
	ADDQ(U8(64), to)
	DECQ(left)
	JNZ(LabelRef("one"))
	Label("last")
	TESTL(tail, tail)
	JZ(LabelRef("next"))
	VMOVUPS_Z(Mem{Base: from}, mask, v[0])
	VMOVUPS(v[0], mask, Mem{Base: to})
	Label("next")
	ADDQ(step, src)
	ADDQ(ld, dst)
	DECQ(count)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// distances writes the squared distances of rows to one vector, over n elements, a multiple of 4 registers. Wider registers than AVX2's read memory
// no faster: on Zen 4 they were a tenth slower.
func distances(name string, v registers) {
	TEXT(name, NOSPLIT, "func(rows, n int, q, x *float32, step int, d *float32)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s sets d[i] to the sum of (q[j]-x[i*step+j])^2 over j below n, a multiple of %d.", name, 4*v.lanes))
	rows := Load(Param("rows"), GP64())
	n := Load(Param("n"), GP64())
	q := Load(Param("q"), GP64())
	x := Load(Param("x"), GP64())
	step := Load(Param("step"), GP64())
	d := Load(Param("d"), GP64())
	SHLQ(U8(2), step)
	from, at, left := GP64(), GP64(), GP64()
	Label("row")
	var sums [4]VecVirtual
	for u := range sums {
		sums[u] = v.zero()
	}
	MOVQ(x, from)
	MOVQ(q, at)
	MOVQ(n, left)
	Label("loop")
	for u := range sums {
		diff := v.fresh()
		VMOVUPS(Mem{Base: from, Disp: 4 * v.lanes * u}, diff)
		VSUBPS(Mem{Base: at, Disp: 4 * v.lanes * u}, diff, diff)
		VFMADD231PS(diff, diff, sums[u])
	}
	ADDQ(I32(16*v.lanes), from)
	ADDQ(I32(16*v.lanes), at)
	SUBQ(I32(4*v.lanes), left)
	JNZ(LabelRef("loop"))
	VADDPS(sums[1], sums[0], sums[0])
	VADDPS(sums[3], sums[2], sums[2])
	VADDPS(sums[2], sums[0], sums[0])
	low, high := sums[0].(Vec).AsX(), XMM()
	VEXTRACTF128(U8(1), sums[0], high)
	VADDPS(high, low, high)
	VHADDPS(high, high, high)
	VHADDPS(high, high, high)
	VMOVSS(high, Mem{Base: d})
	ADDQ(step, x)
	ADDQ(U8(4), d)
	DECQ(rows)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// fromHalf converts half-precision numbers. Every processor with AVX2 has the instruction.
func fromHalf() {
	TEXT("fromHalfAVX2", NOSPLIT, "func(n int, src *uint16, dst *float32)")
	Pragma("noescape")
	Doc("fromHalfAVX2 converts n numbers, a multiple of 32 above 0, from IEEE binary16.")
	left := Load(Param("n"), GP64())
	src := Load(Param("src"), GP64())
	dst := Load(Param("dst"), GP64())
	v := []VecVirtual{YMM(), YMM(), YMM(), YMM()}
	Label("loop")
	for i := range v {
		VCVTPH2PS(Mem{Base: src, Disp: 16 * i}, v[i])
	}
	for i := range v {
		VMOVUPS(v[i], Mem{Base: dst, Disp: 32 * i})
	}
	ADDQ(U8(64), src)
	ADDQ(U32(128), dst)
	SUBQ(U8(32), left)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
