package reference

// Gradient is the gradient of f at x by central differences, (f(x+h) - f(x-h)) / 2h in each coordinate. The error is of the
// order of h^2; for functions of the second degree there is none but rounding's. x is changed while it runs, and put back.
func Gradient(f func(x []float64) float64, x []float64, h float64) []float64 {
	g := make([]float64, len(x))
	for i, v := range x {
		x[i] = v + h
		up := f(x)
		x[i] = v - h
		down := f(x)
		x[i] = v
		g[i] = (up - down) / (2 * h)
	}
	return g
}
