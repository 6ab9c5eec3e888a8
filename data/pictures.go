package data

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"deeprank/internal/fserror"
)

// maxFile bounds the bytes of a picture's file.
const maxFile = 256 << 20

// PictureOptions says how pictures are brought to the network's input size.
type PictureOptions struct {
	Size       int         // side of the result in pixels
	Fit        string      // what to do with another aspect ratio: "stretch" (also ""), "crop" or "pad"
	Cache      string      // folder that keeps the resized pixels; "" keeps none. See DefaultCacheDir.
	CacheLimit int64       // bytes that the cache may take on the disk; 0 means DefaultCacheLimit
	Warn       func(error) // told once when the cache cannot be used; the run goes on without it. May be nil, may be called from any goroutine.
}

// Pictures gives the pictures of a metadata table as pixels of one size. Its methods may be called from several goroutines.
type Pictures struct {
	meta  *Metadata
	dir   string
	root  *os.Root // keeps paths and links inside of dir
	size  int
	fit   string
	cache *cache // nil: none

	mu  sync.RWMutex
	bad map[int]*Refused // by row

	files sync.Pool     // *[]byte: contents of files
	big   chan struct{} // holds one token: large pictures are decoded one at a time
}

// OpenPictures opens the images folder dir. It reads no picture yet.
func OpenPictures(m *Metadata, dir string, o PictureOptions) (*Pictures, error) {
	if o.Size < 1 || o.Size > 1<<14 {
		return nil, fmt.Errorf("pictures of size %d: the size must be from 1 to %d", o.Size, 1<<14)
	}
	switch o.Fit {
	case "":
		o.Fit = "stretch"
	case "stretch", "crop", "pad":
	default:
		return nil, fmt.Errorf("unknown fit %q: it must be stretch, crop or pad", o.Fit)
	}
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		return nil, &Refused{Path: dir, Reason: "is " + kindOf(info.Mode()) + ", not a folder", Remedy: "name the pictures' folder with --images"}
	}
	var root *os.Root
	if err == nil {
		root, err = os.OpenRoot(dir)
	}
	if err != nil {
		return nil, &Refused{Path: dir, Reason: "cannot open the images folder", Remedy: "name the pictures' folder with --images", Err: fserror.Cause(err)}
	}
	p := &Pictures{meta: m, dir: dir, root: root, size: o.Size, fit: o.Fit, bad: make(map[int]*Refused), big: make(chan struct{}, 1)}
	if o.Cache != "" {
		p.cache = openCache(dir, o)
	}
	return p, nil
}

// Close gives the folder back. It must not run at the same time as other methods.
func (p *Pictures) Close() error { return p.root.Close() }

// Size gives the side of the pictures in pixels.
func (p *Pictures) Size() int { return p.size }

// CacheInfo gives the cache's folder, the bytes it takes on the disk, its limit and the number of pictures in it. dir is "" without a cache.
func (p *Pictures) CacheInfo() (dir string, bytes, limit int64, files int) {
	if p.cache == nil {
		return "", 0, 0, 0
	}
	bytes, files = p.cache.scan()
	return p.cache.dir, bytes, p.cache.limit, files
}

// Load gives the picture of a row: Size*Size*3 bytes of RGB, interleaved, from the top left. A picture that cannot be used gives a
// *Refused, and the same one on every later call; other errors are the machine's (no memory, too many open files).
func (p *Pictures) Load(row int) ([]byte, error) {
	dst := make([]byte, p.size*p.size*3)
	if err := p.LoadInto(row, dst); err != nil {
		return nil, err
	}
	return dst, nil
}

// LoadInto is Load into a slice of Size*Size*3 bytes.
func (p *Pictures) LoadInto(row int, dst []byte) error {
	if len(dst) != p.size*p.size*3 {
		panic(fmt.Sprintf("data: LoadInto: %d bytes for pictures of side %d", len(dst), p.size))
	}
	p.mu.RLock()
	known := p.bad[row]
	p.mu.RUnlock()
	if known != nil {
		return known
	}
	return p.remember(row, p.load(row, dst))
}

