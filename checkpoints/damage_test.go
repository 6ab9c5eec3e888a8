package checkpoints

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func readBytes(t *testing.T, b []byte) (*File, error) {
	return readFile(t.Context(), bytes.NewReader(b), int64(len(b)), nativeLittleEndian(), nil)
}

// TestFlippedBit flips every bit of a file of ours, one at a time.
func TestFlippedBit(t *testing.T) {
	f := sample(100, 64)
	s := State{Step: 100, Config: "gap: 1\ntriplets: a b.tsv\n", Data: map[string]string{"a.tsv": "00ff"}, Metrics: []byte(`[1,2]`)}
	if err := s.Encode(f.Metadata); err != nil {
		t.Fatal(err)
	}
	whole := encoded(t, f)
	if _, err := readBytes(t, whole); err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		for bit := range 8 {
			whole[i] ^= 1 << bit
			_, err := readBytes(t, whole)
			if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrUnsupported) {
				t.Errorf("byte %d of %d, bit %d (%q): error %v", i, len(whole), bit, whole[max(0, i-10):min(len(whole), i+10)], err)
			}
			whole[i] ^= 1 << bit
		}
	}
}

// TestFlippedBitFar flips bits in a file of several pieces.
func TestFlippedBitFar(t *testing.T) {
	whole := encoded(t, sample(1, 3*pieceBytes/4+5))
	for _, at := range []int{len(whole) - 1, len(whole) / 2, pieceBytes + 777, 2*pieceBytes + 4096} {
		whole[at] ^= 0x10
		if _, err := readBytes(t, whole); !errors.Is(err, ErrDamaged) {
			t.Errorf("byte %d: error %v", at, err)
		}
		whole[at] ^= 0x10
	}
}

// TestWrongLength cuts a file at every length and makes it longer.
func TestWrongLength(t *testing.T) {
	whole := encoded(t, sample(1, 64))
	for n := range whole {
		if _, err := readBytes(t, whole[:n]); !errors.Is(err, ErrDamaged) {
			t.Errorf("%d of %d bytes: error %v", n, len(whole), err)
		}
	}
	for _, extra := range []int{1, 4, 4096} {
		if _, err := readBytes(t, append(bytes.Clone(whole), make([]byte, extra)...)); !errors.Is(err, ErrDamaged) {
			t.Errorf("%d bytes too many: error %v", extra, err)
		}
	}
}

// TestChecksumRenamed: taking the checksum away must not be a way around it by accident.
func TestChecksumRenamed(t *testing.T) {
	whole := encoded(t, sample(1, 4))
	renamed := bytes.Replace(whole, []byte(checksumKey), []byte("deeprank.chucksum"), 1)
	if _, err := readBytes(t, renamed); !errors.Is(err, ErrDamaged) {
		t.Errorf("error %v", err)
	}
}

// raw makes a file from a header and a number of data bytes.
func raw(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, data)...)
}

