package data

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"slices"
	"testing"
)

// numbered is a picture whose pixel (x, y) is red x and green y.
func numbered(w, h int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetNRGBA(x, y, color.NRGBA{uint8(x), uint8(y), 7, 255})
		}
	}
	return m
}

func pngFile(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestCutPicture(t *testing.T) {
	file := pngFile(t, numbered(30, 20))
	for _, c := range []struct{ box, want image.Rectangle }{
		{image.Rect(3, 4, 10, 9), image.Rect(3, 4, 10, 9)},
		{image.Rect(0, 0, 30, 20), image.Rect(0, 0, 30, 20)},
		{image.Rect(29, 19, 30, 20), image.Rect(29, 19, 30, 20)},
		{image.Rect(-5, -5, 4, 100), image.Rect(0, 0, 4, 20)},
	} {
		m, err := CutPicture(file, c.box)
		if err != nil {
			t.Fatal(err)
		}
		if m.Bounds() != image.Rect(0, 0, c.want.Dx(), c.want.Dy()) {
			t.Errorf("%v: bounds %v", c.box, m.Bounds())
		}
		for y := range c.want.Dy() {
			for x := range c.want.Dx() {
				if got, want := m.At(x, y), (color.NRGBA{uint8(c.want.Min.X + x), uint8(c.want.Min.Y + y), 7, 255}); got != want {
					t.Fatalf("%v: pixel %d, %d is %v, want %v", c.box, x, y, got, want)
				}
			}
		}
	}
}

// TestCutPictureTurned: the box counts stored pixels, and what was cut is turned upright. Orientation 6: the stored left column is the top row.
func TestCutPictureTurned(t *testing.T) {
	file := pngFile(t, numbered(30, 20))
	exif := []byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00")
	var piece bytes.Buffer
	_ = binary.Write(&piece, binary.BigEndian, uint32(len(exif)))
	piece.WriteString("eXIf")
	piece.Write(exif)
	piece.WriteString("\x00\x00\x00\x00") // the checksum
	const afterHeader = 8 + 25
	turned := slices.Concat(file[:afterHeader], piece.Bytes(), file[afterHeader:])
	if orientation(exifInPNG(turned)) != 6 {
		t.Fatal("the file has no orientation")
	}
	// Go's decoder minds the checksum: mend it.
	binary.BigEndian.PutUint32(turned[afterHeader+8+len(exif):], crc32.ChecksumIEEE(turned[afterHeader+4:afterHeader+8+len(exif)]))
	m, err := CutPicture(turned, image.Rect(3, 4, 10, 9)) // 7 x 5
	if err != nil {
		t.Fatal(err)
	}
	if m.Bounds() != image.Rect(0, 0, 5, 7) {
		t.Fatalf("bounds %v", m.Bounds())
	}
	for _, c := range []struct{ x, y, storedX, storedY int }{{0, 0, 3, 8}, {4, 0, 3, 4}, {0, 6, 9, 8}, {4, 6, 9, 4}} {
		if got, want := m.At(c.x, c.y), (color.NRGBA{uint8(c.storedX), uint8(c.storedY), 7, 255}); got != want {
			t.Errorf("pixel %d, %d is %v, want %v", c.x, c.y, got, want)
		}
	}
}

func TestCutPictureRefuses(t *testing.T) {
	file := pngFile(t, numbered(30, 20))
	for _, box := range []image.Rectangle{{}, image.Rect(30, 0, 40, 10), {image.Pt(5, 5), image.Pt(5, 9)}, {image.Pt(9, 9), image.Pt(5, 5)}} {
		if _, err := CutPicture(file, box); !errors.Is(err, ErrNoCut) {
			t.Errorf("%v: %v", box, err)
		}
	}
	var g bytes.Buffer
	frame := image.NewPaletted(image.Rect(0, 0, 4, 4), color.Palette{color.White, color.Black})
	if err := gif.Encode(&g, frame, nil); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"empty": nil, "text": []byte("hello"), "cut off": file[:60], "HTML": []byte("<html>"), "a GIF cut off": g.Bytes()[:g.Len()-6]} {
		_, err := CutPicture(content, image.Rect(0, 0, 3, 3))
		if _, ok := errors.AsType[*Refused](err); !ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzCutPicture: any content and box give a picture no larger than the box, ErrNoCut or a *Refused.
func FuzzCutPicture(f *testing.F) {
	file := pngFile(f, numbered(5, 4))
	f.Add(file, 1, 1, 3, 3)
	f.Add(file[:40], -1, 0, 1<<40, 3)
	f.Add([]byte("GIF89a\x04\x00\x04\x00\x80\x00\x00"), 0, 0, 4, 4)
	f.Fuzz(func(t *testing.T, content []byte, x0, y0, x1, y1 int) {
		if len(content) > 1<<12 {
			return
		}
		if format, c, err := sniff(content); err == nil && c.Width*c.Height > 1<<20 {
			t.Skipf("a large %s", format.name)
		}
		box := image.Rectangle{image.Pt(x0, y0), image.Pt(x1, y1)}
		m, err := CutPicture(content, box)
		if err == nil {
			size := m.Bounds().Size()
			if long, side := max(size.X, size.Y), max(box.Dx(), box.Dy()); size.X < 1 || size.Y < 1 || side > 0 && long > side {
				t.Fatalf("%v gave %v", box, size)
			}
			return
		}
		if _, ok := errors.AsType[*Refused](err); !ok && !errors.Is(err, ErrNoCut) {
			t.Fatal(err)
		}
	})
}
