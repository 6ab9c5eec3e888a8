package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// winogradCases are shapes whose tiles do not fit: odd sides, panels that are not full, several blocks.
func winogradCases() []convCase {
	cases := []convCase{
		{"one pixel", Conv{1, 1, 1, 16, 16, 3, 1, 1}},
		{"7 images of a pixel", Conv{7, 1, 1, 16, 48, 3, 1, 1}},
		{"7x7, 5 images", Conv{5, 7, 7, 32, 16, 3, 1, 1}},
		{"14x14", Conv{1, 14, 14, 48, 80, 3, 1, 1}},
		{"14x14, 5 images", Conv{5, 14, 14, 32, 48, 3, 1, 1}},
		{"30x30", Conv{1, 30, 30, 16, 32, 3, 1, 1}},
		{"30x28, 2 images", Conv{2, 30, 28, 16, 16, 3, 1, 1}},
		{"8x4, 5 images", Conv{5, 8, 4, 16, 112, 3, 1, 1}},
		{"4x6, 3 images", Conv{3, 4, 6, 64, 64, 3, 1, 1}},
		{"6x4, 3 images", Conv{3, 6, 4, 16, 16, 3, 1, 1}},
		{"56x56", Conv{1, 56, 56, 16, 16, 3, 1, 1}},
		{"several blocks of tiles", Conv{2, 52, 48, 16, 16, 3, 1, 1}},
		{"many channels", Conv{1, 4, 5, 272, 288, 3, 1, 1}},
		{"many channels, several blocks", Conv{12, 24, 20, 272, 272, 3, 1, 1}},
		{"no image", Conv{0, 8, 8, 16, 16, 3, 1, 1}},
	}
	for _, c := range vgg[1:] { // all channels, few pixels
		c.Images, c.Height, c.Width = 2, 4, 6
		cases = append(cases, c)
	}
	return cases
}

// TestWinograd compares with sums in float64 at some outputs, the same bits for 1 to 3 threads, everything written, inputs
// and what lies around the outputs untouched.
func TestWinograd(t *testing.T) {
	for _, c := range winogradCases() {
		t.Run(c.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(9, uint64(c.In*1000+c.Out)))
			x, w, bias, dy := draw(rng, c.positions()*c.In), draw(rng, c.Out*c.In*9), draw(rng, c.Out), draw(rng, c.positions()*c.Out)
			forward := c.sample(rng, c.Out, func(n, y, x_, o int) float64 { return bias[o] + c.forwardAt(x, w, n, y, x_, o) })
			data := c.sample(rng, c.In, func(n, y, x_, i int) float64 { return c.dataAt(dy, w, n, y, x_, i) })
			eachImplementation(t, func(t *testing.T, teams []*Team) {
				if teams[0].impl.name == "generic" && c.positions()*c.In*c.Out > 4e6 {
					t.Skip("slow, and cut as the others are")
				}
				for _, relu := range []bool{false, true} {
					want := forward
					if relu {
						want = want.where(func(_ int, v float64) float64 { return max(v, 0) })
					}
					want.check(t, teams, map[string][]float64{"x": x, "w": w, "bias": bias}, func(team *Team, in map[string][]float32, y []float32) {
						c.winogradForward(team, in["x"], in["w"], in["bias"], y, relu)
					})
				}
				data.check(t, teams, map[string][]float64{"dy": dy, "w": w}, func(team *Team, in map[string][]float32, dx []float32) {
					c.winogradBackwardData(team, in["dy"], in["w"], nil, dx)
				})
				data.where(func(at int, v float64) float64 {
					if x[at] > 0 {
						return v
					}
					return 0
				}).check(t, teams, map[string][]float64{"dy": dy, "w": w, "x": x}, func(team *Team, in map[string][]float32, dx []float32) {
					c.winogradBackwardData(team, in["dy"], in["w"], in["x"], dx)
				})
			})
		})
	}
}

// samples are expected values at some places of a slice of that length.
type samples struct {
	length int
	at     []int
	want   []float64
}

// sample computes some elements of a map [Images][Height][Width][channels]: at the corners, and anywhere.
func (s Conv) sample(rng *rand.Rand, channels int, f func(n, y, x, c int) float64) (r samples) {
	r.length = s.positions() * channels
	for i := range min(400, r.length) {
		at := i
		switch {
		case r.length <= 400:
		case i < 20:
			at = i * (r.length - 1) / 19
		default:
			at = rng.IntN(r.length)
		}
		pixel, c := at/channels, at%channels
		r.at = append(r.at, at)
		r.want = append(r.want, f(pixel/(s.Height*s.Width), pixel/s.Width%s.Height, pixel%s.Width, c))
	}
	return r
}

// where changes the expected values.
func (r samples) where(f func(at int, v float64) float64) samples {
	want := make([]float64, len(r.want))
	for i, v := range r.want {
		want[i] = f(r.at[i], v)
	}
	return samples{r.length, r.at, want}
}

