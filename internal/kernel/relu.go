package kernel

// MaskReLU is the gradient of y = max(x, 0), in place: it sets dy to 0 where y is not above 0. dy and y have equal lengths.
func MaskReLU(t *Team, dy, y []float32) {
	checkLen("MaskReLU", "dy", dy, len(y))
	const block = 1 << 14
	t.Run((len(y)+block-1)/block, func(task, _ int) {
		lo := task * block
		hi := min(lo+block, len(y))
		for i, v := range y[lo:hi] {
			if !(v > 0) {
				dy[lo+i] = 0
			}
		}
	})
}
