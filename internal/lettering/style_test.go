package lettering

import (
	"image"
	"image/color"
	"strings"
	"testing"

	"golang.org/x/image/draw"
)

func TestFit(t *testing.T) {
	small := Regular(11)
	for _, text := range []string{"", "a", "Yellow trousers", "ünïcödé", strings.Repeat("w", 300)} {
		for width := range 120 {
			got := small.Fit(text, width)
			if small.Width(got) > width {
				t.Fatalf("%q in %d pixels: %q is %d wide", text, width, got, small.Width(got))
			}
			if whole := small.Width(text) <= width; whole != (got == text) && text != "" {
				t.Fatalf("%q in %d pixels: %q", text, width, got)
			}
			if got != text && got != "" && !strings.HasSuffix(got, ellipsis) {
				t.Fatalf("%q in %d pixels: %q", text, width, got)
			}
		}
	}
}

// white returns a white picture.
func white(w, h int) *image.RGBA {
	im := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(im, im.Rect, image.White, image.Point{}, draw.Src)
	return im
}

// TestWriteUp: a text that runs upwards is the same text, turned to the left.
func TestWriteUp(t *testing.T) {
	s := Bold(13)
	for _, text := range []string{"", "Rot", "dunkelgrün gestreift", "Ёж"} {
		flat, up := white(200, 40), white(40, 200)
		s.Write(flat, 0, 0, color.Gray{30}, text)
		s.WriteUp(up, 0, 200, color.Gray{30}, text)
		dark := 0
		for y := range 40 {
			for x := range 200 {
				// Ink is blended by other roundings.
				a, b := int(flat.RGBAAt(x, y).G), int(up.RGBAAt(y, 199-x).G)
				if a-b > 2 || b-a > 2 {
					t.Fatalf("%q: (%d, %d) is %d, turned %d", text, x, y, a, b)
				}
				if a < 128 {
					dark++
				}
			}
		}
		if (dark > 0) != (text != "") {
			t.Errorf("%q: %d dark pixels", text, dark)
		}
	}
}

func TestLacks(t *testing.T) {
	if n := Lacks("", "plain", "Grün été", "обувь", "τζιν", "…", "11–20"); n != 0 {
		t.Errorf("%d of the common ones", n)
	}
	if n := Lacks("a", "黒黒", "aトレーナー", "خاتم"); n != 3 {
		t.Errorf("%d, want 3", n)
	}
}
