package optim

import (
	"math"

	"deeprank/internal/kernel"
)

// normElements is the length of the parts that GradNorm sums on their own.
const normElements = 1 << 16

// GradNorm returns the Euclidean norm of all gradients together, torch.nn.utils.get_total_norm, in float64. Each part of
// normElements elements is summed by one thread, then the parts in their order, so that any Team gives the same bits. It is
// NaN or +Inf where a gradient is.
func GradNorm(t *kernel.Team, params []Param) float64 {
	var parts [][]float32
	for i := range params {
		for g := params[i].Grad; len(g) > 0; g = g[min(len(g), normElements):] {
			parts = append(parts, g[:min(len(g), normElements)])
		}
	}
	sums := make([]float64, len(parts))
	t.Run(len(parts), func(i, _ int) { sums[i] = squares(parts[i]) })
	total := 0.0
	for _, s := range sums {
		total += s
	}
	return math.Sqrt(total)
}

// squares sums the squares of v in float64 in four lanes.
func squares(v []float32) float64 {
	var s0, s1, s2, s3 float64
	for len(v) >= 4 {
		a, b, c, d := float64(v[0]), float64(v[1]), float64(v[2]), float64(v[3])
		s0 += a * a
		s1 += b * b
		s2 += c * c
		s3 += d * d
		v = v[4:]
	}
	for _, x := range v {
		s0 += float64(x) * float64(x)
	}
	return (s0 + s1) + (s2 + s3)
}

// ClipScale is the factor that shortens gradients of the length norm to limit, as torch.nn.utils.clip_grad_norm_ computes it:
// limit/(norm+1e-6), at most 1. It is NaN where norm is. A caller that does not clip does not ask.
func ClipScale(norm, limit float64) float32 {
	scale := limit / (norm + 1e-6)
	if scale > 1 {
		return 1
	}
	return float32(scale)
}
