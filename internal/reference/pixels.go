package reference

// PixelsToInput is (v/255 - mean) / deviation of ImageNet, for RGB pictures [images][size][size][3].
func PixelsToInput(images, size int, pixels []byte, x []float64) {
	mean, deviation := [3]float64{0.485, 0.456, 0.406}, [3]float64{0.229, 0.224, 0.225}
	for i := range images * size * size * 3 {
		x[i] = (float64(pixels[i])/255 - mean[i%3]) / deviation[i%3]
	}
}
