package kernel_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"deeprank/internal/kernel"
	"deeprank/internal/reference"
)

var pools = []kernel.Pool{
	{Images: 1, Height: 2, Width: 2, Channels: 1, Kernel: 2, Stride: 2},
	{Images: 2, Height: 6, Width: 4, Channels: 13, Kernel: 2, Stride: 2},
	{Images: 1, Height: 4, Width: 4, Channels: 26, Kernel: 2, Stride: 2},
	{Images: 1, Height: 4, Width: 4, Channels: 51, Kernel: 2, Stride: 2},
	{Images: 2, Height: 2, Width: 2, Channels: 102, Kernel: 2, Stride: 2},
	{Images: 3, Height: 7, Width: 5, Channels: 3, Kernel: 2, Stride: 2}, // a row and a column left over
	{Images: 2, Height: 14, Width: 14, Channels: 4, Kernel: 7, Stride: 4, Pad: 3},
	{Images: 1, Height: 2, Width: 2, Channels: 12, Kernel: 7, Stride: 4, Pad: 3}, // size 32: a window larger than the map
	{Images: 3, Height: 7, Width: 7, Channels: 5, Kernel: 3, Stride: 2, Pad: 1},
	{Images: 1, Height: 2, Width: 2, Channels: 19, Kernel: 3, Stride: 2, Pad: 1},
	{Images: 1, Height: 8, Width: 5, Channels: 3, Kernel: 3, Stride: 1, Pad: 1},
	{Images: 1, Height: 9, Width: 11, Channels: 2, Kernel: 2, Stride: 3}, // gaps between windows
	{Images: 1, Height: 5, Width: 3, Channels: 7, Kernel: 1, Stride: 1},
	{Images: 1, Height: 16, Width: 16, Channels: 1, Kernel: 16, Stride: 16}, // the largest index
	{Images: 1, Height: 17, Width: 19, Channels: 1, Kernel: 4, Stride: 2, Pad: 2},
	{Images: 2, Height: 56, Width: 55, Channels: 26, Kernel: 2, Stride: 2}, // from here on: several tasks
	{Images: 2, Height: 28, Width: 29, Channels: 13, Kernel: 3, Stride: 2, Pad: 1},
	{Images: 1, Height: 56, Width: 57, Channels: 12, Kernel: 7, Stride: 4, Pad: 3},
	{Images: 0, Height: 8, Width: 8, Channels: 4, Kernel: 2, Stride: 2},
}

func lengths(p kernel.Pool) (x, y int) {
	return p.Images * p.Height * p.Width * p.Channels, p.Images * p.OutHeight() * p.OutWidth() * p.Channels
}

// forward runs the kernel; the indexes come back too.
func forward(t *testing.T, p kernel.Pool, x []float32) ([]float32, []uint8) {
	t.Helper()
	_, n := lengths(p)
	var first []uint8
	out := exercise(t, [][]float32{x}, []int{n}, func(team *kernel.Team, in, out [][]float32) {
		index := bytesOf(n+2, 0xee)
		p.Forward(team, in[0], out[0], index[1:n+1])
		if index[0] != 0xee || index[n+1] != 0xee {
			t.Fatal("written outside index")
		}
		if first == nil {
			first = index[1 : n+1]
		}
		if !slices.Equal(first, index[1:n+1]) {
			t.Fatal("other indexes with more threads")
		}
	})
	return out[0], first
}

func bytesOf(n int, v byte) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = v
	}
	return b
}

