package kernel

import (
	"math/rand/v2"
	"runtime"
	"testing"
)

// winogradWeightsCases are shapes whose tiles, panels and blocks do not fit, and those of VGG-16 at full size.
func winogradWeightsCases() []convCase {
	cases := []convCase{
		{"one pixel", Conv{1, 1, 1, 16, 16, 3, 1, 1}},
		{"7 images of a pixel", Conv{7, 1, 1, 16, 48, 3, 1, 1}},
		{"7x7, 5 images", Conv{5, 7, 7, 32, 16, 3, 1, 1}},
		{"7x7, 3 images, many channels", Conv{3, 7, 7, 160, 144, 3, 1, 1}},
		{"14x14", Conv{1, 14, 14, 48, 80, 3, 1, 1}},
		{"14x14, 5 images", Conv{5, 14, 14, 112, 176, 3, 1, 1}},
		{"30x30", Conv{1, 30, 30, 16, 32, 3, 1, 1}},
		{"30x30, 3 images", Conv{3, 30, 30, 64, 96, 3, 1, 1}},
		{"56x56", Conv{1, 56, 56, 80, 16, 3, 1, 1}},
		{"56x56, 3 images", Conv{3, 56, 56, 64, 64, 3, 1, 1}},
		{"56x54, 5 images", Conv{5, 56, 54, 32, 48, 3, 1, 1}},
		{"several strips", Conv{1, 112, 112, 16, 16, 3, 1, 1}},
		{"more strips than run at a time", Conv{35, 36, 32, 16, 16, 3, 1, 1}},
		{"several superblocks", Conv{1, 56, 52, 144, 128, 3, 1, 1}},
		{"no image", Conv{0, 8, 8, 16, 16, 3, 1, 1}},
		{"no channel in", Conv{1, 8, 8, 0, 16, 3, 1, 1}},
		{"no channel out", Conv{1, 8, 8, 16, 0, 3, 1, 1}},
	}
	for i, c := range vgg[1:] {
		if c.Conv != vgg[i].Conv { // as the one before
			cases = append(cases, c)
		}
	}
	return cases
}

// TestWinogradWeights compares with sums in float64 at some taps, the same bits for 1 to 3 threads, everything written, and
// inputs and what lies around the outputs untouched. x is the output of a ReLU, as in a network: its mean is not 0.
func TestWinogradWeights(t *testing.T) {
	for _, c := range winogradWeightsCases() {
		work := c.positions() * c.In * c.Out
		t.Run(c.name, func(t *testing.T) {
			if work > 60e6 && testing.Short() {
				t.Skip("large")
			}
			rng := rand.New(rand.NewPCG(10, uint64(c.In*1000+c.Out)))
			x, dy := draw(rng, c.positions()*c.In), draw(rng, c.positions()*c.Out)
			for i, v := range x {
				x[i] = max(v, 0)
			}
			db := make([]float64, c.Out)
			for i, v := range dy {
				db[i%c.Out] += v
			}
			dw := samples{length: c.Out * c.In * 9}
			count := min(200, dw.length)
			for i := range count {
				at := rng.IntN(dw.length)
				if i < 20 {
					at = i * (dw.length - 1) / 19
				}
				dw.at = append(dw.at, at)
				dw.want = append(dw.want, c.weightAt(x, dy, at/9/c.In, at/9%c.In, at%9))
			}
			dw0, db0 := draw(rng, dw.length), draw(rng, c.Out)
			inputs := map[string][]float64{"x": x, "dy": dy}
			eachImplementation(t, func(t *testing.T, teams []*Team) {
				if teams[0].impl.name == "generic" && work > 20e6 {
					t.Skip("slow, and cut as the others are")
				}
				for _, accumulate := range []bool{false, true} {
					var earlier []float32
					wantDB, want := db, dw
					if accumulate {
						wantDB = plus(db0, db)
						want = dw.where(func(at int, v float64) float64 { return dw0[at] + v })
					}
					want.check(t, teams, inputs, func(team *Team, in map[string][]float32, out []float32) {
						got := newGuarded(c.Out)
						if accumulate {
							got = guardedCopy(db0)
							copy(out, guardedCopy(dw0).v)
						}
						c.winogradBackwardWeights(team, in["x"], in["dy"], out, got.v, accumulate)
						got.intact(t, "db")
						near(t, "db", got.v, wantDB, 1e-5)
						if earlier != nil {
							sameBits(t, "db", got.v, earlier)
						}
						earlier = got.v
					})
				}
			})
		})
	}
}

// weightAt is the definition of one element of the gradient to the weights.
func (s Conv) weightAt(x, dy []float64, o, c, tap int) (sum float64) {
	for n := range s.Images {
		for oy := range s.Height {
			for ox := range s.Width {
				iy, ix := oy+tap/3-1, ox+tap%3-1
				if iy < 0 || iy >= s.Height || ix < 0 || ix >= s.Width {
					continue
				}
				sum += x[((n*s.Height+iy)*s.Width+ix)*s.In+c] * dy[((n*s.Height+oy)*s.Width+ox)*s.Out+o]
			}
		}
	}
	return sum
}

// TestWinogradWeightsAllocates: nothing that grows with the maps, once its workspaces are there.
func TestWinogradWeightsAllocates(t *testing.T) {
	for _, s := range []Conv{{1, 28, 28, 64, 32, 3, 1, 1}, {2, 14, 14, 144, 160, 3, 1, 1}} {
		eachImplementation(t, func(t *testing.T, teams []*Team) {
			x, dy, dw, db := make([]float32, s.positions()*s.In), make([]float32, s.positions()*s.Out), make([]float32, s.Out*s.In*9), make([]float32, s.Out)
			s.winogradBackwardWeights(teams[0], x, dy, dw, db, false)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			s.winogradBackwardWeights(teams[0], x, dy, dw, db, true)
			runtime.ReadMemStats(&after)
			if n := after.TotalAlloc - before.TotalAlloc; n > 1<<14 {
				t.Errorf("%d bytes allocated", n)
			}
		})
	}
}
