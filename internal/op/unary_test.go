package op_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"deeprank/internal/kernel"
	"deeprank/internal/op"
	"deeprank/internal/reference"
)

func definePool(p kernel.Pool, n int, x []float64) []float64 {
	s := reference.Pool(p)
	s.Images = n
	y := make([]float64, n*s.OutHeight()*s.OutWidth()*s.Channels)
	s.Forward(x, y, make([]uint8, len(y)))
	return y
}

func defineAverage(a kernel.AveragePool, n int, x []float64) []float64 {
	s := reference.AveragePool(a)
	s.Images = n
	y := make([]float64, n*s.OutHeight()*s.OutWidth()*s.Channels)
	s.Forward(x, y)
	return y
}

func defineFlatten(n, h, w, c int, x []float64) []float64 {
	y := make([]float64, len(x))
	reference.FlattenForward(n, h, w, c, x, y)
	return y
}

func defineNormalize(n, cols int, x []float64) []float64 {
	y := make([]float64, len(x))
	reference.NormalizeRows(n, cols, x, y, make([]float64, n))
	return y
}

func defineJoin(n, a, b int, x1, x2 []float64) []float64 {
	y := make([]float64, n*(a+b))
	reference.Join(n, a, b, x1, x2, y)
	return y
}

func TestMaxPool(t *testing.T) {
	for _, window := range []struct{ kernel, stride, pad int }{{2, 2, 0}, {7, 4, 3}, {3, 2, 1}} {
		for _, c := range []struct{ capacity, used, height, width, channels int }{
			{2, 2, 8, 8, 4}, {3, 2, 15, 15, 6}, {3, 2, 7, 9, 13}, {2, 1, 7, 7, 51}, {4, 3, 2, 3, 102}, {3, 3, 9, 9, 26},
		} {
			if c.height+2*window.pad < window.kernel {
				continue
			}
			p := kernel.Pool{Images: c.capacity, Height: c.height, Width: c.width, Channels: c.channels, Kernel: window.kernel, Stride: window.stride, Pad: window.pad}
			g := graphCase{
				name: fmt.Sprint(window, c), capacity: c.capacity, images: c.used, step: 1e-3,
				operands: []operand{images(true, distinct, c.capacity, c.height, c.width, c.channels)},
				build: func(r *op.Runtime, in []op.Var) (op.Var, error) {
					return op.MaxPool(r, "p", in[0], p, op.Slots{})
				},
				define: func(n int, in [][]float64) []float64 { return definePool(p, n, in[0]) },
			}
			t.Run(g.name, g.check)
		}
	}
}

func TestAveragePool(t *testing.T) {
	for _, c := range []struct{ capacity, used, height, width, channels, kernel int }{
		{2, 2, 32, 32, 3, 4}, {2, 2, 32, 32, 3, 8}, {3, 2, 9, 13, 5, 4}, {3, 1, 17, 8, 3, 8}, {1, 1, 4, 4, 13, 4},
	} {
		a := kernel.AveragePool{Images: c.capacity, Height: c.height, Width: c.width, Channels: c.channels, Kernel: c.kernel}
		g := graphCase{
			name: fmt.Sprint(c), capacity: c.capacity, images: c.used, step: 1e-3,
			operands: []operand{images(true, normal, c.capacity, c.height, c.width, c.channels)},
			build: func(r *op.Runtime, in []op.Var) (op.Var, error) {
				return op.AveragePool(r, "p", in[0], a, op.Slots{})
			},
			define: func(n int, in [][]float64) []float64 { return defineAverage(a, n, in[0]) },
		}
		t.Run(g.name, g.check)
	}
}

