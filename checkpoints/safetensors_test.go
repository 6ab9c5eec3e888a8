package checkpoints

import (
	"bytes"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestReadPeers reads what the Python package wrote (testdata/make.py) and
// compares with torch's own conversion to float32, bit by bit.
func TestReadPeers(t *testing.T) {
	f, err := Read("testdata/peers.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	expected, err := os.ReadFile("testdata/expected.txt")
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for line := range strings.Lines(string(expected)) {
		part := strings.Split(strings.TrimSuffix(line, "\n"), " ")
		tensor, err := f.Tensor(part[0])
		if err != nil {
			t.Fatal(err)
		}
		var shape []string
		for _, side := range tensor.Shape {
			shape = append(shape, strconv.Itoa(side))
		}
		if got := strings.Join(shape, ","); got != part[1] {
			t.Errorf("%s: shape %s, want %s", part[0], got, part[1])
		}
		values := slices.DeleteFunc(part[2:], func(s string) bool { return s == "" })
		if len(values) != len(tensor.Data) {
			t.Fatalf("%s: %d values, want %d", part[0], len(tensor.Data), len(values))
		}
		for i, v := range values {
			want, err := strconv.ParseUint(v, 16, 32)
			if err != nil {
				t.Fatal(err)
			}
			if got := uint64(math.Float32bits(tensor.Data[i])); got != want {
				t.Errorf("%s[%d] = %08x, want %08x", part[0], i, got, want)
			}
			compared++
		}
	}
	if compared != 12+64+32+18+1 {
		t.Errorf("%d values compared", compared)
	}
	if odd, err := f.Tensor("odd name \"é\\\n<>&"); err != nil || !slices.Equal(odd.Data, []float32{1.5, -2}) {
		t.Errorf("odd name: %v, %v", odd, err)
	}
	if got := f.Metadata["note"]; got != "a \"quoted\" é\n<line>" || f.Metadata["format"] != "pt" {
		t.Errorf("metadata: %q", f.Metadata)
	}
	// Integers are listed and left; only who asks for them is refused.
	i := slices.IndexFunc(f.Tensors, func(t Tensor) bool { return t.Name == "steps" })
	if i < 0 || f.Tensors[i].DType != "I64" || f.Tensors[i].Data != nil {
		t.Errorf("steps: %+v", f.Tensors)
	}
	if _, err := f.Tensor("steps"); err == nil || !strings.Contains(err.Error(), "I64") {
		t.Errorf("asked for integers: %v", err)
	}
}

// TestHalf compares all 65536 halves with the formula of IEEE 754 in float64.
func TestHalf(t *testing.T) {
	for h := range 1 << 16 {
		exponent, fraction := h>>10&0x1f, float64(h&0x3ff)
		want := math.Ldexp(1+fraction/1024, exponent-15)
		switch {
		case exponent == 0:
			want = math.Ldexp(fraction/1024, -14)
		case exponent == 31 && fraction == 0:
			want = math.Inf(1)
		case exponent == 31:
			want = math.NaN()
		}
		if h>>15 == 1 {
			want = -want
		}
		got := float64(halfToFloat(uint16(h)))
		if !(got == want && math.Signbit(got) == math.Signbit(want)) && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Fatalf("half %04x = %v, want %v", h, got, want)
		}
	}
}

// TestByteOrder runs both ways between memory and file: the view, and the loops of big-endian machines.
func TestByteOrder(t *testing.T) {
	f := sample(3, pieceBytes/4+1000) // more than one piece
	var files [][]byte
	for _, view := range []bool{nativeLittleEndian(), false} {
		path := filepath.Join(t.TempDir(), "a.safetensors")
		if err := write(disk{}, path, f, view); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := readFile(t.Context(), bytes.NewReader(b), int64(len(b)), view, nil)
		if err != nil {
			t.Fatal(err)
		}
		sameFile(t, got, f)
		files = append(files, b)
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Error("the two ways wrote different files")
	}
}

// TestDeterministic: the order of the tensors given makes no difference, and a
// file that was read and written again is the same file.
func TestDeterministic(t *testing.T) {
	f := sample(7, 100)
	first := encoded(t, f)
	slices.Reverse(f.Tensors)
	if !bytes.Equal(first, encoded(t, f)) {
		t.Error("another order of the tensors gave other bytes")
	}
	again, err := readFile(t.Context(), bytes.NewReader(first), int64(len(first)), true, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, encoded(t, again)) {
		t.Error("reading and writing gave other bytes")
	}
	if header := first[:bytes.IndexByte(first[8:], 0)]; len(first)%4 != 0 || !bytes.Contains(header, []byte(`"embed.bias":{"dtype":"F32","shape":[],"data_offsets":[0,4]}`)) {
		t.Errorf("header: %s", header)
	}
}

func TestReadHeader(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.safetensors")
	if err := Write(path, sample(7, 100)); err != nil {
		t.Fatal(err)
	}
	metadata, tensors, err := ReadHeader(path)
	if err != nil {
		t.Fatal(err)
	}
	if metadata["deeprank.step"] != "7" || len(tensors) != 4 || tensors[1].Name != "embed.weight" ||
		!slices.Equal(tensors[1].Shape, []int{100}) || tensors[1].DType != "F32" || tensors[1].Data != nil {
		t.Errorf("%v %+v", metadata, tensors)
	}
}

func TestWriteRefuses(t *testing.T) {
	one := []float32{1}
	tests := []struct {
		name, want string
		f          File
	}{
		{"same name", "two tensors are named", File{Tensors: []Tensor{{Name: "a", Data: one}, {Name: "a", Data: one}}}},
		{"reserved name", "cannot be named", File{Tensors: []Tensor{{Name: "__metadata__", Data: one}}}},
		{"name not UTF-8", "cannot be named", File{Tensors: []Tensor{{Name: "a\xff", Data: one}}}},
		{"metadata not UTF-8", "not UTF-8", File{Metadata: map[string]string{"a": "\xff"}}},
		{"too few values", "does not fit", File{Tensors: []Tensor{{Name: "a", Shape: []int{2}, Data: one}}}},
		{"negative side", "does not fit", File{Tensors: []Tensor{{Name: "a", Shape: []int{-1, -1}, Data: one}}}},
		{"overflow", "does not fit", File{Tensors: []Tensor{{Name: "a", Shape: []int{1 << 30, 1 << 30, 16}}}}},
		{"integers", "I64", File{Tensors: []Tensor{{Name: "a", DType: "I64"}}}},
		{"mark of the checksum", "marks the checksum", File{Metadata: map[string]string{"a": checksumMark}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			err := Write(filepath.Join(dir, "a.safetensors"), &test.f)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
			if left := filesIn(t, dir); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
}

func TestReadNoFile(t *testing.T) {
	dir := t.TempDir()
	if _, err := Read(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrDamaged) {
		t.Errorf("missing file: %v", err)
	}
	if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), dir+" is a folder") {
		t.Errorf("folder: %v", err)
	}
}

// TestReadSome keeps one tensor, by both ways; damage to another one is noticed all the same.
func TestReadSome(t *testing.T) {
	dir := t.TempDir()
	s, err := OpenStore(dir, 1)
	if err != nil {
		t.Fatal(err)
	}
	want := sample(7, pieceBytes/4+5)
	path, err := s.Save(7, want, 0.5, true)
	if err != nil {
		t.Fatal(err)
	}
	wanted := func(name string) bool { return name == "shallow8.weight" }
	s.Wanted = wanted
	for name, read := range map[string]func() (*File, error){
		"ReadSome": func() (*File, error) { return ReadSome(path, wanted) },
		"Best": func() (*File, error) {
			_, f, err := s.Best(t.Context(), nil)
			return f, err
		},
	} {
		got, err := read()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		sameFile(t, got, &File{Tensors: want.Tensors[:1], Metadata: want.Metadata})
		if whole, err := Read(path); err != nil || got.Checksum() == "" || got.Checksum() != whole.Checksum() {
			t.Errorf("%s: checksum %q, of the whole file %q, %v", name, got.Checksum(), whole.Checksum(), err)
		}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-1] ^= 1
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadSome(path, wanted); !errors.Is(err, ErrDamaged) {
		t.Errorf("damage to a tensor that is not wanted: %v", err)
	}
}
