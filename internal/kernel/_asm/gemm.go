package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// registers is a width of vector registers.
type registers struct {
	lanes int // float32 a register
	fresh func() VecVirtual
}

func zmm() VecVirtual { return ZMM() }
func ymm() VecVirtual { return YMM() }

func (r registers) zero() VecVirtual {
	z := r.fresh()
	if r.lanes == 16 {
		VPXORD(z, z, z) // VXORPS on 512 bits needs AVX512DQ
	} else {
		VXORPS(z, z, z)
	}
	return z
}

// unroll is the steps of k in one turn of the loop.
const unroll = 4

// gemm writes a microkernel: a tile of mr rows and vectors registers of columns, C = A*B + what the flags ask for.
//
// A's element (i, k) is at a[i*rs+k*cs], so that rows and columns of either order serve as they lie. B is a panel:
// panel floats for each k, of which the first vectors*lanes are used. All sums stay in registers while k runs.
//
// A scalar of A is broadcast by an instruction of its own and used by each column register. An embedded broadcast in the
// multiply-add would load it once for each of them: measured on Ice Lake at 12x32, 95 GFLOP/s instead of 160 (limit 179).
func gemm(name string, v registers, mr, vectors, panel int) {
	TEXT(name, NOSPLIT, "func(k int, a *float32, rs, cs int, b *float32, c *float32, ldc int, bias *float32, flags, ahead, step, far int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s computes a %d by %d tile; see gemmFunc.", name, mr, vectors*v.lanes))
	k := Load(Param("k"), GP64())
	rs := Load(Param("rs"), GP64())
	cs := Load(Param("cs"), GP64())
	b := Load(Param("b"), GP64()).(GPVirtual)
	next := Load(Param("ahead"), GP64()).(GPVirtual)
	step := Load(Param("step"), GP64()).(GPVirtual)
	far := Load(Param("far"), GP64()).(GPVirtual)
	LEAQ(Mem{Base: b, Index: far, Scale: 4}, far)
	SHLQ(U8(2), rs)
	SHLQ(U8(2), cs)
	SHLQ(U8(2), step)

	// Rows 0, 3, 6, ... have registers of their own; the two after each are reached by index rs, scaled by 1 and 2.
	rows := make([]GPVirtual, (mr+2)/3)
	rows[0] = Load(Param("a"), GP64()).(GPVirtual)
	LEAQ(Mem{Base: rows[0], Index: next, Scale: 4}, next)
	for i := 1; i < len(rows); i++ {
		rows[i] = GP64()
		LEAQ(Mem{Base: rows[i-1], Index: rs, Scale: 2}, rows[i])
		ADDQ(rs, rows[i])
	}
	row := func(i int) Mem {
		if i%3 == 0 {
			return Mem{Base: rows[i/3]}
		}
		return Mem{Base: rows[i/3], Index: rs, Scale: uint8(i % 3)}
	}

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
	oneK := func(u int) {
		for j := range columns {
			VMOVUPS(Mem{Base: b, Disp: 4 * (u*panel + j*v.lanes)}, columns[j])
		}
		PREFETCHT0(Mem{Base: next})
		ADDQ(step, next)
		for i := range sums {
			VBROADCASTSS(row(i), scalar)
			for j := range columns {
				VFMADD231PS(scalar, columns[j], sums[i][j])
			}
		}
		for _, r := range rows {
			ADDQ(cs, r)
		}
	}

	c := Load(Param("c"), GP64()).(GPVirtual)
	ldc := Load(Param("ldc"), GP64()).(GPVirtual)
	SHLQ(U8(2), ldc)
	at := GP64()
	rowByRow := func(f func(m Mem, i, j int)) {
		MOVQ(c, at)
		for i := range sums {
			for j := range sums[i] {
				f(Mem{Base: at, Disp: 4 * v.lanes * j}, i, j)
			}
			if i+1 < mr {
				ADDQ(ldc, at)
			}
		}
	}
	Comment("Go on from what C holds.")
	flags := Load(Param("flags"), GP64())
	TESTQ(U32(flagAdd), flags)
	JZ(LabelRef("start"))
	rowByRow(func(m Mem, i, j int) { VMOVUPS(m, sums[i][j]) })
	Label("start")
	CMPQ(k, Imm(unroll))
	JL(LabelRef("rest"))
	Label("loop")
	for u := range unroll {
		oneK(u)
	}
	PREFETCHT1(Mem{Base: far})
	ADDQ(I32(64), far)
	ADDQ(I32(4*panel*unroll), b)
	SUBQ(Imm(unroll), k)
	CMPQ(k, Imm(unroll))
	JGE(LabelRef("loop"))
	Label("rest")
	TESTQ(k, k)
	JZ(LabelRef("end"))
	Label("single")
	oneK(0)
	ADDQ(I32(4*panel), b)
	DECQ(k)
	JNZ(LabelRef("single"))
	Label("end")

	bias := Load(Param("bias"), GP64())

	each := func(f func(i, j int)) {
		for i := range sums {
			for j := range sums[i] {
				f(i, j)
			}
		}
	}

	TESTQ(bias, bias)
	JZ(LabelRef("noBias"))
	for j := range columns {
		VMOVUPS(Mem{Base: bias, Disp: 4 * v.lanes * j}, columns[j])
	}
	each(func(i, j int) { VADDPS(columns[j], sums[i][j], sums[i][j]) })
	Label("noBias")

	TESTQ(U32(flagReLU), flags)
	JZ(LabelRef("noReLU"))
	zero := v.zero()
	// MAXPS returns its second source, here the sum, where one of the two is NaN (Intel's order; Go's is reversed).
	each(func(i, j int) { VMAXPS(sums[i][j], zero, sums[i][j]) })
	Label("noReLU")

	rowByRow(func(m Mem, i, j int) { VMOVUPS(sums[i][j], m) })
	VZEROUPPER()
	RET()
}

// The flags of a microkernel, as in ../implementations.go.
const (
	flagAdd  = 1 << iota // go on from what C holds
	flagReLU             // negative elements become 0
)
