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
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/disintegration/imaging"
	"golang.org/x/image/tiff"
)

func readPNG(t *testing.T, path string) image.Image {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// furthest gives the largest and the mean difference between two pictures' 8-bit RGB; it fails when their sizes differ.
func furthest(t *testing.T, got, want image.Image) (most int, mean float64) {
	t.Helper()
	if got.Bounds() != want.Bounds() {
		t.Fatalf("the picture has %v, want %v", got.Bounds(), want.Bounds())
	}
	b := want.Bounds()
	for y := range b.Dy() {
		for x := range b.Dx() {
			r1, g1, b1, a1 := got.At(x, y).RGBA()
			r2, g2, b2, _ := want.At(x, y).RGBA()
			if a1 != 0xffff {
				t.Fatalf("pixel %d,%d is not opaque", x, y)
			}
			for _, d := range []int{int(r1>>8) - int(r2>>8), int(g1>>8) - int(g2>>8), int(b1>>8) - int(b2>>8)} {
				d = max(d, -d)
				most, mean = max(most, d), mean+float64(d)
			}
		}
	}
	return most, mean / float64(3*b.Dx()*b.Dy())
}

// pillowCases lists the pictures of testdata with what Pillow reads from them; see testdata/make.py.
func pillowCases(t *testing.T) []string {
	t.Helper()
	var cases []string
	for _, pattern := range []string{"testdata/*.*", "testdata/orientation/*.*"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range paths {
			if !strings.HasSuffix(p, ".want.png") && !strings.HasSuffix(p, ".py") {
				cases = append(cases, p)
			}
		}
	}
	if len(cases) < 34 {
		t.Fatalf("only %d pictures in testdata", len(cases))
	}
	return cases
}

func TestDecodeAsPillow(t *testing.T) {
	exact := map[string]bool{".png": true, ".bmp": true, ".tiff": true, ".gif": true}
	for _, path := range pillowCases(t) {
		t.Run(path, func(t *testing.T) {
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			format, config, err := sniff(content)
			if err != nil {
				t.Fatal(err)
			}
			got, err := upright(content, format, config, 1)
			if err != nil {
				t.Fatal(err)
			}
			limit := [2]float64{3, 1} // the largest and the mean difference, in 256ths
			if exact[filepath.Ext(path)] {
				limit = [2]float64{1, 0.5} // compositing rounds
			}
			most, mean := furthest(t, got, readPNG(t, strings.TrimSuffix(path, filepath.Ext(path))+".want.png"))
			if float64(most) > limit[0] || !(mean <= limit[1]) {
				t.Errorf("differs from Pillow by up to %d, in the mean %.2f", most, mean)
			}
		})
	}
}

// imaging's own reading of orientation, where it has one, must agree.
func TestOrientationAsImaging(t *testing.T) {
	for _, o := range []string{"1", "2", "3", "4", "5", "6", "7", "8"} {
		content, err := os.ReadFile("testdata/orientation/" + o + ".jpg")
		if err != nil {
			t.Fatal(err)
		}
		want, err := imaging.Decode(bytes.NewReader(content), imaging.AutoOrientation(true))
		if err != nil {
			t.Fatal(err)
		}
		format, config, err := sniff(content)
		if err != nil {
			t.Fatal(err)
		}
		got, err := upright(content, format, config, 1)
		if err != nil {
			t.Fatal(err)
		}
		if most, _ := furthest(t, got, want); most > 0 {
			t.Errorf("orientation %s differs by %d", o, most)
		}
	}
}

// A GIF whose first frame covers a part of the canvas; the rest is white. By hand.
func TestGIFPartialFrame(t *testing.T) {
	frame := image.NewPaletted(image.Rect(2, 1, 4, 3), color.Palette{color.RGBA{10, 20, 30, 255}, color.RGBA{200, 0, 0, 255}})
	frame.SetColorIndex(3, 2, 1)
	var b bytes.Buffer
	err := gif.EncodeAll(&b, &gif.GIF{Image: []*image.Paletted{frame}, Delay: []int{0}, Config: image.Config{ColorModel: frame.Palette, Width: 5, Height: 4}})
	if err != nil {
		t.Fatal(err)
	}
	format, config, err := sniff(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	got, err := upright(b.Bytes(), format, config, 1)
	if err != nil {
		t.Fatal(err)
	}
	want := image.NewRGBA(image.Rect(0, 0, 5, 4))
	for y := range 4 {
		for x := range 5 {
			c := color.RGBA{255, 255, 255, 255}
			switch {
			case x == 3 && y == 2:
				c = color.RGBA{200, 0, 0, 255}
			case x >= 2 && x < 4 && y >= 1 && y < 3:
				c = color.RGBA{10, 20, 30, 255}
			}
			want.SetRGBA(x, y, c)
		}
	}
	if most, _ := furthest(t, got, want); most > 0 {
		t.Errorf("differs by up to %d", most)
	}
}

func TestResizeAsPillow(t *testing.T) {
	photo := readPNG(t, "testdata/fit/photo.png")
	upright := asNRGBA(onWhite(photo, photo.Bounds()))
	for _, c := range []struct {
		size int
		fit  string
		file string
	}{
		{32, "stretch", "32-stretch"}, {160, "stretch", "160-stretch"},
		{32, "crop", "32-crop"}, {160, "crop", "160-crop"},
		{112, "pad", "112-pad"},
	} {
		t.Run(c.file, func(t *testing.T) {
			most, mean := furthest(t, resize(upright, c.size, c.fit), readPNG(t, "testdata/fit/"+c.file+".want.png"))
			if most > 2 || !(mean <= 0.3) {
				t.Errorf("differs from Pillow by up to %d, in the mean %.2f", most, mean)
			}
		})
	}
}

func TestResizeShapes(t *testing.T) {
	for _, fit := range []string{"stretch", "crop", "pad"} {
		for _, s := range []image.Point{{1, 1}, {1, 3000}, {3000, 1}, {31, 33}, {32, 32}, {32, 1}, {7, 500}} {
			m := image.NewNRGBA(image.Rectangle{Max: s})
			for i := range m.Pix {
				m.Pix[i] = 255
			}
			got := resize(m, 32, fit)
			if got.Rect != image.Rect(0, 0, 32, 32) {
				t.Fatalf("%s of %v gives %v", fit, s, got.Rect)
			}
			for i, v := range got.Pix {
				if v != 255 {
					t.Fatalf("%s of a white picture of %v: byte %d is %d", fit, s, i, v)
				}
			}
		}
	}
}

// pngHeader gives a PNG file whose header claims w x h pixels; nothing follows it.
func pngHeader(w, h uint32) []byte {
	b := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	body := append([]byte("IHDR"), binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)...)
	body = append(body, 8, 2, 0, 0, 0)
	return binary.BigEndian.AppendUint32(append(b, body...), crc32.ChecksumIEEE(body))
}

// badPalette gives a TIFF with a pixel beyond its palette, which makes imaging's scanner panic (CVE-2023-36308).
func badPalette(t *testing.T) []byte {
	t.Helper()
	m := image.NewPaletted(image.Rect(0, 0, 4, 4), color.Palette{color.Black, color.White})
	var b bytes.Buffer
	if err := tiff.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	content := b.Bytes()
	// The colour map's count is 3 * 2^8; the pixels are the first bytes after the header of 8.
	content[8+5] = 77
	return content
}

func TestDecodeRefuses(t *testing.T) {
	jpg, err := os.ReadFile("testdata/baseline.jpg")
	if err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile("testdata/rgb.png")
	if err != nil {
		t.Fatal(err)
	}
	corrupt := bytes.Clone(whole)
	corrupt[len(corrupt)/2] ^= 0xff
	for _, c := range []struct {
		name    string
		content []byte
		want    string
	}{
		{"empty", nil, "empty"},
		{"text", []byte("hello, this is not a picture\n"), "not a picture"},
		{"html", []byte("<!DOCTYPE html><html>404</html>"), "HTML"},
		{"heic", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"), "HEIC"},
		{"avif", []byte("\x00\x00\x00\x18ftypavif\x00\x00\x00\x00"), "AVIF"},
		{"one byte", []byte{0xff}, "not a picture"},
		{"magic alone", []byte{0xff, 0xd8}, "ends too early"},
		{"truncated JPEG", jpg[:len(jpg)*2/3], "JPEG file is damaged"},
		{"truncated PNG", whole[:len(whole)*2/3], "PNG file is damaged"},
		{"corrupt PNG", corrupt, "damaged"},
		{"huge header", pngHeader(50000, 50000), "50000 x 50000"},
		{"many pixels", pngHeader(20000, 20000), "20000 x 20000"},
		{"long side", pngHeader(30001, 1), "30001 x 1"},
		{"header alone", pngHeader(30, 30), "ends too early"},
		{"no pixels", pngHeader(0, 30), "PNG file is damaged"},
		{"webp stub", []byte("RIFF\x04\x00\x00\x00WEBP"), "WebP file is damaged"},
		{"gif stub", []byte("GIF89a"), "GIF file is damaged"},
		{"tiff loop", []byte("II*\x00\x08\x00\x00\x00\x00\x00\x08\x00\x00\x00"), "damaged"},
		{"many scans", manyScans(maxScans + 1), "more than 100 scans"},
		{"a strip of nothing, often", sharedStrips(4000, 20_000), "read over and over"},
		{"CMYK TIFF", tiffOf(5), "is a kind of TIFF that cannot be read: tiff: unsupported feature: color model; store"},
		{"12-bit JPEG", append([]byte{0xff, 0xd8, 0xff, 0xc0, 0, 11, 12}, 0, 8, 0, 8, 1, 1, 0x11, 0), "is a kind of JPEG that cannot be read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &Pictures{size: 32, fit: "stretch", big: make(chan struct{}, 1)}
			err := p.decode(c.content, make([]byte, 32*32*3))
			if _, ok := errors.AsType[*Refused](err); !ok {
				t.Fatalf("got %v, want a *Refused", err)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("the message %q does not say %q", err, c.want)
			}
		})
	}
}

func TestScans(t *testing.T) {
	for name, want := range map[string]int{"baseline.jpg": 1, "progressive.jpg": 10} {
		content, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if n := scansInJPEG(content, maxScans); n != want {
			t.Errorf("%s has %d scans, want %d", name, n, want)
		}
		// A film after the picture, and what looks like scans within a comment.
		more := append(bytes.Clone(content), bytes.Repeat([]byte("\xff\xda"), 1000)...)
		more = slices.Insert(more, 2, append([]byte("\xff\xfe\x07\xd2"), bytes.Repeat([]byte("\xff\xda"), 1000)...)...)
		if n := scansInJPEG(more, maxScans); n != want {
			t.Errorf("%s with more has %d scans, want %d", name, n, want)
		}
		for n := range content {
			if got := scansInJPEG(content[:n], maxScans); got > want {
				t.Fatalf("%s, cut off after %d bytes, has %d scans", name, n, got)
			}
		}
	}
}

// TestMostScans: as many scans as are allowed are read.
func TestMostScans(t *testing.T) {
	p := &Pictures{size: 32, fit: "stretch", big: make(chan struct{}, 1)}
	if err := p.decode(manyScans(maxScans), make([]byte, 32*32*3)); err != nil {
		t.Error(err)
	}
}

// manyScans makes a JPEG of 8 x 8 pixels of gray with so many scans.
func manyScans(scans int) []byte {
	var b []byte
	segment := func(marker byte, body ...byte) {
		b = append(b, 0xff, marker, byte((len(body)+2)>>8), byte(len(body)+2))
		b = append(b, body...)
	}
	b = append(b, 0xff, 0xd8)
	segment(0xdb, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...)...)
	segment(0xc2, 8, 0, 8, 0, 8, 1, 1, 0x11, 0)               // progressive
	one := append([]byte{1}, make([]byte, 15)...)             // a Huffman code: 0 is
	segment(0xc4, append(append([]byte{0}, one...), 0)...)    // no change of the mean,
	segment(0xc4, append(append([]byte{0x10}, one...), 0)...) // no more of the block
	segment(0xda, 1, 1, 0, 0, 0, 0)
	b = append(b, 0x7f)
	for range scans - 1 {
		segment(0xda, 1, 1, 0, 1, 63, 0)
		b = append(b, 0x7f)
	}
	return append(b, 0xff, 0xd9)
}

