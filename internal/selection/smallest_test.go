package selection

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestSmallest(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 3000 {
		few, many := make([]float64, 1+r.IntN(40)), make([]uint64, 1+r.IntN(400))
		levels := 1 + r.IntN(30)
		for i := range few {
			few[i] = float64(r.IntN(levels)) - 10
		}
		for i := range many {
			many[i] = r.Uint64()
		}
		check(t, few, 1+r.IntN(len(few)))
		check(t, many, 1+r.IntN(len(many)))
		slices.Sort(many) // as it comes out of an index
		check(t, many, 1+r.IntN(len(many)))
		slices.Reverse(many)
		check(t, many, 1+r.IntN(len(many)))
	}
}

func check[T cmp.Ordered](t *testing.T, v []T, n int) {
	t.Helper()
	want := slices.Sorted(slices.Values(v))
	got := slices.Clone(v)
	if x := Smallest(got, n); x != want[n-1] || got[n-1] != x {
		t.Fatalf("the %d. of %v is %v", n, v, x)
	}
	slices.Sort(got[:n])
	slices.Sort(got[n:])
	if !slices.Equal(got, want) {
		t.Fatalf("%d of %v: first are %v", n, v, got[:n])
	}
}
