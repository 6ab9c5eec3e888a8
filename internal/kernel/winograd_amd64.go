//go:build gc && !purego

package kernel

import "unsafe"

// winogradAVX512 and winogradAVX2 wrap the transforms in assembly, which do not check what they are given: winograd_transform.go
// has done that for whole blocks of tiles.

func winogradAVX512() winogradKernels {
	return winogradKernels{
		name: "winogradAVX512", lanes: 16,
		input: func(channels int, x []float32, base int, at *[positions]int, zeros, v []float32, l tileLayout, next *[tilePixels]int) {
			if base == 0 { // may lack pixels
				var shifted [positions]int
				at = zeroed(at, &shifted, x, zeros)
			}
			winogradInputAVX512(channels, &x[base], &at[0], first(v), l.plane, l.width, l.panel-l.width, first(x), &next[0])
		},
		multiply: func(rows, columns, k int, a []float32, lda int, b, m []float32, ldm int, add bool, last []float32, far int) {
			checkMultiply(12, 32, rows, columns, k, a, lda, b, m, ldm)
			f := winogradMultiply12x32AVX512
			if columns <= 16 {
				f = winogradMultiply12x16AVX512
			}
			f(rows/12, k, first(a), lda, first(b), first(m), ldm, flag(add), first(last), far)
		},
		fetch: fetchLines,
		filter: func(n, nr int, w []float32, flipped bool, u []float32, plane int, stream bool) {
			w, step := filterOperand(32, n, nr, w, flipped, u, plane)
			winogradFilterAVX512(n, first(w), step, first(u), plane, flag(stream && uintptr(unsafe.Pointer(first(u)))%64 == 0 && plane%16 == 0))
		},
		output: func(channels int, m []float32, plane int, y []float32, base int, at *[positions]int, end *outputEnd) {
			bias, mask, flags := outputOperands(channels, y, base, end)
			winogradOutputAVX512(channels, first(m), plane, &y[base], &at[0], bias, mask, flags)
		},
		pool: func(channels int, m []float32, plane int, y []float32, index []uint8, base, line, pixel int, end *outputEnd) {
			bias, _, flags := outputOperands(channels, y, base, end)
			winogradPoolAVX512(channels, first(m), plane, &y[base], &index[base], line, pixel, bias, flags)
		},
	}
}

func winogradAVX2() winogradKernels {
	return winogradKernels{
		name: "winogradAVX2", lanes: 8,
		input: func(channels int, x []float32, base int, at *[positions]int, zeros, v []float32, l tileLayout, next *[tilePixels]int) {
			if base == 0 { // may lack pixels
				var shifted [positions]int
				at = zeroed(at, &shifted, x, zeros)
			}
			winogradInputAVX2(channels, &x[base], &at[0], first(v), l.plane, l.width, l.panel-l.width, first(x), &next[0])
		},
		multiply: func(rows, columns, k int, a []float32, lda int, b, m []float32, ldm int, add bool, last []float32, far int) {
			checkMultiply(6, 16, rows, columns, k, a, lda, b, m, ldm)
			winogradMultiply6x16AVX2(rows/6, k, first(a), lda, first(b), first(m), ldm, flag(add), first(last), far)
		},
		fetch: fetchLines,
		filter: func(n, nr int, w []float32, flipped bool, u []float32, plane int, stream bool) {
			w, step := filterOperand(16, n, nr, w, flipped, u, plane)
			winogradFilterAVX2(n, first(w), step, first(u), plane, flag(stream && uintptr(unsafe.Pointer(first(u)))%64 == 0 && plane%16 == 0))
		},
		output: func(channels int, m []float32, plane int, y []float32, base int, at *[positions]int, end *outputEnd) {
			bias, mask, flags := outputOperands(channels, y, base, end)
			winogradOutputAVX2(channels, first(m), plane, &y[base], &at[0], bias, mask, flags)
		},
		pool: func(channels int, m []float32, plane int, y []float32, index []uint8, base, line, pixel int, end *outputEnd) {
			bias, _, flags := outputOperands(channels, y, base, end)
			winogradPoolAVX2(channels, first(m), plane, &y[base], &index[base], line, pixel, bias, flags)
		},
	}
}

// zeroed points the missing pixels of a tile, of which only one whose base is 0 has any, at zeros. Go's heap does not move.
func zeroed(at, shifted *[positions]int, x, zeros []float32) *[positions]int {
	far := (int(uintptr(unsafe.Pointer(first(zeros)))) - int(uintptr(unsafe.Pointer(first(x))))) / 4
	found := false
	for p, offset := range at {
		if offset == missing {
			offset, found = far, true
		}
		shifted[p] = offset
	}
	if !found {
		return at
	}
	return shifted
}

func flag(on bool) int {
	if on {
		return 1
	}
	return 0
}

// checkMultiply panics unless the matrices of a multiplyFunc lie within the slices.
func checkMultiply(mr, nr, rows, columns, k int, a []float32, lda int, b, m []float32, ldm int) {
	if rows < mr || rows%mr != 0 || columns < 16 || columns > nr || columns%16 != 0 || k < 4 || k%4 != 0 || lda < 0 || ldm < 0 ||
		len(a) < (rows-1)*lda+k || len(b) < (k-1)*nr+columns || len(m) < (rows-1)*ldm+columns {
		panic("kernel: product outside its matrices")
	}
}

// fetchLines is the fetchFunc of any amd64.
func fetchLines(x []float32) {
	if n := ceilDiv(len(x), 16); n > 0 {
		prefetchLines(n, first(x))
	}
}

// filterOperand is the first tap and the distance of the next.
func filterOperand(want, n, nr int, w []float32, flipped bool, u []float32, plane int) ([]float32, int) {
	if nr != want || n < 1 || len(w) < n*9*nr || len(u) < (positions-1)*plane+n*nr {
		panic("kernel: filters outside their slices")
	}
	if flipped {
		return w[8*nr:], -nr
	}
	return w, nr
}

// The flags of the output transforms, as in _asm/winograd.go.
const (
	outputReLU = 1 << iota
	outputStream
)

func outputOperands(channels int, y []float32, base int, end *outputEnd) (bias, mask *float32, flags int) {
	if end.relu {
		flags |= outputReLU
	}
	if end.stream && uintptr(unsafe.Pointer(first(y)))%64 == 0 {
		flags |= outputStream
	}
	if end.mask != nil {
		mask = &end.mask[base]
	}
	return first(end.bias), mask, flags
}