// sharedStrips makes a TIFF of 8 x rows pixels, whose rows all lie in the same bytes, of which so many say nothing.
func sharedStrips(rows uint16, nothing int) []byte {
	strip := append(bytes.Repeat([]byte{0x80}, nothing), 7, 1, 2, 3, 4, 5, 6, 7, 8) // PackBits
	const entries = 8
	at := uint32(8 + 2 + 12*entries + 4)
	offsets := at + uint32(len(strip))
	counts := offsets + 4*uint32(rows)
	b := []byte("II*\x00\x08\x00\x00\x00")
	b = append(b, entries, 0)
	for _, e := range [entries][4]uint32{
		{0x100, 3, 1, 8}, {0x101, 3, 1, uint32(rows)}, {0x102, 3, 1, 8}, {0x103, 3, 1, 32773}, {0x106, 3, 1, 1},
		{0x111, 4, uint32(rows), offsets}, {0x116, 3, 1, 1}, {0x117, 4, uint32(rows), counts},
	} {
		b = binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(b, uint16(e[0])), uint16(e[1]))
		b = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(b, e[2]), e[3])
	}
	b = append(append(b, 0, 0, 0, 0), strip...)
	for _, v := range []uint32{at, uint32(len(strip))} {
		for range rows {
			b = binary.LittleEndian.AppendUint32(b, v)
		}
	}
	return b
}

