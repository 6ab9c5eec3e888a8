package kernel

import (
	"math"
	"sync"
)

// halfKernel converts IEEE binary16 numbers; the lengths are equal.
type halfKernel struct {
	name string
	run  func(dst []float32, src []uint16)
}

// FromHalf converts IEEE binary16 numbers, exactly: dst[i] = src[i]. It is one thread's work, for those who share theirs out by themselves.
func FromHalf(dst []float32, src []uint16) {
	wantLength("FromHalf", "dst", len(dst), len(src))
	fastestHalf().run(dst, src)
}

var fastestHalf = sync.OnceValue(func() halfKernel {
	p, _ := choose()
	return p.half
})

func fromHalfGeneric(dst []float32, src []uint16) {
	for i, h := range src {
		dst[i] = halfValue(h)
	}
}

func halfValue(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15)<<31, uint32(h>>10)&0x1f, uint32(h)&0x3ff
	switch exponent {
	case 0: // a multiple of 2^-24
		return math.Float32frombits(math.Float32bits(float32(fraction)/(1<<24)) | sign)
	case 0x1f: // infinite, or not a number
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
}
