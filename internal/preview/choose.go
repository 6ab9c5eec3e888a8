package preview

import (
	"math/rand/v2"
	"slices"

	"deeprank/data"
)

// Choice says which triplets to show.
type Choice struct {
	Count int
	Kinds Kinds
	First bool   // the first ones of these kinds, not a random sample of them
	Seed  uint64 // of the sample
}

// Choose gives places in ts, in ascending order, and how many triplets have the kinds.
func Choose(m *data.Metadata, ts []data.Triplet, c Choice) (places []int, of int) {
	const purpose = 0x70726576696577 // the stream of this sample
	r := rand.New(rand.NewPCG(c.Seed, purpose))
	for i, t := range ts {
		if len(c.Kinds) > 0 && !c.Kinds.Has(m.KindOf(t)) {
			continue
		}
		of++
		if len(places) < c.Count {
			places = append(places, i)
			continue
		}
		if c.First {
			continue
		}
		// Algorithm R of Vitter, "Random Sampling with a Reservoir", 1985.
		if at := r.IntN(of); at < c.Count {
			places[at] = i
		}
	}
	slices.Sort(places)
	return places, of
}