func (r samples) check(t *testing.T, teams []*Team, inputs map[string][]float64, run func(team *Team, in map[string][]float32, out []float32)) {
	t.Helper()
	var earlier *guarded
	for _, team := range teams {
		in, in32 := map[string]*guarded{}, map[string][]float32{}
		for name, v := range inputs {
			in[name] = guardedCopy(v)
			in32[name] = in[name].v
		}
		out := newGuarded(r.length)
		run(team, in32, out.v)
		out.intact(t, "output")
		for name, g := range in {
			g.unchanged(t, name, inputs[name])
		}
		for i, v := range out.v {
			if v != v {
				t.Fatalf("%d threads: element %d is not written", team.Threads(), i)
			}
		}
		have := make([]float32, len(r.at))
		for i, at := range r.at {
			have[i] = out.v[at]
		}
		near(t, "output", have, r.want, 1e-5)
		if earlier != nil {
			sameBits(t, "output", out.v, earlier.v)
		}
		earlier = out
	}
}

// forwardAt is the definition of one output, without bias.
func (s Conv) forwardAt(x, w []float64, n, oy, ox, o int) (sum float64) {
	for ky := range 3 {
		for kx := range 3 {
			y, x_ := oy+ky-1, ox+kx-1
			if y < 0 || y >= s.Height || x_ < 0 || x_ >= s.Width {
				continue
			}
			for c := range s.In {
				sum += x[((n*s.Height+y)*s.Width+x_)*s.In+c] * w[((o*s.In+c)*3+ky)*3+kx]
			}
		}
	}
	return sum
}

// dataAt is the definition of one element of the gradient to the data.
func (s Conv) dataAt(dy, w []float64, n, iy, ix, c int) (sum float64) {
	for ky := range 3 {
		for kx := range 3 {
			y, x := iy-ky+1, ix-kx+1
			if y < 0 || y >= s.Height || x < 0 || x >= s.Width {
				continue
			}
			for o := range s.Out {
				sum += dy[((n*s.Height+y)*s.Width+x)*s.Out+o] * w[((o*s.In+c)*3+ky)*3+kx]
			}
		}
	}
	return sum
}

// TestForwardPool wants the bits of Forward and Pool.Forward, with ties and NaN.
func TestForwardPool(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range append(winogradCases(), convCases()...) {
		if c.OutHeight()%2 != 0 || c.OutWidth()%2 != 0 || c.positions() == 0 || c.positions()*c.In*c.Out > 4e6 {
			continue
		}
		for _, a := range convAlgorithms() {
			if !a.supports(c.Conv, ForwardPass) {
				continue
			}
			t.Run(c.name+" "+a.name, func(t *testing.T) {
				rng := rand.New(rand.NewPCG(10, uint64(c.In)))
				f32 := func(n int) []float32 { return guardedCopy(draw(rng, n)).v }
				x, w, bias := f32(c.Images*c.Height*c.Width*c.In), f32(c.Out*c.In*c.Kernel*c.Kernel), f32(c.Out)
				x[len(x)/2], x[len(x)-1] = nan, nan
				for o := 1; o < c.Out; o += 3 { // outputs that are equal everywhere
					clear(w[o*c.In*c.Kernel*c.Kernel:][:c.In*c.Kernel*c.Kernel])
				}
				eachImplementation(t, func(t *testing.T, teams []*Team) {
					p := c.pool2x2()
					n := p.Images * p.OutHeight() * p.OutWidth() * p.Channels
					whole, want, wantIndex := make([]float32, 4*n), make([]float32, n), make([]uint8, n)
					a.forward(c.Conv, teams[0], x, w, bias, whole, true)
					p.Forward(teams[0], whole, want, wantIndex)
					for _, team := range teams {
						y := newGuarded(n)
						const strip = 70
						index := make([]uint8, n+2*strip)
						for i := range index {
							index[i] = 99
						}
						a.forwardPool(c.Conv, team, x, w, bias, y.v, index[strip:strip+n])
						y.intact(t, "y")
						sameBits(t, "y", y.v, want)
						for i, v := range index {
							wanted := uint8(99)
							if i >= strip && i < strip+n {
								wanted = wantIndex[i-strip]
							}
							if v != wanted {
								t.Fatalf("index %d is %d, want %d", i-strip, v, wanted)
							}
						}
					}
				})
			})
		}
	}
}

func TestExact(t *testing.T) {
	team := NewTeam(1)
	defer team.Close()
	s := Conv{1, 56, 56, 256, 256, 3, 1, 1}
	for _, on := range []bool{false, true, false} {
		team.Exact(on)
		for p := range WeightsPass + 1 {
			if a := s.algorithm(team, p); (a.name == "direct") != on {
				t.Errorf("Exact(%v): pass %d is %s", on, p, a.name)
			}
		}
	}
}
