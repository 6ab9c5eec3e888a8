package data

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"testing"
)

func TestShrinkBy(t *testing.T) {
	for _, c := range [][4]int{{1080, 1440, 224, 2}, {896, 896, 224, 2}, {895, 2000, 224, 1}, {100, 100, 224, 1}, {4000, 3000, 224, 6}, {1, 1, 1, 1}} {
		if got := shrinkBy(c[0], c[1], c[2]); got != c[3] {
			t.Errorf("%d x %d to %d: %d, want %d", c[0], c[1], c[2], got, c[3])
		}
	}
}

// TestShrink compares with the mean of each box by its definition: a sample of chroma belongs to a box if the box has its first pixel, or
// nothing else.
func TestShrink(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	ratios := map[image.YCbCrSubsampleRatio][2]int{
		image.YCbCrSubsampleRatio444: {1, 1}, image.YCbCrSubsampleRatio422: {2, 1}, image.YCbCrSubsampleRatio420: {2, 2},
		image.YCbCrSubsampleRatio440: {1, 2}, image.YCbCrSubsampleRatio411: {4, 1}, image.YCbCrSubsampleRatio410: {4, 2},
	}
	for ratio, by := range ratios {
		for _, size := range [][2]int{{1, 1}, {2, 2}, {3, 5}, {16, 12}, {17, 13}, {31, 64}} {
			for k := 2; k <= 7; k++ {
				src := image.NewYCbCr(image.Rect(0, 0, size[0], size[1]), ratio)
				for _, plane := range [][]byte{src.Y, src.Cb, src.Cr} {
					for i := range plane {
						plane[i] = byte(r.Uint32())
					}
				}
				got := shrink(src, k).(*image.YCbCr)
				w, h := (size[0]+k-1)/k, (size[1]+k-1)/k
				if got.Rect != image.Rect(0, 0, w, h) {
					t.Fatalf("%v %v by %d: %v", ratio, size, k, got.Rect)
				}
				for y := range h {
					for x := range w {
						name := fmt.Sprintf("%v %v by %d at %d, %d", ratio, size, k, x, y)
						if want := boxMean(src.Y, src.YStride, size, 1, 1, x, y, k); got.Y[got.YOffset(x, y)] != want {
							t.Fatalf("%s: Y %d, want %d", name, got.Y[got.YOffset(x, y)], want)
						}
						if want := boxMean(src.Cr, src.CStride, size, by[0], by[1], x, y, k); got.Cr[got.COffset(x, y)] != want {
							t.Fatalf("%s: Cr %d, want %d", name, got.Cr[got.COffset(x, y)], want)
						}
					}
				}
			}
		}
	}
	grey := image.NewGray(image.Rect(0, 0, 9, 9))
	if shrink(grey, 3) != image.Image(grey) {
		t.Error("a grey picture has changed")
	}
}

func boxMean(plane []byte, stride int, size [2]int, across, down, x, y, k int) byte {
	span := func(i, by, length int) (from, to int) {
		from, to = i*k/by, min((i+1)*k/by, (length+by-1)/by)
		return from, max(to, from+1)
	}
	x0, x1 := span(x, across, size[0])
	y0, y1 := span(y, down, size[1])
	sum, n := 0, 0
	for j := y0; j < y1; j++ {
		for i := x0; i < x1; i++ {
			sum, n = sum+int(plane[j*stride+i]), n+1
		}
	}
	return byte(math.Floor(float64(sum)/float64(n) + 0.5))
}

// TestShrunkLooksTheSame: with and without the first reduction a picture comes out nearly the same.
func TestShrunkLooksTheSame(t *testing.T) {
	for _, size := range [][2]int{{540, 720}, {541, 719}, {1203, 901}} {
		m := image.NewRGBA(image.Rect(0, 0, size[0], size[1]))
		for y := range size[1] {
			for x := range size[0] {
				v := func(f float64) uint8 { return uint8(128 + 100*math.Sin(float64(x)*f)*math.Cos(float64(y)*f*0.7)) }
				m.SetRGBA(x, y, color.RGBA{v(0.02), v(0.031), v(0.013), 255})
			}
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 95}); err != nil {
			t.Fatal(err)
		}
		format, config, err := sniff(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		const side = 96
		got := make([]byte, side*side*3)
		if err := render(b.Bytes(), format, config, side, "stretch", got); err != nil {
			t.Fatal(err)
		}
		whole, err := upright(b.Bytes(), format, config, 1)
		if err != nil {
			t.Fatal(err)
		}
		want := make([]byte, side*side*3)
		copyRGB(want, resize(whole, side, "stretch"))
		sum, worst := 0.0, 0.0
		for i := range want {
			d := math.Abs(float64(got[i]) - float64(want[i]))
			sum, worst = sum+d, max(worst, d)
		}
		if mean := sum / float64(len(want)); mean > 1.5 || worst > 8 { // odd sides: half a pixel at the far edge
			t.Errorf("%v: differs by %.2f in the mean, %.0f at most", size, mean, worst)
		} else {
			t.Logf("%v: differs by %.2f in the mean, %.0f at most", size, mean, worst)
		}
	}
}
