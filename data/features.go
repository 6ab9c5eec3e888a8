package data

import (
	"encoding/binary"
	"math"
	"path/filepath"
	"sync"
)

// FeatureCache keeps the features of pictures in a folder, with the care and the bound of the cache of pictures. Whoever keeps
// them makes the keys: of all that the features depend on. It may be used from several goroutines and by several programs.
type FeatureCache struct {
	c       *cache
	buffers sync.Pool // *[]byte: contents of files
}

// OpenFeatureCache opens the part of a cache folder that keeps n features a picture. limit is the number of bytes that it may take,
// 0 means DefaultCacheLimit; warn is told once when it cannot be used.
func OpenFeatureCache(dir string, n int, limit int64, warn func(error)) *FeatureCache {
	c := makeCache("features", filepath.Join(dir, "features"), n, limit, warn)
	c.lengthOf = func(n int) int { return 4 * n }
	f := &FeatureCache{c: c}
	f.buffers.New = func() any { b := make([]byte, 4*n); return &b }
	return f
}

// Dir is the folder.
func (f *FeatureCache) Dir() string { return f.c.dir }

// Get fills dst with the features that are kept under the key, or says false; then dst may hold anything.
func (f *FeatureCache) Get(key [32]byte, dst []float32) bool {
	b := f.buffers.Get().(*[]byte)
	defer f.buffers.Put(b)
	if len(dst) != f.c.size || !f.c.get(key, *b) {
		return false
	}
	for i := range dst {
		dst[i] = math.Float32frombits(binary.LittleEndian.Uint32((*b)[4*i:]))
	}
	return true
}

// Put keeps features where there is room.
func (f *FeatureCache) Put(key [32]byte, features []float32) {
	b := f.buffers.Get().(*[]byte)
	defer f.buffers.Put(b)
	for i, v := range features {
		binary.LittleEndian.PutUint32((*b)[4*i:], math.Float32bits(v))
	}
	f.c.put(key, *b)
}
