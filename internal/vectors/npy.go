package vectors

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// npyHeader is the length of the headers that we write: a multiple of 64, with room for any shape, so that the shape can be filled in when it is known.
const npyHeader = 128

// Types of elements, by numpy's names without the byte order.
const (
	Float32 = "float32"
	Float16 = "float16"
)

func elementBytes(dtype string) int {
	if dtype == Float16 {
		return 2
	}
	return 4
}

// encodeHeader makes a header of npyHeader bytes: format version 1.0 of numpy.lib.format.
func encodeHeader(rows, dim int, dtype string) []byte {
	descr := "<f4"
	if dtype == Float16 {
		descr = "<f2"
	}
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%d, %d), }", descr, rows, dim)
	h := append([]byte("\x93NUMPY\x01\x00"), 0, 0)
	binary.LittleEndian.PutUint16(h[8:], npyHeader-10)
	h = append(h, text...)
	h = append(h, bytes.Repeat([]byte(" "), npyHeader-1-len(h))...)
	return append(h, '\n')
}

// header is what a .npy file says of itself.
type header struct {
	rows, dim int
	dtype     string
	start     int64 // of the numbers
}

// maxNPYHeader bounds the header's text.
const maxNPYHeader = 1 << 16

// readHeader reads and checks the header of a file of that size. It takes two-dimensional arrays of little-endian float32 and float16.
func readHeader(r io.ReaderAt, size int64) (*header, error) {
	var first [12]byte
	if n, err := r.ReadAt(first[:], 0); n < len(first) {
		if err == io.EOF {
			return nil, fmt.Errorf("the file has %d bytes, too few for a .npy file", size)
		}
		return nil, err
	}
	if string(first[:6]) != "\x93NUMPY" {
		return nil, fmt.Errorf("is not a .npy file")
	}
	length, at := int64(binary.LittleEndian.Uint16(first[8:])), int64(10)
	switch version := first[6]; version {
	case 1:
	case 2, 3:
		length, at = int64(binary.LittleEndian.Uint32(first[8:])), 12
	default:
		return nil, fmt.Errorf("is a .npy file of version %d, which is unknown", version)
	}
	if length > maxNPYHeader || at+length > size {
		return nil, fmt.Errorf("its header of %d bytes is cut off or too long", length)
	}
	text := make([]byte, length)
	if n, err := r.ReadAt(text, at); int64(n) < length {
		return nil, fmt.Errorf("its header cannot be read: %w", err)
	}
	h, err := parseHeader(string(text))
	if err != nil {
		return nil, err
	}
	h.start = at + length
	bytes := uint64(elementBytes(h.dtype))
	if h.dim > 0 && uint64(h.rows) > math.MaxInt64/bytes/uint64(h.dim) || uint64(size-h.start) != uint64(h.rows)*uint64(h.dim)*bytes {
		return nil, fmt.Errorf("has %d bytes of numbers, but its shape is (%d, %d) of %s", size-h.start, h.rows, h.dim, h.dtype)
	}
	return h, nil
}

func parseHeader(text string) (*header, error) {
	// The three keys come in any order; numpy.lib.format writes a literal of a Python dictionary.
	field := func(name, value string) string {
		m := regexp.MustCompile(`'` + name + `'\s*:\s*` + value).FindStringSubmatch(text)
		if m == nil {
			return ""
		}
		return m[1]
	}
	h := &header{}
	switch descr := field("descr", `'([^']*)'`); descr {
	case "<f4":
		h.dtype = Float32
	case "<f2":
		h.dtype = Float16
	case "":
		return nil, fmt.Errorf("its header has no type of numbers: %.80q", strings.TrimSpace(text))
	default:
		return nil, fmt.Errorf("holds numbers of type %q; embeddings are float32 or float16 (little-endian)", descr)
	}
	if field("fortran_order", `(True|False)`) != "False" {
		return nil, fmt.Errorf("is stored column by column (fortran_order); save numpy.ascontiguousarray of it")
	}
	shape := field("shape", `\(\s*(\d+\s*,\s*\d+)\s*,?\s*\)`)
	rows, dim, ok := strings.Cut(shape, ",")
	if !ok {
		return nil, fmt.Errorf("is not a table of two dimensions, pictures and numbers: %.80q", strings.TrimSpace(text))
	}
	var err error
	if h.rows, err = strconv.Atoi(strings.TrimSpace(rows)); err == nil {
		h.dim, err = strconv.Atoi(strings.TrimSpace(dim))
	}
	if err != nil || h.dim < 1 || h.dim > 1<<24 || h.rows > math.MaxInt32 {
		return nil, fmt.Errorf("has the shape (%s), which no embeddings have", shape)
	}
	return h, nil
}
