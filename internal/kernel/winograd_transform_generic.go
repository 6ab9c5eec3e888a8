package kernel

// inputGeneric is the plain twin of the input transforms: it works for any number of channels.
func inputGeneric(channels int, x []float32, base int, at *[positions]int, _, v []float32, l tileLayout, _ *[tilePixels]int) {
	for c := range channels {
		var d, rows, all [positions]float32
		for p, offset := range at {
			if offset != missing {
				d[p] = x[base+offset+c]
			}
		}
		for i := range tilePixels {
			inputLine(d[i:], rows[i:], tilePixels) // column i: B'd
		}
		for i := range tilePixels {
			inputLine(rows[i*tilePixels:], all[i*tilePixels:], 1) // row i: (B'd)B
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

func winogradGeneric() winogradKernels {
	return winogradKernels{name: "winogradGeneric", lanes: 1, input: inputGeneric}
}
