package checkpoints

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Tensor is one named array, row-major. Write stores it as F32.
type Tensor struct {
	Name  string
	Shape []int
	Data  []float32
	// DType is how the file holds it ("F32", "F16", "I64", ...); set by Read and
	// ReadHeader, ignored by Write.
	DType string
}

// File is the content of a safetensors file.
type File struct {
	Tensors  []Tensor
	Metadata map[string]string // never nil after Read
}

// Tensor finds a tensor by its name. It fails when there is none, and when its
// type has no place in a float32.
func (f *File) Tensor(name string) (*Tensor, error) {
	for i := range f.Tensors {
		t := &f.Tensors[i]
		if t.Name != name {
			continue
		}
		if t.DType != "" && converter(t.DType) == nil {
			return nil, fmt.Errorf("tensor %q holds %s, not floating-point numbers", name, t.DType)
		}
		return t, nil
	}
	return nil, fmt.Errorf("there is no tensor %q", name)
}

// Read reads a whole file and checks it: structure, lengths and, when the file
// has one, the checksum. Tensors come in the order of their data. F16, BF16 and
// F64 are converted to float32; a tensor of any other type is listed with its
// DType and Data nil, so that a caller who does not need it can leave it.
//
// Errors: ErrDamaged, ErrUnsupported, or the file system's; each names the path.
func Read(path string) (*File, error) { return readPath(context.Background(), path, nil) }

// ReadSome is Read that keeps only the tensors whose name is wanted; the checksum is checked over all.
func ReadSome(path string, wanted func(name string) bool) (*File, error) {
	return readPath(context.Background(), path, wanted)
}

// Checksum is the checksum that the file was read with, which tells files of different content apart; "" when it has none.
func (f *File) Checksum() string { return f.Metadata[checksumKey] }

func readPath(ctx context.Context, path string, wanted func(name string) bool) (*File, error) {
	file, size, err := open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	f, err := readFile(ctx, file, size, nativeLittleEndian(), wanted)
	if err != nil {
		return nil, withPath(path, err)
	}
	return f, nil
}

// ReadHeader reads and checks the header and the file's length, not the data:
// Data is nil and the checksum is not verified.
func ReadHeader(path string) (map[string]string, []Tensor, error) {
	file, size, err := open(path)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	metadata, entries, _, err := readHeader(file, size)
	if err != nil {
		return nil, nil, withPath(path, err)
	}
	return metadata, tensorsOf(entries), nil
}

// open refuses what is not a regular file before it opens it: a FIFO would block.
func open(path string) (*os.File, int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, fmt.Errorf("reading a safetensors file: %w", err)
	}
	if !info.Mode().IsRegular() {
		what := "not a regular file"
		if info.IsDir() {
			what = "a folder, not a file"
		}
		return nil, 0, fmt.Errorf("reading a safetensors file: %s is %s; name a .safetensors file", path, what)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, 0, fmt.Errorf("reading a safetensors file: %w", err)
	}
	return file, info.Size(), nil
}

// readHeader returns the metadata, the tensors and where the data begins.
func readHeader(r io.ReaderAt, size int64) (map[string]string, []entry, int64, error) {
	if size == 0 {
		return nil, nil, 0, damaged("the file is empty")
	}
	var first [8]byte
	if n, err := r.ReadAt(first[:min(size, 8)], 0); n < int(min(size, 8)) {
		return nil, nil, 0, readError(err)
	}
	if string(first[:4]) == "PK\x03\x04" || first[0] == 0x80 && first[1] <= 5 && first[7] != 0 {
		return nil, nil, 0, unsupported(
			"load it with torch.load and write it with safetensors.torch.save_file",
			"this is a PyTorch .pt/.pth file, not a safetensors file")
	}
	if size < 8 {
		return nil, nil, 0, damaged("it has %d bytes", size)
	}
	length := binary.LittleEndian.Uint64(first[:])
	if length > maxHeader {
		return nil, nil, 0, damaged("its first 8 bytes say that the header has %d bytes; at most %d are allowed (is it a safetensors file at all?)", length, maxHeader)
	}
	if length > uint64(size-8) {
		return nil, nil, 0, damaged("the header has %d bytes, the whole file only %d (an interrupted copy or download?)", length, size)
	}
	raw := make([]byte, length)
	if n, err := r.ReadAt(raw, 8); n < len(raw) {
		return nil, nil, 0, readError(err)
	}
	start := 8 + int64(length)
	metadata, entries, err := parseHeader(raw, size-start)
	return metadata, entries, start, err
}

// readError: an end that comes too early is damage, all else is the file system's.
func readError(err error) error {
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return damaged("it became shorter while it was read")
	}
	return fmt.Errorf("reading: %w", err)
}

func tensorsOf(entries []entry) []Tensor {
	tensors := make([]Tensor, len(entries))
	for i := range entries {
		e := &entries[i]
		tensors[i] = Tensor{Name: e.name, Shape: e.shape, DType: e.dtype}
	}
	return tensors
}

// readFile reads r in pieces by all CPUs, F32 straight into the tensors' memory
// (view: memory has the file's byte order). Memory beyond the result: one piece per CPU.
// wanted, if not nil, says which tensors are kept.
func readFile(ctx context.Context, r io.ReaderAt, size int64, view bool, wanted func(name string) bool) (*File, error) {
	metadata, entries, start, err := readHeader(r, size)
	if err != nil {
		return nil, err
	}
	want, err := storedChecksum(metadata)
	if err != nil {
		return nil, err
	}
	f := &File{Tensors: tensorsOf(entries), Metadata: metadata}
	sums := make([]summed, len(entries))
	table := crcTable()
	buffers := sync.Pool{New: func() any { b := make([]byte, pieceBytes); return &b }}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range entries {
		e := &entries[i]
		convert := converter(e.dtype)
		if wanted != nil && !wanted(e.name) {
			convert = nil
		}
		bytes := e.end - e.begin
		perElement := int64(elementBits(e.dtype)) / 8 // of use only where convert is not nil
		sums[i] = summed{name: e.name, dtype: e.dtype, shape: e.shape}
		if convert == nil && want == "" {
			continue // nobody needs these bytes
		}
		if convert != nil {
			f.Tensors[i].Data = make([]float32, bytes/perElement)
		}
		crc := make([]uint32, pieces(bytes))
		sums[i].crc = crc
		direct := view && e.dtype == "F32" && convert != nil
		for j := range crc {
			from := int64(j) * pieceBytes
			n := min(pieceBytes, bytes-from)
			data := f.Tensors[i].Data
			g.Go(func() error {
				if err := ctx.Err(); err != nil {
					return err
				}
				var buf []byte
				if direct {
					buf = byteView(data[from/4 : (from+n)/4])
				} else {
					b := buffers.Get().(*[]byte)
					defer buffers.Put(b)
					buf = (*b)[:n]
				}
				if got, err := r.ReadAt(buf, start+e.begin+from); int64(got) < n {
					return readError(err)
				}
				if want != "" {
					crc[j] = crc32.Checksum(buf, table)
				}
				if !direct && convert != nil {
					convert(data[from/perElement:(from+n)/perElement], buf)
				}
				return nil
			})
		}
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	if want != "" && want != checksum(metadata, sums) {
		return nil, damaged("its content does not match its checksum (if another program changed it on purpose, remove %q from its metadata)", checksumKey)
	}
	if wanted != nil {
		f.Tensors = slices.DeleteFunc(f.Tensors, func(t Tensor) bool { return !wanted(t.Name) })
	}
	return f, nil
}