func TestPool(t *testing.T) {
	for i, p := range pools {
		t.Run(fmt.Sprintf("%+v", p), func(t *testing.T) {
			nx, ny := lengths(p)
			r := reference.Pool(p)
			if p.OutHeight() != r.OutHeight() || p.OutWidth() != r.OutWidth() {
				t.Fatalf("%d x %d windows, want %d x %d", p.OutHeight(), p.OutWidth(), r.OutHeight(), r.OutWidth())
			}
			x, dy := distinct(uint64(i), nx), random(uint64(i), ny)
			y, index := forward(t, p, x)
			want, wantIndex := make([]float64, ny), make([]uint8, ny)
			r.Forward(float64s(x), want, wantIndex)
			near(t, "y", y, want, 0)
			if !slices.Equal(index, wantIndex) {
				t.Fatalf("index %v, want %v", index, wantIndex)
			}
			dx := exercise(t, [][]float32{dy}, []int{nx}, func(team *kernel.Team, in, out [][]float32) {
				p.Backward(team, in[0], index, out[0])
			})[0]
			// By definition: each gradient goes to its window's winner.
			sums := make([]float64, nx)
			for j, k := range wantIndex {
				c, ox, oy, image := j%p.Channels, j/p.Channels%p.OutWidth(), j/p.Channels/p.OutWidth()%p.OutHeight(), j/p.Channels/p.OutWidth()/p.OutHeight()
				iy, ix := oy*p.Stride-p.Pad+int(k)/p.Kernel, ox*p.Stride-p.Pad+int(k)%p.Kernel
				sums[((image*p.Height+iy)*p.Width+ix)*p.Channels+c] += float64(dy[j])
			}
			near(t, "dx", dx, sums, 1e-6)
			nearGradient(t, "dx by differences", dx, x, dy, func(x []float64) []float64 {
				y := make([]float64, ny)
				r.Forward(x, y, make([]uint8, ny))
				return y
			}, 1e-3, 1e-6)
		})
	}
}

// TestPoolTies compares values and indexes on maps with many equal values, both zeros, infinities and NaNs.
func TestPoolTies(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for name, values := range map[string][]float32{
		"equal":     {1, 1, 1, 2},
		"infinite":  {1, -inf, inf, -inf, 2},
		"all -Inf":  {-inf},
		"NaN":       {1, nan, 0, -1, 2, math.Float32frombits(0xffc00000), 3},
		"all kinds": {nan, inf, -inf, 1, 1, 2, -1},
		"overflow":  {math.MaxFloat32, -math.MaxFloat32, 1, math.MaxFloat32},
	} {
		for i, p := range pools {
			nx, ny := lengths(p)
			x := make([]float32, nx)
			for j, v := range random(uint64(i), nx) {
				x[j] = values[int(math.Abs(float64(v))*1000)%len(values)]
			}
			y, index := forward(t, p, x)
			want, wantIndex := make([]float64, ny), make([]uint8, ny)
			reference.Pool(p).Forward(float64s(x), want, wantIndex)
			for j := range want {
				if v := float64(y[j]); (v != want[j] && !(math.IsNaN(v) && math.IsNaN(want[j]))) || index[j] != wantIndex[j] {
					t.Fatalf("%s, %+v: [%d] = %v at %d, want %v at %d", name, p, j, y[j], index[j], want[j], wantIndex[j])
				}
			}
		}
	}
}

func TestPoolMistakes(t *testing.T) {
	team := kernel.NewTeam(1)
	defer team.Close()
	p := kernel.Pool{Images: 1, Height: 4, Width: 4, Channels: 1, Kernel: 2, Stride: 2}
	x, y, index := make([]float32, 16), make([]float32, 4), make([]uint8, 4)
	wantPanic(t, "x has 15", func() { p.Forward(team, x[1:], y, index) })
	wantPanic(t, "y has 3", func() { p.Forward(team, x, y[1:], index) })
	wantPanic(t, "index has 3", func() { p.Forward(team, x, y, index[1:]) })
	wantPanic(t, "dy has 3", func() { p.Backward(team, y[1:], index, x) })
	wantPanic(t, "dx has 15", func() { p.Backward(team, y, index, x[1:]) })
	for part, change := range map[string]func(p *kernel.Pool){
		"Kernel":   func(p *kernel.Pool) { p.Kernel = 17 },
		"Stride":   func(p *kernel.Pool) { p.Stride = 0 },
		"Pad":      func(p *kernel.Pool) { p.Pad = 2 },
		"Height":   func(p *kernel.Pool) { p.Height = 1 },
		"Width":    func(p *kernel.Pool) { p.Width = 1 },
		"Images":   func(p *kernel.Pool) { p.Images = -1 },
		"Channels": func(p *kernel.Pool) { p.Channels = 0 },
	} {
		q := p
		change(&q)
		wantPanic(t, part, func() { q.Forward(team, x, y, index) })
	}
}
