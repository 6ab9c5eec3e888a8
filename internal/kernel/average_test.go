package kernel_test

import (
	"fmt"
	"testing"

	"deeprank/internal/kernel"
	"deeprank/internal/reference"
)

func TestAveragePool(t *testing.T) {
	for i, p := range []kernel.AveragePool{
		{Images: 1, Height: 1, Width: 1, Channels: 1, Kernel: 1},
		{Images: 2, Height: 16, Width: 8, Channels: 3, Kernel: 4}, // the shallow paths
		{Images: 2, Height: 16, Width: 8, Channels: 3, Kernel: 8},
		{Images: 3, Height: 7, Width: 5, Channels: 2, Kernel: 2}, // a row and a column left over
		{Images: 1, Height: 4, Width: 4, Channels: 13, Kernel: 3},
		{Images: 1, Height: 2, Width: 2, Channels: 102, Kernel: 2},
		{Images: 2, Height: 65, Width: 98, Channels: 3, Kernel: 4}, // several tasks
		{Images: 0, Height: 8, Width: 8, Channels: 3, Kernel: 4},
	} {
		t.Run(fmt.Sprintf("%+v", p), func(t *testing.T) {
			r := reference.AveragePool(p)
			nx, ny := p.Images*p.Height*p.Width*p.Channels, p.Images*r.OutHeight()*r.OutWidth()*p.Channels
			if p.OutHeight() != r.OutHeight() || p.OutWidth() != r.OutWidth() {
				t.Fatalf("%d x %d windows, want %d x %d", p.OutHeight(), p.OutWidth(), r.OutHeight(), r.OutWidth())
			}
			definition := func(x []float64) []float64 {
				y := make([]float64, ny)
				r.Forward(x, y)
				return y
			}
			x, dy := random(uint64(i), nx), random(uint64(i+100), ny)
			y := exercise(t, [][]float32{x}, []int{ny}, func(team *kernel.Team, in, out [][]float32) { p.Forward(team, in[0], out[0]) })[0]
			near(t, "y", y, definition(float64s(x)), 1e-6)
			dx := exercise(t, [][]float32{dy}, []int{nx}, func(team *kernel.Team, in, out [][]float32) { p.Backward(team, in[0], out[0]) })[0]
			nearGradient(t, "dx", dx, x, dy, definition, 1e-2, 1e-6)
		})
	}
}

func TestGlobalAverage(t *testing.T) {
	for i, c := range []struct{ images, positions, channels int }{
		{1, 1, 1}, {2, 1, 13}, {2, 9, 26}, {1, 49, 51}, {3, 4, 102}, {1, 3, 63}, {1, 3, 64}, {1, 3, 65}, {2, 2, 129}, {0, 4, 5},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			nx, ny := c.images*c.positions*c.channels, c.images*c.channels
			definition := func(x []float64) []float64 {
				y := make([]float64, ny)
				reference.GlobalAverageForward(c.images, c.positions, c.channels, x, y)
				return y
			}
			x, dy := random(uint64(i), nx), random(uint64(i+100), ny)
			y := exercise(t, [][]float32{x}, []int{ny}, func(team *kernel.Team, in, out [][]float32) {
				kernel.GlobalAverageForward(team, c.images, c.positions, c.channels, in[0], out[0])
			})[0]
			near(t, "y", y, definition(float64s(x)), 1e-7)
			dx := exercise(t, [][]float32{dy}, []int{nx}, func(team *kernel.Team, in, out [][]float32) {
				kernel.GlobalAverageBackward(team, c.images, c.positions, c.channels, in[0], out[0])
			})[0]
			nearGradient(t, "dx", dx, x, dy, definition, 1e-2, 1e-6)
		})
	}
}

func TestAverageMistakes(t *testing.T) {
	team := kernel.NewTeam(1)
	defer team.Close()
	p := kernel.AveragePool{Images: 1, Height: 4, Width: 4, Channels: 1, Kernel: 2}
	x, y := make([]float32, 16), make([]float32, 4)
	wantPanic(t, "x has 15", func() { p.Forward(team, x[1:], y) })
	wantPanic(t, "y has 3", func() { p.Forward(team, x, y[1:]) })
	wantPanic(t, "dy has 3", func() { p.Backward(team, y[1:], x) })
	wantPanic(t, "dx has 15", func() { p.Backward(team, y, x[1:]) })
	p.Kernel = 5
	wantPanic(t, "Height", func() { p.Forward(team, x, y) })
	p.Kernel = 0
	wantPanic(t, "Kernel", func() { p.Forward(team, x, y) })
	wantPanic(t, "x has 15", func() { kernel.GlobalAverageForward(team, 1, 4, 4, x[1:], y) })
	wantPanic(t, "dy has 3", func() { kernel.GlobalAverageBackward(team, 1, 4, 4, y[1:], x) })
	wantPanic(t, "positions", func() { kernel.GlobalAverageForward(team, 1, 0, 4, nil, y) })
}
