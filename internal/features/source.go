package features

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"

	"deeprank/data"
	"deeprank/internal/kernel"
	"deeprank/model"
)

// Source gives features from a cache, and computes those that are not in it. It is not safe for concurrent use.
type Source struct {
	team  *kernel.Team
	w     *model.Weights
	net   *model.Embedder
	cache *data.FeatureCache

	network []byte // what the features depend on besides pixels; nil before the first use
	keys    [][sha256.Size]byte
	found   []bool
	pixels  []byte // those of missing pictures
	missing []int
	made    []float32
}

// New makes a source for the weights, whose features must not change once it has been used. It computes up to capacity pictures
// at a time.
func New(team *kernel.Team, w *model.Weights, capacity int, cache *data.FeatureCache) (*Source, error) {
	net, err := model.NewFlat(team, w, capacity)
	if err != nil {
		return nil, err
	}
	return &Source{team: team, w: w, net: net, cache: cache}, nil
}

// Features gives what fc6 sees of pictures, as model.Features wants it.
func (s *Source) Features(pixels []byte, images int, out []float32) error {
	per, dim := len(pixels)/images, s.net.Dim()
	if len(pixels) != images*per || len(out) != images*dim {
		return fmt.Errorf("features: %d bytes and %d floats for %d pictures", len(pixels), len(out), images)
	}
	if s.network == nil {
		s.network = s.describe()
	}
	for len(s.keys) < images {
		s.keys, s.found = append(s.keys, [sha256.Size]byte{}), append(s.found, false)
	}
	s.team.Run(images, func(i, _ int) {
		h := sha256.New()
		_, _ = h.Write(s.network)
		_, _ = h.Write(pixels[i*per : (i+1)*per])
		h.Sum(s.keys[i][:0])
		s.found[i] = s.cache.Get(s.keys[i], out[i*dim:(i+1)*dim])
	})
	for i := 0; i < images; {
		s.missing, s.pixels = s.missing[:0], s.pixels[:0]
		for ; i < images && len(s.missing) < s.net.Capacity(); i++ {
			if !s.found[i] {
				s.missing, s.pixels = append(s.missing, i), append(s.pixels, pixels[i*per:(i+1)*per]...)
			}
		}
		if err := s.compute(out); err != nil {
			return err
		}
	}
	return nil
}

// compute makes the features of the missing pictures and keeps them.
func (s *Source) compute(out []float32) error {
	n, dim := len(s.missing), s.net.Dim()
	if n == 0 {
		return nil
	}
	if len(s.made) < n*dim {
		s.made = make([]float32, n*dim)
	}
	if err := s.net.Embed(s.pixels, n, s.made); err != nil {
		return err
	}
	s.team.Run(n, func(k, _ int) {
		i := s.missing[k]
		v := out[i*dim : (i+1)*dim]
		copy(v, s.made[k*dim:])
		s.cache.Put(s.keys[i], v)
	})
	return nil
}

// describe is what the features depend on besides the pixels: the kernels, the shape of the network, and its frozen parameters.
func (s *Source) describe() []byte {
	h := sha256.New()
	spec := s.w.Spec
	fmt.Fprintln(h, "1", s.team.Kernels(), spec.Size, spec.Width, spec.Head)
	b := make([]byte, 1<<16)
	for _, p := range s.w.List {
		if !strings.HasPrefix(p.Name, "features.") {
			continue
		}
		_, _ = io.WriteString(h, p.Name)
		for v := p.Data; len(v) > 0; {
			n := min(len(v), len(b)/4)
			for i, x := range v[:n] {
				binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(x))
			}
			_, _ = h.Write(b[:4*n])
			v = v[n:]
		}
	}
	return h.Sum(nil)
}

// Bytes is the memory of the network that computes features, once it has run.
func (s *Source) Bytes() int64 { return s.net.Bytes() }

// Close releases the network.
func (s *Source) Close() error { return s.net.Close() }
