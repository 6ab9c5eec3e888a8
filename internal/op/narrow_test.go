package op_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"deeprank/internal/kernel"
	"deeprank/internal/op"
)

// TestNarrow: the listed images come to the front, whole and in order, once for a buffer that was declared twice; also where
// an image has more elements than one part of the work.
func TestNarrow(t *testing.T) {
	const images = 7
	for _, width := range []int{1, 13, 1<<16 - 1, 1 << 16, 1<<17 + 3} {
		for _, active := range [][]int32{{}, {0}, {6}, {3, 4}, {0, 1, 5}, {0, 1, 2, 3}, {1, 2, 3, 4, 5, 6}, {0, 2, 4, 6}, {0, 1, 2, 3, 4, 5, 6}} {
			t.Run(fmt.Sprint(width, active), func(t *testing.T) {
				team := kernel.NewTeam(2)
				defer team.Close()
				r := op.NewRuntime(team)
				n, values := imageNode(images, width)
				r.Keep(n)
				r.Keep(n)
				r.Start(images)
				if r.Active != images {
					t.Fatalf("%d active images before Narrow", r.Active)
				}
				r.Narrow(active)
				if r.Active != len(active) || r.Images != images {
					t.Fatalf("%d active images of %d", r.Active, r.Images)
				}
				for i, image := range active {
					for k, v := range values[i*width : (i+1)*width] {
						if want := element(int(image), k); v != want {
							t.Fatalf("image %d at %d: [%d] is %v, want %v", image, i, k, v, want)
						}
					}
				}
			})
		}
	}
}

// element is the value of an image at one place.
func element(image, k int) float32 { return float32(image*1000 + k%997) }

func imageNode(images, width int) (*gorgonia.Node, []float32) {
	values := make([]float32, images*width)
	for i := range images {
		for k := range width {
			values[i*width+k] = element(i, k)
		}
	}
	return gorgonia.NewTensor(gorgonia.NewGraph(), tensor.Float32, 2, gorgonia.WithShape(images, width), gorgonia.WithName("images"),
		gorgonia.WithValue(tensor.New(tensor.WithShape(images, width), tensor.WithBacking(values)))), values
}

func TestNarrowPanics(t *testing.T) {
	team := kernel.NewTeam(1)
	defer team.Close()
	for _, images := range [][]int32{{1, 0}, {2, 2}, {0, 3}} {
		r := op.NewRuntime(team)
		n, values := imageNode(4, 5)
		r.Keep(n)
		r.Start(3)
		before := slices.Clone(values)
		func() {
			defer func() {
				if p := fmt.Sprint(recover()); !strings.Contains(p, "op: Narrow") {
					t.Errorf("%v of 3 images: %s", images, p)
				}
			}()
			r.Narrow(images)
		}()
		if !slices.Equal(values, before) {
			t.Errorf("%v of 3 images: values moved", images)
		}
	}
}
