package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"deeprank/internal/reference"
)

type convCase struct {
	name string
	Conv
}

// vgg lists VGG-16's convolutions for images of 224 x 224.
var vgg = []convCase{
	{"conv1_1", Conv{1, 224, 224, 3, 64, 3, 1, 1}},
	{"conv1_2", Conv{1, 224, 224, 64, 64, 3, 1, 1}},
	{"conv2_1", Conv{1, 112, 112, 64, 128, 3, 1, 1}},
	{"conv2_2", Conv{1, 112, 112, 128, 128, 3, 1, 1}},
	{"conv3_1", Conv{1, 56, 56, 128, 256, 3, 1, 1}},
	{"conv3_2", Conv{1, 56, 56, 256, 256, 3, 1, 1}},
	{"conv3_3", Conv{1, 56, 56, 256, 256, 3, 1, 1}},
	{"conv4_1", Conv{1, 28, 28, 256, 512, 3, 1, 1}},
	{"conv4_2", Conv{1, 28, 28, 512, 512, 3, 1, 1}},
	{"conv4_3", Conv{1, 28, 28, 512, 512, 3, 1, 1}},
	{"conv5_1", Conv{1, 14, 14, 512, 512, 3, 1, 1}},
	{"conv5_2", Conv{1, 14, 14, 512, 512, 3, 1, 1}},
	{"conv5_3", Conv{1, 14, 14, 512, 512, 3, 1, 1}},
}

// convCases are VGG's layers at small scale, the shallow paths' convolutions, and awkward shapes.
func convCases() []convCase {
	cases := []convCase{
		{"one pixel, one channel", Conv{1, 1, 1, 1, 1, 3, 1, 1}},
		{"no padding, one position", Conv{1, 3, 3, 5, 7, 3, 1, 0}},
		{"1x1", Conv{2, 5, 7, 13, 26, 1, 1, 0}},
		{"width 0.2, 13", Conv{2, 9, 7, 3, 13, 3, 1, 1}},
		{"width 0.2, 13 to 26", Conv{2, 9, 7, 13, 26, 3, 1, 1}},
		{"width 0.2, 26 to 51", Conv{1, 5, 6, 26, 51, 3, 1, 1}},
		{"width 0.2, 51 to 102", Conv{2, 4, 3, 51, 102, 3, 1, 1}},
		{"width 0.2, 102", Conv{1, 2, 2, 102, 102, 3, 1, 1}},
		{"11 positions", Conv{1, 1, 11, 4, 31, 3, 1, 1}},
		{"12 positions", Conv{1, 3, 4, 4, 32, 3, 1, 1}},
		{"13 positions", Conv{1, 13, 1, 4, 33, 3, 1, 1}},
		{"many positions, more than one block", Conv{1, 47, 53, 2, 17, 3, 1, 1}},
		{"wide padding", Conv{1, 4, 3, 3, 5, 3, 1, 2}},
		{"padding beyond the kernel", Conv{1, 4, 3, 3, 5, 2, 1, 3}},
		{"5x5", Conv{1, 7, 8, 6, 4, 5, 1, 2}},
		{"stride 2", Conv{2, 7, 8, 6, 9, 3, 2, 1}},
		{"stride beyond the kernel", Conv{1, 9, 9, 3, 4, 2, 3, 0}},
		{"shallow4 at size 224", Conv{1, 56, 56, 3, 12, 8, 4, 4}},
		{"shallow8 at size 96", Conv{3, 12, 12, 3, 96, 8, 4, 4}},
		{"shallow8 at size 32", Conv{2, 4, 4, 3, 19, 8, 4, 4}},
		{"no image", Conv{0, 4, 4, 3, 5, 3, 1, 1}},
		{"window does not fit", Conv{1, 2, 2, 3, 5, 3, 1, 0}},
	}
	for _, c := range vgg {
		c.Height = max(2, c.Height/28)
		c.Width = max(3, c.Width/28)
		if c.In > 3 {
			c.In /= 4
		}
		c.Out /= 4
		cases = append(cases, c)
	}
	return append(cases, convCase{"conv4_1 with all channels", Conv{1, 2, 1, 256, 512, 3, 1, 1}})
}

func (s Conv) reference() reference.Conv {
	return reference.Conv{Images: s.Images, Height: s.Height, Width: s.Width, In: s.In, Out: s.Out, Kernel: s.Kernel, Stride: s.Stride, Pad: s.Pad}
}

