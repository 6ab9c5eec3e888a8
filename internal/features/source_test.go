package features

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"deeprank/data"
	"deeprank/internal/kernel"
	"deeprank/model"
)

func pictures(n, size int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	p := make([]byte, n*size*size*3)
	for i := range p {
		p[i] = byte(r.Uint32())
	}
	return p
}

// TestSource: features are those of the network, computed once a picture and read afterwards; what is damaged on disk, of other
// weights or of another head is computed.
func TestSource(t *testing.T) {
	for _, head := range []string{model.HeadFC, model.HeadGAP} {
		t.Run(head, func(t *testing.T) {
			spec := model.Spec{Size: 32, Width: 0.25, FCDim: 8, EmbedDim: 4, Head: head}
			team := kernel.NewTeam(2)
			t.Cleanup(team.Close)
			w, err := model.NewWeights(spec)
			if err != nil {
				t.Fatal(err)
			}
			w.Init(team, 1, nil)
			const images = 7
			dir, pixels := t.TempDir(), pictures(images, spec.Size)
			per := len(pixels) / images
			copy(pixels[5*per:6*per], pixels[:per]) // one twice
			want := make([]float32, images*spec.Flat())
			net, err := model.NewFlat(team, w, images)
			if err != nil {
				t.Fatal(err)
			}
			defer net.Close()
			if err := net.Embed(pixels, images, want); err != nil {
				t.Fatal(err)
			}
			files := func() []string {
				names, err := filepath.Glob(filepath.Join(dir, "features", "??", "*"))
				if err != nil {
					t.Fatal(err)
				}
				return names
			}
			// read gives the features by a new source, and the number of files it has written.
			read := func() ([]float32, int) {
				before := map[string][]byte{}
				for _, f := range files() {
					before[f], _ = os.ReadFile(f)
				}
				s, err := New(team, w, 3, data.OpenFeatureCache(dir, spec.Flat(), 0, func(err error) { t.Error(err) }))
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				out := make([]float32, len(want))
				for from := 0; from < images; from += 4 {
					n := min(4, images-from)
					if err := s.Features(pixels[from*per:(from+n)*per], n, out[from*spec.Flat():(from+n)*spec.Flat()]); err != nil {
						t.Fatal(err)
					}
				}
				written := 0
				for _, f := range files() {
					if now, _ := os.ReadFile(f); !bytes.Equal(now, before[f]) {
						written++
					}
				}
				return out, written
			}
			check := func(what string, want []float32, written int) {
				t.Helper()
				got, n := read()
				if !slices.Equal(got, want) {
					t.Errorf("%s: other features", what)
				}
				if n != written {
					t.Errorf("%s: %d files written, want %d", what, n, written)
				}
			}
			check("first", want, images-1)
			check("again", want, 0)
			// A mark in a file shows that it is read.
			name := files()[2]
			content, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			content[len(content)-1] ^= 1
			if err := os.WriteFile(name, content, 0o600); err != nil {
				t.Fatal(err)
			}
			check("damaged", want, 1)
			w.Get("features.28.bias").Data[0]++
			if err := net.Embed(pixels, images, want); err != nil {
				t.Fatal(err)
			}
			check("other weights", want, images-1)
		})
	}
}
