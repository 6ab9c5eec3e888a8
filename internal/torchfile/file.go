package torchfile

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"os"
	"slices"
	"strings"

	"deeprank/checkpoints"
)

// Tensor is an array of a state dict as the file describes it.
type Tensor struct {
	Name  string
	Shape []int
	DType string // as package checkpoints names it: F32, F16, BF16, F64, I64, ...

	*view
}

// view is a part of a storage; all numbers count values.
type view struct {
	storage        *storage
	offset         int64
	shape, strides []int64
}

// storage is a row of values in the file.
type storage struct {
	key    string
	dtype  dtype
	length int64
}

// dtype is the type of a storage's values.
type dtype struct {
	name  string
	bytes int64
}

// File is an open file. It is for one goroutine.
type File struct {
	Tensors []Tensor
	// Inside is the key of the dict in the file that holds the state dict, as in {"state_dict": ..., "epoch": ...}; "" when
	// that is the file's only one.
	Inside string

	content content
	closer  io.Closer
}

// content finds a storage's bytes. Reading to the end checks them where the format can.
type content interface {
	open(s *storage) (io.ReadCloser, error)
}

// Is tells from the first bytes of a file (15 are enough) whether this package is to read it.
func Is(first []byte) bool {
	return strings.HasPrefix(string(first), zipMagic) || strings.HasPrefix(string(first), legacyMagic)
}

// Open reads what a file holds, not the values. Errors do not name the path; that of a missing file is an fs.ErrNotExist.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	var file *File
	info, err := f.Stat()
	if err == nil {
		file, err = read(f, info.Size())
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	file.closer = f
	return file, nil
}

// Close closes the file.
func (f *File) Close() error { return f.closer.Close() }

func read(r io.ReaderAt, size int64) (*File, error) {
	first := make([]byte, min(size, int64(len(legacyMagic))))
	if _, err := r.ReadAt(first, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case strings.HasPrefix(string(first), zipMagic):
		return readZip(r, size)
	case strings.HasPrefix(string(first), legacyMagic):
		return readLegacy(r, size)
	}
	return nil, errors.New("it is no file of torch.save")
}

// nestedKeys are the keys under which training programs keep the state dict beside other things.
var nestedKeys = [...]string{"state_dict", "model_state_dict", "model"}

// parallelPrefix begins each name where torch.nn.DataParallel has wrapped the model.
const parallelPrefix = "module."

// take sets the file's tensors from what the pickle built. Entries that are no tensors are left out.
func (f *File) take(value any) error {
	d, ok := value.(*dict)
	if !ok {
		return fmt.Errorf("it holds %s, not a state dict; %s", kindOf(value), saveStateDict)
	}
	for _, key := range nestedKeys {
		if inner, ok := d.get(key).(*dict); ok {
			f.Inside, d = key, inner
			break
		}
	}
	seen := map[string]bool{}
	prefixed := true
	for _, p := range d.pairs {
		name, ok := p.key.(string)
		v, isTensor := p.value.(*view)
		if !ok || !isTensor {
			continue
		}
		if seen[name] {
			return fmt.Errorf("its tensor %q occurs twice", name)
		}
		seen[name] = true
		t := Tensor{Name: name, DType: v.storage.dtype.name, view: v, Shape: make([]int, len(v.shape))}
		for i, side := range v.shape {
			t.Shape[i] = int(side)
		}
		f.Tensors = append(f.Tensors, t)
		prefixed = prefixed && strings.HasPrefix(name, parallelPrefix)
	}
	if len(f.Tensors) == 0 {
		return fmt.Errorf("there is no tensor in its dict%s; %s", d.keys(), saveStateDict)
	}
	if prefixed {
		for i := range f.Tensors {
			f.Tensors[i].Name = strings.TrimPrefix(f.Tensors[i].Name, parallelPrefix)
		}
	}
	return nil
}

const saveStateDict = "in Python, torch.save(model.state_dict(), FILE) writes the weights alone"

// newView checks that a view lies within its storage and is not larger than it.
func newView(s *storage, offset int64, shape, strides []int64) (*view, error) {
	const maxDims = 16
	if len(shape) != len(strides) || len(shape) > maxDims {
		return nil, fmt.Errorf("a tensor has %d sides and %d strides", len(shape), len(strides))
	}
	count, last := uint64(1), uint64(0)
	for i, side := range shape {
		if side < 0 || strides[i] < 0 || int64(int(side)) != side {
			return nil, fmt.Errorf("a tensor has a side of %d and a stride of %d", side, strides[i])
		}
		high, low := bits.Mul64(count, uint64(side))
		if high != 0 {
			return nil, fmt.Errorf("a tensor of shape %v is too large", shape)
		}
		count = low
	}
	if count == 0 {
		return &view{s, 0, shape, strides}, nil
	}
	if count > uint64(s.length) {
		return nil, fmt.Errorf("a tensor of shape %v has more values than its storage in the file, %d; write it with .contiguous()", shape, s.length)
	}
	for i, side := range shape {
		high, low := bits.Mul64(uint64(side-1), uint64(strides[i]))
		sum, carry := bits.Add64(last, low, 0)
		if high != 0 || carry != 0 {
			return nil, fmt.Errorf("a tensor of shape %v and strides %v is outside its storage", shape, strides)
		}
		last = sum
	}
	if offset < 0 || offset >= s.length || last >= uint64(s.length-offset) {
		return nil, fmt.Errorf("a tensor of shape %v, strides %v and offset %d is outside its storage of %d values", shape, strides, offset, s.length)
	}
	return &view{s, offset, shape, strides}, nil
}

