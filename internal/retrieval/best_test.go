package retrieval

import (
	"cmp"
	"math"
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

// TestAddDistances compares with add of the negated distances, piece by piece, and finds what is not finite before and after the first cut.
func TestAddDistances(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	inf := float32(math.Inf(1))
	for _, levels := range []int{1, 3, 1 << 20} {
		for _, k := range []int{1, 20, 2000} {
			d, negated := make([]float32, 2000), make([]float32, 2000)
			for i := range d {
				d[i] = float32(random.IntN(levels)) / 8 // often 0
				negated[i] = -d[i]
			}
			var a, b best
			a.reset(make([]uint64, 0, room(k)), k)
			b.reset(make([]uint64, 0, room(k)), k)
			even := func(place int) bool { return place%2 == 0 }
			for from := 0; from < len(d); from += 64 {
				to := min(from+64, len(d))
				if i := a.addDistances(d[from:to], from, even); i >= 0 {
					t.Fatalf("distance %v is called not finite", d[from+i])
				}
				b.add(negated[from:to], from, even)
			}
			if x, y := a.sorted(), b.sorted(); !slices.Equal(x, y) {
				t.Errorf("%d levels, %d best: %x, want %x", levels, k, x, y)
			}
			for _, wrong := range []float32{inf, -inf, float32(math.NaN())} {
				if i := a.addDistances([]float32{1e30, 3e38, wrong, 0}, 0, nil); i != 2 {
					t.Errorf("%v, %d best: index %d", wrong, k, i)
				}
			}
		}
	}
}