func TestConv(t *testing.T) {
	for _, c := range convCases() {
		t.Run(c.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, uint64(c.In*1000+c.Out)))
			r := c.reference()
			lenX, lenW, lenY := c.Images*c.Height*c.Width*c.In, c.Out*c.In*c.Kernel*c.Kernel, c.Images*c.OutHeight()*c.OutWidth()*c.Out
			if n := c.Images * r.OutHeight() * r.OutWidth() * c.Out; n != lenY {
				t.Fatalf("output has %d elements, want %d", lenY, n)
			}
			x, w, bias, dy := draw(rng, lenX), draw(rng, lenW), draw(rng, c.Out), draw(rng, lenY)
			dw0, db0 := draw(rng, lenW), draw(rng, c.Out)
			y, yReLU, dx := make([]float64, lenY), make([]float64, lenY), make([]float64, lenX)
			dw, db := make([]float64, lenW), make([]float64, c.Out)
			r.Forward(x, w, bias, y, false)
			r.Forward(x, w, bias, yReLU, true)
			r.BackwardData(dy, w, dx)
			r.BackwardWeights(x, dy, dw, db, false)

			for _, a := range convAlgorithms() {
				t.Run(a.name, func(t *testing.T) {
					eachImplementation(t, func(t *testing.T, teams []*Team) {
						type values = map[string][]float64
						for _, relu := range []bool{false, true} {
							if !a.supports(c.Conv, ForwardPass) {
								continue
							}
							want := y
							if relu {
								want = yReLU
							}
							compare(t, teams, 1e-5, values{"x": x, "w": w, "bias": bias}, nil, values{"y": want},
								func(team *Team, in, out map[string][]float32) {
									a.forward(c.Conv, team, in["x"], in["w"], in["bias"], out["y"], relu)
								})
						}
						if a.supports(c.Conv, DataPass) {
							compare(t, teams, 1e-5, values{"dy": dy, "w": w}, nil, values{"dx": dx},
								func(team *Team, in, out map[string][]float32) {
									a.backwardData(c.Conv, team, in["dy"], in["w"], nil, out["dx"])
								})
							compare(t, teams, 1e-5, values{"dy": dy, "w": w, "x": x}, nil, values{"dx": masked(dx, x)},
								func(team *Team, in, out map[string][]float32) {
									a.backwardData(c.Conv, team, in["dy"], in["w"], in["x"], out["dx"])
								})
						}
						if !a.supports(c.Conv, WeightsPass) {
							return
						}
						compare(t, teams, 1e-5, values{"x": x, "dy": dy}, nil, values{"dw": dw, "db": db},
							func(team *Team, in, out map[string][]float32) {
								a.backwardWeights(c.Conv, team, in["x"], in["dy"], out["dw"], out["db"], false)
							})
						compare(t, teams, 1e-5, values{"x": x, "dy": dy}, values{"dw": dw0, "db": db0},
							values{"dw": plus(dw0, dw), "db": plus(db0, db)},
							func(team *Team, in, out map[string][]float32) {
								a.backwardWeights(c.Conv, team, in["x"], in["dy"], out["dw"], out["db"], true)
							})
					})
				})
			}
		})
	}
}

// masked returns dx, 0 where x is not above 0.
func masked(dx, x []float64) []float64 {
	m := make([]float64, len(dx))
	for i, v := range dx {
		if x[i] > 0 {
			m[i] = v
		}
	}
	return m
}

// TestConvGradient compares the gradients with central differences of the forward pass in float64.
func TestConvGradient(t *testing.T) {
	for _, c := range convCases() {
		lenX, lenW, lenY := c.Images*c.Height*c.Width*c.In, c.Out*c.In*c.Kernel*c.Kernel, c.Images*c.OutHeight()*c.OutWidth()*c.Out
		if (lenX+lenW+c.Out)*lenY*c.In*c.Kernel*c.Kernel > 4e6 {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(2, uint64(lenX)))
			r := c.reference()
			x, w, bias, dy := draw(rng, lenX), draw(rng, lenW), draw(rng, c.Out), draw(rng, lenY)
			y := make([]float64, lenY)
			loss := func([]float64) float64 {
				r.Forward(x, w, bias, y, false)
				return dot64(y, dy)
			}
			dx, dw, db := reference.Gradient(loss, x, 0.5), reference.Gradient(loss, w, 0.5), reference.Gradient(loss, bias, 0.5)
			eachImplementation(t, func(t *testing.T, teams []*Team) {
				type values = map[string][]float64
				compare(t, teams, 1e-5, values{"x": x, "dy": dy, "w": w}, nil, values{"dx": dx, "dw": dw, "db": db},
					func(team *Team, in, out map[string][]float32) {
						c.BackwardData(team, in["dy"], in["w"], out["dx"])
						c.BackwardWeights(team, in["x"], in["dy"], out["dw"], out["db"], false)
					})
			})
		})
	}
}

