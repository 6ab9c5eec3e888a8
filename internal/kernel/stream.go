package kernel

// golden is 2^64 divided by the golden ratio, the step of the SplitMix64 generator.
const golden = 0x9e3779b97f4a7c15

// mix is SplitMix64's output function (Steele, Lea, Flood 2014, with Stafford's constants): a bijection of 64-bit words in
// which each input bit changes each output bit with a chance near one half.
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// StreamKey makes the key of a random stream from what the stream is for: seed, purpose, step, index of the image. It is a
// pure function; the order and the number of the parts matter. With n parts: h = n*golden, then for each part
// h = mix(mix(h+golden) ^ part), where the inner mix keeps parts that follow a pattern from cancelling each other.
func StreamKey(parts ...uint64) uint64 {
	h := uint64(len(parts)) * golden
	for _, p := range parts {
		h = mix(mix(h+golden) ^ p)
	}
	return h
}
