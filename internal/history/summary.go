package history

import (
	"math"
	"time"

	"deeprank/internal/metrics"
)

// lossSteps is how many of the last steps have their loss averaged, since that of one batch says little: a tenth of them, from 10 to 100.
func lossSteps(records int) int { return min(max(records/10, 10), 100, records) }

// Summary is a run in a few numbers. A number that was never measured is NaN.
type Summary struct {
	Steps        int           // the last step
	BestAccuracy float64       // best validation accuracy
	BestStep     int           // the first step that had it; 0 where none was measured
	LastAccuracy float64       // the last one measured
	BestRecall   float64       // best recall@1 on the validation pictures
	RecallStep   int           // the first step that had it; 0 where none was measured
	BestValLoss  float64       // smallest loss of the validation triplets
	ValLossStep  int           // the first step that had it; 0 where none was measured
	Loss         float64       // mean over the last LossSteps steps
	LossSteps    int           // a tenth of all, from 10 to 100
	ImagesPerS   float64       // pictures over time in the steps; evaluations are left out
	Time         time.Duration // in the steps; evaluations and pauses are left out
}

// Sum computes the summary.
func (r *Run) Sum() Summary {
	s := Summary{BestAccuracy: math.NaN(), LastAccuracy: math.NaN(), BestRecall: math.NaN(), BestValLoss: math.NaN(), Loss: math.NaN(), ImagesPerS: math.NaN()}
	s.Steps = r.Records[len(r.Records)-1].Step
	pictures := float64(3 * r.Config.Batch) // an epoch's last batch may be smaller, which is left out of account
	seconds, measured := 0.0, 0
	for i := range r.Records {
		record := &r.Records[i]
		if v := record.ValAccuracy; v != nil && !math.IsNaN(*v) {
			s.LastAccuracy = *v
			if s.BestStep == 0 || *v > s.BestAccuracy {
				s.BestAccuracy, s.BestStep = *v, record.Step
			}
		}
		if v := record.ValRecall1; v != nil && !math.IsNaN(*v) && (s.RecallStep == 0 || *v > s.BestRecall) {
			s.BestRecall, s.RecallStep = *v, record.Step
		}
		if v := record.ValLoss; v != nil && !math.IsNaN(*v) && (s.ValLossStep == 0 || *v < s.BestValLoss) {
			s.BestValLoss, s.ValLossStep = *v, record.Step
		}
		if record.ImagesPerS > 0 && !math.IsInf(record.ImagesPerS, 0) {
			seconds += pictures / record.ImagesPerS
			measured++
		}
	}
	if measured > 0 {
		s.ImagesPerS = float64(measured) * pictures / seconds
		s.Time = time.Duration(seconds * float64(time.Second))
	}
	sum := 0.0
	for _, record := range r.Records[len(r.Records)-lossSteps(len(r.Records)):] {
		if !math.IsNaN(record.Loss) {
			sum += record.Loss
			s.LossSteps++
		}
	}
	if s.LossSteps > 0 {
		s.Loss = sum / float64(s.LossSteps)
	}
	return s
}

// Series is a measure by step.
type Series struct{ Steps, Values []float64 }

// Series takes a measure out of each record, where it is a number.
func (r *Run) Series(of func(*metrics.Record) float64) (s Series) {
	for i := range r.Records {
		if v := of(&r.Records[i]); !math.IsNaN(v) {
			s.Steps, s.Values = append(s.Steps, float64(r.Records[i].Step)), append(s.Values, v)
		}
	}
	return s
}

// ValAccuracy is a record's validation accuracy, NaN where it was not measured.
func ValAccuracy(r *metrics.Record) float64 { return optional(r.ValAccuracy) }

// ValLoss is a record's loss of the validation triplets, NaN where it was not measured.
func ValLoss(r *metrics.Record) float64 { return optional(r.ValLoss) }

// ValRecall is a record's recall@1 on the validation pictures, NaN where it was not measured.
func ValRecall(r *metrics.Record) float64 { return optional(r.ValRecall1) }

// ValMAPAtR is a record's mAP@R on the validation pictures, NaN where it was not measured.
func ValMAPAtR(r *metrics.Record) float64 { return optional(r.ValMAPAtR) }

func optional(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

// Smooth averages the values of every width steps (1 to width, and so on), at the mean of their steps.
func (s Series) Smooth(width int) (out Series) {
	if width <= 1 {
		return s
	}
	for i := 0; i < len(s.Steps); {
		bin := (int(s.Steps[i]) - 1) / width
		step, value, n := 0.0, 0.0, 0.0
		for ; i < len(s.Steps) && (int(s.Steps[i])-1)/width == bin; i++ {
			step, value, n = step+s.Steps[i], value+s.Values[i], n+1
		}
		out.Steps, out.Values = append(out.Steps, step/n), append(out.Values, value/n)
	}
	return out
}

// Width is how many steps to average so that a curve of so many steps has at most 100 points: 1, 2, 5, 10, 20 ...
func Width(steps int) int {
	const points = 100
	for unit := 1; ; unit *= 10 {
		for _, w := range [...]int{unit, 2 * unit, 5 * unit} {
			if steps <= points*w {
				return w
			}
		}
	}
}
