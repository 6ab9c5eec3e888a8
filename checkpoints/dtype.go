package checkpoints

import (
	"encoding/binary"
	"math"
	"unsafe"
)

// elementBits gives the bits of one element of a safetensors dtype, 0 for an unknown one.
func elementBits(dtype string) uint64 {
	switch dtype {
	case "F4":
		return 4
	case "F6_E2M3", "F6_E3M2":
		return 6
	case "BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ":
		return 8
	case "U16", "I16", "F16", "BF16":
		return 16
	case "U32", "I32", "F32":
		return 32
	case "U64", "I64", "F64", "C64":
		return 64
	}
	return 0
}

// converter returns the function that turns little-endian bytes of a dtype into
// float32, and nil for a dtype that has no place in a float32 (integers, 8-bit floats).
func converter(dtype string) func(dst []float32, src []byte) {
	switch dtype {
	case "F32":
		return fromF32
	case "F16":
		return fromF16
	case "BF16":
		return fromBF16
	case "F64":
		return fromF64
	}
	return nil
}

// IsFloat says whether Floats converts values of a dtype.
func IsFloat(dtype string) bool { return converter(dtype) != nil }

// Floats converts little-endian values of a dtype ("F32", "F16", "BF16", "F64") to float32; src has all bytes of dst's
// values. Another dtype leaves dst as it is.
func Floats(dtype string, dst []float32, src []byte) {
	if convert := converter(dtype); convert != nil {
		convert(dst, src)
	}
}

func fromF32(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))
	}
}

func fromBF16(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(src[2*i:])) << 16)
	}
}

// fromF64 rounds to nearest even; beyond float32's range it gives infinities, as torch does.
func fromF64(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(src[8*i:])))
	}
}

func fromF16(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = halfToFloat(binary.LittleEndian.Uint16(src[2*i:]))
	}
}

// halfToFloat converts IEEE binary16 (1 sign, 5 exponent, 10 fraction bits); exact.
func halfToFloat(h uint16) float32 {
	sign := uint32(h>>15) << 31
	exponent := uint32(h>>10) & 0x1f
	fraction := uint32(h) & 0x3ff
	switch exponent {
	case 0: // zero and subnormals: fraction * 2^-24
		f := float32(fraction) * (1.0 / (1 << 24))
		return math.Float32frombits(math.Float32bits(f) | sign)
	case 0x1f: // infinity and NaN
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}

// toF32 writes float32 as little-endian bytes; len(dst) = 4*len(src).
func toF32(dst []byte, src []float32) {
	for i, v := range src {
		binary.LittleEndian.PutUint32(dst[4*i:], math.Float32bits(v))
	}
}

// nativeLittleEndian tells whether float32 lie in memory as they lie in the file.
func nativeLittleEndian() bool { return binary.NativeEndian.Uint16([]byte{1, 0}) == 1 }

// byteView is the memory of v as bytes, without a copy.
func byteView(v []float32) []byte {
	if len(v) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), 4*len(v))
}