// TestSharedStrip: equal rows may lie in one place.
func TestSharedStrip(t *testing.T) {
	p := &Pictures{size: 8, fit: "stretch", big: make(chan struct{}, 1)}
	dst := make([]byte, 8*8*3)
	if err := p.decode(sharedStrips(4000, 0), dst); err != nil || dst[3*7] <= dst[0] {
		t.Errorf("%v, %v", err, dst[:24])
	}
}

// tiffOf makes a TIFF of one pixel of four bytes, whose colours are of that model.
func tiffOf(model byte) []byte {
	b := []byte("II*\x00\x08\x00\x00\x00\x08\x00") // the directory, of 8 entries, is at 8
	for _, e := range [][3]byte{
		{0, 1, 1}, {1, 1, 1}, // width and height
		{2, 4, 110},                                               // bits, 4 numbers at 110
		{3, 1, 1},                                                 // not compressed
		{6, 1, model}, {0x11, 1, 118}, {0x15, 1, 4}, {0x17, 1, 4}, // model, pixels at 118, 4 numbers a pixel, 4 bytes
	} {
		b = append(b, e[0], 1, 3, 0, e[1], 0, 0, 0, e[2], 0, 0, 0)
	}
	b = append(b, 0, 0, 0, 0)
	return append(b, 8, 0, 8, 0, 8, 0, 8, 0, 1, 2, 3, 4)
}