// count is the number of values.
func (v *view) count() int64 {
	n := int64(1)
	for _, side := range v.shape {
		n *= side
	}
	return n
}

// extent is the number of values from the first to the last in the storage.
func (v *view) extent() int64 {
	n := int64(1)
	for i, side := range v.shape {
		n += (side - 1) * v.strides[i]
	}
	return n
}

// dense says whether the values lie in the storage as they lie in a row-major array.
func (v *view) dense() bool {
	want := int64(1)
	for i := len(v.shape) - 1; i >= 0; i-- {
		if v.shape[i] != 1 && v.strides[i] != want {
			return false
		}
		want *= v.shape[i]
	}
	return true
}

// Floats reads a tensor's values, row-major, as float32: half, bfloat16 and double are converted, double with rounding.
// Other types are an error.
func (f *File) Floats(t *Tensor) ([]float32, error) {
	if !checkpoints.IsFloat(t.DType) {
		return nil, fmt.Errorf("%s holds values of type %s, which are no weights", t.Name, t.DType)
	}
	if t.count() == 0 {
		return []float32{}, nil
	}
	out := make([]float32, t.count())
	n, take := t.count(), func(at int64, part []float32) { copy(out[at:], part) }
	switch extent := t.extent(); {
	case t.dense():
	case extent <= sparse*n:
		values := make([]float32, extent)
		n, take = extent, func(at int64, part []float32) {
			if copy(values[at:], part); at+int64(len(part)) == extent {
				t.gather(out, values)
			}
		}
	default:
		n, take = extent, t.pick(out)
	}
	if err := f.row(t.storage, t.offset, n, take); err != nil {
		return nil, fmt.Errorf("%s: %w", t.Name, err)
	}
	return out, nil
}

// sparse is how many times as many values as a tensor has may lie between its first and its last for all of them to be read at once.
const sparse = 4

// row reads n values of a storage from an offset on, which take gets in pieces, and the storage's rest too, for the checksum's sake.
func (f *File) row(s *storage, offset, n int64, take func(at int64, part []float32)) (err error) {
	r, err := f.content.open(s)
	if err != nil {
		return fmt.Errorf("its values cannot be found (a damaged copy or download?): %w", err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	short := func(err error) error {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return errors.New("its values end too early; the file is damaged (an interrupted copy or download?)")
		}
		return fmt.Errorf("its values cannot be read (a damaged copy or download?): %w", err)
	}
	if _, err := io.CopyN(io.Discard, r, offset*s.dtype.bytes); err != nil {
		return short(err)
	}
	const piece = 1 << 18 // values
	values, buf := make([]float32, min(n, piece)), make([]byte, min(n, piece)*s.dtype.bytes)
	for at := int64(0); at < n; at += piece {
		part := values[:min(piece, n-at)]
		b := buf[:int64(len(part))*s.dtype.bytes]
		if _, err := io.ReadFull(r, b); err != nil {
			return short(err)
		}
		checkpoints.Floats(s.dtype.name, part, b)
		take(at, part)
	}
	if _, err := io.Copy(io.Discard, r); err != nil {
		return short(err)
	}
	return nil
}

// each calls f with the place of each value, from the first one, in row-major order.
func (v *view) each(f func(i int, at int64)) {
	at, index := int64(0), make([]int64, len(v.shape))
	for i := range int(v.count()) {
		f(i, at)
		for d := len(index) - 1; d >= 0; d-- {
			index[d]++
			at += v.strides[d]
			if index[d] < v.shape[d] {
				break
			}
			at -= index[d] * v.strides[d]
			index[d] = 0
		}
	}
}

// gather brings values that lie by strides into row-major order.
func (v *view) gather(out, values []float32) {
	v.each(func(i int, at int64) { out[i] = values[at] })
}

// pick does the same with values that come in pieces, so that those between are not kept.
func (v *view) pick(out []float32) (take func(at int64, part []float32)) {
	type value struct {
		at int64
		i  int
	}
	wanted := make([]value, 0, len(out))
	v.each(func(i int, at int64) { wanted = append(wanted, value{at, i}) })
	slices.SortFunc(wanted, func(a, b value) int { return cmp.Compare(a.at, b.at) })
	return func(at int64, part []float32) {
		end := at + int64(len(part))
		for len(wanted) > 0 && wanted[0].at < end {
			out[wanted[0].i] = part[wanted[0].at-at]
			wanted = wanted[1:]
		}
	}
}
