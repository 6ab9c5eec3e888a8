package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestPartsOfBatch: an image's outputs and gradients do not depend on the images beside it, and the gradients to the weights of a
// batch, cut after a multiple of 3 images and accumulated, have the bits of the whole.
func TestPartsOfBatch(t *testing.T) {
	type layer struct {
		name          string
		in, out       int // floats of an image
		weights, bias int
		forward, data func(t *Team, images int, a, w, b, c []float32)
		toWeights     func(t *Team, images int, x, dy, dw, db []float32, accumulate bool)
	}
	var layers []layer
	for _, c := range []Conv{
		{0, 16, 16, 16, 32, 3, 1, 1},   // strips
		{0, 64, 52, 16, 16, 3, 1, 1},   // several superblocks a strip
		{0, 14, 14, 48, 64, 3, 1, 1},   // shared by all, small blocks
		{0, 14, 14, 192, 176, 3, 1, 1}, // shared by all
		{0, 36, 32, 144, 128, 3, 1, 1}, // several superblocks a triplet
		{0, 64, 64, 3, 8, 3, 1, 1},     // direct, in strips
		{0, 9, 7, 13, 26, 3, 1, 1},     // direct
		{0, 3, 3, 272, 528, 3, 1, 1},   // direct, many blocks
		{0, 24, 24, 3, 24, 8, 4, 4},
	} {
		with := func(images int) Conv { s := c; s.Images = images; return s }
		layers = append(layers, layer{
			name: fmt.Sprintf("conv %dx%d %d to %d", c.Height, c.Width, c.In, c.Out),
			in:   c.Height * c.Width * c.In, out: c.OutHeight() * c.OutWidth() * c.Out, weights: c.Out * c.In * c.Kernel * c.Kernel, bias: c.Out,
			forward: func(t *Team, n int, x, w, b, y []float32) { with(n).Forward(t, x, w, b, y, true) },
			data:    func(t *Team, n int, dy, w, _, dx []float32) { with(n).BackwardData(t, dy, w, dx) },
			toWeights: func(t *Team, n int, x, dy, dw, db []float32, add bool) {
				with(n).BackwardWeights(t, x, dy, dw, db, add)
			},
		})
	}
	for _, c := range [][2]int{{50, 33}, {5000, 70}, {700, 600}} {
		in, out := c[0], c[1]
		layers = append(layers, layer{
			name: fmt.Sprintf("dense %d to %d", in, out), in: in, out: out, weights: in * out, bias: out,
			forward: func(t *Team, n int, x, w, b, y []float32) { DenseForward(t, n, in, out, x, w, b, y, true) },
			data:    func(t *Team, n int, dy, w, _, dx []float32) { DenseBackwardData(t, n, in, out, dy, w, dx) },
			toWeights: func(t *Team, n int, x, dy, dw, db []float32, add bool) {
				DenseBackwardWeights(t, n, in, out, x, dy, dw, db, add)
			},
		})
	}
	eachImplementation(t, func(t *testing.T, teams []*Team) {
		team := teams[len(teams)-1]
		for _, l := range layers {
			t.Run(l.name, func(t *testing.T) {
				if testing.Short() && team.impl.name == "generic" && l.weights > 1e5 {
					t.Skip("slow under the race detector, and cut as the others are")
				}
				images := 13
				if l.in < 5000 {
					images = 90 // more than a block has rows
				}
				if team.impl.name == "generic" {
					images = 7
				}
				rng := rand.New(rand.NewPCG(uint64(l.in), uint64(l.out)))
				random := func(n int) []float32 { return guardedCopy(draw(rng, n)).v }
				x, dy, w, b := random(images*l.in), random(images*l.out), random(l.weights), random(l.bias)
				y, dx := make([]float32, len(dy)), make([]float32, len(x))
				dw, db := make([]float32, l.weights), make([]float32, l.bias)
				l.forward(team, images, x, w, b, y)
				l.data(team, images, dy, w, b, dx)
				l.toWeights(team, images, x, dy, dw, db, false)
				for _, most := range []int{3, 6} {
					py, pdx, pdw, pdb := make([]float32, len(y)), make([]float32, len(dx)), make([]float32, len(dw)), make([]float32, len(db))
					for i := 0; i < images; i += most {
						n := min(most, images-i)
						xi, dyi := x[i*l.in:(i+n)*l.in], dy[i*l.out:(i+n)*l.out]
						l.forward(team, n, xi, w, b, py[i*l.out:(i+n)*l.out])
						l.data(team, n, dyi, w, b, pdx[i*l.in:(i+n)*l.in])
						l.toWeights(team, n, xi, dyi, pdw, pdb, i > 0)
					}
					for _, v := range []struct {
						name        string
						parts, want []float32
					}{{"y", py, y}, {"dx", pdx, dx}, {"dw", pdw, dw}, {"db", pdb, db}} {
						if !slices.Equal(v.parts, v.want) {
							t.Errorf("parts of %d: other bits of %s", most, v.name)
						}
					}
				}
			})
		}
	})
}
