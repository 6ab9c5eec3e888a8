package health

import (
	"fmt"
	"math"
)

// When something is worth a message.
const (
	settled = 30   // samples before anything is judged
	apart   = 1000 // steps between two messages of a kind

	nearZero = 0.02 // of the gap (at least 0.1): distances below are those of a collapsed network
	growing  = 1.2  // distances of late over those before: a network that spreads out is not stuck
	fewest   = 0.01 // active share below which a step teaches nothing
	noticed  = 0.05 // of the gap: least rise of the loss that is worth a message
	strayed  = 8    // standard errors of the smoothed loss above its best, which the noise alone does not reach
	waiting  = 0.25 // share of a step
	exploded = 2    // decades above the calmest
	vanished = -7   // log10 of the norm
	smallest = -30  // log10 of a norm of 0
)

// signs returns the table of all that a Monitor looks for.
func signs() []sign {
	return []sign{
		{need: 100, holds: collapsed, tell: func(m *Monitor) string {
			return fmt.Sprintf("the embeddings have collapsed: D(q,p) is %.2g and D(q,n) %.2g, both near 0, and the loss stays at %.3g with a gap of %.3g: "+
				"every picture lands on nearly the same point. Try a smaller --lr or a longer --warmup, weights to start from (--init), "+
				"a smaller --gap, or easier negatives (more out-of-class ones) for the first epochs",
				m.dPos.value(), m.dNeg.value(), m.loss.value(), m.gap)
		}},
		{need: 200, holds: idle, tell: func(m *Monitor) string {
			return fmt.Sprintf("hardly any triplet has a loss any more: %.2g %% of late, with D(q,p) %.3g, D(q,n) %.3g and a gap of %.3g. "+
				"There is little left to learn from these triplets. Try harder ones (more in-class negatives), a larger --gap, or stop here",
				100*m.act.value(), m.dPos.value(), m.dNeg.value(), m.gap)
		}},
		{need: 100, holds: rising, tell: func(m *Monitor) string {
			return fmt.Sprintf("the loss is rising: %.3g of late, after a best of %.3g. "+
				"Try a smaller --lr, --clip-grad 5, or --schedule cosine; --resume best goes back to the best checkpoint",
				m.loss.value(), m.best)
		}},
		{need: 50, holds: starving, tell: func(m *Monitor) string {
			return fmt.Sprintf("%.0f %% of each step goes by waiting for pictures: they are loaded more slowly than they are learned. "+
				"In the first epoch that is usual while the cache fills; later, try more --workers, a --cache on a faster disk, "+
				"or a higher --cache-limit", 100*m.wait.value())
		}},
		{need: 20, holds: exploding, tell: func(m *Monitor) string {
			return fmt.Sprintf("the gradients have grown from a norm of %.2g to %.2g. Try a smaller --lr, a longer --warmup, or --clip-grad %.0g",
				math.Pow(10, m.calm), norm(m.grad), math.Pow(10, m.calm+1))
		}},
		{need: 100, holds: vanishing, tell: func(m *Monitor) string {
			return fmt.Sprintf("the gradients have vanished (norm %.2g) although %.0f %% of the triplets have a loss: nothing is learned. "+
				"Try a smaller --lr, weights to start from (--init), or another --seed",
				norm(m.grad), 100*m.act.value())
		}},
	}
}

// norm undoes the logarithm of an average of norms.
func norm(a average) float64 {
	if a.value() < smallest+1 {
		return 0
	}
	return math.Pow(10, a.value())
}

func collapsed(m *Monitor) bool {
	zero := nearZero * max(m.gap, 0.1)
	return m.dPos.value() < zero && m.dNeg.value() < zero && m.dNeg.value() < growing*m.dSlow.value()
}

func idle(m *Monitor) bool { return m.act.value() < fewest && !collapsed(m) }

// rising compares with the best by more than the wander of an average of noisy losses: an average over
// span values has a standard error of about the noise over the square root of span.
func rising(m *Monitor) bool {
	wander := math.Sqrt(m.noise.value() / m.loss.span)
	return m.loss.value() > m.best+max(noticed*max(m.gap, 0.1), m.best/10, strayed*wander) && !collapsed(m)
}

func starving(m *Monitor) bool { return m.wait.value() > waiting }

func exploding(m *Monitor) bool { return m.grad.value() > m.calm+exploded }

func vanishing(m *Monitor) bool {
	return m.grad.value() < vanished && m.act.value() > 0.5 && !collapsed(m)
}
