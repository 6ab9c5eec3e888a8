package data

import "math/rand/v2"

// permutation gives the order in which an epoch goes through n triplets, a function of the seed and the epoch alone: Fisher and
// Yates' shuffle with PCG (O'Neill 2014). It uses the memory of old.
func permutation(old []uint32, n int, seed uint64, epoch int) []uint32 {
	if cap(old) < n {
		old = make([]uint32, n)
	}
	p := old[:n]
	for i := range p {
		p[i] = uint32(i)
	}
	r := rand.New(rand.NewPCG(mix(seed, purposeOrder, uint64(epoch)), mix(uint64(epoch), purposeOrder, seed)))
	for i := n - 1; i > 0; i-- {
		j := r.Uint64N(uint64(i) + 1)
		p[i], p[j] = p[j], p[i]
	}
	return p
}