// A decoder's panic on a crafted picture is an error like any other.
func TestDecodePanicIsRefused(t *testing.T) {
	format := pictureFormats()[1]
	format.decode = func(io.Reader) (image.Image, error) {
		return &image.Paletted{Pix: []byte{9}, Stride: 1, Rect: image.Rect(0, 0, 1, 1), Palette: color.Palette{color.Black}}, nil
	}
	_, err := upright(nil, format, image.Config{Width: 1, Height: 1}, 1)
	if r, ok := errors.AsType[*Refused](err); !ok || !strings.Contains(r.Error(), "damaged") {
		t.Errorf("got %v, want a *Refused", err)
	}
}

func TestBadPalette(t *testing.T) {
	p := &Pictures{size: 32, fit: "stretch", big: make(chan struct{}, 1)}
	// Refused or read: both are fine, a panic is not.
	if err := p.decode(badPalette(t), make([]byte, 32*32*3)); err != nil {
		if _, ok := errors.AsType[*Refused](err); !ok {
			t.Errorf("got %v, want a *Refused", err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, pattern := range []string{"testdata/*.*", "testdata/orientation/*.*"} {
		paths, _ := filepath.Glob(pattern)
		for _, p := range paths {
			if content, err := os.ReadFile(p); err == nil && !strings.HasSuffix(p, ".want.png") {
				f.Add(content)
			}
		}
	}
	f.Add(pngHeader(50000, 50000))
	f.Fuzz(func(t *testing.T, content []byte) {
		format, config, err := sniff(content)
		if err == nil && config.Width*config.Height > 1<<20 {
			return // allowed, but slow
		}
		if err == nil {
			err = render(content, format, config, 32, "pad", make([]byte, 32*32*3))
		}
		if err != nil {
			if _, ok := errors.AsType[*Refused](err); !ok {
				t.Fatalf("got %v, want a *Refused", err)
			}
		}
	})
}
