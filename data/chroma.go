package data

import "image"

// chromaSampling says how many pixels share a sample of colour, side by side and one above the other; 0 for a ratio that is not known.
func chromaSampling(r image.YCbCrSubsampleRatio) (across, down int) {
	switch r {
	case image.YCbCrSubsampleRatio444:
		return 1, 1
	case image.YCbCrSubsampleRatio440:
		return 1, 2
	case image.YCbCrSubsampleRatio422:
		return 2, 1
	case image.YCbCrSubsampleRatio420:
		return 2, 2
	case image.YCbCrSubsampleRatio411:
		return 4, 1
	case image.YCbCrSubsampleRatio410:
		return 4, 2
	}
	return 0, 0
}

// smooth gives a picture whose colour is stored at half the resolution, on one side or both, the full one, as libjpeg's "fancy upsampling" does, and
// with it Pillow: a pixel has three quarters of the colour of its own sample and one of the nearest other one's, on each side. Go's own conversion
// repeats each sample. Other pictures are returned as they are.
func smooth(m image.Image) image.Image {
	src, ok := m.(*image.YCbCr)
	if !ok || src.Rect.Min != (image.Point{}) || src.Rect.Empty() {
		return m
	}
	across, down := chromaSampling(src.SubsampleRatio)
	if across*down == 1 || across > 2 || across == 0 {
		return m
	}
	w, h := src.Rect.Dx(), src.Rect.Dy()
	columns := (w + across - 1) / across
	if across == 2 && columns <= 2 {
		return m // libjpeg repeats, too
	}
	dst := &image.YCbCr{
		Y: src.Y, YStride: src.YStride, Cb: make([]byte, w*h), Cr: make([]byte, w*h), CStride: w,
		SubsampleRatio: image.YCbCrSubsampleRatio444, Rect: src.Rect,
	}
	near := make([]int32, columns)
	for _, plane := range [][2][]byte{{dst.Cb, src.Cb}, {dst.Cr, src.Cr}} {
		for y := range h {
			out, from := plane[0][y*w:][:w], plane[1]
			row := func(y int) []byte { return from[min(max(y, 0), (h+down-1)/down-1)*src.CStride:][:columns] }
			if down == 1 {
				for x, v := range row(y) {
					near[x] = int32(v)
				}
				widen(out, near, 2, 1, 2)
				continue
			}
			other := row(y/2 - 1 + y%2*2)
			for x, v := range row(y / 2) {
				near[x] = 3*int32(v) + int32(other[x])
			}
			if across == 2 {
				widen(out, near, 4, 8, 7)
				continue
			}
			for x, v := range near {
				out[x] = byte((v + int32(1+y%2)) >> 2)
			}
		}
	}
	return dst
}

// widen writes two pixels for each sample, (3*sample + neighbour + bias) >> shift, the neighbour on the pixel's side; libjpeg's biases, even for the left pixel
// and odd for the right one, keep the mean. At the ends the sample is its own neighbour.
func widen(out []byte, samples []int32, shift, even, odd int32) {
	before := samples[0]
	for i, v := range samples {
		out[2*i] = byte((3*v + before + even) >> shift)
		if 2*i+1 == len(out) {
			return
		}
		after := samples[min(i+1, len(samples)-1)]
		out[2*i+1] = byte((3*v + after + odd) >> shift)
		before = v
	}
}
