package reference

// FlattenForward turns NHWC maps into rows in the order channel, line, column.
func FlattenForward(images, height, width, channels int, x, y []float64) {
	at := 0
	for image := range images {
		for c := range channels {
			for iy := range height {
				for ix := range width {
					y[at] = x[((image*height+iy)*width+ix)*channels+c]
					at++
				}
			}
		}
	}
}
