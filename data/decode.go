package data

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"
)

// Limits on a picture by its header, checked before anything of its size is allocated.
const (
	maxPixels  = 100_000_000
	maxSide    = 30_000
	bigPicture = 24_000_000 // pixels; above it pictures are decoded one at a time, so that workers do not fill the memory together
)

// pictureFormat is a way of storing pictures, known by the first bytes of a file.
type pictureFormat struct {
	name   string
	magic  string // "?" matches any byte
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
	exif   func([]byte) []byte // the EXIF block in a file, or nil; a TIFF structure
}

func pictureFormats() []pictureFormat {
	return []pictureFormat{
		{"JPEG", "\xff\xd8", jpeg.DecodeConfig, jpeg.Decode, exifInJPEG},
		{"PNG", "\x89PNG\r\n\x1a\n", png.DecodeConfig, png.Decode, exifInPNG},
		{"GIF", "GIF8?a", gif.DecodeConfig, gif.Decode, nil},
		{"BMP", "BM", bmp.DecodeConfig, bmp.Decode, nil},
		{"TIFF", "II*\x00", tiff.DecodeConfig, decodeTIFF, wholeFile},
		{"TIFF", "MM\x00*", tiff.DecodeConfig, decodeTIFF, wholeFile},
		{"WebP", "RIFF????WEBP", webp.DecodeConfig, decodeWebP, exifInWebP},
		// Known, so that the message can name them; not decoded.
		{"AVIF", "????ftypavif", nil, nil, nil},
		{"HEIC", "????ftyphei", nil, nil, nil},
		{"HEIC", "????ftypmif1", nil, nil, nil},
		{"JPEG XL", "\xff\x0a", nil, nil, nil},
		{"JPEG XL", "\x00\x00\x00\x0cJXL ", nil, nil, nil},
		{"PDF", "%PDF", nil, nil, nil},
		{"SVG", "<svg", nil, nil, nil},
		{"HTML or XML", "<", nil, nil, nil},
	}
}

func matches(content []byte, magic string) bool {
	if len(content) < len(magic) {
		return false
	}
	for i := range len(magic) {
		if magic[i] != '?' && magic[i] != content[i] {
			return false
		}
	}
	return true
}

const readable = "JPEG, PNG, GIF, BMP, TIFF or WebP"

// sniff finds a picture's format by its content and reads and checks its header. It decodes no pixels.
func sniff(content []byte) (format pictureFormat, config image.Config, err error) {
	defer recovered(&err)
	for _, f := range pictureFormats() {
		if matches(content, f.magic) {
			format = f
			break
		}
	}
	switch {
	case len(content) == 0:
		return format, config, &Refused{Reason: "the file is empty", Remedy: "fetch the picture again"}
	case format.name == "":
		return format, config, &Refused{Reason: "is not a picture that can be read", Remedy: "store it as " + readable}
	case format.decode == nil:
		return format, config, &Refused{Reason: "is " + format.name + ", which cannot be read", Remedy: "store the picture as " + readable}
	}
	if config, err = format.config(bytes.NewReader(content)); err != nil {
		return format, config, damaged(format, err)
	}
	if w, h := config.Width, config.Height; w < 1 || h < 1 || w > maxSide || h > maxSide || w*h > maxPixels {
		return format, config, &Refused{
			Reason: fmt.Sprintf("the picture has %d x %d pixels by its header", w, h),
			Remedy: fmt.Sprintf("store a smaller one: at most %d megapixels and %d on a side", maxPixels/1_000_000, maxSide),
		}
	}
	if format.name == "JPEG" && scansInJPEG(content, maxScans) > maxScans {
		return format, config, &Refused{Reason: fmt.Sprintf("the JPEG file has more than %d scans", maxScans), Remedy: "save the picture again"}
	}
	return format, config, nil
}

// damaged says why a file of a known format cannot be decoded.
func damaged(format pictureFormat, err error) error {
	if unsupported(err) {
		return &Refused{Reason: "is a kind of " + format.name + " that cannot be read", Remedy: "store the picture as " + readable + " of the usual kind", Err: err}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the file ends too early")
	}
	return &Refused{Reason: "the " + format.name + " file is damaged", Remedy: "fetch or save the picture again", Err: err}
}

// unsupported says whether a decoder gives up on a file that is valid, such as a TIFF of CMYK.
func unsupported(err error) bool {
	var (
		j jpeg.UnsupportedError
		p png.UnsupportedError
		t tiff.UnsupportedError
	)
	return errors.As(err, &j) || errors.As(err, &p) || errors.As(err, &t) || errors.Is(err, bmp.ErrUnsupported)
}

// recovered turns a decoder's panic on a crafted file into an error; x/image's palettes are known for it.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = &Refused{Reason: "the file is damaged", Remedy: "fetch or save the picture again", Err: fmt.Errorf("the decoder failed: %v", r)}
	}
}

// render decodes a picture whose header sniff has checked and writes it as size x size pixels of RGB.
func render(content []byte, format pictureFormat, config image.Config, size int, fit string, dst []byte) error {
	m, err := upright(content, format, config, shrinkBy(config.Width, config.Height, size))
	if err != nil {
		return err
	}
	copyRGB(dst, resize(m, size, fit))
	return nil
}

// upright decodes a picture whose header sniff has checked, shrinks it by a factor where that can be done, and turns it as its
// orientation says.
func upright(content []byte, format pictureFormat, config image.Config, factor int) (m *image.NRGBA, err error) {
	defer recovered(&err)
	decoded, err := format.decode(bytes.NewReader(content))
	if err != nil {
		return nil, damaged(format, err)
	}
	canvas := image.Rect(0, 0, config.Width, config.Height)
	if b := decoded.Bounds(); !b.In(canvas) || b.Empty() {
		return nil, damaged(format, fmt.Errorf("the header says %v, the picture has %v", canvas.Max, b))
	}
	if decoded.Bounds() == canvas {
		decoded = smooth(shrink(decoded, factor))
		canvas = decoded.Bounds()
	}
	m = asNRGBA(onWhite(decoded, canvas))
	if format.exif != nil {
		m = orient(m, orientation(format.exif(content)))
	}
	return m, nil
}

// onWhite gives a picture as opaque pixels: transparent ones, and what a GIF's first frame leaves free of the canvas, over white.
// From here on no pixel can be out of a palette, so that nothing after it can panic on a crafted picture.
func onWhite(src image.Image, canvas image.Rectangle) *image.RGBA {
	dst, op := image.NewRGBA(canvas), draw.Src
	if o, ok := src.(interface{ Opaque() bool }); !ok || !o.Opaque() || src.Bounds() != canvas {
		draw.Draw(dst, canvas, image.NewUniform(color.White), image.Point{}, draw.Src)
		op = draw.Over
	}
	draw.Draw(dst, src.Bounds(), src, src.Bounds().Min, op)
	return dst
}

// asNRGBA is an opaque RGBA picture under the type that imaging works on; with alpha at 255 the two mean the same bytes.
func asNRGBA(m *image.RGBA) *image.NRGBA {
	return &image.NRGBA{Pix: m.Pix, Stride: m.Stride, Rect: m.Rect}
}

// copyRGB leaves the alpha of src out.
func copyRGB(dst []byte, src *image.NRGBA) {
	w, h := src.Rect.Dx(), src.Rect.Dy()
	for y := range h {
		from, to := src.Pix[y*src.Stride:][:4*w], dst[y*w*3:][:3*w]
		for len(from) >= 4 && len(to) >= 3 {
			to[0], to[1], to[2] = from[0], from[1], from[2]
			from, to = from[4:], to[3:]
		}
	}
}
