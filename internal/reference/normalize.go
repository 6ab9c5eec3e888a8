package reference

import "math"

// NormalizeRows is y = x / max(|x|, 1e-12) for each row; norms receives |x|.
func NormalizeRows(rows, cols int, x, y, norms []float64) {
	for r := range rows {
		sum := 0.0
		for c := range cols {
			sum += x[r*cols+c] * x[r*cols+c]
		}
		norms[r] = math.Sqrt(sum)
		for c := range cols {
			y[r*cols+c] = x[r*cols+c] / math.Max(norms[r], 1e-12)
		}
	}
}