func TestPositions(t *testing.T) {
	for _, c := range []struct{ capacity, used, height, width, channels int }{
		{2, 2, 7, 7, 32}, {3, 2, 3, 3, 13}, {3, 1, 1, 1, 102}, {4, 3, 2, 5, 51}, {1, 1, 3, 1, 26},
	} {
		operands := []operand{images(true, normal, c.capacity, c.height, c.width, c.channels)}
		for _, g := range []graphCase{
			{
				name: fmt.Sprint("global average ", c), capacity: c.capacity, images: c.used, step: 1e-3, operands: operands,
				build: func(r *op.Runtime, in []op.Var) (op.Var, error) { return op.GlobalAverage(r, "", in[0], op.Slots{}) },
				define: func(n int, in [][]float64) []float64 {
					y := make([]float64, n*c.channels)
					reference.GlobalAverageForward(n, c.height*c.width, c.channels, in[0], y)
					return y
				},
			},
			{
				name: fmt.Sprint("flatten ", c), capacity: c.capacity, images: c.used, step: 1e-3, operands: operands,
				build:  func(r *op.Runtime, in []op.Var) (op.Var, error) { return op.Flatten(r, "", in[0], op.Slots{}) },
				define: func(n int, in [][]float64) []float64 { return defineFlatten(n, c.height, c.width, c.channels, in[0]) },
			},
		} {
			t.Run(g.name, g.check)
		}
	}
}

func TestNormalize(t *testing.T) {
	for _, c := range []struct{ capacity, used, cols int }{{1, 1, 2}, {3, 2, 13}, {6, 3, 51}, {2, 2, 102}, {4, 4, 257}} {
		g := graphCase{
			name: fmt.Sprint(c), capacity: c.capacity, images: c.used, step: 1e-5,
			operands: []operand{images(true, normal, c.capacity, c.cols)},
			build:    func(r *op.Runtime, in []op.Var) (op.Var, error) { return op.Normalize(r, "", in[0], op.Slots{}) },
			define:   func(n int, in [][]float64) []float64 { return defineNormalize(n, c.cols, in[0]) },
		}
		t.Run(g.name, g.check)
	}
}

func TestJoin(t *testing.T) {
	for _, c := range []struct{ capacity, used, a, b int }{{1, 1, 1, 1}, {3, 2, 13, 26}, {4, 3, 51, 2}, {2, 2, 64, 102}} {
		for _, frozen := range []string{"none", "left", "right", "both"} {
			left, right := frozen == "none" || frozen == "right", frozen == "none" || frozen == "left"
			g := graphCase{
				name: fmt.Sprint(c, " frozen ", frozen), capacity: c.capacity, images: c.used, step: 1e-3,
				operands: []operand{images(left, normal, c.capacity, c.a), images(right, normal, c.capacity, c.b)},
				build: func(r *op.Runtime, in []op.Var) (op.Var, error) {
					return op.Join(r, "", in[0], in[1], op.Slots{})
				},
				define: func(n int, in [][]float64) []float64 { return defineJoin(n, c.a, c.b, in[0], in[1]) },
			}
			t.Run(g.name, g.check)
		}
	}
}

// dropoutKeys differ by image.
func dropoutKeys(n int) []uint64 {
	keys := make([]uint64, n)
	for i := range keys {
		keys[i] = uint64(1000 + i)
	}
	return keys
}

// masks are what dropout multiplies by for these keys, from the kernel, whose distribution its own tests check.
func masks(n, cols int, keys []uint64, layer uint64, p float64) []float64 {
	team := kernel.NewTeam(1)
	defer team.Close()
	mask, own := ones(nil, n*cols), make([]uint64, n)
	for i := range own {
		own[i] = kernel.StreamKey(keys[i], layer)
	}
	kernel.Dropout(team, n, cols, mask, mask, own, p)
	return float64s(mask)
}

func TestDropout(t *testing.T) {
	for _, train := range []bool{true, false} {
		for _, c := range []struct {
			capacity, used, cols int
			p                    float64
		}{{3, 2, 13, 0.4}, {6, 3, 102, 0.5}, {2, 2, 51, 0.9}, {4, 1, 257, 0.1}} {
			keys := dropoutKeys(c.capacity)
			mask := masks(c.capacity, c.cols, keys, 5, c.p)
			if !train {
				for i := range mask {
					mask[i] = 1
				}
			}
			g := graphCase{
				name: fmt.Sprint(c, " train ", train), capacity: c.capacity, images: c.used, step: 1e-3,
				operands: []operand{images(true, normal, c.capacity, c.cols)},
				runtime:  func(r *op.Runtime) { r.Train, r.Keys = train, keys },
				build: func(r *op.Runtime, in []op.Var) (op.Var, error) {
					return op.Dropout(r, "", in[0], c.p, 5, op.Slots{})
				},
				define: func(n int, in [][]float64) []float64 {
					y := make([]float64, len(in[0]))
					for i, v := range in[0] {
						y[i] = v * mask[i]
					}
					return y
				},
			}
			t.Run(g.name, g.check)
		}
	}
}

