package data

// A random stream is made from the seed, the purpose, and what it is for, and from nothing else: so that a draw does not depend on
// which draws came before it, and a resumed run draws the same.

// Purposes of random streams; their values are part of what makes a run repeatable.
const (
	purposeOrder   = 0x6f72646572 // the order of an epoch's triplets
	purposeAugment = 0x6175676d
)

// mix hashes its arguments to 64 bits: the finaliser of SplitMix64 (Steele, Lea, Flood 2014) after each.
func mix(values ...uint64) uint64 {
	h := uint64(0x9e3779b97f4a7c15)
	for _, v := range values {
		h = (h ^ v) * 0xbf58476d1ce4e5b9
		h += 0x9e3779b97f4a7c15
		h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
		h = (h ^ h>>27) * 0x94d049bb133111eb
		h ^= h >> 31
	}
	return h
}

// augmentation is a change of a picture that keeps what it shows.
type augmentation struct {
	flip   bool // left to right
	dx, dy int  // shift to the right and down in pixels, after the flip
}

// drawAugmentation draws the change for one picture of a triplet (role 0 query, 1 positive, 2 negative): a flip with probability 1/2, and
// shifts of up to size/16 pixels, each whole number of them equally likely.
func drawAugmentation(seed uint64, epoch, triplet, role, size int, flip, shift bool) augmentation {
	bits := mix(seed, purposeAugment, uint64(epoch), uint64(triplet), uint64(role))
	var a augmentation
	a.flip = flip && bits&1 == 1
	if m := uint64(size / 16); shift && m > 0 {
		uniform := func(bits uint64) int { return int(bits*(2*m+1)>>31) - int(m) } // of 31 bits
		a.dx, a.dy = uniform(bits>>1&(1<<31-1)), uniform(bits>>33)
	}
	return a
}

// apply writes the changed picture to dst; both are size*size*3 bytes, and do not overlap. A shift repeats the edge's pixels.
func (a augmentation) apply(dst, src []byte, size int) {
	for y := range size {
		from := src[min(max(y-a.dy, 0), size-1)*size*3:][:size*3]
		to := dst[y*size*3:][:size*3]
		if !a.flip {
			// to[x] = from[x-dx]
			lo, hi := min(max(a.dx, 0), size), min(size+a.dx, size) // where x-dx is inside
			copy(to[lo*3:hi*3], from[(lo-a.dx)*3:])
			for x := range lo {
				copy(to[x*3:x*3+3], from[:3])
			}
			for x := hi; x < size; x++ {
				copy(to[x*3:x*3+3], from[size*3-3:])
			}
			continue
		}
		for x := range size {
			s := 3 * min(max(size-1-(x-a.dx), 0), size-1)
			to[3*x], to[3*x+1], to[3*x+2] = from[s], from[s+1], from[s+2]
		}
	}
}