// TestReLUKeepsNaN: a NaN must reach the loss, where training stops.
func TestReLUKeepsNaN(t *testing.T) {
	eachImplementation(t, func(t *testing.T, teams []*Team) {
		for _, out := range []int{1, 7, 16, 32, 40} {
			s := Conv{1, 4, 6, 3, out, 3, 1, 1} // 24 positions: whole tiles and edges
			nan := float32(math.NaN())
			x, w, bias, y := make([]float32, 4*6*3), make([]float32, out*3*9), make([]float32, out), make([]float32, 4*6*out)
			for i := range bias {
				bias[i] = -1
			}
			bias[out-1] = nan
			s.Forward(teams[0], x, w, bias, y, true)
			for i, v := range y {
				if isNaN := v != v; isNaN != (i%out == out-1) || !isNaN && v != 0 {
					t.Fatalf("%d channels: y[%d] is %v", out, i, v)
				}
			}
			d, x1, w1 := make([]float32, 13*out), make([]float32, 13), make([]float32, out)
			DenseForward(teams[0], 13, 1, out, x1, w1, bias, d, true)
			for i, v := range d {
				if isNaN := v != v; isNaN != (i%out == out-1) || !isNaN && v != 0 {
					t.Fatalf("dense, %d outputs: y[%d] is %v", out, i, v)
				}
			}
		}
	})
}

func TestConvRefusesWrongLengths(t *testing.T) {
	team := NewTeam(1)
	defer team.Close()
	s := Conv{1, 4, 4, 2, 3, 3, 1, 1}
	f := func(n int) []float32 { return make([]float32, n) }
	for name, call := range map[string]func(){
		"x":      func() { s.Forward(team, f(31), f(54), f(3), f(48), false) },
		"w":      func() { s.Forward(team, f(32), f(53), f(3), f(48), false) },
		"bias":   func() { s.Forward(team, f(32), f(54), f(4), f(48), false) },
		"y":      func() { s.Forward(team, f(32), f(54), f(3), f(49), false) },
		"dx":     func() { s.BackwardData(team, f(48), f(54), f(33)) },
		"db":     func() { s.BackwardWeights(team, f(32), f(48), f(54), f(2), false) },
		"stride": func() { Conv{1, 4, 4, 2, 3, 3, 0, 1}.Forward(team, f(32), f(54), f(3), f(48), false) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			call()
		})
	}
}

// BenchmarkConv reports GFLOP/s for VGG's layers at full size, one pass at a time.
func BenchmarkConv(b *testing.B) {
	for _, p := range implementations() {
		if !p.available || p.name == "generic" {
			continue
		}
		for _, threads := range []int{1, 2} {
			for _, images := range []int{1, 3, 24} {
				for _, c := range vgg {
					for _, a := range convAlgorithms() {
						b.Run(fmt.Sprintf("%s/%d/%d/%s/%s", p.name, threads, images, c.name, a.name), func(b *testing.B) {
							c.Images = images
							benchmarkConv(b, p, threads, c.Conv, a)
						})
					}
				}
			}
		}
	}
}

func benchmarkConv(b *testing.B, p implementation, threads int, s Conv, a convAlgorithm) {
	team := NewTeam(threads)
	defer team.Close()
	team.impl = p
	x, dx, y := aligned(s.Images*s.Height*s.Width*s.In), aligned(s.Images*s.Height*s.Width*s.In), aligned(s.positions()*s.Out)
	w, bias := aligned(s.Out*s.In*9), aligned(s.Out)
	fill(x, y, w)
	flops := 2 * float64(len(y)) * float64(s.In) * 9
	run := func(name string, p Pass, f func()) {
		if a.supports(s, p) {
			b.Run(name, func(b *testing.B) { rate(b, flops, f) })
		}
	}
	run("forward", ForwardPass, func() { a.forward(s, team, x, w, bias, y, true) })
	if s.Height%2 == 0 && s.Width%2 == 0 {
		index := make([]uint8, len(y)/4)
		run("pool", ForwardPass, func() { a.forwardPool(s, team, x, w, bias, y[:len(y)/4], index) })
	}
	run("data", DataPass, func() { a.backwardData(s, team, y, w, x, dx) })
	run("weights", WeightsPass, func() { a.backwardWeights(s, team, x, y, w, bias, false) })
}

// fill writes small values that are not all the same.
func fill(vs ...[]float32) {
	for _, v := range vs {
		for i := range v {
			v[i] = float32(i%17-8) * 0x1p-10
		}
	}
}

// rate reports the throughput of the fastest round, which says most on a machine that others use too.
func rate(b *testing.B, flops float64, f func()) {
	f()
	best := math.Inf(1)
	for b.Loop() {
		start := time.Now()
		f()
		best = min(best, time.Since(start).Seconds())
	}
	b.ReportMetric(flops/best/1e9, "GFLOP/s")
	b.ReportMetric(best*1e3, "ms-best")
}