// TestDropoutStreams: images and layers have masks of their own, and over many of them the mean is that of no dropout.
func TestDropoutStreams(t *testing.T) {
	const n, cols, p = 64, 128, 0.4
	keys := dropoutKeys(n)
	var two [2][]float32
	for i, layer := range []uint64{2, 5} {
		b := newBench(t, graphCase{
			capacity: n, images: n, operands: []operand{images(false, ones, n, cols)},
			runtime: func(r *op.Runtime) { r.Train, r.Keys = true, keys },
			build: func(r *op.Runtime, in []op.Var) (op.Var, error) {
				return op.Dropout(r, "", in[0], p, layer, op.Slots{})
			},
		})
		b.draw(true)
		b.run(t, false)
		two[i] = data(b.y)
		sum := 0.0
		for _, v := range two[i] {
			sum += float64(v)
		}
		// A value is 1/(1-p) with probability 1-p: variance p/(1-p).
		if mean, sigma := sum/(n*cols), math.Sqrt(p/(1-p)/(n*cols)); !(math.Abs(mean-1) <= 5*sigma) {
			t.Errorf("layer %d: mean %v of ones, want 1 within %v", layer, mean, 5*sigma)
		}
	}
	agree := func(a, b []float32) float64 {
		k := 0
		for i := range a {
			if a[i] == b[i] {
				k++
			}
		}
		return float64(k) / float64(len(a))
	}
	// Independent masks agree in a share of p² + (1-p)² = 0.52.
	if share := agree(two[0], two[1]); !(math.Abs(share-0.52) < 0.05) {
		t.Errorf("masks of two layers agree in a share of %v, want 0.52", share)
	}
	if share := agree(two[0][:(n-1)*cols], two[0][cols:]); !(math.Abs(share-0.52) < 0.05) {
		t.Errorf("masks of neighbouring images agree in a share of %v, want 0.52", share)
	}
}

// TestSameNames: operations of equal name and input stay two, although gorgonia merges nodes whose hashes are equal.
func TestSameNames(t *testing.T) {
	const cols = 64
	keys := dropoutKeys(2)
	b := newBench(t, graphCase{
		capacity: 2, images: 2, operands: []operand{images(false, ones, 2, cols)},
		runtime: func(r *op.Runtime) { r.Train, r.Keys = true, keys },
		build: func(r *op.Runtime, in []op.Var) (op.Var, error) {
			left, err := op.Dropout(r, "d", in[0], 0.5, 2, op.Slots{})
			if err != nil {
				return left, err
			}
			right, err := op.Dropout(r, "d", in[0], 0.5, 5, op.Slots{})
			if err != nil {
				return right, err
			}
			return op.Join(r, "", left, right, op.Slots{})
		},
	})
	b.draw(true)
	b.run(t, false)
	want := defineJoin(2, cols, cols, masks(2, cols, keys, 2, 0.5), masks(2, cols, keys, 5, 0.5))
	near(t, "y", data(b.y), want, 0)
}

// TestPanicIsAnError: what a kernel panics with comes back as an error that names the operation.
func TestPanicIsAnError(t *testing.T) {
	b := newBench(t, graphCase{
		capacity: 2, images: 2, operands: []operand{images(false, ones, 2, 3)},
		runtime: func(r *op.Runtime) { r.Train, r.Keys = true, dropoutKeys(1); r.Start(2) },
		build: func(r *op.Runtime, in []op.Var) (op.Var, error) {
			return op.Dropout(r, "classifier.2", in[0], 0.5, 2, op.Slots{})
		},
	})
	if err := b.machine.RunAll(); err == nil || !strings.Contains(err.Error(), "dropout classifier.2") {
		t.Errorf("two images with one key: %v", err)
	}
}
