package kernel

// The plain twins of the transforms of the gradient to the weights. They work for any number of channels.
func winogradWeightsGeneric() winogradWeightsKernels {
	return winogradWeightsKernels{name: "winogradWeightsGeneric", lanes: 1, gradient: gradientGeneric, taps: tapsGeneric}
}

func gradientGeneric(channels int, dy []float32, base int, at *[positions]int, _, z []float32, l tileLayout, sums []float32, _ *[tileOutputs]int) {
	for c := range channels {
		var d [tileOutputs * tileOutputs]float32
		var half [tilePixels * tileOutputs]float32
		sum := float32(0)
		for i := range tileOutputs {
			for j := range tileOutputs {
				if offset := at[(i+1)*tilePixels+j+1]; offset != missing {
					d[i*tileOutputs+j] = dy[base+offset+c]
				}
				sum += d[i*tileOutputs+j]
			}
		}
		sums[c] += sum
		for j := range tileOutputs {
			for i, v := range gradientLine(d[j], d[4+j], d[8+j], d[12+j]) {
				half[i*tileOutputs+j] = v // column j of A dy
			}
		}
		for i := range tilePixels {
			h := half[i*tileOutputs:]
			for j, v := range gradientLine(h[0], h[1], h[2], h[3]) { // row i of (A dy)A'
				z[(i*tilePixels+j)*l.plane+c/l.width*l.panel+c%l.width] = v
			}
		}
	}
}

// gradientLine computes A y.
func gradientLine(y0, y1, y2, y3 float32) [tilePixels]float32 {
	e, f := y0+a2*y2, y1+a2*y3
	g, h := y0+b2*y2, y1+b2*y3
	return [tilePixels]float32{y0, e + a1*f, e - a1*f, g + b1*h, g - b1*h, y3}
}

func tapsGeneric(n int, d []float32, plane int, w []float32, add bool) {
	for i := range n {
		var half [3 * tilePixels]float32
		for j := range tilePixels {
			for r, v := range tapLine(d[j*plane+i], d[(6+j)*plane+i], d[(12+j)*plane+i], d[(18+j)*plane+i], d[(24+j)*plane+i], d[(30+j)*plane+i]) {
				half[r*tilePixels+j] = v // column j of G'd
			}
		}
		for r := range 3 {
			h := half[r*tilePixels:]
			for s, v := range tapLine(h[0], h[1], h[2], h[3], h[4], h[5]) { // row r of (G'd)G
				if add {
					v += w[i*9+r*3+s]
				}
				w[i*9+r*3+s] = v
			}
		}
	}
}

// tapLine computes G'u.
func tapLine(u0, u1, u2, u3, u4, u5 float32) [3]float32 {
	p, q := normA*(u1+u2), normA*(u1-u2)
	r, s := normB*(u3+u4), normB*(u3-u4)
	return [3]float32{norm0*u0 + (p + r), a1*q + b1*s, a2*p + b2*r + u5}
}
