package checkpoints

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"
)

// spaceMargin is what must stay free on the disk beside the new file: room for
// logs and metrics.
const spaceMargin = 16 << 20

// system is the part of the file system that writing uses; tests put failures in it.
type system interface {
	Free(dir string) (int64, error)     // errors.ErrUnsupported where it cannot be told
	Create(path string) (output, error) // a temporary file beside path
	Rename(from, to string) error
	Remove(path string) error
	SyncDir(dir string) error
}

// output is a new file that is being written. Release ends the claim on the
// file that keeps other programs from removing it as a leftover; it comes after
// the rename or the removal.
type output interface {
	io.Writer
	Name() string
	Sync() error
	Close() error
	Release()
}

// Write stores f under path so that at every moment path is either absent, the
// old file, or the whole new one. Tensors are written as F32 in the order of their names,
// a checksum is added to the metadata; f is not changed.
//
// Errors: ErrNoSpace before a byte is written, else the file system's
// (syscall.ENOSPC, fs.ErrPermission); the temporary file is removed.
func Write(path string, f *File) error { return write(disk{}, path, f, nativeLittleEndian()) }

func write(sys system, path string, f *File, view bool) (err error) {
	header, tensors, err := encode(f, view)
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	size := int64(len(header))
	for i := range tensors {
		size += 4 * int64(len(tensors[i].Data))
	}
	dir := filepath.Dir(path)
	if err := checkSpace(sys, dir, path, size); err != nil {
		return err
	}
	out, err := sys.Create(path)
	if err != nil {
		return explain(sys, dir, path, size, err)
	}
	temp := out.Name()
	defer out.Release()
	closed := false
	defer func() {
		if err == nil {
			return
		}
		if !closed {
			_ = out.Close() // the first error is the one that counts
		}
		_ = sys.Remove(temp)
		err = explain(sys, dir, path, size, err)
	}()
	if err := writeContent(out, header, tensors, view); err != nil {
		return err
	}
	if err := out.Sync(); err != nil {
		return err
	}
	closed = true
	if err := out.Close(); err != nil {
		return err
	}
	if err := sys.Rename(temp, path); err != nil {
		return err
	}
	return sys.SyncDir(dir)
}

// encode sorts and checks the tensors and makes the header, checksum included.
func encode(f *File, view bool) ([]byte, []Tensor, error) {
	tensors := slices.Clone(f.Tensors)
	slices.SortFunc(tensors, func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
	for i := range tensors {
		t := &tensors[i]
		switch {
		case t.Name == metadataKey || !utf8.ValidString(t.Name):
			return nil, nil, fmt.Errorf("a tensor cannot be named %q", t.Name)
		case i > 0 && t.Name == tensors[i-1].Name:
			return nil, nil, fmt.Errorf("two tensors are named %q", t.Name)
		case t.DType != "" && converter(t.DType) == nil:
			return nil, nil, fmt.Errorf("tensor %q holds %s; only floating-point numbers can be written", t.Name, t.DType)
		}
		if size, ok := sizeOf(32, t.Shape); !ok || size != 4*int64(len(t.Data)) {
			return nil, nil, fmt.Errorf("tensor %q: shape %v does not fit %d values", t.Name, t.Shape, len(t.Data))
		}
	}
	metadata := maps.Clone(f.Metadata)
	if metadata == nil {
		metadata = map[string]string{}
	}
	for k, v := range metadata {
		if k != checksumKey && strings.HasPrefix(v, checksumMark) {
			return nil, nil, fmt.Errorf("metadata %q begins with %q, which marks the checksum", k, checksumMark)
		}
	}
	metadata[checksumKey] = checksum(metadata, sum(tensors, view))
	header, err := encodeHeader(tensors, metadata)
	return header, tensors, err
}

// sum computes the CRC-32C of every piece of every tensor by all CPUs.
func sum(tensors []Tensor, view bool) []summed {
	sums := make([]summed, len(tensors))
	table := crcTable()
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range tensors {
		t := &tensors[i]
		crc := make([]uint32, pieces(4*int64(len(t.Data))))
		sums[i] = summed{name: t.Name, dtype: "F32", shape: t.Shape, crc: crc}
		for j := range crc {
			g.Go(func() error {
				crc[j] = crc32.Checksum(pieceOf(t.Data, j, view), table)
				return nil
			})
		}
	}
	_ = g.Wait() // the tasks return no error
	return sums
}

// pieceOf gives piece j of the tensor's bytes as they stand in the file: its own memory, or a converted copy.
func pieceOf(data []float32, j int, view bool) []byte {
	const n = pieceBytes / 4
	part := data[j*n : min((j+1)*n, len(data))]
	if view {
		return byteView(part)
	}
	b := make([]byte, 4*len(part))
	toF32(b, part)
	return b
}

func writeContent(w io.Writer, header []byte, tensors []Tensor, view bool) error {
	if _, err := w.Write(header); err != nil {
		return err
	}
	for i := range tensors {
		data := tensors[i].Data
		for j := range pieces(4 * int64(len(data))) {
			if _, err := w.Write(pieceOf(data, j, view)); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkSpace fails when the disk has less free space than the file and the margin need.
func checkSpace(sys system, dir, path string, size int64) error {
	free, err := sys.Free(dir)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if free < size+spaceMargin {
		return fmt.Errorf("writing %s: %w: it needs %s (%s of them as a margin), %s are free on that disk; delete something there; older checkpoints are untouched",
			path, ErrNoSpace, readable(size+spaceMargin), readable(spaceMargin), readable(max(free, 0)))
	}
	return nil
}

// explain adds path and remedy to an error of the write sequence.
func explain(sys system, dir, path string, size int64, err error) error {
	switch {
	case diskFull(err):
		free := "unknown"
		if n, e := sys.Free(dir); e == nil {
			free = readable(max(n, 0))
		}
		return fmt.Errorf("writing %s: the disk is full: the file needs %s, free: %s; delete something there; older checkpoints are untouched: %w",
			path, readable(size), free, err)
	case errors.Is(err, fs.ErrPermission) || readOnlyDisk(err):
		return fmt.Errorf("writing %s: its folder cannot be written to; change its permissions or choose another folder: %w", path, err)
	}
	return fmt.Errorf("writing %s: %w", path, err)
}

// readable is a number of bytes for people: "1.3 GB", powers of 1000 as disks are sold.
func readable(n int64) string {
	units := []string{"bytes", "kB", "MB", "GB", "TB", "PB", "EB"}
	v, u := float64(n), 0
	for v >= 999.5 && u < len(units)-1 {
		v /= 1000
		u++
	}
	if u == 0 {
		return fmt.Sprintf("%d bytes", n)
	}
	return fmt.Sprintf("%.3g %s", v, units[u])
}

func randomHex() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand since Go 1.24)
	return hex.EncodeToString(b[:])
}
