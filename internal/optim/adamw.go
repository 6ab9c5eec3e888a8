package optim

import (
	"fmt"
	"math"

	"deeprank/internal/kernel"
)

// The constants of torch.optim.AdamW's defaults.
const (
	beta1, beta2 = 0.9, 0.999
	epsilon      = 1e-8
)

// adamW is torch.optim.AdamW (Loshchilov and Hutter 2019, algorithm 2); k is the number of this update, from 1:
//
//	g     = grad*scale
//	value = value * (1 - lr*weightDecay)
//	m     = m + (1-beta1)*(g - m)
//	v     = beta2*v + (1-beta2)*g*g
//	value = value - lr/(1-beta1^k) * m / (sqrt(v)/sqrt(1-beta2^k) + epsilon)
type adamW struct {
	state
	decay float64
}

// NewAdamW returns torch.optim.AdamW with betas 0.9 and 0.999 and eps 1e-8; its slots are "exp_avg" and "exp_avg_sq". The
// number of updates is one for all parameters. It panics where the weight decay is negative or NaN.
func NewAdamW(params []Param, weightDecay float64) Optimizer {
	if !(weightDecay >= 0) {
		panic(fmt.Sprintf("optim: AdamW with weight decay %v", weightDecay))
	}
	return &adamW{state: newState(params, "exp_avg", "exp_avg_sq"), decay: weightDecay}
}

func (o *adamW) Step(t *kernel.Team, params []Param, lr float64, scale float32) {
	tasks := o.begin(params)
	c := adamWFactors{
		scale:  scale,
		keep:   float32(1 - lr*o.decay),
		step:   float32(-lr / (1 - math.Pow(beta1, float64(o.count)))),
		divide: float32(math.Sqrt(1 - math.Pow(beta2, float64(o.count)))),
	}
	t.Run(tasks, func(block, _ int) {
		i, from, to := o.blocks.find(params, block)
		adamWBlock(params[i].Value[from:to], params[i].Grad[from:to], o.values[0][i][from:to], o.values[1][i][from:to], c)
	})
}

// adamWFactors are the numbers that are the same for all elements of an update.
type adamWFactors struct {
	scale  float32
	keep   float32 // 1 - lr*weightDecay
	step   float32 // -lr / (1 - beta1^k)
	divide float32 // sqrt(1 - beta2^k)
}

func adamWBlock(value, grad, avg, avgSq []float32, c adamWFactors) {
	const toG, keepSq, toSq = float32(1 - beta1), float32(beta2), float32(1 - beta2)
	grad, avg, avgSq = grad[:len(value)], avg[:len(value)], avgSq[:len(value)]
	for i, p := range value {
		g := grad[i] * c.scale
		m := avg[i] + float32(toG*(g-avg[i]))
		v := float32(keepSq*avgSq[i]) + float32(float32(toSq*g)*g)
		avg[i], avgSq[i] = m, v
		denominator := float32(math.Sqrt(float64(v)))/c.divide + epsilon
		value[i] = float32(p*c.keep) + float32(c.step*m)/denominator
	}
}
