package embed

import (
	"math"
	"testing"
)

// corner embeds a picture by its upper left pixel's red and green.
type corner struct{ size int }

func (corner) Capacity() int { return 3 }
func (corner) Dim() int      { return 2 }
func (c corner) Embed(pixels []byte, images int, out []float32) error {
	for i := range images {
		p := pixels[i*c.size*c.size*3:]
		out[2*i], out[2*i+1] = float32(p[0]), float32(p[1])
	}
	return nil
}

func TestMirroredIsTheMeanOfBothSides(t *testing.T) {
	const size = 3
	pixels := make([]byte, 2*size*size*3)
	set := func(image, x int, r, g byte) {
		at := image*size*size*3 + 3*x
		pixels[at], pixels[at+1] = r, g
	}
	set(0, 0, 1, 0)
	set(0, 1, 99, 99)
	set(0, 2, 2, 4) // the other corner
	set(1, 0, 0, 5)
	m := NewMirrored(corner{size}, size)
	out := make([]float32, 4)
	before := string(pixels)
	if err := m.Embed(pixels, 2, out); err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{0.6, 0.8, 0, 1} { // (1, 0) + (2, 4) and (0, 5) + (0, 0), of length 1
		if !(math.Abs(float64(out[i])-want) <= 1e-7) {
			t.Errorf("number %d is %v, want %v", i, out[i], want)
		}
	}
	if string(pixels) != before {
		t.Error("the pictures were changed")
	}
	// No mean direction: no division by zero.
	clear(pixels)
	if err := m.Embed(pixels, 1, out); err != nil || out[0] != 0 {
		t.Errorf("%v, %v", out, err)
	}
}
