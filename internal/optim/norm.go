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
	t.Run(len(parts), func(i, _ int) { sums[i] = kernel.InnerProduct(parts[i], parts[i]) })
	total := 0.0
	for _, s := range sums {
		total += s
	}
	return math.Sqrt(total)
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
