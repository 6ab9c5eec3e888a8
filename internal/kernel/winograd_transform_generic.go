package kernel

// The plain twins of the transforms. They work for any number of channels.
func winogradGeneric() winogradKernels {
	return winogradKernels{
		name: "winogradGeneric", lanes: 1,
		input: inputGeneric, multiply: multiplyGeneric, filter: filterGeneric, output: outputGeneric, pool: poolGeneric,
	}
}

func inputGeneric(channels int, x []float32, base int, at *[positions]int, _, v []float32, l tileLayout, _ *[tilePixels]int) {
	for c := range channels {
		var d, half, all [positions]float32
		for p, offset := range at {
			if offset != missing {
				d[p] = x[base+offset+c]
			}
		}
		for j := range tilePixels {
			inputLine(d[j:], half[j:], tilePixels) // column j of B'd
		}
		for i := range tilePixels {
			inputLine(half[i*tilePixels:], all[i*tilePixels:], 1) // row i of (B'd)B
		}
		for p, s := range all {
			v[p*l.plane+c/l.width*l.panel+c%l.width] = s
		}
	}
}

// inputLine computes B'd for six elements, step apart.
func inputLine(d, out []float32, step int) {
	d0, d1, d2, d3, d4, d5 := d[0], d[step], d[2*step], d[3*step], d[4*step], d[5*step]
	e, f := d4-b2*d2, d3-b2*d1
	g, h := d4-a2*d2, d3-a2*d1
	out[0] = a2*b2*d0 - (a2+b2)*d2 + d4
	out[step] = e + a1*f
	out[2*step] = e - a1*f
	out[3*step] = g + b1*h
	out[4*step] = g - b1*h
	out[5*step] = a2*b2*d1 - (a2+b2)*d3 + d5
}

func filterGeneric(n, nr int, w []float32, flipped bool, u []float32, plane int, _ bool) {
	for c := range n {
		for o := range nr {
			var half [6 * 3]float32
			var g [9]float32
			for r := range g {
				tap := r
				if flipped {
					tap = 8 - r
				}
				g[r] = w[(c*9+tap)*nr+o]
			}
			for j := range 3 {
				for i, v := range filterLine(g[j], g[3+j], g[6+j]) {
					half[i*3+j] = v // column j of Gg
				}
			}
			for i := range tilePixels {
				for j, v := range filterLine(half[i*3], half[i*3+1], half[i*3+2]) { // row i of (Gg)G'
					u[(i*tilePixels+j)*plane+c*nr+o] = v
				}
			}
		}
	}
}

// filterLine computes Gg.
func filterLine(x, y, z float32) [6]float32 {
	p, q := x+a2*z, a1*y
	r, s := x+b2*z, b1*y
	return [6]float32{norm0 * x, normA * (p + q), normA * (p - q), normB * (r + s), normB * (r - s), z}
}

func multiplyGeneric(rows, _, k int, a []float32, lda int, b, m []float32, ldm int, add bool, _ []float32, _ int) {
	flags := 0
	if add {
		flags = addFlag
	}
	for i := 0; i < rows; i += 6 {
		gemm6x16Generic(k, a[i*lda:], lda, 1, b, m[i*ldm:], ldm, nil, flags, 0, 0, 0)
	}
}

func outputGeneric(channels int, m []float32, plane int, y []float32, base int, at *[positions]int, end *outputEnd) {
	for c := range channels {
		out := outputTile(m[c:], plane, end, c)
		for i := range tileOutputs {
			for j := range tileOutputs {
				offset := at[(i+1)*tilePixels+j+1]
				if offset == missing {
					continue
				}
				v := out[i*tileOutputs+j]
				if len(end.mask) > 0 && !(end.mask[base+offset+c] > 0) {
					v = 0
				}
				y[base+offset+c] = v
			}
		}
	}
}

func poolGeneric(channels int, m []float32, plane int, y []float32, index []uint8, base, line, pixel int, end *outputEnd) {
	for c := range channels {
		out := outputTile(m[c:], plane, end, c)
		for i := range 2 {
			for j := range 2 {
				o := out[i*2*tileOutputs+j*2:]
				to := base + i*line + j*pixel + c
				y[to], index[to] = slowMax4([4]float32{o[0], o[1], o[tileOutputs], o[tileOutputs+1]})
			}
		}
	}
}

// outputTile computes A'mA with bias and ReLU for channel c.
func outputTile(m []float32, plane int, end *outputEnd, c int) (out [16]float32) {
	var half [4 * 6]float32
	for j := range tilePixels {
		for i, v := range outputLine(m[j*plane], m[(6+j)*plane], m[(12+j)*plane], m[(18+j)*plane], m[(24+j)*plane], m[(30+j)*plane]) {
			half[i*6+j] = v // column j of A'm
		}
	}
	for i := range tileOutputs {
		h := half[i*6:]
		for j, v := range outputLine(h[0], h[1], h[2], h[3], h[4], h[5]) { // row i of (A'm)A
			if end.bias != nil {
				v += end.bias[c]
			}
			if end.relu && v < 0 {
				v = 0
			}
			out[i*tileOutputs+j] = v
		}
	}
	return out
}

// outputLine computes A'm.
func outputLine(m0, m1, m2, m3, m4, m5 float32) [4]float32 {
	p, q := m1+m2, m1-m2
	r, s := m3+m4, m3-m4
	return [4]float32{m0 + (p + r), a1*q + b1*s, a2*p + b2*r, m5 + a3*q + b3*s}
}