func TestBadFiles(t *testing.T) {
	tests := []struct {
		name string
		file []byte
		kind error
		want string
	}{
		{"empty", nil, ErrDamaged, "empty"},
		{"three bytes", []byte("abc"), ErrDamaged, "3 bytes"},
		{"web page", []byte("<!DOCTYPE html><html>not found</html>"), ErrDamaged, "safetensors file at all"},
		{"zip of PyTorch", []byte("PK\x03\x04\x00\x00\x00\x00archive"), ErrUnsupported, "save_file"},
		{"pickle of PyTorch", []byte("\x80\x02\x8a\x0al\xfc\x9cF\xf9 j"), ErrUnsupported, "save_file"},
		{"header too long", binary.LittleEndian.AppendUint64(nil, maxHeader+1), ErrDamaged, "at most"},
		{"header length 2^64-1", bytes.Repeat([]byte{255}, 64), ErrDamaged, "at most"},
		{"header beyond the end", binary.LittleEndian.AppendUint64(nil, 1000), ErrDamaged, "the whole file only 8"},
		{"no header", raw("", 0), ErrDamaged, "JSON object"},
		{"array", raw("[1]", 0), ErrDamaged, "JSON object"},
		{"cut JSON", raw(`{"a":`, 0), ErrDamaged, "valid JSON"},
		{"not UTF-8", raw("{\"a\xff\":1}", 0), ErrDamaged, "UTF-8"},
		{"two objects", raw(`{}{}`, 0), ErrDamaged, "valid JSON"},
		{"tensor is a number", raw(`{"a":1}`, 0), ErrDamaged, `"{" belongs`},
		{"no dtype", raw(`{"a":{"shape":[1],"data_offsets":[0,4]}}`, 4), ErrDamaged, "needs dtype"},
		{"one offset", raw(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4]}}`, 4), ErrDamaged, "two data_offsets"},
		{"unknown field", raw(`{"a":{"dtype":"F32","shape":[1],"offsets":[0,4]}}`, 4), ErrDamaged, `unknown field "offsets"`},
		{"field in capitals", raw(`{"a":{"DTYPE":"F32","shape":[1],"data_offsets":[0,4]}}`, 4), ErrDamaged, "unknown field"},
		{"unknown dtype", raw(`{"a":{"dtype":"F99","shape":[1],"data_offsets":[0,4]}}`, 4), ErrUnsupported, `unknown dtype "F99"`},
		{"same tensor twice", raw(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8), ErrDamaged, `"a" occurs twice`},
		{"same field twice", raw(`{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4), ErrDamaged, `"dtype" occurs twice`},
		{"same metadata twice", raw(`{"__metadata__":{"k":"1","k":"2"}}`, 0), ErrDamaged, `"k" occurs twice`},
		{"metadata not text", raw(`{"__metadata__":{"k":1}}`, 0), ErrDamaged, "string belongs"},
		{"negative side", raw(`{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}`, 4), ErrDamaged, "-1 is no size"},
		{"fraction", raw(`{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}`, 4), ErrDamaged, "1.0 is no size"},
		{"offset 2^63", raw(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,9223372036854775808]}}`, 4), ErrDamaged, "no size or offset"},
		{"shape overflows to fit", raw(`{"a":{"dtype":"F32","shape":[4611686018427387905,1],"data_offsets":[0,4]}}`, 4), ErrDamaged, "does not fit"},
		{"shape overflows twice", raw(`{"a":{"dtype":"F32","shape":[4294967296,4294967296,4294967296],"data_offsets":[0,0]}}`, 0), ErrDamaged, "does not fit"},
		{"shape against length", raw(`{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}`, 8), ErrDamaged, "shape [3] of F32 does not fit its 8 bytes"},
		{"ends before it begins", raw(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}`, 4), ErrDamaged, "before it begins"},
		{"half a byte", raw(`{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,1]}}`, 1), ErrDamaged, "does not fit"},
		{"hole", raw(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8), ErrDamaged, "hole"},
		{"overlap", raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8), ErrDamaged, "overlaps"},
		{"cut off", raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 7), ErrDamaged, "cut off: 7 bytes of data where the header says 8"},
		{"too long", raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 9), ErrDamaged, "9 bytes of data"},
		{"terabytes", raw(`{"a":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4398046511104]}}`, 8), ErrDamaged, "cut off"},
		{"other checksum", raw(`{"__metadata__":{"deeprank.checksum":"deeprank-checksum-9:00"}}`, 0), ErrUnsupported, "unknown kind of checksum"},
		{"wrong checksum", raw(`{"__metadata__":{"deeprank.checksum":"deeprank-checksum-1:00"}}`, 0), ErrDamaged, "does not match its checksum"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "bad.safetensors")
			if err := os.WriteFile(path, test.file, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Read(path)
			if !errors.Is(err, test.kind) || !strings.Contains(strings.TrimPrefix(err.Error(), path), test.want) {
				t.Fatalf("error %v, want %v with %q", err, test.kind, test.want)
			}
			if !strings.HasPrefix(err.Error(), path+": ") || strings.Contains(err.Error(), "\n") {
				t.Errorf("the message does not begin with the path, or has two lines: %q", err)
			}
			var named *FileError
			if !errors.As(err, &named) || named.Path != path || named.Remedy == "" {
				t.Errorf("no path or no remedy: %+v", named)
			}
		})
	}
}

// TestGoodFiles: what the format allows and others write.
func TestGoodFiles(t *testing.T) {
	tests := []struct {
		name string
		file []byte
	}{
		{"no tensors", raw(`{}`, 0)},
		{"spaces after the header", raw(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}     `, 4)},
		{"fields in another order", raw(`{"a":{"shape":[1],"data_offsets":[0,4],"dtype":"F32"}}`, 4)},
		{"tensors in another order", raw(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 8)},
		{"nothing where another begins", raw(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}`, 4)},
		{"nothing times much", raw(`{"a":{"dtype":"F32","shape":[9223372036854775807,0,9],"data_offsets":[0,0]}}`, 0)},
		{"half bytes", raw(`{"a":{"dtype":"F4","shape":[4],"data_offsets":[0,2]}}`, 2)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := readBytes(t, test.file); err != nil {
				t.Error(err)
			}
		})
	}
}

// FuzzRead: whatever the bytes, no panic, no memory beyond a small multiple of
// the file, and what can be read can be written and read again.
func FuzzRead(f *testing.F) {
	peers, err := os.ReadFile("testdata/peers.safetensors")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(peers)
	f.Add(raw(`{"a":{"dtype":"F16","shape":[2,1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[],"data_offsets":[4,8]}}`, 8))
	f.Add(raw(`{"__metadata__":{"deeprank.checksum":"deeprank-checksum-1:00"}}`, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := readBytes(t, b)
		if err != nil {
			return
		}
		total := 0
		for _, tensor := range file.Tensors {
			total += 4 * len(tensor.Data)
		}
		if total > 2*len(b) {
			t.Fatalf("%d bytes of values from a file of %d", total, len(b))
		}
		if _, _, err := encode(&File{Tensors: file.Tensors[:0], Metadata: file.Metadata}, true); err != nil && !strings.Contains(err.Error(), "marks the checksum") {
			t.Fatal(err)
		}
	})
}
