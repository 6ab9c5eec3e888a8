package retrieval

import (
	"math"
	"slices"

	"deeprank/internal/selection"
)

// best keeps the k best of a row's scores, which come in the order of their places.
//
// An entry holds score and place in one number that grows from better to worse: the score's bits, turned round, above the place. Room is for
// more than k; when it is full, what is not among the k best is dropped, and from then on only scores above the k-th count.
type best struct {
	entries   []uint64
	k         int
	threshold float32
}

// room is how many entries a best for k has room for.
func room(k int) int { return 2*k + 32 }

// reset empties it; entries has no elements and the capacity room(k).
func (b *best) reset(entries []uint64, k int) {
	b.entries, b.k, b.threshold = entries, k, float32(math.Inf(-1))
}

// add looks through scores, whose places start at first. skip, if not nil, says which places do not count.
func (b *best) add(scores []float32, first int, skip func(place int) bool) {
	threshold := b.threshold
	for i, s := range scores {
		if s > threshold {
			b.offer(s, first+i, skip)
			threshold = b.threshold
		}
	}
}

// addDistances is add for squared distances: the smallest are the best. It returns the index of the first that is not finite, or -1.
func (b *best) addDistances(distances []float32, first int, skip func(place int) bool) int {
	const infinite = 0x7f800000 // the bits of what is finite and not negative are below, in the order of the numbers
	limit := b.limit()
	for i, d := range distances {
		bits := math.Float32bits(d)
		if bits-limit < infinite-limit {
			continue // finite, and no nearer than the k-th
		}
		if bits >= infinite {
			return i
		}
		b.offer(-d, first+i, skip)
		limit = b.limit()
	}
	return -1
}

// limit is the bits of the distance below which one counts.
func (b *best) limit() uint32 { return math.Float32bits(b.threshold) &^ (1 << 31) }

// offer adds a score above the threshold.
func (b *best) offer(score float32, place int, skip func(place int) bool) {
	if skip != nil && skip(place) {
		return
	}
	b.entries = append(b.entries, entry(score, place))
	if len(b.entries) == cap(b.entries) {
		b.cut()
	}
}

// cut drops what is not among the k best. An equal score that comes later has a later place, so the threshold itself is out.
func (b *best) cut() {
	if len(b.entries) <= b.k {
		return
	}
	b.threshold = scoreOf(selection.Smallest(b.entries, b.k))
	b.entries = b.entries[:b.k]
}

// sorted returns the k best, or fewer where there are no more, from the best on.
func (b *best) sorted() []uint64 {
	b.cut()
	slices.Sort(b.entries)
	return b.entries
}

func entry(score float32, place int) uint64 {
	if score == 0 {
		score = 0 // -0 is 0
	}
	u := math.Float32bits(score)
	if u>>31 == 0 { // larger scores get smaller numbers
		u = ^u &^ (1 << 31)
	}
	return uint64(u)<<32 | uint64(uint32(place))
}

func scoreOf(e uint64) float32 {
	u := uint32(e >> 32)
	if u>>31 == 0 {
		u = ^u &^ (1 << 31)
	}
	return math.Float32frombits(u)
}

func placeOf(e uint64) int { return int(uint32(e)) }
