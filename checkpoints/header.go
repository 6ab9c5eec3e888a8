package checkpoints

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/bits"
	"slices"
	"sort"
	"strconv"
	"unicode/utf8"
)

const (
	maxHeader   = 100_000_000 // bytes; the bound of the reference implementation
	metadataKey = "__metadata__"
)

// entry is one tensor as the header describes it; begin and end count from the first data byte.
type entry struct {
	name       string
	dtype      string
	shape      []int
	begin, end int64
}

// sizeOf gives the bytes of a tensor: one element for a scalar (shape []), none
// where a side is 0. It fails for an impossible size and for a part of a byte.
func sizeOf(elementBits uint64, shape []int) (int64, bool) {
	if slices.Contains(shape, 0) {
		return 0, true
	}
	total := elementBits
	for _, side := range shape {
		hi, lo := bits.Mul64(total, uint64(side))
		if hi != 0 || side < 0 {
			return 0, false
		}
		total = lo
	}
	return int64(total / 8), total%8 == 0
}

// parseHeader checks a header against the number of data bytes that follow it
// and returns the metadata and the tensors in the order of their data.
func parseHeader(raw []byte, dataLen int64) (map[string]string, []entry, error) {
	if len(raw) == 0 || raw[0] != '{' {
		return nil, nil, damaged("the header is not a JSON object")
	}
	if !utf8.Valid(raw) {
		return nil, nil, damaged("the header is not UTF-8 text")
	}
	if !json.Valid(raw) {
		return nil, nil, damaged("the header is not valid JSON")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	metadata := map[string]string{}
	var entries []entry
	seen := map[string]bool{}
	err := object(d, func(key string) error {
		if seen[key] {
			return damaged("%q occurs twice in the header", key)
		}
		seen[key] = true
		if key == metadataKey {
			return parseMetadata(d, metadata)
		}
		e, err := parseEntry(d, key)
		entries = append(entries, e)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	sort.SliceStable(entries, func(i, j int) bool {
		a, b := &entries[i], &entries[j]
		return a.begin < b.begin || a.begin == b.begin && a.end < b.end
	})
	var at int64
	for i := range entries {
		e := &entries[i]
		if e.begin != at {
			what := "overlaps the tensor before it"
			if e.begin > at {
				what = "leaves a hole after the tensor before it"
			}
			return nil, nil, damaged("tensor %q: its data at [%d, %d] %s, which ends at %d", e.name, e.begin, e.end, what, at)
		}
		at = e.end
	}
	switch {
	case at > dataLen:
		return nil, nil, damaged("it is cut off: %d bytes of data where the header says %d (an interrupted copy or download?)", dataLen, at)
	case at < dataLen:
		return nil, nil, damaged("%d bytes of data where the header says %d", dataLen, at)
	}
	return metadata, entries, nil
}

// object reads a JSON object and calls field for each key; field reads the value.
func object(d *json.Decoder, field func(key string) error) error {
	if err := delimiter(d, '{'); err != nil {
		return err
	}
	for d.More() {
		key, err := text(d)
		if err != nil {
			return err
		}
		if err := field(key); err != nil {
			return err
		}
	}
	return delimiter(d, '}')
}

func delimiter(d *json.Decoder, want json.Delim) error {
	t, err := d.Token()
	if err != nil || t != want {
		return damaged("the header has %v where %q belongs", t, want)
	}
	return nil
}

func text(d *json.Decoder) (string, error) {
	t, err := d.Token()
	s, ok := t.(string)
	if err != nil || !ok {
		return "", damaged("the header has %v where a string belongs", t)
	}
	return s, nil
}

func parseMetadata(d *json.Decoder, metadata map[string]string) error {
	return object(d, func(key string) error {
		if _, ok := metadata[key]; ok {
			return damaged("%q occurs twice in the metadata", key)
		}
		v, err := text(d)
		metadata[key] = v
		return err
	})
}

func parseEntry(d *json.Decoder, name string) (entry, error) {
	e := entry{name: name}
	var offsets []int
	seen := map[string]bool{}
	err := object(d, func(key string) (err error) {
		if seen[key] {
			return damaged("tensor %q: %q occurs twice", name, key)
		}
		seen[key] = true
		switch key {
		case "dtype":
			e.dtype, err = text(d)
		case "shape":
			e.shape, err = integers(d, name)
		case "data_offsets":
			offsets, err = integers(d, name)
		default:
			return damaged("tensor %q: unknown field %q", name, key)
		}
		return err
	})
	if err != nil {
		return e, err
	}
	if len(seen) != 3 || len(offsets) != 2 {
		return e, damaged("tensor %q: needs dtype, shape and two data_offsets", name)
	}
	e.begin, e.end = int64(offsets[0]), int64(offsets[1])
	if e.begin > e.end {
		return e, damaged("tensor %q: its data ends (%d) before it begins (%d)", name, e.end, e.begin)
	}
	width := elementBits(e.dtype)
	if width == 0 {
		return e, unsupported("convert the tensor to float32, or use another file", "tensor %q: unknown dtype %q", name, e.dtype)
	}
	if size, ok := sizeOf(width, e.shape); !ok || size != e.end-e.begin {
		return e, damaged("tensor %q: shape %v of %s does not fit its %d bytes of data", name, e.shape, e.dtype, e.end-e.begin)
	}
	return e, nil
}

// integers reads an array of integers >= 0 that fit in an int.
func integers(d *json.Decoder, name string) ([]int, error) {
	if err := delimiter(d, '['); err != nil {
		return nil, err
	}
	list := []int{}
	for d.More() {
		t, err := d.Token()
		number, ok := t.(json.Number)
		if err != nil || !ok {
			return nil, damaged("tensor %q: %v where an integer belongs", name, t)
		}
		v, err := strconv.ParseUint(string(number), 10, strconv.IntSize-1)
		if err != nil {
			return nil, damaged("tensor %q: %s is no size or offset", name, number)
		}
		list = append(list, int(v))
	}
	return list, delimiter(d, ']')
}

// encodeHeader gives the first bytes of a file, up to the data, for tensors in
// this order. The checks here are those that the reader would fail on.
func encodeHeader(tensors []Tensor, metadata map[string]string) ([]byte, error) {
	var b bytes.Buffer
	b.Write(make([]byte, 8))
	b.WriteByte('{')
	if len(metadata) > 0 {
		b.WriteString(quote(metadataKey) + ":{")
		for i, key := range sortedKeys(metadata) {
			if !utf8.ValidString(key) || !utf8.ValidString(metadata[key]) {
				return nil, fmt.Errorf("metadata %q is not UTF-8 text", key)
			}
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(quote(key) + ":" + quote(metadata[key]))
		}
		b.WriteByte('}')
	}
	var at int64
	for i := range tensors {
		t := &tensors[i]
		if i > 0 || len(metadata) > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `%s:{"dtype":"F32","shape":[`, quote(t.Name))
		for j, side := range t.Shape {
			if j > 0 {
				b.WriteByte(',')
			}
			b.WriteString(strconv.Itoa(side))
		}
		end := at + 4*int64(len(t.Data))
		fmt.Fprintf(&b, `],"data_offsets":[%d,%d]}`, at, end)
		at = end
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	if b.Len()-8 > maxHeader {
		return nil, fmt.Errorf("the header would have %d bytes; the format allows %d", b.Len()-8, maxHeader)
	}
	binary.LittleEndian.PutUint64(b.Bytes(), uint64(b.Len()-8))
	return b.Bytes(), nil
}

// quote is s as a JSON string; unlike json.Marshal it leaves <, > and & readable.
func quote(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always encodes
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
