package reference

// Join puts the columns of x1 [rows][a] and x2 [rows][b] side by side: y [rows][a+b].
func Join(rows, a, b int, x1, x2, y []float64) {
	for r := range rows {
		for c := range a + b {
			if c < a {
				y[r*(a+b)+c] = x1[r*a+c]
			} else {
				y[r*(a+b)+c] = x2[r*b+c-a]
			}
		}
	}
}
