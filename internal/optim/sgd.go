package optim

import (
	"fmt"

	"deeprank/internal/kernel"
)

// sgd is torch.optim.SGD with dampening 0:
//
//	g = grad*scale + weightDecay*value
//	buf = momentum*buf + g            (starts as g)
//	g = g + momentum*buf              with Nesterov, else buf
//	value = value - lr*g
type sgd struct {
	state
	momentum, decay float32
	nesterov        bool
}

// NewSGD returns stochastic gradient descent exactly as torch.optim.SGD(lr, momentum, dampening=0, weight_decay,
// nesterov): weight decay is added to the gradient, momentum is kept in the slot "momentum_buffer". Without momentum it has
// no state and needs no memory. It panics, as torch refuses, where Nesterov comes without momentum or a value is negative
// or NaN.
func NewSGD(params []Param, momentum, weightDecay float64, nesterov bool) Optimizer {
	if !(momentum >= 0) || !(weightDecay >= 0) || (nesterov && momentum == 0) {
		panic(fmt.Sprintf("optim: SGD with momentum %v, weight decay %v, Nesterov %v", momentum, weightDecay, nesterov))
	}
	o := &sgd{momentum: float32(momentum), decay: float32(weightDecay), nesterov: nesterov}
	if momentum == 0 {
		o.state = newState(params)
	} else {
		o.state = newState(params, "momentum_buffer")
	}
	return o
}

func (o *sgd) Step(t *kernel.Team, params []Param, lr float64, scale float32) {
	rate := float32(lr)
	t.Run(o.begin(params), func(block, _ int) {
		i, from, to := o.blocks.find(params, block)
		value, grad := params[i].Value[from:to], params[i].Grad[from:to]
		switch {
		case o.momentum == 0:
			sgdPlain(value, grad, rate, scale, o.decay)
		case o.nesterov:
			sgdNesterov(value, grad, o.values[0][i][from:to], rate, scale, o.decay, o.momentum)
		default:
			sgdMomentum(value, grad, o.values[0][i][from:to], rate, scale, o.decay, o.momentum)
		}
	})
}

// The products are rounded to float32 before they are added (the conversions forbid fused multiply-adds), so that every
// machine computes the same bits.

func sgdPlain(value, grad []float32, rate, scale, decay float32) {
	grad = grad[:len(value)]
	for i, v := range value {
		g := float32(grad[i]*scale) + float32(decay*v)
		value[i] = v - float32(rate*g)
	}
}

func sgdMomentum(value, grad, buf []float32, rate, scale, decay, momentum float32) {
	grad, buf = grad[:len(value)], buf[:len(value)]
	for i, v := range value {
		b := float32(momentum*buf[i]) + (float32(grad[i]*scale) + float32(decay*v))
		buf[i] = b
		value[i] = v - float32(rate*b)
	}
}

func sgdNesterov(value, grad, buf []float32, rate, scale, decay, momentum float32) {
	grad, buf = grad[:len(value)], buf[:len(value)]
	for i, v := range value {
		g := float32(grad[i]*scale) + float32(decay*v)
		b := float32(momentum*buf[i]) + g
		buf[i] = b
		value[i] = v - float32(rate*(g+float32(momentum*b)))
	}
}
