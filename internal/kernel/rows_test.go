package kernel_test

import (
	"fmt"
	"math"
	"testing"

	"deeprank/internal/kernel"
	"deeprank/internal/reference"
)

func TestFlatten(t *testing.T) {
	for i, c := range []struct{ images, height, width, channels int }{
		{1, 1, 1, 1}, {2, 7, 7, 13}, {1, 3, 5, 26}, {3, 2, 2, 31}, {1, 2, 3, 32}, {1, 4, 1, 33}, {2, 1, 3, 51}, {1, 7, 7, 102}, {0, 7, 7, 5},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			n := c.images * c.height * c.width * c.channels
			x := random(uint64(i), n)
			want := make([]float64, n)
			reference.FlattenForward(c.images, c.height, c.width, c.channels, float64s(x), want)
			y := exercise(t, [][]float32{x}, []int{n}, func(team *kernel.Team, in, out [][]float32) {
				kernel.FlattenForward(team, c.images, c.height, c.width, c.channels, in[0], out[0])
			})[0]
			near(t, "y", y, want, 0)
			// A permutation's gradient is its inverse.
			back := exercise(t, [][]float32{y}, []int{n}, func(team *kernel.Team, in, out [][]float32) {
				kernel.FlattenBackward(team, c.images, c.height, c.width, c.channels, in[0], out[0])
			})[0]
			near(t, "dx", back, float64s(x), 0)
		})
	}
}

func TestJoin(t *testing.T) {
	for i, c := range []struct{ rows, a, b int }{
		{1, 1, 1}, {3, 13, 26}, {2, 0, 5}, {2, 5, 0}, {7, 102, 51}, {5, 4096, 3072}, {0, 3, 4},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			x1, x2 := random(uint64(i), c.rows*c.a), random(uint64(i+100), c.rows*c.b)
			want := make([]float64, c.rows*(c.a+c.b))
			reference.Join(c.rows, c.a, c.b, float64s(x1), float64s(x2), want)
			y := exercise(t, [][]float32{x1, x2}, []int{len(want)}, func(team *kernel.Team, in, out [][]float32) {
				kernel.Join(team, c.rows, c.a, c.b, in[0], in[1], out[0])
			})[0]
			near(t, "y", y, want, 0)
			parts := exercise(t, [][]float32{y}, []int{len(x1), len(x2)}, func(team *kernel.Team, in, out [][]float32) {
				kernel.Split(team, c.rows, c.a, c.b, in[0], out[0], out[1])
			})
			near(t, "x1", parts[0], float64s(x1), 0)
			near(t, "x2", parts[1], float64s(x2), 0)
		})
	}
}

func TestNormalizeRows(t *testing.T) {
	for i, c := range []struct {
		rows, cols int
		scale      float32
	}{
		{1, 1, 1}, {3, 2, 1}, {2, 3, 1}, {5, 13, 100}, {2, 26, 1e-6}, {3, 51, 1}, {2, 102, 1}, {7, 257, 1e15}, {0, 4, 1},
		{9, 4096, 1}, {37, 1021, 1}, // several tasks
		{2, 13, 1e-9},  // squares below float32's range
		{2, 13, 1e-14}, // shorter than the smallest length
		{2, 13, 1e25},  // squares above float32's range
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			n := c.rows * c.cols
			x, dy := random(uint64(i), n), random(uint64(i+100), n)
			for j := range x {
				x[j] *= c.scale
			}
			definition := func(x []float64) []float64 {
				y := make([]float64, n)
				reference.NormalizeRows(c.rows, c.cols, x, y, make([]float64, c.rows))
				return y
			}
			wantNorms := make([]float64, c.rows)
			reference.NormalizeRows(c.rows, c.cols, float64s(x), make([]float64, n), wantNorms)
			out := exercise(t, [][]float32{x}, []int{n, c.rows}, func(team *kernel.Team, in, out [][]float32) {
				kernel.NormalizeRows(team, c.rows, c.cols, in[0], out[0], out[1])
			})
			near(t, "y", out[0], definition(float64s(x)), 3e-7)
			near(t, "norms", out[1], wantNorms, 1e-7)
			dx := exercise(t, [][]float32{out[0], out[1], dy}, []int{n}, func(team *kernel.Team, in, out [][]float32) {
				kernel.NormalizeRowsBackward(team, c.rows, c.cols, in[0], in[1], in[2], out[0])
			})[0]
			if c.cols > 1 { // a single value's gradient is 0, and the difference to it rounding alone
				nearGradient(t, "dx", dx, x, dy, definition, 1e-4*float64(c.scale), 1e-5)
			}
			// In place.
			team := kernel.NewTeam(2)
			defer team.Close()
			y, d := append([]float32(nil), x...), append([]float32(nil), dy...)
			kernel.NormalizeRows(team, c.rows, c.cols, y, y, make([]float32, c.rows))
			kernel.NormalizeRowsBackward(team, c.rows, c.cols, y, out[1], d, d)
			if !sameBits(y, out[0]) || !sameBits(d, dx) {
				t.Error("other bits in place")
			}
		})
	}
}

