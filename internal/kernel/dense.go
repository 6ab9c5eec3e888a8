package kernel

// DenseForward computes a linear layer: y[r][o] = bias[o] + sum over i of x[r][i] * w[o][i], as torch.nn.functional.linear;
// where relu is set, negative elements of y become 0 and NaN stays. Shapes: x [rows][in], w [out][in], bias [out], y [rows][out].
//
// It is computed as yᵀ = w*xᵀ, so that w, far the largest, is read once and in the order it lies in.
func DenseForward(t *Team, rows, in, out int, x, w, bias, y []float32, relu bool) {
	wantDense("DenseForward", rows, in, out)
	wantLength("DenseForward", "x", len(x), rows*in)
	wantLength("DenseForward", "w", len(w), out*in)
	wantLength("DenseForward", "bias", len(bias), out)
	wantLength("DenseForward", "y", len(y), rows*out)
	g := &t.impl.gemm
	p := product{
		m: out, n: rows, k: in,
		a: view{data: w, rs: in, cs: 1, direct: true},
		b: view{data: x, rs: 1, cs: in}, shareB: 1024, rowsFirst: true,
		kc:    share(1<<17, max(1, rows), 1, 256, 2048), // long runs of w; a block of xᵀ has half a MiB
		taskN: 256,
		store: func(i0, i1, j0, j1 int, block []float32, ld int) {
			for j := j0; j < j1; j++ {
				to := y[j*out+i0 : j*out+i1]
				for i := range to {
					v := block[i*ld+j-j0] + bias[i0+i]
					if relu && v < 0 {
						v = 0
					}
					to[i] = v
				}
			}
		},
	}
	p.taskM = share(out, 32, g.mr, 4*g.mr, 240)
	p.mc = p.taskM
	p.run(t)
}

// DenseBackwardData computes dx [rows][in], the gradient of x, from dy [rows][out] and w [out][in].
func DenseBackwardData(t *Team, rows, in, out int, dy, w, dx []float32) {
	wantDense("DenseBackwardData", rows, in, out)
	wantLength("DenseBackwardData", "dy", len(dy), rows*out)
	wantLength("DenseBackwardData", "w", len(w), out*in)
	wantLength("DenseBackwardData", "dx", len(dx), rows*in)
	g := &t.impl.gemm
	p := product{
		m: rows, n: in, k: out,
		a: view{data: dy, rs: out, cs: 1}, b: view{data: w, rs: in, cs: 1}, c: dx, ldc: in,
		mc: 240, kc: 128, taskM: 2400,
	}
	p.taskN = share(in, 32, g.nr, 4*g.nr, 1024)
	p.run(t)
}

// DenseBackwardWeights computes dw [out][in] and db [out], the gradients of w and bias, from x [rows][in] and dy
// [rows][out]; with accumulate it adds them to what dw and db hold.
func DenseBackwardWeights(t *Team, rows, in, out int, x, dy, dw, db []float32, accumulate bool) {
	wantDense("DenseBackwardWeights", rows, in, out)
	wantLength("DenseBackwardWeights", "x", len(x), rows*in)
	wantLength("DenseBackwardWeights", "dy", len(dy), rows*out)
	wantLength("DenseBackwardWeights", "dw", len(dw), out*in)
	wantLength("DenseBackwardWeights", "db", len(db), out)
	p := product{
		m: out, n: in, k: rows,
		a: view{data: dy, rs: 1, cs: out}, b: view{data: x, rs: in, cs: 1}, c: dw, ldc: in, accumulate: accumulate,
		shareB:    1024,
		rowsFirst: true,
		mc:        240, kc: 288, taskM: 240, taskN: 1024,
	}
	p.run(t)
	columnSums(t, rows, out, dy, db, accumulate)
}

// columnSums sets sums[j], or adds to it, v[i][j] for one i after the other; v is [rows][columns].
func columnSums(t *Team, rows, columns int, v, sums []float32, accumulate bool) {
	const size = 64
	t.Run(ceilDiv(columns, size), func(task, _ int) {
		j0 := task * size
		j1 := min(j0+size, columns)
		total := sums[j0:j1]
		if !accumulate {
			clear(total)
		}
		for i := range rows {
			addTo(total, v[i*columns+j0:])
		}
	})
}

func wantDense(op string, rows, in, out int) {
	wantShape(op, "rows", rows, 0)
	wantShape(op, "in", in, 0)
	wantShape(op, "out", out, 0)
}
