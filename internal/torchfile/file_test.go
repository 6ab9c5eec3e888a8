package torchfile

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// expected is what torch holds, as testdata/make.py wrote it down.
func expected(t *testing.T, which string) map[string]struct {
	Shape  []int
	DType  string
	Values []float64
} {
	t.Helper()
	b, err := os.ReadFile("testdata/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string]struct {
		Shape  []int
		DType  string
		Values []float64
	}{}
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	return all[which]
}

func TestOpen(t *testing.T) {
	for _, c := range []struct{ file, holds, inside string }{
		{"zip.pth", "tensors", ""}, {"legacy.pth", "tensors", ""}, {"protocol4.pth", "tensors", ""},
		{"python2.pth", "old", ""}, {"module.pth", "module", ""}, {"parallel.pth", "module", ""}, {"checkpoint.pth", "module", "state_dict"},
	} {
		f, err := Open(filepath.Join("testdata", c.file))
		if err != nil {
			t.Errorf("%s: %v", c.file, err)
			continue
		}
		want := expected(t, c.holds)
		if len(f.Tensors) != len(want) || f.Inside != c.inside {
			t.Errorf("%s: %d tensors inside %q, want %d", c.file, len(f.Tensors), f.Inside, len(want))
		}
		for i := range f.Tensors {
			v := &f.Tensors[i]
			w, ok := want[v.Name]
			kinds := map[string]string{"F32": "float32", "F16": "float16", "BF16": "bfloat16", "F64": "float64", "I64": "int64", "BOOL": "bool"}
			if !ok || !slices.Equal(v.Shape, w.Shape) || kinds[v.DType] != w.DType {
				t.Errorf("%s: %s is %v of %s, want %+v", c.file, v.Name, v.Shape, v.DType, w)
				continue
			}
			got, err := f.Floats(v)
			if isFloat := strings.HasPrefix(v.DType, "F") || v.DType == "BF16"; isFloat != (err == nil) {
				t.Errorf("%s: %s of %s: %v", c.file, v.Name, v.DType, err)
			}
			if err != nil {
				continue
			}
			same := slices.EqualFunc(got, w.Values, func(a float32, b float64) bool { return float64(a) == b })
			if !same {
				t.Errorf("%s: %s holds %v, want %v", c.file, v.Name, got, w.Values)
			}
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []struct{ file, want string }{
		{"tensor.pth", "it holds a single tensor, not a state dict"},
		{"numbers.pth", "there is no tensor in its dict, whose keys are epoch; in Python"},
		{"whole_model.pth", "it names the Python object torch.nn.modules.container.Sequential, which no state dict needs"},
		{"expanded.pth", "more values than its storage"},
		{"script.pth", "it is a TorchScript program"},
		{"make.py", "it is no file of torch.save"},
		{"hostile/system.pth", "it names the Python object posix.system"},
		{"hostile/eval.pth", "it names the Python object __builtin__.eval"},
		{"hostile/system4.pth", "it names the Python object posix.system"},
		{"hostile/import_only.pth", "it names the Python object os.system"},
		{"hostile/instance.pth", "it names the Python object os.system"},
		{"hostile/text_global.pth", "instruction 0x69"},
		{"hostile/newobj.pth", "makes an object of a class"},
		{"hostile/extension.pth", "instruction 0x82"},
		{"hostile/setstate.pth", "its pickle is damaged"},
		{"hostile/expanded.pth", "more values than its storage"},
		{"hostile/overflow.pth", "is too large"},
		{"hostile/strides.pth", "is outside its storage"},
		{"hostile/negative.pth", "a side of -1"},
		{"hostile/offset.pth", "is outside its storage"},
		{"hostile/before.pth", "is outside its storage"},
		{"hostile/lengths.pth", "16 bytes, the pickle says 20"},
		{"hostile/absent.pth", "it lacks the values data/1"},
		{"hostile/path.pth", "it lacks the values data/../../secret"},
		{"hostile/laughs.pth", "it holds a list, not a state dict"},
		{"hostile/laughs_call.pth", "calls what is no name"},
		{"hostile/work.pth", "more of its parts"},
		{"hostile/itself.pth", "there is no tensor"},
		{"hostile/deep.pth", "it holds a list"},
		{"hostile/unending.pth", "ends too early"},
	} {
		f, err := Open(filepath.Join("testdata", c.file))
		if err == nil {
			f.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.file, err, c.want)
		}
		if err != nil && len(err.Error()) > 500 {
			t.Errorf("%s: a message of %d bytes", c.file, len(err.Error()))
		}
	}
	if _, err := Open("testdata/none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	// The hand-made files are refused for what is wrong with them alone: without that they are read.
	f, err := Open("testdata/hostile/good.pth")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if v, err := f.Floats(&f.Tensors[0]); err != nil || !slices.Equal(v, []float32{1, 2, 3, 4}) {
		t.Errorf("%v, %v", v, err)
	}
}

// A file that is cut off or changed anywhere is refused, or gives the values that it held.
func TestDamage(t *testing.T) {
	for _, name := range []string{"zip.pth", "legacy.pth"} {
		whole, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; n < len(whole); n += 7 {
			if f, err := read(bytes.NewReader(whole[:n]), int64(n)); err == nil {
				t.Errorf("%s cut to %d of %d bytes gives %d tensors", name, n, len(whole), len(f.Tensors))
			}
		}
	}
	whole, _ := os.ReadFile("testdata/zip.pth")
	at := bytes.Index(whole, []byte{0, 0, 0x80, 0xbf, 0, 0, 0x60, 0xbf}) // base: -1, -0.875
	if at < 0 {
		t.Fatal("the values are not in the file")
	}
	whole[at]++
	f, err := read(bytes.NewReader(whole), int64(len(whole)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Floats(&f.Tensors[0]); !errors.Is(err, zip.ErrChecksum) {
		t.Errorf("a changed value: %v", err)
	}
}

// A zip file whose list of contents is long, or whose entries are compressed, is refused before it takes memory.
func TestZipBounds(t *testing.T) {
	pack := func(write func(z *zip.Writer)) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		write(z)
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	add := func(z *zip.Writer, name string, method uint16, content []byte) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: method})
		if err == nil {
			_, err = w.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	good, err := os.ReadFile("testdata/hostile/good.pth")
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(good), int64(len(good)))
	if err != nil {
		t.Fatal(err)
	}
	r, err := z.Open("archive/data.pkl")
	if err != nil {
		t.Fatal(err)
	}
	pickle, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	stored := func(key string) []byte { // the good pickle with another key of its values
		from := []byte("X\x01\x00\x00\x000X\x03")
		if !bytes.Contains(pickle, from) {
			t.Fatal("the pickle has no key")
		}
		return bytes.Replace(pickle, from, []byte("X"+string(rune(len(key)))+"\x00\x00\x00"+key+"X\x03"), 1)
	}
	long := strings.Repeat("n", 60000)
	for _, c := range []struct {
		want string
		file []byte
	}{
		{"list of contents is too long", pack(func(z *zip.Writer) {
			for i := range 300 {
				add(z, long+string(rune('a'+i)), zip.Store, nil)
			}
		})},
		{"are compressed", pack(func(z *zip.Writer) {
			add(z, "a/data.pkl", zip.Store, pickle)
			add(z, "a/data/0", zip.Deflate, make([]byte, 16))
		})},
		{"a state dict's has at most", pack(func(z *zip.Writer) { add(z, "a/data.pkl", zip.Deflate, make([]byte, maxPickle+1)) })},
		{`its byte order is "big"`, pack(func(z *zip.Writer) {
			add(z, "a/byteorder", zip.Store, []byte("big"))
			add(z, "a/data.pkl", zip.Store, pickle)
		})},
		{"two pickles", pack(func(z *zip.Writer) {
			add(z, "a/data.pkl", zip.Store, pickle)
			add(z, "b/data.pkl", zip.Store, pickle)
		})},
		{"twice", pack(func(z *zip.Writer) {
			add(z, "a/data.pkl", zip.Store, pickle)
			add(z, "a/data.pkl", zip.Store, pickle)
		})},
		{"lacks the values data/?[2Jx?y", pack(func(z *zip.Writer) { add(z, "a/data.pkl", zip.Store, stored("\x1b[2Jx\ny")) })},
		{"no data.pkl", pack(func(z *zip.Writer) { add(z, "x", zip.Store, pickle) })},
	} {
		if _, err := read(bytes.NewReader(c.file), int64(len(c.file))); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}

// counting is a storage whose values are their places.
type counting struct{ at uint32 }

func (c *counting) open(*storage) (io.ReadCloser, error) {
	c.at = 0
	return io.NopCloser(c), nil
}

func (c *counting) Read(p []byte) (int, error) {
	n := len(p) / 4
	for i := range n {
		binary.LittleEndian.PutUint32(p[4*i:], math.Float32bits(float32(c.at)))
		c.at++
	}
	if c.at >= 1<<24 {
		return 4 * n, io.EOF
	}
	return 4 * n, nil
}

// A tensor whose few values lie far apart takes memory for these alone.
func TestFarApart(t *testing.T) {
	v, err := newView(&storage{"0", dtype{"F32", 4}, 1 << 24}, 5, []int64{3, 2}, []int64{1, 1 << 22})
	if err != nil {
		t.Fatal(err)
	}
	f := &File{content: &counting{}}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got, err := f.Floats(&Tensor{Name: "x", DType: "F32", view: v})
	runtime.ReadMemStats(&after)
	if want := []float32{5, 5 + 1<<22, 6, 6 + 1<<22, 7, 7 + 1<<22}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 8<<20 {
		t.Errorf("%d bytes for 6 values", grown)
	}
}

func FuzzRead(f *testing.F) {
	for _, pattern := range []string{"testdata/*.pth", "testdata/hostile/*.pth"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			f.Fatal(err, len(paths))
		}
		for _, p := range paths {
			b, err := os.ReadFile(p)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := read(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		for i := range file.Tensors {
			v, err := file.Floats(&file.Tensors[i])
			n := 1
			for _, side := range file.Tensors[i].Shape {
				n *= side
			}
			if err == nil && len(v) != n {
				t.Fatalf("shape %v has %d values", file.Tensors[i].Shape, len(v))
			}
			if len(v) > len(b) {
				t.Fatalf("%d values of a file of %d bytes", len(v), len(b))
			}
		}
	})
}

// FuzzPickle runs the machine alone: the file's checksum does not stand in its way.
func FuzzPickle(f *testing.F) {
	paths, err := filepath.Glob("testdata/*/*.pth")
	if err != nil || len(paths) == 0 {
		f.Fatal(err, len(paths))
	}
	more, _ := filepath.Glob("testdata/*.pth")
	for _, p := range append(paths, more...) {
		b, err := os.ReadFile(p)
		if err != nil {
			f.Fatal(err)
		}
		if from, to := bytes.Index(b, []byte{0x80, 2, '}'}), bytes.LastIndexByte(b, '.'); from >= 0 && from < to {
			f.Add(b[from : to+1])
		}
	}
	f.Fuzz(func(_ *testing.T, b []byte) {
		m := newMachine(bytes.NewReader(b))
		v, err := m.run()
		if err == nil {
			_ = (&File{}).take(v)
		}
	})
}

// The memory of the machine follows the length of the pickle.
func TestPickleMemory(t *testing.T) {
	const length = 1 << 19
	var before, after runtime.MemStats
	for _, op := range []string{"]", "}", ")", "(", "K\x01", "U\x00", "]q\x00", "(t"} {
		b := []byte(strings.Repeat(op, length/len(op)))
		runtime.GC()
		runtime.ReadMemStats(&before)
		m := newMachine(bytes.NewReader(b))
		_, err := m.run()
		runtime.GC()
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%q: no error", op)
		}
		if grown := math.Abs(float64(after.HeapAlloc) - float64(before.HeapAlloc)); grown > 100*length {
			t.Errorf("%q: %.0f bytes for each of the pickle's", op, grown/length)
		}
		runtime.KeepAlive(m)
	}
}
