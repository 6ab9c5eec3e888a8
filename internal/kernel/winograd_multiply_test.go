package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestWinogradMultiply compares the products of one position with sums in float64, and wants them to stay in their columns.
func TestWinogradMultiply(t *testing.T) {
	eachImplementation(t, func(t *testing.T, teams []*Team) {
		p := &teams[0].impl
		mr, nr := p.gemm.mr, p.gemm.nr
		for _, tiles := range []int{1, 2, 5} {
			for columns := 16; columns <= nr; columns += 16 {
				for _, k := range []int{4, 16, 52} {
					for _, add := range []bool{false, true} {
						t.Run(fmt.Sprintf("%d tiles, %d columns, k %d, add %v", tiles, columns, k, add), func(t *testing.T) {
							rng := rand.New(rand.NewPCG(13, uint64(k)))
							lda, ldm, rows := k+3, columns+5, tiles*mr
							a, b, m := draw(rng, (rows-1)*lda+k), draw(rng, (k-1)*nr+columns), draw(rng, (rows-1)*ldm+columns)
							a32, b32, got := guardedCopy(a), guardedCopy(b), guardedCopy(m)
							p.winograd.multiply(rows, columns, k, a32.v, lda, b32.v, got.v, ldm, add, a32.v, 0)
							got.intact(t, "m")
							a32.unchanged(t, "a", a)
							b32.unchanged(t, "b", b)
							want := append([]float64(nil), m...)
							for i := range rows {
								for j := range columns {
									sum := 0.0
									for c := range k {
										sum += a[i*lda+c] * b[c*nr+j]
									}
									if add {
										sum += m[i*ldm+j]
									}
									want[i*ldm+j] = sum
								}
							}
							near(t, "m", got.v, want, 1e-6)
							for i, v := range got.v {
								if i%ldm >= columns && float64(v) != m[i] {
									t.Fatalf("wrote between the rows, at %d", i)
								}
							}
						})
					}
				}
			}
		}
	})
}

func TestWinogradMultiplyChecksLengths(t *testing.T) {
	for _, p := range implementations() {
		if !p.available || p.name == "generic" {
			continue
		}
		mr, nr := p.gemm.mr, p.gemm.nr
		f := func(n int) []float32 { return make([]float32, n) }
		for name, call := range map[string]func(){
			"a":       func() { p.winograd.multiply(mr, nr, 8, f(mr*8-1), 8, f(8*nr), f(mr*nr), nr, false, nil, 0) },
			"b":       func() { p.winograd.multiply(mr, nr, 8, f(mr*8), 8, f(8*nr-1), f(mr*nr), nr, false, nil, 0) },
			"m":       func() { p.winograd.multiply(mr, nr, 8, f(mr*8), 8, f(8*nr), f(mr*nr-1), nr, false, nil, 0) },
			"rows":    func() { p.winograd.multiply(mr+1, nr, 8, f(mr*9), 8, f(8*nr), f(2*mr*nr), nr, false, nil, 0) },
			"columns": func() { p.winograd.multiply(mr, 8, 8, f(mr*8), 8, f(8*nr), f(mr*nr), nr, false, nil, 0) },
			"k":       func() { p.winograd.multiply(mr, nr, 6, f(mr*8), 8, f(8*nr), f(mr*nr), nr, false, nil, 0) },
		} {
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
