package kernel

// DenseForward computes a linear layer: y[r][o] = bias[o] + sum over i of x[r][i] * w[o][i], as torch.nn.functional.linear;
// where relu is set, negative elements of y become 0 and NaN stays. Shapes: x [rows][in], w [out][in], bias [out], y [rows][out].
func DenseForward(t *Team, rows, in, out int, x, w, bias, y []float32, relu bool) {
	checkLen("DenseForward", "x", x, rows*in)
	checkLen("DenseForward", "w", w, out*in)
	checkLen("DenseForward", "bias", bias, out)
	checkLen("DenseForward", "y", y, rows*out)
	t.Run(out, func(o, _ int) {
		wo := w[o*in:][:in]
		for r := range rows {
			sum := bias[o]
			for i, v := range x[r*in:][:in] {
				sum += v * wo[i]
			}
			if relu && sum < 0 {
				sum = 0
			}
			y[r*out+o] = sum
		}
	})
}

// DenseBackwardData computes dx [rows][in], the gradient of x, from dy [rows][out] and w [out][in].
func DenseBackwardData(t *Team, rows, in, out int, dy, w, dx []float32) {
	checkLen("DenseBackwardData", "dy", dy, rows*out)
	checkLen("DenseBackwardData", "w", w, out*in)
	checkLen("DenseBackwardData", "dx", dx, rows*in)
	t.Run(rows, func(r, _ int) {
		g := dx[r*in:][:in]
		clear(g)
		for o, v := range dy[r*out:][:out] {
			for i, u := range w[o*in:][:in] {
				g[i] += v * u
			}
		}
	})
}

// DenseBackwardWeights computes dw [out][in] and db [out], the gradients of w and bias, from x [rows][in] and dy
// [rows][out]; with accumulate it adds them to what dw and db hold.
func DenseBackwardWeights(t *Team, rows, in, out int, x, dy, dw, db []float32, accumulate bool) {
	checkLen("DenseBackwardWeights", "x", x, rows*in)
	checkLen("DenseBackwardWeights", "dy", dy, rows*out)
	checkLen("DenseBackwardWeights", "dw", dw, out*in)
	checkLen("DenseBackwardWeights", "db", db, out)
	t.Run(out, func(o, _ int) {
		g := dw[o*in:][:in]
		if !accumulate {
			clear(g)
			db[o] = 0
		}
		for r := range rows {
			v := dy[r*out+o]
			db[o] += v
			for i, u := range x[r*in:][:in] {
				g[i] += v * u
			}
		}
	})
}
