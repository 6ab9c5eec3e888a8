package kernel

// inputOf holds the network's input for each 8-bit value of red, green and blue: v/255, less the ImageNet mean, over the
// ImageNet deviation, each step rounded to float32, as PyTorch does it. Nothing writes to it.
var inputOf = func() (table [3][256]float32) {
	mean, deviation := [3]float32{0.485, 0.456, 0.406}, [3]float32{0.229, 0.224, 0.225}
	for c := range table {
		for v := range table[c] {
			table[c][v] = (float32(v)/255 - mean[c]) / deviation[c]
		}
	}
	return table
}()

// PixelsToInput turns 8-bit pictures into the network's input.
//
//	pixels  [images][size][size][3], RGB, 0 to 255
//	x       the same shape: (v/255 - mean) / deviation
func PixelsToInput(t *Team, images, size int, pixels []byte, x []float32) {
	wantShape("PixelsToInput", "images", images, 0)
	wantShape("PixelsToInput", "size", size, 1)
	wantLength("PixelsToInput", "pixels", len(pixels), images*size*size*3)
	wantLength("PixelsToInput", "x", len(x), images*size*size*3)
	red, green, blue := &inputOf[0], &inputOf[1], &inputOf[2]
	rows := images * size
	tasks, step := cut(rows, size*3)
	t.Run(tasks, func(task, _ int) {
		from, to := task*step*size*3, min(rows, (task+1)*step)*size*3
		src, dst := pixels[from:to], x[from:to]
		for len(src) >= 3 && len(dst) >= 3 {
			dst[0], dst[1], dst[2] = red[src[0]], green[src[1]], blue[src[2]]
			src, dst = src[3:], dst[3:]
		}
	})
}
