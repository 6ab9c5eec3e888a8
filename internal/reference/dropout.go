package reference

// Dropout is y = x/(1-p) where keep is set, else 0. Which elements are kept is the caller's choice.
func Dropout(rows, cols int, x, y []float64, keep []bool, p float64) {
	for i := range rows * cols {
		y[i] = 0
		if keep[i] {
			y[i] = x[i] / (1 - p)
		}
	}
}
