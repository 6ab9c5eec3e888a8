package kernel

// MaskReLU is the gradient of y = max(x, 0), in place: it sets dy to 0 where y is not above 0. dy and y have equal lengths.
func MaskReLU(t *Team, dy, y []float32) {
	wantLength("MaskReLU", "dy", len(dy), len(y))
	tasks, size := cut(len(y), 1)
	t.Run(tasks, func(task, _ int) {
		lo := task * size
		hi := min(lo+size, len(y))
		t.impl.mask.run(dy[lo:hi], y[lo:hi])
	})
}
