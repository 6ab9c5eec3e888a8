package vectors

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"math"
	"os"
	"runtime"
	"sync"
	"unsafe"

	"deeprank/data"
)

// File is embeddings in a .npy file. It is a Source of package retrieval.
type File struct {
	Path string
	header
	file   *os.File
	mapped []byte // the whole file; nil where it cannot be mapped
}

// OpenNPY opens a .npy file. One that holds no embeddings is a *data.Refused.
func OpenNPY(path string) (*File, error) {
	refuse := func(err error) error {
		return &data.Refused{Path: path, Reason: "cannot be used as embeddings", Err: err}
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &data.Refused{Path: path, Reason: "there are no such embeddings", Remedy: "rank embed makes them"}
	}
	if err != nil {
		return nil, refuse(err)
	}
	if !info.Mode().IsRegular() {
		return nil, refuse(errors.New("it is not a file"))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, refuse(err)
	}
	h, err := readHeader(f, info.Size())
	if err != nil {
		f.Close()
		return nil, refuse(err)
	}
	v := &File{Path: path, header: *h, file: f}
	if h.rows > 0 {
		v.mapped, _ = mapFile(f, info.Size()) // without it they are read
	}
	return v, nil
}

// Rows is the number of embeddings.
func (v *File) Rows() int { return v.rows }

// Dim is the length of an embedding.
func (v *File) Dim() int { return v.dim }

// DType is how the file holds a number: Float32 or Float16.
func (v *File) DType() string { return v.dtype }

// Bytes is the size of the numbers in the file.
func (v *File) Bytes() int64 {
	return int64(v.rows) * int64(v.dim) * int64(elementBytes(v.dtype))
}

// Close gives the file back; what Read gave is not valid any more.
func (v *File) Close() error {
	err := unmapFile(v.mapped)
	v.mapped = nil
	return errors.Join(err, v.file.Close())
}

// Read gives rows [from, to): where they lie, if that is in memory as float32, else in buffer.
func (v *File) Read(from, to int, buffer []float32) ([]float32, error) {
	n, bytes := (to-from)*v.dim, elementBytes(v.dtype)
	start := v.start + int64(from)*int64(v.dim)*int64(bytes)
	if n == 0 {
		return nil, nil
	}
	var raw []byte
	if v.mapped != nil {
		raw = v.mapped[start : start+int64(n*bytes)]
		if v.dtype == Float32 && uintptr(unsafe.Pointer(&raw[0]))%4 == 0 && littleEndian() {
			return unsafe.Slice((*float32)(unsafe.Pointer(&raw[0])), n), nil
		}
	} else {
		raw = make([]byte, n*bytes)
		if _, err := v.file.ReadAt(raw, start); err != nil {
			return nil, &data.Refused{Path: v.Path, Reason: "cannot be read", Err: err}
		}
	}
	dst := buffer[:n]
	// All CPUs: a single one is slower than the memory.
	parts := min(runtime.GOMAXPROCS(0), 1+n/(1<<16))
	var wait sync.WaitGroup
	for p := range parts {
		a, b := n*p/parts, n*(p+1)/parts
		wait.Go(func() {
			if v.dtype == Float16 {
				decodeHalf(dst[a:b], raw[2*a:2*b])
				return
			}
			for i := a; i < b; i++ {
				dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
			}
		})
	}
	wait.Wait()
	return dst, nil
}

func littleEndian() bool { return binary.NativeEndian.Uint16([]byte{1, 0}) == 1 }
