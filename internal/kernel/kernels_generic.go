package kernel

// gemm6x16Generic is the plain twin of the microkernels in assembly.
func gemm6x16Generic(k int, a []float32, rs, cs int, b, c []float32, ldc int, bias []float32, flags, _, _, _ int) {
	var sums [6][16]float32
	if flags&addFlag != 0 {
		for i := range sums {
			copy(sums[i][:], c[i*ldc:][:16])
		}
	}
	for p := range k {
		columns := (*[16]float32)(b[p*16:])
		for i := range sums {
			scalar := a[i*rs+p*cs]
			for j, v := range columns {
				sums[i][j] += scalar * v
			}
		}
	}
	for i := range sums {
		finish(c[i*ldc:][:16], sums[i][:], bias, flags)
	}
}

// finish stores a row of sums in c, with bias, nil or as long as c, and ReLU where the flags of a gemmFunc ask for it.
func finish(c, sums, bias []float32, flags int) {
	for j := range c {
		v := sums[j]
		if bias != nil {
			v += bias[j]
		}
		if flags&reluFlag != 0 && v < 0 {
			v = 0
		}
		c[j] = v
	}
}

// maskReLUGeneric sets dy to 0 where y is not above 0.
func maskReLUGeneric(dy, y []float32) {
	for i, v := range y[:len(dy)] {
		if !(v > 0) {
			dy[i] = 0
		}
	}
}

// copyRowsGeneric copies count runs of n elements.
func copyRowsGeneric(count, n int, dst []float32, ld int, src []float32, step int) {
	for i := range count {
		copy(dst[i*ld:][:n], src[i*step:][:n])
	}
}
