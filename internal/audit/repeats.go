package audit

import (
	"math/bits"

	"deeprank/data"
)

// repeat is a record that names the rows of an earlier one: the first that does.
type repeat struct{ record, first uint32 }

// findRepeats gives the records that repeat an earlier one, in order. Broken records repeat nothing. It takes time in proportion to the records, and 4
// to 16 bytes for each.
func findRepeats(ts []data.Triplet) []repeat {
	size := 1 << bits.Len(uint(2*len(ts)))
	places := make([]uint32, size) // record+1 by hash, in the next free place where that is taken; 0 is free
	mask := uint64(size - 1)
	var found []repeat
	for i, t := range ts {
		if t.Query < 0 {
			continue
		}
		for at := hash(t) & mask; ; at = (at + 1) & mask {
			first := places[at]
			if first == 0 {
				places[at] = uint32(i + 1)
				break
			}
			if ts[first-1] == t {
				found = append(found, repeat{uint32(i), first - 1})
				break
			}
		}
	}
	return found
}

// hash spreads the three rows over 64 bits.
func hash(t data.Triplet) uint64 {
	hi, lo := bits.Mul64(uint64(uint32(t.Query))<<32|uint64(uint32(t.Positive))^0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9)
	hi, lo = bits.Mul64(hi^lo^uint64(uint32(t.Negative)), 0x94d049bb133111eb)
	return hi ^ lo
}
