package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"deeprank/internal/reference"
)

type denseCase struct {
	name          string
	rows, in, out int
}

// denseCases are VGG's layers at small scale, sizes around a tile of every microkernel, and awkward ones.
func denseCases() []denseCase {
	cases := []denseCase{
		{"no rows", 0, 5, 7},
		{"no inputs", 3, 0, 7},
		{"fc6, a triplet", 3, 784, 128},
		{"fc6, 8 triplets", 24, 392, 256},
		{"fc7, 32 triplets", 96, 128, 128},
		{"embed, width 0.2", 6, 64 + 614, 32},
		{"primes", 13, 101, 103},
		{"more rows than a block", 269, 17, 19},
		{"more inputs than a block", 2, 2077, 5},
		{"aligned rows", 12, 1056, 48},
	}
	for _, n := range []int{1, 5, 6, 7, 11, 12, 13, 15, 16, 17, 31, 32, 33} {
		cases = append(cases, denseCase{fmt.Sprintf("tile %d", n), n, n, n})
	}
	return cases
}

func TestDense(t *testing.T) {
	for _, c := range denseCases() {
		t.Run(c.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(3, uint64(c.rows*c.in)))
			x, w, bias, dy := draw(rng, c.rows*c.in), draw(rng, c.out*c.in), draw(rng, c.out), draw(rng, c.rows*c.out)
			dw0, db0 := draw(rng, c.out*c.in), draw(rng, c.out)
			y, yReLU, dx := make([]float64, c.rows*c.out), make([]float64, c.rows*c.out), make([]float64, c.rows*c.in)
			dw, db := make([]float64, c.out*c.in), make([]float64, c.out)
			reference.DenseForward(c.rows, c.in, c.out, x, w, bias, y, false)
			reference.DenseForward(c.rows, c.in, c.out, x, w, bias, yReLU, true)
			reference.DenseBackwardData(c.rows, c.in, c.out, dy, w, dx)
			reference.DenseBackwardWeights(c.rows, c.in, c.out, x, dy, dw, db, false)
			eachImplementation(t, func(t *testing.T, teams []*Team) {
				type values = map[string][]float64
				for _, relu := range []bool{false, true} {
					want := y
					if relu {
						want = yReLU
					}
					compare(t, teams, 1e-5, values{"x": x, "w": w, "bias": bias}, nil, values{"y": want},
						func(team *Team, in, out map[string][]float32) {
							DenseForward(team, c.rows, c.in, c.out, in["x"], in["w"], in["bias"], out["y"], relu)
						})
				}
				compare(t, teams, 1e-5, values{"dy": dy, "w": w}, nil, values{"dx": dx},
					func(team *Team, in, out map[string][]float32) {
						DenseBackwardData(team, c.rows, c.in, c.out, in["dy"], in["w"], out["dx"])
					})
				compare(t, teams, 1e-5, values{"x": x, "dy": dy}, nil, values{"dw": dw, "db": db},
					func(team *Team, in, out map[string][]float32) {
						DenseBackwardWeights(team, c.rows, c.in, c.out, in["x"], in["dy"], out["dw"], out["db"], false)
					})
				compare(t, teams, 1e-5, values{"x": x, "dy": dy}, values{"dw": dw0, "db": db0},
					values{"dw": plus(dw0, dw), "db": plus(db0, db)},
					func(team *Team, in, out map[string][]float32) {
						DenseBackwardWeights(team, c.rows, c.in, c.out, in["x"], in["dy"], out["dw"], out["db"], true)
					})
			})
		})
	}
}

// TestDenseGradient compares the gradients with central differences of the forward pass in float64.
func TestDenseGradient(t *testing.T) {
	for _, c := range denseCases() {
		if (c.rows*c.in+c.out*c.in)*c.rows*c.in*c.out > 4e6 {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(5, uint64(c.rows)))
			x, w, bias, dy := draw(rng, c.rows*c.in), draw(rng, c.out*c.in), draw(rng, c.out), draw(rng, c.rows*c.out)
			y := make([]float64, c.rows*c.out)
			loss := func([]float64) float64 {
				reference.DenseForward(c.rows, c.in, c.out, x, w, bias, y, false)
				return dot64(y, dy)
			}
			dx, dw, db := reference.Gradient(loss, x, 0.5), reference.Gradient(loss, w, 0.5), reference.Gradient(loss, bias, 0.5)
			eachImplementation(t, func(t *testing.T, teams []*Team) {
				type values = map[string][]float64
				compare(t, teams, 1e-5, values{"x": x, "dy": dy, "w": w}, nil, values{"dx": dx, "dw": dw, "db": db},
					func(team *Team, in, out map[string][]float32) {
						DenseBackwardData(team, c.rows, c.in, c.out, in["dy"], in["w"], out["dx"])
						DenseBackwardWeights(team, c.rows, c.in, c.out, in["x"], in["dy"], out["dw"], out["db"], false)
					})
			})
		})
	}
}

// BenchmarkDense reports GFLOP/s and how fast the weights were read or written, for VGG's dense layers at full size.
func BenchmarkDense(b *testing.B) {
	for _, threads := range []int{1, 2} {
		team := NewTeam(threads)
		defer team.Close()
		for _, c := range []denseCase{{"fc6", 24, 25088, 4096}, {"fc7", 24, 4096, 4096}, {"fc7", 3, 4096, 4096}, {"embed", 24, 7168, 4096}} {
			x, w, bias, y := make([]float32, c.rows*c.in), make([]float32, c.out*c.in), make([]float32, c.out), make([]float32, c.rows*c.out)
			fill(x, w, y)
			flops := 2 * float64(c.rows) * float64(c.in) * float64(c.out)
			run := func(pass string, f func()) {
				b.Run(fmt.Sprintf("%d/%s/%d/%s", threads, c.name, c.rows, pass), func(b *testing.B) {
					b.SetBytes(int64(4 * len(w)))
					rate(b, flops, f)
				})
			}
			run("forward", func() { DenseForward(team, c.rows, c.in, c.out, x, w, bias, y, true) })
			run("data", func() { DenseBackwardData(team, c.rows, c.in, c.out, y, w, x) })
			run("weights", func() { DenseBackwardWeights(team, c.rows, c.in, c.out, x, y, w, bias, false) })
		}
	}
}
