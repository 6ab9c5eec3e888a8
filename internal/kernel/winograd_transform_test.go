package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// The matrices as Lavin and Gray derive them: for points p and n = infinity.
var (
	matrixB = [][]float64{ // B'
		{a2 * b2, 0, -a2 - b2, 0, 1, 0},
		{0, -a1 * b2, -b2, a1, 1, 0},
		{0, a1 * b2, -b2, -a1, 1, 0},
		{0, -a2 * b1, -a2, b1, 1, 0},
		{0, a2 * b1, -a2, -b1, 1, 0},
		{0, a2 * b2, 0, -a2 - b2, 0, 1},
	}
	matrixA = [][]float64{ // A'
		{1, 1, 1, 1, 1, 0},
		{0, a1, -a1, b1, -b1, 0},
		{0, a2, a2, b2, b2, 0},
		{0, a3, -a3, b3, -b3, 1},
	}
	matrixG = [][]float64{
		{norm0, 0, 0},
		{normA, normA * a1, normA * a2},
		{normA, -normA * a1, normA * a2},
		{normB, normB * b1, normB * b2},
		{normB, -normB * b1, normB * b2},
		{0, 0, 1},
	}
)

// both applies a matrix to the rows and columns of a square d: m d m'.
func both(m [][]float64, d []float64) []float64 {
	n := len(m[0])
	half, all := make([]float64, len(m)*n), make([]float64, len(m)*len(m))
	for i := range m {
		for j := range n {
			for k := range n {
				half[i*n+j] += m[i][k] * d[k*n+j]
			}
		}
	}
	for i := range m {
		for j := range m {
			for k := range n {
				all[i*len(m)+j] += half[i*n+k] * m[j][k]
			}
		}
	}
	return all
}

// TestMatrices: A' [(G g) . (B' d)] is the correlation of d with g.
func TestMatrices(t *testing.T) {
	d, g := []float64{3, -1, 4, 1, -5, 9}, []float64{2, 7, -1}
	for o := range matrixA {
		have, want := 0.0, 0.0
		for p := range matrixG {
			gp, dp := 0.0, 0.0
			for k := range g {
				gp += matrixG[p][k] * g[k]
			}
			for k := range d {
				dp += matrixB[p][k] * d[k]
			}
			have += matrixA[o][p] * gp * dp
		}
		for k := range g {
			want += d[o+k] * g[k]
		}
		if err := have - want; !(err < 1e-12 && err > -1e-12) {
			t.Errorf("output %d is %v, want %v", o, have, want)
		}
	}
}

func TestInputTransform(t *testing.T) {
	eachImplementation(t, func(t *testing.T, teams []*Team) {
		k := &teams[0].impl.winograd
		for _, c := range []struct{ images, height, width, channels, panel int }{
			{1, 1, 1, 16, 16}, {1, 4, 9, 16, 16}, {2, 14, 14, 48, 48}, {2, 12, 8, 96, 96}, {2, 14, 14, 48, 16}, {1, 8, 12, 112, 48}, {3, 7, 5, 80, 32},
		} {
			t.Run(fmt.Sprint(c), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(8, uint64(c.height)))
				g := makeGrid(c.images, c.height, c.width)
				x := draw(rng, g.pixels*c.channels)
				x32 := guardedCopy(x)
				m := g.over(x32.v, c.channels)
				for _, part := range [][2]int{{0, g.tiles}, {g.tiles / 2, (g.tiles + 1) / 2}} {
					first, count := part[0], part[1]
					l := tileLayout{row: c.panel, width: c.panel, panel: count*c.panel + 7}
					if c.panel == c.channels {
						l.row += 16
						l.panel = 0
					}
					l.plane = l.panel*ceilDiv(c.channels, c.panel) + count*l.row + 5
					got := newGuarded(l.size(count, c.channels))
					written := make([]bool, len(got.v))
					k.inputTiles(&m, first, count, make([]float32, c.channels), got.v, l)
					got.intact(t, "v")
					x32.unchanged(t, "x", x)
					var edge [positions]int
					var have []float32
					var want []float64
					for n := range count {
						base, at := m.tile(first+n, &edge)
						for ch := range c.channels {
							var d [positions]float64
							for p, o := range at {
								if o != missing {
									d[p] = x[base+o+ch]
								}
							}
							for p, v := range both(matrixB, d[:]) {
								i := p*l.plane + ch/l.width*l.panel + n*l.row + ch%l.width
								have, want = append(have, got.v[i]), append(want, v)
								written[i] = true
							}
						}
					}
					near(t, "v", have, want, 1e-6)
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
