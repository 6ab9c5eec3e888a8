package reference

// TripletDistances is D(q,p) and D(q,n), squared Euclidean, of e [3b][dim]: b queries, b positives, b negatives.
func TripletDistances(b, dim int, e, dp, dn []float64) {
	for i := range b {
		dp[i], dn[i] = 0, 0
		for j := range dim {
			q, p, n := e[i*dim+j], e[(b+i)*dim+j], e[(2*b+i)*dim+j]
			dp[i] += (q - p) * (q - p)
			dn[i] += (q - n) * (q - n)
		}
	}
}
