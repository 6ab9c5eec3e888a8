package data

import "image"

// A large JPEG is reduced by a whole factor before it becomes RGB and is resized, in its own planes and by the mean of boxes: most of
// the time would go into pixels of which hundreds become one. At least twice the pixels that are wanted stay on each side for the
// resizing filter, as Pillow's reducing_gap=2 leaves them.

// shrinkBy is the factor for a picture of that size whose sides become size; 1 leaves it as it is.
func shrinkBy(width, height, size int) int { return max(1, min(width, height)/(2*size)) }

// shrink reduces a picture by k on both sides, where it is one of a JPEG in colour. The last boxes of a row or column may be smaller.
func shrink(m image.Image, k int) image.Image {
	src, ok := m.(*image.YCbCr)
	if !ok || k < 2 || src.Rect.Min != (image.Point{}) {
		return m
	}
	across, down := chromaSampling(src.SubsampleRatio)
	if across == 0 {
		return m
	}
	w, h := src.Rect.Dx(), src.Rect.Dy()
	dst := image.NewYCbCr(image.Rect(0, 0, (w+k-1)/k, (h+k-1)/k), image.YCbCrSubsampleRatio444)
	means(dst.Y, dst.YStride, src.Y, src.YStride, w, h, k, 1, 1)
	means(dst.Cb, dst.CStride, src.Cb, src.CStride, w, h, k, across, down)
	means(dst.Cr, dst.CStride, src.Cr, src.CStride, w, h, k, across, down)
	return dst
}

// means writes the mean of each box of k x k pixels of a picture of w x h, of which across x down share a sample of src.
func means(dst []byte, ld int, src []byte, step, w, h, k, across, down int) {
	sums := make([]uint32, (w+k-1)/k)
	ends := make([]int, len(sums)+1) // the samples of each box in a row: from ends[x] to ends[x+1], or one of them
	for x := range ends {
		ends[x] = min(x*k/across, (w+across-1)/across)
	}
	for y := range (h + k - 1) / k {
		from, to := y*k/down, min((y+1)*k/down, (h+down-1)/down)
		to = max(to, from+1)
		if k == across && to == from+1 { // a sample a box
			copy(dst[y*ld:][:len(sums)], src[from*step:])
			continue
		}
		clear(sums)
		for line := from; line < to; line++ {
			row := src[line*step:]
			if k == 2*across { // two samples a box, but for the last
				pairs := min(len(sums), (w+across-1)/across/2)
				two := row[:2*pairs]
				for x := range sums[:pairs] {
					sums[x] += uint32(two[2*x]) + uint32(two[2*x+1])
				}
				if pairs < len(sums) {
					sums[pairs] += uint32(row[2*pairs])
				}
				continue
			}
			for x := range sums {
				for _, v := range row[ends[x]:max(ends[x+1], ends[x]+1)] {
					sums[x] += uint32(v)
				}
			}
		}
		out := dst[y*ld:][:len(sums)]
		for x, sum := range sums {
			n := uint32(max(ends[x+1]-ends[x], 1) * (to - from))
			out[x] = byte((sum + n/2) / n)
		}
	}
}
