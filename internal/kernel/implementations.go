package kernel

import (
	"fmt"
	"os"
	"strings"
)

// An implementation is the set of microkernels for one instruction set: what a Team computes with. The names tell
// operation, tile and instruction set.
type implementation struct {
	name      string // as in DEEPRANK_KERNEL: avx512, avx2, generic
	available bool   // on this machine
	gemm      gemmKernel
	copyRows  copyKernel
	mask      maskKernel
	distances distancesKernel
	half      halfKernel
	winograd  winogradKernels
	weights   winogradWeightsKernels
	peak      func(n int) (flops int) // runs n rounds of multiply-adds in registers; nil where there is no assembly
}

// gemmKernel describes a matrix microkernel: it computes tiles of mr rows and nr columns.
type gemmKernel struct {
	name   string
	mr, nr int
	run    gemmFunc
	narrow gemmFunc // computes the first nr/2 columns of a tile alone; nil where there is none
}

// gemmFunc computes a tile C = A*B, with what flags and bias add to it, for a product over k in [0, k):
//
//	A(i, k) = a[i*rs+k*cs] for i < mr      B(k, j) = b[k*nr+j] for j < nr      C(i, j) = c[i*ldc+j]
//
// Each element's products are added one by one in the order of k, with addFlag to what c holds: a product cut into runs of k has
// the bits of the whole. bias has nr elements, or is nil. While it runs it may prefetch k
// elements a[ahead], a[ahead+step], a[ahead+2*step], ... for the first-level cache, and k/4 cache lines from b[far] on for the
// second; these need not exist.
type gemmFunc func(k int, a []float32, rs, cs int, b, c []float32, ldc int, bias []float32, flags, ahead, step, far int)

// The flags of a gemmFunc, as in _asm/gemm.go; what they ask for happens in this order, the bias after addFlag.
const (
	addFlag  = 1 << iota // C += A*B, else C = A*B
	reluFlag             // negative elements become 0; NaN stays
)

// copyKernel copies count runs of n elements, src[i*step:] to dst[i*ld:].
type copyKernel struct {
	name string
	run  func(count, n int, dst []float32, ld int, src []float32, step int)
}

// maskKernel sets dy to 0 where y is not above 0; lengths are equal.
type maskKernel struct {
	name string
	run  func(dy, y []float32)
}

// implementations lists all there are, the fastest first; generic, which is always available, comes last.
func implementations() []implementation {
	return append(assembled(), implementation{
		name: "generic", available: true,
		gemm:      gemmKernel{name: "gemm6x16Generic", mr: 6, nr: 16, run: gemm6x16Generic},
		copyRows:  copyKernel{name: "copyRowsGeneric", run: copyRowsGeneric},
		mask:      maskKernel{name: "maskReLUGeneric", run: maskReLUGeneric},
		distances: distancesKernel{name: "distancesGeneric", run: distancesGeneric},
		half:      halfKernel{name: "fromHalfGeneric", run: fromHalfGeneric},
		winograd:  winogradGeneric(),
		weights:   winogradWeightsGeneric(),
	})
}

// choose returns the fastest available implementation, or the one that the environment variable DEEPRANK_KERNEL names
// (avx512, avx2 or generic); note says why another one than that was taken.
func choose() (best implementation, note string) {
	forced := strings.ToLower(os.Getenv("DEEPRANK_KERNEL"))
	var names []string
	for _, p := range implementations() {
		if !p.available {
			continue
		}
		if p.name == forced {
			return p, ""
		}
		if names == nil {
			best = p
		}
		names = append(names, p.name)
	}
	if forced != "" {
		note = fmt.Sprintf("DEEPRANK_KERNEL=%s is not one of %s", forced, strings.Join(names, ", "))
	}
	return best, note
}

// Kernels names the microkernels that the team uses, for the start-up log.
func (t *Team) Kernels() string {
	s := t.impl.gemm.name
	if t.exact {
		s += ", direct convolutions"
	}
	if t.note != "" {
		s += " (" + t.note + ")"
	}
	return s
}
