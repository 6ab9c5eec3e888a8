package vectors

import (
	"encoding/binary"
	"math"
)

// toHalf rounds to IEEE binary16, to nearest and ties to even; what is too large becomes infinite.
func toHalf(v float32) uint16 {
	b := math.Float32bits(v)
	sign := uint16(b >> 16 & 0x8000)
	b &= 0x7fffffff
	switch {
	case b > 0x7f800000: // NaN
		return sign | 0x7e00
	case b >= 0x477ff000: // 65520 and more
		return sign | 0x7c00
	case b < 0x38800000: // below 2^-14: a multiple of 2^-24
		return sign | uint16(math.RoundToEven(float64(math.Float32frombits(b))*(1<<24)))
	}
	b += 0xfff + b>>13&1 // half of the last kept bit, less one where that is even
	return sign | uint16((b-0x38000000)>>13)
}

// fromHalf is exact.
func fromHalf(h uint16) float32 {
	sign := uint32(h>>15) << 31
	exponent, fraction := uint32(h>>10)&0x1f, uint32(h)&0x3ff
	switch exponent {
	case 0:
		return math.Float32frombits(math.Float32bits(float32(fraction)/(1<<24)) | sign)
	case 0x1f:
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
}

// newHalves is fromHalf of every number, 256 KiB.
func newHalves() *[1 << 16]float32 {
	t := new([1 << 16]float32)
	for i := range t {
		t[i] = fromHalf(uint16(i))
	}
	return t
}

func decodeHalf(table *[1 << 16]float32, dst []float32, src []byte) {
	for i := range dst {
		dst[i] = table[binary.LittleEndian.Uint16(src[2*i:])]
	}
}
