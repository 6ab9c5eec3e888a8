package torchfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// legacyMagic begins a file of torch before 1.6: the pickle of the number 0x1950a86a20f9469cfc6c.
const legacyMagic = "\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."

// legacyProtocol is the version of that format.
const legacyProtocol = 1001

// legacy is the older format: each storage is a part of the file.
type legacy struct {
	r      io.ReaderAt
	places map[string]int64
}

func readLegacy(r io.ReaderAt, size int64) (*File, error) {
	at := int64(len(legacyMagic))
	pickle := func() (any, *machine, error) {
		m := newMachine(io.NewSectionReader(r, at, min(size-at, maxPickle)))
		v, err := m.run()
		at += m.count
		return v, m, err
	}
	version, _, err := pickle()
	if err == nil && version != int64(legacyProtocol) {
		err = fmt.Errorf("its format is not version %d", legacyProtocol)
	}
	if err != nil {
		return nil, err
	}
	system, _, err := pickle()
	if err != nil {
		return nil, err
	}
	if d, ok := system.(*dict); !ok || d.get("little_endian") != true {
		return nil, errors.New("it was not saved with little-endian order; load and save it again on such a machine")
	}
	value, m, err := pickle()
	if err != nil {
		return nil, err
	}
	list, _, err := pickle()
	if err != nil {
		return nil, err
	}
	keys, ok := list.(*sequence)
	if !ok || len(keys.items) != len(m.storages) {
		return nil, errors.New("its list of values does not fit its tensors")
	}
	l := &legacy{r, map[string]int64{}}
	for _, k := range keys.items {
		key, ok := k.(string)
		s := m.storages[key]
		if _, twice := l.places[key]; !ok || s == nil || twice {
			return nil, errors.New("its list of values does not fit its tensors")
		}
		var length [8]byte
		if _, err := r.ReadAt(length[:], at); err != nil {
			return nil, errors.New("it is cut off (an interrupted copy or download?)")
		}
		if n := binary.LittleEndian.Uint64(length[:]); n != uint64(s.length) {
			return nil, fmt.Errorf("%d values where its pickle says %d", n, s.length)
		}
		at += int64(len(length))
		l.places[key] = at
		if at += s.length * s.dtype.bytes; at > size {
			return nil, errors.New("it is cut off (an interrupted copy or download?)")
		}
	}
	f := &File{content: l}
	return f, f.take(value)
}

func (l *legacy) open(s *storage) (io.ReadCloser, error) {
	return io.NopCloser(io.NewSectionReader(l.r, l.places[s.key], s.length*s.dtype.bytes)), nil
}
