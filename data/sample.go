package data

import (
	"fmt"
	"math/rand/v2"
)

const purposeSample = 0x73616d706c65 // drawing of triplets; see augment.go

// Shares that Sample's callers start from.
const (
	DefaultSameColour = 0.1
	DefaultInClass    = 0.3
)

// SampleOptions say which triplets Sample draws.
type SampleOptions struct {
	Count      int     // triplets wanted; exactly so many come
	SameColour float64 // share of the positives that are another product of the query's category and colour
	InClass    float64 // share of the negatives that are of the query's category and another colour
	Seed       uint64  // the same seed, rows and shares give the same list; a shorter list is its beginning
	Rows       []int32 // the rows that may occur; nil means all. Their order does not matter
}

// Sample draws a short list of triplets by one random stream: those of a Sampler with QueryRows and OtherColour. Generate
// draws long ones.
func Sample(m *Metadata, o SampleOptions) ([]Triplet, error) {
	if o.Count < 0 {
		return nil, fmt.Errorf("data: Sample: %d triplets", o.Count)
	}
	if o.Count == 0 {
		return nil, nil
	}
	s, err := NewSampler(m.Labels(), Rule{Query: QueryRows, SameColour: o.SameColour, InClass: o.InClass, Rows: o.Rows})
	if err != nil {
		return nil, err
	}
	r := rand.New(rand.NewPCG(mix(o.Seed, purposeSample), mix(purposeSample, o.Seed)))
	ts := make([]Triplet, o.Count)
	for i := range ts {
		ts[i] = s.triplet(r, s.kind(r))
	}
	return ts, nil
}
