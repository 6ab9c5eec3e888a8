package vectors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"deeprank/data"
)

// numpys is what testdata/make.py wrote.
type numpys struct {
	Values  []uint32
	Float32 []uint32
	Float16 []uint16
}

func readNumpys(t *testing.T) (n numpys) {
	t.Helper()
	text, err := os.ReadFile("testdata/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestReadsWhatNumpyWrites(t *testing.T) {
	want := readNumpys(t).Values
	for _, name := range []string{"float32", "version2", "float16"} {
		f, err := OpenNPY(filepath.Join("testdata", name+".npy"))
		if err != nil {
			t.Fatal(err)
		}
		if f.Rows() != 5 || f.Dim() != 3 {
			t.Fatalf("%s: %d x %d", name, f.Rows(), f.Dim())
		}
		for _, mapped := range [][]byte{f.mapped, nil} { // and read as where files cannot be mapped
			whole := f.mapped
			f.mapped = mapped
			got, err := f.Read(1, 4, make([]float32, 9))
			f.mapped = whole
			if err != nil || len(got) != 9 {
				t.Fatal(got, err)
			}
			for i, v := range got {
				w := math.Float32frombits(want[3+i])
				if name == "float16" {
					w = fromHalf(toHalf(w))
				}
				if v != w {
					t.Errorf("%s: number %d is %v, want %v", name, i, v, w)
				}
			}
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

func fromHalf(h uint16) float32 {
	v := make([]float32, 1)
	decodeHalf(v, []byte{byte(h), byte(h >> 8)})
	return v[0]
}

// TestDecodeHalf decodes more than a part, where the numbers lie evenly and where they do not.
func TestDecodeHalf(t *testing.T) {
	const n = 2500
	b := make([]byte, 2*n+1)
	for shift := range 2 {
		for i := range n {
			binary.LittleEndian.PutUint16(b[shift+2*i:], uint16(i*17))
		}
		v := make([]float32, n)
		decodeHalf(v, b[shift:shift+2*n])
		for i := range v {
			if want := fromHalf(uint16(i * 17)); v[i] != want && want == want {
				t.Fatalf("shift %d: number %d is %v, want %v", shift, i, v[i], want)
			}
		}
	}
}

func TestHalvesRoundAsNumpys(t *testing.T) {
	n := readNumpys(t)
	for i, b := range n.Float32 {
		if got := toHalf(math.Float32frombits(b)); got != n.Float16[i] {
			t.Errorf("%x: %x, numpy %x", b, got, n.Float16[i])
		}
	}
	for i := range 1 << 16 {
		h := uint16(i)
		if v := fromHalf(h); v == v && toHalf(v) != h {
			t.Fatalf("%x becomes %v and then %x", h, v, toHalf(v))
		}
	}
}

func TestRefusesOtherFiles(t *testing.T) {
	whole, err := os.ReadFile("testdata/float32.npy")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for path, want := range map[string]string{
		"testdata/float64.npy":  "<f8",
		"testdata/fortran.npy":  "column by column",
		"testdata/flat.npy":     "two dimensions",
		"testdata/none.npy":     "no such embeddings",
		dir:                     "not a file",
		write("empty.npy", nil): "too few",
		write("text.npy", []byte("a long enough text")): "not a .npy file",
		write("short.npy", whole[:len(whole)-1]):        "shape is (5, 3)",
		write("long.npy", append(whole, 0)):             "shape is (5, 3)",
		write("cut.npy", whole[:40]):                    "cut off",
		write("huge.npy", bytes.Replace(whole, []byte("(5, 3)"), []byte("(4611686018427387904, 3)"), 1)): "",
	} {
		_, err := OpenNPY(path)
		if _, ok := errors.AsType[*data.Refused](err); !ok || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want a refusal with %q", path, err, want)
		}
	}
}

func FuzzReadHeader(f *testing.F) {
	f.Add(encodeHeader(0, 7, Float16))
	f.Add(append(encodeHeader(1, 1, Float32), 1, 2, 3, 4))
	f.Add([]byte("\x93NUMPY\x02\x00\x02\x00\x00\x00{}"))
	f.Fuzz(func(t *testing.T, content []byte) {
		h, err := readHeader(bytes.NewReader(content), int64(len(content)))
		if err == nil && int64(h.rows)*int64(h.dim)*int64(elementBytes(h.dtype)) != int64(len(content))-h.start {
			t.Errorf("%+v of %d bytes", h, len(content))
		}
	})
}
