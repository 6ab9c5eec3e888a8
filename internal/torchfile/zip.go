package torchfile

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// zipMagic begins a zip file.
const zipMagic = "PK\x03\x04"

const (
	// maxDirectory bounds what is read of a zip file's list of contents; a file of 50,000 tensors has 5 MB.
	maxDirectory = 16 << 20
	// maxPickle bounds the pickle: 400 parameters have 60 kB.
	maxPickle = 4 << 20
)

// archive is the zip format.
type archive struct {
	folder string
	files  map[string]*zip.File
}

// bounded lets so many bytes be read.
type bounded struct {
	r    io.ReaderAt
	left int64 // below 0 once there were too many
}

var errBound = errors.New("its list of contents is too long for a state dict")

func (b *bounded) ReadAt(p []byte, at int64) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		return 0, errBound
	}
	return b.r.ReadAt(p, at)
}

func readZip(r io.ReaderAt, size int64) (*File, error) {
	limit := &bounded{r, maxDirectory}
	z, err := zip.NewReader(limit, size)
	if limit.left < 0 {
		return nil, errBound
	}
	if err != nil {
		return nil, fmt.Errorf("its zip structure is damaged (an interrupted copy or download?): %w", err)
	}
	limit.left = 1 << 62 // what follows is bounded by what it is for
	a := &archive{files: map[string]*zip.File{}}
	pickle := ""
	for _, f := range z.File {
		if a.files[f.Name] != nil {
			return nil, fmt.Errorf("it holds %q twice", f.Name)
		}
		a.files[f.Name] = f
		switch folder, name := path.Split(f.Name); {
		case name == "constants.pkl":
			return nil, errors.New("it is a TorchScript program (torch.jit.save), not a state dict; " + saveStateDict)
		case name == "data.pkl" && strings.Count(f.Name, "/") == 1:
			if pickle != "" {
				return nil, fmt.Errorf("it holds two pickles, %q and %q", pickle, f.Name)
			}
			pickle, a.folder = f.Name, folder
		}
	}
	if pickle == "" {
		return nil, errors.New("it is a zip file, but none of torch.save: there is no data.pkl in it")
	}
	if b, err := a.small("byteorder"); err != nil {
		return nil, err
	} else if order := strings.TrimSpace(string(b)); order != "" && order != "little" {
		return nil, fmt.Errorf("its byte order is %q; load and save it again on a machine with little-endian order", order)
	}
	b, err := a.small("data.pkl")
	if err != nil {
		return nil, err
	}
	m := newMachine(bytes.NewReader(b))
	value, err := m.run()
	if err != nil {
		return nil, err
	}
	for _, s := range m.storages {
		if err := a.check(s); err != nil {
			return nil, err
		}
	}
	f := &File{content: a}
	return f, f.take(value)
}

// small reads a whole entry that is no storage; one that is not there is empty.
func (a *archive) small(name string) ([]byte, error) {
	f := a.files[a.folder+name]
	if f == nil {
		return nil, nil
	}
	if f.UncompressedSize64 > maxPickle {
		return nil, fmt.Errorf("its %s has %d bytes; a state dict's has at most %d", name, f.UncompressedSize64, maxPickle)
	}
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("its %s cannot be found (a damaged copy or download?): %w", name, err)
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, maxPickle+1))
	if err == nil && len(b) > maxPickle {
		err = errors.New("it is longer than it says")
	}
	if err != nil {
		return nil, fmt.Errorf("its %s cannot be read (a damaged copy or download?): %w", name, err)
	}
	return b, nil
}

// check refuses a storage that is not there as the pickle says. Stored without compression it is no longer than the file.
func (a *archive) check(s *storage) error {
	f := a.files[a.folder+"data/"+s.key]
	switch {
	case f == nil:
		return fmt.Errorf("it lacks the values data/%s", printable(s.key))
	case f.Method != zip.Store:
		return fmt.Errorf("its values data/%s are compressed, which torch.save does not do; load and save it again", printable(s.key))
	case f.UncompressedSize64 != uint64(s.length*s.dtype.bytes):
		return fmt.Errorf("its values data/%s have %d bytes, the pickle says %d", printable(s.key), f.UncompressedSize64, s.length*s.dtype.bytes)
	}
	return nil
}

func (a *archive) open(s *storage) (io.ReadCloser, error) {
	return a.files[a.folder+"data/"+s.key].Open()
}