// TestNormalizeRowsEdges: rows of zeros stay zero, their gradient is dy/1e-12; NaN and infinity do not vanish.
func TestNormalizeRowsEdges(t *testing.T) {
	team := kernel.NewTeam(1)
	defer team.Close()
	x := []float32{0, 0, float32(math.NaN()), 1, 3, 4}
	y, norms, dx := make([]float32, 6), make([]float32, 3), make([]float32, 6)
	kernel.NormalizeRows(team, 3, 2, x, y, norms)
	kernel.NormalizeRowsBackward(team, 3, 2, y, norms, []float32{1, -2, 1, 1, 1, 1}, dx)
	near(t, "y of zeros", y[:2], []float64{0, 0}, 0)
	near(t, "dx of zeros", dx[:2], []float64{1e12, -2e12}, 1e-6)
	near(t, "y of others", y[4:], []float64{0.6, 0.8}, 1e-7)
	for i := 2; i < 4; i++ {
		if y[i] == y[i] || dx[i] == dx[i] {
			t.Errorf("y %v, dx %v: want NaN", y[i], dx[i])
		}
	}
}

func TestTripletDistances(t *testing.T) {
	for i, c := range []struct{ b, dim int }{{1, 1}, {1, 2}, {2, 3}, {3, 13}, {5, 26}, {2, 51}, {2, 102}, {7, 64}, {5, 4096}, {11, 1021}, {0, 8}} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			n := 3 * c.b * c.dim
			definition := func(e []float64) []float64 {
				d := make([]float64, 2*c.b)
				reference.TripletDistances(c.b, c.dim, e, d[:c.b], d[c.b:])
				return d
			}
			e, g := random(uint64(i), n), random(uint64(i+100), 2*c.b)
			d := exercise(t, [][]float32{e}, []int{c.b, c.b}, func(team *kernel.Team, in, out [][]float32) {
				kernel.TripletDistances(team, c.b, c.dim, in[0], out[0], out[1])
			})
			want := definition(float64s(e))
			near(t, "dp", d[0], want[:c.b], 1e-7)
			near(t, "dn", d[1], want[c.b:], 1e-7)
			de := exercise(t, [][]float32{e, g[:c.b], g[c.b:]}, []int{n}, func(team *kernel.Team, in, out [][]float32) {
				kernel.TripletDistancesBackward(team, c.b, c.dim, in[0], in[1], in[2], out[0])
			})[0]
			nearGradient(t, "de", de, e, g, definition, 1e-2, 1e-6)
		})
	}
}

func TestSquaredDistances(t *testing.T) {
	for i, c := range []struct{ rows, count, dim int }{
		{1, 1, 1}, {1, 3, 2}, {2, 5, 31}, {3, 7, 32}, {1, 9, 33}, {2, 4, 63}, {1, 5, 64}, {5, 3, 65}, {2, 6, 130}, {1, 700, 512}, {3, 40, 4096}, {0, 4, 8}, {4, 0, 8}, {2, 3, 0},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			q, x := random(uint64(i), c.rows*c.dim), random(uint64(i+100), c.count*c.dim)
			want := make([]float64, c.rows*c.count)
			for r := range c.rows {
				for k := range c.count {
					for j := range c.dim {
						d := float64(q[r*c.dim+j]) - float64(x[k*c.dim+j])
						want[r*c.count+k] += d * d
					}
				}
			}
			d := exercise(t, [][]float32{q, x}, []int{len(want)}, func(team *kernel.Team, in, out [][]float32) {
				kernel.SquaredDistances(team, c.rows, c.count, c.dim, in[0], in[1], out[0])
			})[0]
			near(t, "d", d, want, 3e-6)
		})
	}
}

func TestPixelsToInput(t *testing.T) {
	for _, c := range []struct{ images, size int }{{1, 1}, {3, 5}, {1, 32}, {2, 96}, {0, 7}} {
		pixels := make([]byte, c.images*c.size*c.size*3)
		for i := range pixels {
			pixels[i] = byte(i*7 + i/256)
		}
		before := string(pixels)
		want := make([]float64, len(pixels))
		reference.PixelsToInput(c.images, c.size, pixels, want)
		x := exercise(t, nil, []int{len(pixels)}, func(team *kernel.Team, _, out [][]float32) {
			kernel.PixelsToInput(team, c.images, c.size, pixels, out[0])
		})[0]
		near(t, fmt.Sprint(c), x, want, 1e-6)
		if string(pixels) != before {
			t.Errorf("%v: pixels have changed", c)
		}
	}
}

