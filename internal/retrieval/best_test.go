package retrieval

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestBestKeepsTheBestInOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, levels := range []int{1, 3, 1 << 20} { // from all equal to nearly all different
		for _, n := range []int{1, 7, 100, 5000} {
			for _, k := range []int{1, 2, 20, 99, 5000} {
				scores, places := make([]float32, n), make([]int, n)
				for i := range scores {
					scores[i], places[i] = float32(random.IntN(2*levels)-levels)/8, i
				}
				slices.SortFunc(places, func(a, b int) int { return cmp.Or(cmp.Compare(scores[b], scores[a]), a-b) })
				var b best
				b.reset(make([]uint64, 0, room(k)), k)
				for from := 0; from < n; from += 64 {
					b.add(scores[from:min(from+64, n)], from, nil)
				}
				got := b.sorted()
				if len(got) != min(k, n) {
					t.Fatalf("%d of %d: %d entries", k, n, len(got))
				}
				for i, e := range got {
					if placeOf(e) != places[i] || scoreOf(e) != scores[places[i]] {
						t.Fatalf("%d of %d, %d levels: rank %d is place %d with %v, want %d with %v", k, n, levels, i, placeOf(e), scoreOf(e), places[i], scores[places[i]])
					}
				}
			}
		}
	}
}
