//go:build gc && !purego

package kernel

// winogradWeightsAVX512 and winogradWeightsAVX2 wrap the transforms in assembly, which do not check what they are given:
// winograd_weights_transform.go has done that.

func winogradWeightsAVX512() winogradWeightsKernels {
	return winogradWeightsKernels{
		name: "winogradWeightsAVX512", lanes: 16,
		gradient: func(channels int, dy []float32, base int, at *[positions]int, zeros, z []float32, l tileLayout, sums []float32, next *[tileOutputs]int) {
			if base == 0 {
				var shifted [positions]int
				at = zeroed(at, &shifted, dy, zeros)
			}
			winogradGradientAVX512(channels, &dy[base], &at[0], first(z), l.plane, l.width, l.panel-l.width, first(sums), first(dy), &next[0])
		},
		taps: func(n int, d []float32, plane int, w []float32, add bool) {
			winogradTapsAVX512(n, first(d), plane, first(w), add)
		},
	}
}

func winogradWeightsAVX2() winogradWeightsKernels {
	return winogradWeightsKernels{
		name: "winogradWeightsAVX2", lanes: 8,
		gradient: func(channels int, dy []float32, base int, at *[positions]int, zeros, z []float32, l tileLayout, sums []float32, next *[tileOutputs]int) {
			if base == 0 {
				var shifted [positions]int
				at = zeroed(at, &shifted, dy, zeros)
			}
			winogradGradientAVX2(channels, &dy[base], &at[0], first(z), l.plane, l.width, l.panel-l.width, first(sums), first(dy), &next[0])
		},
		taps: func(n int, d []float32, plane int, w []float32, add bool) {
			winogradTapsAVX2(n, first(d), plane, first(w), add)
		},
	}
}
