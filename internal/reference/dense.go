package reference

// DenseForward computes y = x*wᵀ + bias, and ReLU of that if relu is set: x [rows][in], w [out][in], y [rows][out].
func DenseForward(rows, in, out int, x, w, bias, y []float64, relu bool) {
	for r := range rows {
		for o := range out {
			sum := bias[o]
			for i := range in {
				sum += x[r*in+i] * w[o*in+i]
			}
			if relu && sum < 0 {
				sum = 0
			}
			y[r*out+o] = sum
		}
	}
}

// DenseBackwardData computes dx = dy*w.
func DenseBackwardData(rows, in, out int, dy, w, dx []float64) {
	for r := range rows {
		for i := range in {
			sum := 0.0
			for o := range out {
				sum += dy[r*out+o] * w[o*in+i]
			}
			dx[r*in+i] = sum
		}
	}
}

// DenseBackwardWeights adds dw = dyᵀ*x and db = the column sums of dy to dw and db, or overwrites these.
func DenseBackwardWeights(rows, in, out int, x, dy, dw, db []float64, accumulate bool) {
	if !accumulate {
		clear(dw)
		clear(db)
	}
	for o := range out {
		for r := range rows {
			db[o] += dy[r*out+o]
			for i := range in {
				dw[o*in+i] += dy[r*out+o] * x[r*in+i]
			}
		}
	}
}
