package shop

import "math/bits"

// stream is a random stream made from (seed, purpose, numbers): SplitMix64
// (Steele, Lea, Flood 2014), whose bits do not depend on Go's version.
type stream struct{ state uint64 }

func newStream(seed uint64, purpose string, numbers ...int) *stream {
	state := scramble(seed + 0x9e3779b97f4a7c15)
	for i := range len(purpose) {
		state = scramble(state ^ uint64(purpose[i]))
	}
	for _, n := range numbers {
		state = scramble(state ^ (uint64(n) + 0x9e3779b97f4a7c15))
	}
	return &stream{state}
}

func scramble(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (s *stream) bits() uint64 {
	s.state += 0x9e3779b97f4a7c15
	return scramble(s.state)
}

// float returns a number of [0, 1).
func (s *stream) float() float64 { return mul(float64(s.bits()>>11), 0x1p-53) }

// between returns a number of [low, high).
func (s *stream) between(low, high float64) float64 { return mix(low, high, s.float()) }

// below returns a whole number of [0, n); the bias is below n/2^64.
func (s *stream) below(n int) int {
	high, _ := bits.Mul64(s.bits(), uint64(n))
	return int(high)
}

func (s *stream) chance(p float64) bool { return s.float() < p }

// permutation returns the numbers 0 to n-1 in a random order.
func (s *stream) permutation(n int) []int {
	p := make([]int, n)
	for i := range p {
		j := s.below(i + 1)
		p[i] = p[j]
		p[j] = i
	}
	return p
}
