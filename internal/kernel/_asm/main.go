// The generator of the package's assembly. It writes kernels_amd64.s and the Go declarations kernels_amd64.go:
//
//	cd internal/kernel/_asm && go run . -out ../kernels_amd64.s -stubs ../kernels_amd64.go -pkg kernel
package main

import (
	. "github.com/mmcloughlin/avo/build"
)

func main() {
	ConstraintExpr("gc,!purego")
	avx512 := registers{lanes: 16, fresh: zmm}
	avx2 := registers{lanes: 8, fresh: ymm}
	gemm("gemm12x32AVX512", avx512, 12, 2, 32)
	gemm("gemm12x16AVX512", avx512, 12, 1, 32)
	gemm("gemm6x16AVX2", avx2, 6, 2, 16)
	mask("maskReLUAVX512", avx512)
	mask("maskReLUAVX2", avx2)
	copyRows()
	distances("distancesAVX2", avx2)
	fromHalf()
	peak("peakAVX512", avx512, 24)
	peak("peakAVX2", avx2, 12)
	winogradInput("winogradInputAVX512", avx512)
	winogradInput("winogradInputAVX2", avx2)
	prefetch("prefetchLines")
	winogradMultiply("winogradMultiply12x32AVX512", avx512, 12, 2, 32)
	winogradMultiply("winogradMultiply12x16AVX512", avx512, 12, 1, 32)
	winogradMultiply("winogradMultiply6x16AVX2", avx2, 6, 2, 16)
	winogradFilter("winogradFilterAVX512", avx512, 32)
	winogradFilter("winogradFilterAVX2", avx2, 16)
	winogradOutput("winogradOutputAVX512", avx512)
	winogradOutput("winogradOutputAVX2", avx2)
	winogradPool("winogradPoolAVX512", avx512)
	winogradPool("winogradPoolAVX2", avx2)
	winogradGradient("winogradGradientAVX512", avx512)
	winogradGradient("winogradGradientAVX2", avx2)
	winogradTaps("winogradTapsAVX512", avx512)
	winogradTaps("winogradTapsAVX2", avx2)
	Generate()
}
