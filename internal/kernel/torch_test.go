package kernel_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"deeprank/internal/kernel"
)

// patterns are float32s as bit patterns, so that JSON carries NaN and every last bit.
type patterns []uint32

func (p patterns) floats() []float32 {
	v := make([]float32, len(p))
	for i := range p {
		v[i] = math.Float32frombits(p[i])
	}
	return v
}

// TestSmallTorch compares the small operations with PyTorch: testdata/small.json, written by testdata/small.py.
func TestSmallTorch(t *testing.T) {
	var peer struct {
		Pools []struct {
			kernel.Pool
			X, Y, DY, DX patterns
			Index        []int
		}
		Averages []struct {
			kernel.AveragePool
			X, Y, DY, DX patterns
		}
		Heads []struct {
			Images, Height, Width, Channels int
			X, Y, DY, DX, Flat              patterns
		}
		Normalize []struct {
			Rows, Cols   int
			X, Y, DY, DX patterns
		}
		Distances []struct {
			B, Dim                int
			E, DP, DN, GP, GN, DE patterns
		}
		Pixels struct {
			Pixels []int
			X      patterns
		}
	}
	b, err := os.ReadFile("testdata/small.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &peer); err != nil {
		t.Fatal(err)
	}
	team := kernel.NewTeam(2)
	defer team.Close()
	same := func(t *testing.T, what string, have []float32, want patterns) {
		t.Helper()
		for i, w := range want.floats() {
			if have[i] != w && !(have[i] != have[i] && w != w) {
				t.Fatalf("%s[%d] = %v, want %v", what, i, have[i], w)
			}
		}
	}
	if len(peer.Pools) == 0 || len(peer.Averages) == 0 || len(peer.Heads) == 0 || len(peer.Normalize) == 0 || len(peer.Distances) == 0 {
		t.Fatal("testdata/small.json is empty")
	}
	for _, c := range peer.Pools {
		y, dx, index := make([]float32, len(c.Y)), make([]float32, len(c.X)), make([]uint8, len(c.Y))
		c.Forward(team, c.X.floats(), y, index)
		same(t, "max pooling: y", y, c.Y)
		for i, k := range c.Index {
			if int(index[i]) != k {
				t.Fatalf("max pooling %+v: index[%d] = %d, want %d", c.Pool, i, index[i], k)
			}
		}
		c.Backward(team, c.DY.floats(), index, dx)
		near(t, "max pooling: dx", dx, float64s(c.DX.floats()), 1e-6)
	}
	for _, c := range peer.Averages {
		y, dx := make([]float32, len(c.Y)), make([]float32, len(c.X))
		c.Forward(team, c.X.floats(), y)
		near(t, "average: y", y, float64s(c.Y.floats()), 1e-6)
		c.Backward(team, c.DY.floats(), dx)
		same(t, "average: dx", dx, c.DX)
	}
	for _, c := range peer.Heads {
		y, dx := make([]float32, len(c.Y)), make([]float32, len(c.X))
		kernel.GlobalAverageForward(team, c.Images, c.Height*c.Width, c.Channels, c.X.floats(), y)
		near(t, "global average: y", y, float64s(c.Y.floats()), 1e-6)
		kernel.GlobalAverageBackward(team, c.Images, c.Height*c.Width, c.Channels, c.DY.floats(), dx)
		same(t, "global average: dx", dx, c.DX)
		kernel.FlattenForward(team, c.Images, c.Height, c.Width, c.Channels, c.X.floats(), dx)
		same(t, "flatten: y", dx, c.Flat)
	}
	for _, c := range peer.Normalize {
		y, dx, norms := make([]float32, len(c.Y)), make([]float32, len(c.X)), make([]float32, c.Rows)
		kernel.NormalizeRows(team, c.Rows, c.Cols, c.X.floats(), y, norms)
		kernel.NormalizeRowsBackward(team, c.Rows, c.Cols, y, norms, c.DY.floats(), dx)
		for r := range c.Rows { // row by row: their lengths differ by many orders of magnitude
			from, to := r*c.Cols, (r+1)*c.Cols
			near(t, "normalize: y", y[from:to], float64s(c.Y[from:to].floats()), 1e-6)
			near(t, "normalize: dx", dx[from:to], float64s(c.DX[from:to].floats()), 1e-6)
		}
	}
	for _, c := range peer.Distances {
		dp, dn, de := make([]float32, c.B), make([]float32, c.B), make([]float32, len(c.E))
		kernel.TripletDistances(team, c.B, c.Dim, c.E.floats(), dp, dn)
		near(t, "distances: dp", dp, float64s(c.DP.floats()), 1e-6)
		near(t, "distances: dn", dn, float64s(c.DN.floats()), 1e-6)
		kernel.TripletDistancesBackward(team, c.B, c.Dim, c.E.floats(), c.GP.floats(), c.GN.floats(), de)
		near(t, "distances: de", de, float64s(c.DE.floats()), 1e-6)
	}
	pixels, x := make([]byte, len(peer.Pixels.Pixels)), make([]float32, 768)
	for i, v := range peer.Pixels.Pixels {
		pixels[i] = byte(v)
	}
	kernel.PixelsToInput(team, 1, 16, pixels, x)
	for i, w := range peer.Pixels.X { // every bit
		if have := math.Float32bits(x[i]); have != w {
			t.Fatalf("pixels: x[%d] = %#x, want %#x", i, have, w)
		}
	}
}