// remember turns a picture's error into the *Refused that every later call gives, and passes errors of the machine on.
func (p *Pictures) remember(row int, err error) error {
	r, err := p.explain(row, err)
	if r == nil {
		return err
	}
	if p.meta.Path != "" { // a table that is in no file has no rows that the user knows
		r.Reason += fmt.Sprintf(" (row %d of %s)", row, filepath.Base(p.meta.Path))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if first := p.bad[row]; first != nil {
		return first
	}
	p.bad[row] = r
	return r
}

// explain makes a *Refused of what is wrong with a row's picture, or an error where the machine is to blame; of nil it makes neither.
func (p *Pictures) explain(row int, err error) (*Refused, error) {
	if err == nil {
		return nil, nil
	}
	path := filepath.Join(p.dir, p.meta.Name[row])
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, fs.ErrClosed} {
		if errors.Is(err, e) {
			return nil, fmt.Errorf("read %s: %w", path, fserror.Cause(err))
		}
	}
	r, ok := errors.AsType[*Refused](err)
	if !ok {
		r = &Refused{Reason: "cannot read the picture", Remedy: "mend the file, or take its row out of the triplets", Err: fserror.Cause(err)}
	}
	r.Path = path
	return r, nil
}

func (p *Pictures) load(row int, dst []byte) error {
	name := p.meta.Name[row]
	if p.cache != nil {
		info, err := p.stat(name)
		if err != nil {
			return err
		}
		if p.cache.get(p.cache.key(name, info), dst) {
			return nil
		}
	}
	content, info, err := p.read(name)
	if err != nil {
		return err
	}
	err = p.decode(*content, dst)
	p.files.Put(content)
	if err == nil && p.cache != nil {
		p.cache.put(p.cache.key(name, info), dst)
	}
	return err
}

// stat checks what a picture's path leads to without opening it: a named pipe or a device is never opened.
func (p *Pictures) stat(name string) (fs.FileInfo, error) {
	info, err := p.root.Stat(name)
	if err != nil {
		return nil, pathError(err)
	}
	return info, checkFile(info)
}

// pathError explains why a picture's path cannot be opened.
func pathError(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &Refused{Reason: "there is no such picture", Remedy: "check --images and the column _name", Err: fserror.Cause(err)}
	case strings.Contains(err.Error(), "path escapes from parent"): // os has no exported error for it
		return &Refused{Reason: "the picture's path leads out of the images folder", Remedy: "put the file itself there, or a relative link within the folder", Err: fserror.Cause(err)}
	}
	return err
}

// checkFile refuses what no picture can be.
func checkFile(info fs.FileInfo) error {
	switch size := info.Size(); {
	case !info.Mode().IsRegular():
		return &Refused{Reason: "is " + kindOf(info.Mode()) + ", not a picture", Remedy: "check the column _name"}
	case size == 0:
		return &Refused{Reason: "the file is empty", Remedy: "fetch the picture again"}
	case size > maxFile:
		return &Refused{Reason: fmt.Sprintf("the file has %d bytes, more than %d", size, maxFile), Remedy: "store a smaller picture"}
	}
	return nil
}

// read gives a picture file's content, in a buffer that belongs back into p.files.
func (p *Pictures) read(name string) (*[]byte, fs.FileInfo, error) {
	if _, err := p.stat(name); err != nil {
		return nil, nil, err
	}
	f, err := p.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, pathError(err)
	}
	defer f.Close()
	info, err := f.Stat() // the path may lead elsewhere by now
	if err != nil {
		return nil, nil, err
	}
	if err := checkFile(info); err != nil {
		return nil, nil, err
	}
	buf, ok := p.files.Get().(*[]byte)
	if !ok {
		buf = new([]byte)
	}
	n := int(info.Size())
	if cap(*buf) < n {
		*buf = make([]byte, n)
	}
	*buf = (*buf)[:n]
	n, err = io.ReadFull(f, *buf)
	*buf = (*buf)[:n]
	if err != nil && err != io.ErrUnexpectedEOF { // a file that shrank is for the decoder to refuse
		p.files.Put(buf)
		return nil, nil, err
	}
	return buf, info, nil
}

// decode turns a picture file's content into pixels.
func (p *Pictures) decode(content, dst []byte) error {
	format, config, err := sniff(content)
	if err != nil {
		return err
	}
	if config.Width*config.Height > bigPicture {
		p.big <- struct{}{}
		defer func() { <-p.big }()
	}
	return render(content, format, config, p.size, p.fit, dst)
}
