package kernel

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestGemmTile runs every microkernel on one tile, for both layouts of A and all flags, beside a sum in float64.
func TestGemmTile(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	for _, p := range implementations() {
		if !p.available {
			continue
		}
		kernels := map[string]gemmFunc{"whole": p.gemm.run}
		if p.gemm.narrow != nil {
			kernels["narrow"] = p.gemm.narrow
		}
		for name, run := range kernels {
			mr, nr := p.gemm.mr, p.gemm.nr
			columns := nr
			if name == "narrow" {
				columns = nr / 2
			}
			t.Run(p.gemm.name+" "+name, func(t *testing.T) {
				for _, k := range []int{0, 1, 2, 3, 4, 5, 7, 8, 33} {
					for _, byColumn := range []bool{false, true} {
						for flags := range addFlag | reluFlag + 1 {
							for _, withBias := range []bool{false, true} {
								rs, cs := k+3, 1
								if byColumn {
									rs, cs = 1, mr+5
								}
								a, b := draw(rng, mr*rs+k*cs+1), draw(rng, k*nr)
								ldc := columns + 3
								c, bias := draw(rng, mr*ldc), draw(rng, nr)
								got := guardedCopy(c)
								var bias32 []float32
								if withBias {
									bias32 = guardedCopy(bias).v
								}
								run(k, guardedCopy(a).v, rs, cs, guardedCopy(b).v, got.v[:(mr-1)*ldc+columns], ldc, bias32, flags, 0, 0, 0)
								want := append([]float64(nil), c...)
								for i := range mr {
									for j := range columns {
										sum := 0.0
										for q := range k {
											sum += a[i*rs+q*cs] * b[q*nr+j]
										}
										if flags&addFlag != 0 {
											sum += c[i*ldc+j]
										}
										if withBias {
											sum += bias[j]
										}
										if flags&reluFlag != 0 {
											sum = max(sum, 0)
										}
										want[i*ldc+j] = sum
									}
								}
								got.intact(t, "C")
								near(t, "C", got.v, want, 1e-6)
							}
						}
					}
				}
			})
		}
	}
}

func TestGemmTileChecksLengths(t *testing.T) {
	for _, p := range implementations() {
		if !p.available {
			continue
		}
		g := p.gemm
		f := func(n int) []float32 { return make([]float32, n) }
		for name, call := range map[string]func(){
			"a":    func() { g.run(3, f(g.mr*3-1), 3, 1, f(3*g.nr), f(g.mr*g.nr), g.nr, nil, 0, 0, 0, 0) },
			"b":    func() { g.run(3, f(g.mr*3), 3, 1, f(3*g.nr-1), f(g.mr*g.nr), g.nr, nil, 0, 0, 0, 0) },
			"c":    func() { g.run(3, f(g.mr*3), 3, 1, f(3*g.nr), f(g.mr*g.nr-1), g.nr, nil, 0, 0, 0, 0) },
			"bias": func() { g.run(3, f(g.mr*3), 3, 1, f(3*g.nr), f(g.mr*g.nr), g.nr, f(g.nr-1), 0, 0, 0, 0) },
		} {
			t.Run(g.name+" "+name, func(t *testing.T) {
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

func TestCopyRows(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	for _, p := range implementations() {
		if !p.available {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			for _, n := range []int{0, 1, 9, 15, 16, 17, 48, 63, 64, 65, 130} {
				for _, count := range []int{0, 1, 2, 5} {
					ld, step := n+3, n/2+1 // runs of the source may overlap
					from := draw(rng, count*step+n)
					src, dst := guardedCopy(from), newGuarded(count*ld+n)
					p.copyRows.run(count, n, dst.v, ld, src.v, step)
					dst.intact(t, "dst")
					src.unchanged(t, "src", from)
					for i, v := range dst.v {
						row, j := i/ld, i%ld
						if row < count && j < n {
							if float64(v) != from[row*step+j] {
								t.Fatalf("%d runs of %d: element %d of run %d is %v", count, n, j, row, v)
							}
						} else if math.Float32bits(v) != math.Float32bits(canary) {
							t.Fatalf("%d runs of %d: wrote between the runs, at %d", count, n, i)
						}
					}
				}
			}
		})
	}
}

func TestMaskReLU(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	values := []float32{1, 0, -1, float32(math.Copysign(0, -1)), nan, inf, -inf, math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32, math.MaxFloat32}
	keep := []bool{true, false, false, false, false, true, false, true, false, true}
	eachImplementation(t, func(t *testing.T, teams []*Team) {
		for _, n := range []int{0, 1, 31, 32, 33, 63, 64, 65, 1000, 40007} {
			y, dy := newGuarded(n), newGuarded(n)
			for i := range n {
				y.v[i], dy.v[i] = values[i%len(values)], float32(i)+0.5
			}
			for _, team := range teams {
				MaskReLU(team, dy.v, y.v)
			}
			y.intact(t, "y")
			dy.intact(t, "dy")
			for i, v := range dy.v {
				want := float32(0)
				if keep[i%len(keep)] {
					want = float32(i) + 0.5
				}
				if v != want {
					t.Fatalf("n=%d: dy[%d] is %v where y is %v", n, i, v, y.v[i])
				}
			}
		}
	})
}

func TestChoose(t *testing.T) {
	for _, p := range implementations() {
		t.Setenv("DEEPRANK_KERNEL", p.name)
		team := NewTeam(1)
		if p.available && (team.impl.name != p.name || team.Kernels() != p.gemm.name) {
			t.Errorf("asked for %s, got %s", p.name, team.Kernels())
		}
		if !p.available && !strings.Contains(team.Kernels(), "not one of") {
			t.Errorf("asked for %s, which is not available: %s", p.name, team.Kernels())
		}
		team.Close()
	}
	t.Setenv("DEEPRANK_KERNEL", "sse")
	team := NewTeam(1)
	defer team.Close()
	if s := team.Kernels(); !strings.Contains(s, "DEEPRANK_KERNEL=sse is not one of") || !strings.Contains(s, "generic") {
		t.Errorf("Kernels() = %q", s)
	}
}

// BenchmarkLimit is what the others are measured against: multiply-adds in registers.
func BenchmarkLimit(b *testing.B) {
	for _, p := range implementations() {
		if !p.available || p.peak == nil {
			continue
		}
		for _, threads := range []int{1, 2} {
			b.Run(p.name+"/"+string(rune('0'+threads)), func(b *testing.B) {
				team := NewTeam(threads)
				defer team.Close()
				rate(b, float64(threads*p.peak(1)*20000), func() { team.Run(threads, func(int, int) { p.peak(20000) }) })
			})
		}
	}
}

// BenchmarkGemmTile is one block of a product whose packed parts are in the caches.
func BenchmarkGemmTile(b *testing.B) {
	for _, p := range implementations() {
		if !p.available {
			continue
		}
		for _, name := range []string{"rows", "columns"} {
			b.Run(p.gemm.name+"/"+name, func(b *testing.B) {
				const rows, columns, k = 240, 256, 288
				l := byRows(k)
				if name == "columns" {
					l = byColumns(k)
				}
				w := tiles{
					g: &p.gemm, k: k, rows: rows, columns: columns, a: aligned(leftSize(rows, k)), layout: l, b: aligned(k * columns),
					panel: k * p.gemm.nr, c: aligned(rows * columns), ldc: columns, flags: addFlag, edge: aligned(p.gemm.mr * p.gemm.nr),
				}
				rate(b, 2*rows*columns*k, w.run)
			})
		}
	}
}
