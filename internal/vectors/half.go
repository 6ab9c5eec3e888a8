package vectors

import (
	"encoding/binary"
	"math"
	"unsafe"

	"deeprank/internal/kernel"
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

// decodeHalf converts little-endian halves, exactly.
func decodeHalf(dst []float32, src []byte) {
	src = src[:2*len(dst)]
	if len(src) > 0 && uintptr(unsafe.Pointer(&src[0]))%2 == 0 && littleEndian() {
		kernel.FromHalf(dst, unsafe.Slice((*uint16)(unsafe.Pointer(&src[0])), len(dst)))
		return
	}
	var part [1024]uint16
	for len(dst) > 0 {
		n := min(len(dst), len(part))
		for i := range n {
			part[i] = binary.LittleEndian.Uint16(src[2*i:])
		}
		kernel.FromHalf(dst[:n], part[:n])
		dst, src = dst[n:], src[2*n:]
	}
}
