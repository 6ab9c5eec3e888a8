package searchpage

import (
	"crypto/sha256"
	"slices"
	"sync"
)

// fileSum tells a picture's file from others.
type fileSum [sha256.Size]byte

// mostRecent bounds what a recent keeps, some kB each.
const mostRecent = 16

// recent keeps the embeddings of the pictures that were sent last, but not the pictures: the page sends its picture again for each filter, which
// need not be decoded and embedded again.
type recent struct {
	mu   sync.Mutex
	list []known // the one that was used last is the last
}

type known struct {
	sum fileSum
	v   []float32 // never written to
}

// get gives the embedding of a file, or nil.
func (r *recent) get(sum fileSum) []float32 {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, k := range r.list {
		if k.sum == sum {
			r.list = append(slices.Delete(r.list, i, i+1), k)
			return k.v
		}
	}
	return nil
}

// put keeps a copy of v.
func (r *recent) put(sum fileSum, v []float32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = slices.DeleteFunc(r.list, func(k known) bool { return k.sum == sum })
	if len(r.list) == mostRecent {
		r.list = slices.Delete(r.list, 0, 1)
	}
	r.list = append(r.list, known{sum, slices.Clone(v)})
}