func TestRowMistakes(t *testing.T) {
	team := kernel.NewTeam(1)
	defer team.Close()
	six, five, three, two := make([]float32, 6), make([]float32, 5), make([]float32, 3), make([]float32, 2)
	for _, c := range []struct {
		part string
		f    func()
	}{
		{"x has 5", func() { kernel.FlattenForward(team, 1, 2, 1, 3, five, six) }},
		{"dx has 5", func() { kernel.FlattenBackward(team, 1, 2, 1, 3, six, five) }},
		{"height", func() { kernel.FlattenForward(team, 1, -2, -1, 3, six, six) }},
		{"y has 5", func() { kernel.Join(team, 2, 1, 2, two, six[:4], five) }},
		{"x2 has 2", func() { kernel.Split(team, 2, 1, 2, six, two, two) }},
		{"rows", func() { kernel.Join(team, -2, -1, -2, two, two, six) }},
		{"norms has 3", func() { kernel.NormalizeRows(team, 2, 3, six, six, three) }},
		{"dy has 5", func() { kernel.NormalizeRowsBackward(team, 2, 3, six, two, five, six) }},
		{"keys has 1", func() { kernel.Dropout(team, 2, 3, six, six, make([]uint64, 1), 0.5) }},
		{"p is", func() { kernel.Dropout(team, 2, 3, six, six, make([]uint64, 2), 1.5) }},
		{"p is NaN", func() { kernel.Dropout(team, 2, 3, six, six, make([]uint64, 2), math.NaN()) }},
		{"e has 5", func() { kernel.TripletDistances(team, 1, 2, five, two, two) }},
		{"dp has 2", func() { kernel.TripletDistances(team, 1, 2, six, two, two) }},
		{"de has 5", func() { kernel.TripletDistancesBackward(team, 1, 2, six, two[:1], two[:1], five) }},
		{"x has 5", func() { kernel.SquaredDistances(team, 1, 2, 3, three, five, two) }},
		{"d has 2", func() { kernel.SquaredDistances(team, 1, 3, 2, two, six, two) }},
		{"pixels has 4", func() { kernel.PixelsToInput(team, 1, 1, make([]byte, 4), three) }},
	} {
		wantPanic(t, c.part, c.f)
	}
}

// TestNoAllocation: a call may make the function that it hands to the team, and nothing that grows with its work.
func TestNoAllocation(t *testing.T) {
	team := kernel.NewTeam(1)
	defer team.Close()
	const n = 2 * 8 * 8 * 12
	x, y, z := make([]float32, n), make([]float32, n), make([]float32, n)
	keys, index, pixels := make([]uint64, 12), make([]uint8, n/4), make([]byte, n)
	max2 := kernel.Pool{Images: 2, Height: 8, Width: 8, Channels: 12, Kernel: 2, Stride: 2}
	max3 := kernel.Pool{Images: 2, Height: 8, Width: 8, Channels: 12, Kernel: 3, Stride: 2, Pad: 1}
	mean := kernel.AveragePool{Images: 2, Height: 8, Width: 8, Channels: 12, Kernel: 4}
	for name, f := range map[string]func(){
		"max pooling 2x2": func() { max2.Forward(team, x, y[:n/4], index); max2.Backward(team, y[:n/4], index, z) },
		"max pooling 3x3": func() { max3.Forward(team, x, y[:n/4], index); max3.Backward(team, y[:n/4], index, z) },
		"mean":            func() { mean.Forward(team, x, y[:n/16]); mean.Backward(team, y[:n/16], z) },
		"global mean": func() {
			kernel.GlobalAverageForward(team, 2, 64, 12, x, y[:24])
			kernel.GlobalAverageBackward(team, 2, 64, 12, y[:24], z)
		},
		"flatten": func() {
			kernel.FlattenForward(team, 2, 8, 8, 12, x, y)
			kernel.FlattenBackward(team, 2, 8, 8, 12, y, z)
		},
		"join": func() {
			kernel.Join(team, 12, 64, 64, x[:n/2], y[:n/2], z)
			kernel.Split(team, 12, 64, 64, z, x[:n/2], y[:n/2])
		},
		"dropout":  func() { kernel.Dropout(team, 12, n/12, x, y, keys, 0.4); kernel.StreamKey(1, 2, 3, 4) },
		"distance": func() { kernel.TripletDistances(team, 4, n/12, x, y[:4], z[:4]) },
		"distance, backward": func() {
			kernel.TripletDistancesBackward(team, 4, n/12, x, z[:4], z[:4], y)
		},
		"normalize": func() {
			kernel.NormalizeRows(team, 12, n/12, x, y, z[:12])
			kernel.NormalizeRowsBackward(team, 12, n/12, y, z[:12], x, x)
		},
		"pixels": func() { kernel.PixelsToInput(team, 1, 16, pixels[:768], x[:768]) },
	} {
		if allocs := testing.AllocsPerRun(5, f); allocs > 4 {
			t.Errorf("%s: %v allocations", name, allocs)
		}
	}
}
