package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// transposed returns m' of a matrix.
func transposed(m [][]float64) [][]float64 {
	r := make([][]float64, len(m[0]))
	for i := range r {
		for j := range m {
			r[i] = append(r[i], m[j][i])
		}
	}
	return r
}

// TestMatricesOfWeights: G' [(B' d) . (A y)] is the correlation of d with y.
func TestMatricesOfWeights(t *testing.T) {
	d, y := []float64{3, -1, 4, 1, -5, 9}, []float64{2, 7, -1, 8}
	for r := range 3 {
		have, want := 0.0, 0.0
		for p := range matrixB {
			bd, ay := 0.0, 0.0
			for k := range d {
				bd += matrixB[p][k] * d[k]
			}
			for k := range y {
				ay += matrixA[k][p] * y[k]
			}
			have += matrixG[p][r] * bd * ay
		}
		for k := range y {
			want += d[r+k] * y[k]
		}
		if err := have - want; !(err < 1e-12 && err > -1e-12) {
			t.Errorf("tap %d is %v, want %v", r, have, want)
		}
	}
}

func TestGradientTransform(t *testing.T) {
	eachImplementation(t, func(t *testing.T, teams []*Team) {
		k := &teams[0].impl.weights
		for _, c := range []struct{ images, height, width, channels, panel int }{
			{1, 1, 1, 16, 16}, {1, 4, 9, 16, 16}, {2, 14, 14, 48, 16}, {2, 12, 8, 96, 32}, {5, 7, 7, 48, 32}, {1, 8, 12, 112, 32}, {3, 7, 5, 80, 32},
		} {
			t.Run(fmt.Sprint(c), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(8, uint64(c.height)))
				g := makeGrid(c.images, c.height, c.width)
				dy, before := draw(rng, g.pixels*c.channels), draw(rng, c.channels)
				dy32 := guardedCopy(dy)
				m := g.over(dy32.v, c.channels)
				for _, part := range [][2]int{{0, g.tiles}, {g.tiles / 2, (g.tiles + 1) / 2}} {
					first, count := part[0], part[1]
					l := tileLayout{row: c.panel, width: c.panel, panel: count*c.panel + 7}
					l.plane = l.panel*ceilDiv(c.channels, c.panel) + 5
					got, sums := newGuarded(l.size(count, c.channels)), guardedCopy(before)
					written := make([]bool, len(got.v))
					k.gradientTiles(&m, first, count, make([]float32, c.channels), got.v, l, sums.v)
					got.intact(t, "z")
					sums.intact(t, "sums")
					dy32.unchanged(t, "dy", dy)
					var edge [positions]int
					var have []float32
					var want []float64
					wantSums := append([]float64(nil), before...)
					for n := range count {
						base, at := m.tile(first+n, &edge)
						for ch := range c.channels {
							var d [tileOutputs * tileOutputs]float64
							for p := range d {
								if o := at[(p/tileOutputs+1)*tilePixels+p%tileOutputs+1]; o != missing {
									d[p] = dy[base+o+ch]
								}
								wantSums[ch] += d[p]
							}
							for p, v := range both(transposed(matrixA), d[:]) {
								i := p*l.plane + ch/l.width*l.panel + n*l.row + ch%l.width
								have, want = append(have, got.v[i]), append(want, v)
								written[i] = true
							}
						}
					}
					near(t, "z", have, want, 1e-6)
					near(t, "sums", sums.v, wantSums, 1e-6)
					for i, v := range got.v {
						if !written[i] && v == v {
							t.Fatalf("wrote between the tiles, at %d", i)
						}
					}
				}
			})
		}
	})
}

func TestTapsTransform(t *testing.T) {
	eachImplementation(t, func(t *testing.T, teams []*Team) {
		k := &teams[0].impl.weights
		rng := rand.New(rand.NewPCG(8, 8))
		for _, n := range []int{0, 16, 48, 96} {
			for _, add := range []bool{false, true} {
				plane := n + 3
				d, before := draw(rng, positions*plane), draw(rng, 9*n)
				d32, w := guardedCopy(d), guardedCopy(before)
				if !add {
					w = newGuarded(9 * n)
				}
				k.tapsOf(n, d32.v[:max(0, len(d)-3)], plane, w.v, add)
				d32.unchanged(t, "d", d)
				w.intact(t, "w")
				want := make([]float64, 9*n)
				for e := range n {
					var u [positions]float64
					for p := range u {
						u[p] = d[p*plane+e]
					}
					for r, v := range both(transposed(matrixG), u[:]) {
						i := (e/k.lanes*9+r)*k.lanes + e%k.lanes
						if want[i] = v; add {
							want[i] += before[i]
						}
					}
				}
				near(t, "w", w.v, want, 1e-6)
			}
		}
	})
}

// TestWeightsTransformsCheckLengths: the assembly does not look.
func TestWeightsTransformsCheckLengths(t *testing.T) {
	f := func(n int) []float32 { return make([]float32, n) }
	for _, p := range implementations() {
		if !p.available {
			continue
		}
		k := &p.weights
		g := makeGrid(1, 4, 8)
		m := g.over(f(32*16), 16)
		l := tileLayout{plane: 48, row: 16, width: 16}
		calls := map[string]func(){
			"dy":    func() { short := g.over(f(32*16-1), 16); k.gradientTiles(&short, 0, 2, f(16), f(2000), l, f(16)) },
			"tiles": func() { k.gradientTiles(&m, 1, 2, f(16), f(2000), l, f(16)) },
			"zeros": func() { k.gradientTiles(&m, 0, 2, f(15), f(2000), l, f(16)) },
			"z":     func() { k.gradientTiles(&m, 0, 2, f(16), f(35*48+16+15), l, f(16)) },
			"sums":  func() { k.gradientTiles(&m, 0, 2, f(16), f(2000), l, f(15)) },
			"d":     func() { k.tapsOf(16, f(35*20+15), 20, f(144), false) },
			"w":     func() { k.tapsOf(16, f(35*20+16), 20, f(143), false) },
		}
		if k.lanes > 1 {
			odd := g.over(f(32*17), 17)
			calls["channels"] = func() { k.gradientTiles(&odd, 0, 2, f(17), f(2000), l, f(17)) }
			calls["n"] = func() { k.tapsOf(17, f(35*20+17), 20, f(153), false) }
		}
		for name, call := range calls {
			t.Run(p.name+" "+name, func(t *testing.T) {
				defer func() {
					if recover() == nil {
						t.Error("no panic")
					}
				}()
				call()
			})
		}
	}
}
