package kernel

// flattenChannels is how many channels one task of a flatten moves: their lines stay in the L1 cache.
const flattenChannels = 32

// FlattenForward turns NHWC maps into rows in torch's order, that of x.flatten(1) on NCHW maps.
//
//	x  [images][height][width][channels]
//	y  [images][channels*height*width]
func FlattenForward(t *Team, images, height, width, channels int, x, y []float32) {
	checkFlatten("FlattenForward", images, height, width, channels, len(x), len(y), "x", "y")
	positions := height * width
	groups := (channels + flattenChannels - 1) / flattenChannels
	t.Run(images*groups, func(task, _ int) {
		image, from := task/groups, task%groups*flattenChannels
		to := min(channels, from+flattenChannels)
		xi := x[image*positions*channels : (image+1)*positions*channels]
		yi := y[(image*channels+from)*positions : (image*channels+to)*positions]
		for p := range positions {
			at := p
			for _, v := range xi[p*channels+from : p*channels+to] {
				yi[at] = v
				at += positions
			}
		}
	})
}

// FlattenBackward is FlattenForward's inverse: rows in torch's order become NHWC maps.
//
//	dy  [images][channels*height*width]
//	dx  [images][height][width][channels]
func FlattenBackward(t *Team, images, height, width, channels int, dy, dx []float32) {
	checkFlatten("FlattenBackward", images, height, width, channels, len(dx), len(dy), "dx", "dy")
	positions := height * width
	groups := (channels + flattenChannels - 1) / flattenChannels
	t.Run(images*groups, func(task, _ int) {
		image, from := task/groups, task%groups*flattenChannels
		to := min(channels, from+flattenChannels)
		di := dx[image*positions*channels : (image+1)*positions*channels]
		gi := dy[(image*channels+from)*positions : (image*channels+to)*positions]
		for p := range positions {
			at := p
			row := di[p*channels+from : p*channels+to]
			for i := range row {
				row[i] = gi[at]
				at += positions
			}
		}
	})
}

func checkFlatten(op string, images, height, width, channels, x, y int, nameX, nameY string) {
	wantShape(op, "images", images, 0)
	wantShape(op, "height", height, 1)
	wantShape(op, "width", width, 1)
	wantShape(op, "channels", channels, 1)
	wantLength(op, nameX, x, images*height*width*channels)
	wantLength(op, nameY, y, images*height*width*channels)
}
