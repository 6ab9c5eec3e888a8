//go:build gc && !purego

package kernel

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

//go:generate go run -C _asm . -out ../kernels_amd64.s -stubs ../kernels_amd64.go -pkg kernel

// assembled lists the implementations in assembly.
func assembled() []implementation {
	return []implementation{
		{
			name: "avx512", available: cpu.X86.HasAVX512F,
			gemm: gemmKernel{
				name: "gemm12x32AVX512", mr: 12, nr: 32,
				run: func(k int, a []float32, rs, cs int, b, c []float32, ldc int, bias []float32, flags, ahead, step, far int) {
					checkTile(12, 32, 32, k, a, rs, cs, b, c, ldc, bias)
					gemm12x32AVX512(k, first(a), rs, cs, first(b), first(c), ldc, first(bias), flags, ahead, step, far)
				},
				narrow: func(k int, a []float32, rs, cs int, b, c []float32, ldc int, bias []float32, flags, ahead, step, far int) {
					checkTile(12, 16, 32, k, a, rs, cs, b, c, ldc, bias)
					gemm12x16AVX512(k, first(a), rs, cs, first(b), first(c), ldc, first(bias), flags, ahead, step, far)
				},
			},
			copyRows: copyKernel{name: "copyRowsAVX512", run: func(count, n int, dst []float32, ld int, src []float32, step int) {
				if count <= 0 || n <= 0 {
					return
				}
				if ld < 0 || step < 0 || len(dst) < (count-1)*ld+n || len(src) < (count-1)*step+n {
					panic("kernel: rows outside their slices")
				}
				copyRowsAVX512(count, n, first(dst), ld, first(src), step, 1<<(n%16)-1)
			}},
			mask: maskKernel{name: "maskReLUAVX512", run: func(dy, y []float32) {
				n := len(dy) &^ 63
				if n > 0 {
					maskReLUAVX512(n, first(dy), first(y[:len(dy)]))
				}
				maskReLUGeneric(dy[n:], y[n:])
			}},
			distances: distancesKernel{name: "distancesAVX2", run: distances}, // the memory gives no more than it takes
			half:      halfKernel{name: "fromHalfAVX2", run: fromHalf},
			winograd:  winogradAVX512(),
			weights:   winogradWeightsAVX512(),
			peak:      func(n int) int { peakAVX512(n); return n * 24 * 16 * 2 },
		},
		{
			name: "avx2", available: cpu.X86.HasAVX2 && cpu.X86.HasFMA,
			gemm: gemmKernel{
				name: "gemm6x16AVX2", mr: 6, nr: 16,
				run: func(k int, a []float32, rs, cs int, b, c []float32, ldc int, bias []float32, flags, ahead, step, far int) {
					checkTile(6, 16, 16, k, a, rs, cs, b, c, ldc, bias)
					gemm6x16AVX2(k, first(a), rs, cs, first(b), first(c), ldc, first(bias), flags, ahead, step, far)
				},
			},
			copyRows: copyKernel{name: "copyRowsGeneric", run: copyRowsGeneric},
			mask: maskKernel{name: "maskReLUAVX2", run: func(dy, y []float32) {
				n := len(dy) &^ 31
				if n > 0 {
					maskReLUAVX2(n, first(dy), first(y[:len(dy)]))
				}
				maskReLUGeneric(dy[n:], y[n:])
			}},
			distances: distancesKernel{name: "distancesAVX2", run: distances},
			half:      halfKernel{name: "fromHalfAVX2", run: fromHalf},
			winograd:  winogradAVX2(),
			weights:   winogradWeightsAVX2(),
			peak:      func(n int) int { peakAVX2(n); return n * 12 * 8 * 2 },
		},
	}
}

// distances gives the microkernel the elements that fill its registers, a multiple of 32, and adds what is left of each row.
func distances(q, x, d []float32) {
	if len(d) == 0 {
		return
	}
	if len(x) < len(d)*len(q) {
		panic("kernel: rows outside their slice")
	}
	n := len(q) &^ 31
	if n == 0 {
		distancesGeneric(q, x, d)
		return
	}
	distancesAVX2(len(d), n, first(q), first(x), len(q), first(d))
	if n < len(q) {
		for i := range d {
			d[i] += distancesTail(q[n:], x[i*len(q)+n:(i+1)*len(q)])
		}
	}
}

func fromHalf(dst []float32, src []uint16) {
	n := len(src) &^ 31
	if n > 0 {
		fromHalfAVX2(n, unsafe.SliceData(src), first(dst[:len(src)]))
	}
	fromHalfGeneric(dst[n:], src[n:])
}

func first(s []float32) *float32 { return unsafe.SliceData(s) }

// checkTile panics unless a tile of mr rows and nr columns, with panels of panel columns, lies within the slices: the
// assembly does not look.
func checkTile(mr, nr, panel, k int, a []float32, rs, cs int, b, c []float32, ldc int, bias []float32) {
	if k < 0 || rs < 0 || cs < 0 || ldc < 0 || k > 0 && (len(a) <= (mr-1)*rs+(k-1)*cs || len(b) < (k-1)*panel+nr) ||
		len(c) < (mr-1)*ldc+nr || bias != nil && len(bias) < nr {
		panic("kernel: tile outside its matrices")
	}
}
