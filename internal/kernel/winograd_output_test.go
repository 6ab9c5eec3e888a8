package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// TestFilterTransform compares with GwG' in float64.
func TestFilterTransform(t *testing.T) {
	eachImplementation(t, func(t *testing.T, teams []*Team) {
		p := &teams[0].impl
		nr := p.gemm.nr
		for _, n := range []int{1, 2, 7, 16} {
			for _, flipped := range []bool{false, true} {
				rng := rand.New(rand.NewPCG(11, uint64(n)))
				w := draw(rng, n*9*nr)
				plane, stream := n*nr+5, n == 7
				u := newGuarded(35*plane + n*nr)
				if stream { // only for whole lines
					plane = n*nr + 16
					u.all = aligned(35*plane + n*nr + 2*64)
					for i := range u.all {
						u.all[i] = canary
					}
					u.v = u.all[64 : len(u.all)-64]
				}
				p.winograd.filter(n, nr, guardedCopy(w).v, flipped, u.v, plane, stream)
				if !stream {
					u.intact(t, "u")
				}
				var have []float32
				var want []float64
				for c := range n {
					for o := range nr {
						g := make([]float64, 9)
						for r := range g {
							tap := r
							if flipped {
								tap = 8 - r
							}
							g[r] = w[(c*9+tap)*nr+o]
						}
						for pos, v := range both(matrixG, g) {
							have, want = append(have, u.v[pos*plane+c*nr+o]), append(want, v)
						}
					}
				}
				near(t, "u", have, want, 1e-6)
				for i, v := range u.v {
					if i%plane >= n*nr && v == v {
						t.Fatalf("wrote between the planes, at %d", i)
					}
				}
			}
		}
	})
}

// TestOutputTransform compares with A'mA in float64, for all that can be asked of an output, at all places of a map.
func TestOutputTransform(t *testing.T) {
	const of, c0 = 80, 16 // channels of the map, and the first of those made
	eachImplementation(t, func(t *testing.T, teams []*Team) {
		k := &teams[0].impl.winograd
		for _, channels := range []int{16, 48} {
			for _, bits := range []int{0, 1, 2, 3, 4, 5, 8, 11, 12, 16, 19} {
				biased, relu, masked, streamed, aside := bits&1 > 0, bits&2 > 0, bits&4 > 0, bits&8 > 0, bits&16 > 0
				t.Run(fmt.Sprintf("%d bias %v relu %v mask %v stream %v unaligned %v", channels, biased, relu, masked, streamed, aside), func(t *testing.T) {
					rng := rand.New(rand.NewPCG(12, uint64(bits)))
					g := makeGrid(5, 6, 7)
					row := channels + 3
					plane := g.tiles*row + 9
					m, bias, mask := draw(rng, positions*plane), draw(rng, of), draw(rng, g.pixels*of)
					mask[g.pixels*of-2], mask[c0] = math.NaN(), 0
					all := aligned(g.pixels*of + 1)
					for i := range all {
						all[i] = canary
					}
					y := all[:g.pixels*of]
					if aside {
						y = all[1:]
					}
					end := outputEnd{relu: relu, stream: streamed || aside}
					if biased {
						end.bias = guardedCopy(bias).v
					}
					if masked {
						end.mask = guardedCopy(mask).v
					}
					to := g.over(y, of)
					half := g.tiles / 2
					k.outputTiles(&to, 0, half, c0, channels, guardedCopy(m).v, plane, row, end)
					k.outputTiles(&to, half, g.tiles-half, c0, channels, guardedCopy(m).v[half*row:], plane, row, end)
					var edge [positions]int
					var have []float32
					var want []float64
					written := make([]bool, len(y))
					for n := range g.tiles {
						base, at := to.tile(n, &edge)
						for c := range channels {
							var d [positions]float64
							for p := range d {
								d[p] = m[p*plane+n*row+c]
							}
							for i, v := range both(matrixA, d[:]) {
								offset := at[(i/4+1)*6+i%4+1]
								if offset == missing {
									continue
								}
								place := base + offset + c0 + c
								if biased {
									v += bias[c0+c]
								}
								if relu {
									v = max(v, 0)
								}
								if masked && !(mask[place] > 0) {
									v = 0
								}
								have, want = append(have, y[place]), append(want, v)
								written[place] = true
							}
						}
					}
					near(t, "y", have, want, 1e-6)
					for i, v := range y {
						if !written[i] && math.Float32bits(v) != math.Float32bits(canary) {
							t.Fatalf("wrote outside its channels, at %d", i)
						}
					}
				})
			}
		}
	})
}

// TestOutputKeepsNaN: a NaN must reach the loss, through the ReLU and the maximum.
func TestOutputKeepsNaN(t *testing.T) {
	eachImplementation(t, func(t *testing.T, teams []*Team) {
		k := &teams[0].impl.winograd
		g := makeGrid(1, 4, 4)
		m, y, index := make([]float32, positions*16), make([]float32, 16*16), make([]uint8, 4*16)
		m[14*16+3] = float32(math.NaN())
		to := g.over(y, 16)
		k.outputTiles(&to, 0, 1, 0, 16, m, 16, 16, outputEnd{relu: true})
		for i, v := range y {
			if isNaN := v != v; isNaN != (i%16 == 3) {
				t.Fatalf("output %d is %v", i, v)
			}
		}
		k.poolTiles(g, y[:64], index, 16, 0, 1, 0, 16, m, 16, 16, outputEnd{relu: true})
		for i, v := range y[:64] {
			if isNaN := v != v; isNaN != (i%16 == 3) || isNaN && index[i] != 3 {
				t.Fatalf("pooled output %d is %v, index %d", i, v, index[i])
			}
		}
	})
}
