package kernel

// TripletDistances computes the squared Euclidean distances of b triplets, summed in float64.
//
//	e   [3b][dim]: b queries, their b positives, their b negatives
//	dp  [b] = D(q,p) = sum (q-p)^2
//	dn  [b] = D(q,n)
func TripletDistances(t *Team, b, dim int, e, dp, dn []float32) {
	checkTriplets("TripletDistances", b, dim)
	wantLength("TripletDistances", "e", len(e), 3*b*dim)
	wantLength("TripletDistances", "dp", len(dp), b)
	wantLength("TripletDistances", "dn", len(dn), b)
	tasks, size := cut(b, 3*dim)
	t.Run(tasks, func(task, _ int) {
		for i := task * size; i < min(b, (task+1)*size); i++ {
			q := e[i*dim : (i+1)*dim]
			dp[i] = float32(squaredDistance(q, e[(b+i)*dim:(b+i+1)*dim]))
			dn[i] = float32(squaredDistance(q, e[(2*b+i)*dim:(2*b+i+1)*dim]))
		}
	})
}

// TripletDistancesBackward computes the gradient of TripletDistances to the embeddings:
//
//	q: 2 gp (q-p) + 2 gn (q-n)    p: -2 gp (q-p)    n: -2 gn (q-n)
//
// gp and gn [b] are the gradients to D(q,p) and D(q,n). de, as e, is overwritten.
func TripletDistancesBackward(t *Team, b, dim int, e, gp, gn, de []float32) {
	checkTriplets("TripletDistancesBackward", b, dim)
	wantLength("TripletDistancesBackward", "e", len(e), 3*b*dim)
	wantLength("TripletDistancesBackward", "gp", len(gp), b)
	wantLength("TripletDistancesBackward", "gn", len(gn), b)
	wantLength("TripletDistancesBackward", "de", len(de), 3*b*dim)
	tasks, size := cut(b, 3*dim)
	t.Run(tasks, func(task, _ int) {
		for i := task * size; i < min(b, (task+1)*size); i++ {
			part := func(s []float32, third int) []float32 { return s[(third*b+i)*dim : (third*b+i+1)*dim] }
			q := part(e, 0)
			p, n := part(e, 1)[:len(q)], part(e, 2)[:len(q)]
			dq, dp, dn := part(de, 0)[:len(q)], part(de, 1)[:len(q)], part(de, 2)[:len(q)]
			sp, sn := 2*gp[i], 2*gn[i]
			for j, v := range q {
				toP, toN := sp*(v-p[j]), sn*(v-n[j])
				dq[j], dp[j], dn[j] = toP+toN, -toP, -toN
			}
		}
	})
}

// squaredDistance sums (a-b)^2 in float64 in two lanes.
func squaredDistance(a, b []float32) float64 {
	b = b[:len(a)]
	var s0, s1 float64
	for len(a) >= 2 && len(b) >= 2 {
		d0, d1 := float64(a[0])-float64(b[0]), float64(a[1])-float64(b[1])
		s0 += d0 * d0
		s1 += d1 * d1
		a, b = a[2:], b[2:]
	}
	for i, v := range a {
		d := float64(v) - float64(b[i])
		s0 += d * d
	}
	return s0 + s1
}

func checkTriplets(op string, b, dim int) {
	wantShape(op, "b", b, 0)
	wantShape(op, "dim", dim, 0)
}
