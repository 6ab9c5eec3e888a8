package data

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"deeprank/internal/fserror"
)

// pixelsVersion enters every key. Raise it with each change of decoding or resizing, or of the modules that do it, that may
// change a pixel. The version of Go and the machine's kind enter too: JPEG decoding is Go's, and resizing computes in floating point.
const pixelsVersion = "3"

// DefaultCacheLimit is the number of bytes that a cache may take on the disk: 140,000 pictures of 224 x 224.
const DefaultCacheLimit = 20 << 30

const (
	cacheMinFree = 1 << 30        // bytes that the cache leaves free on its disk
	cacheBlock   = 4096           // a file takes whole blocks of the disk
	cacheFresh   = 24 * time.Hour // files used within this time are not removed for new ones
	cacheShards  = 256
)

// cache keeps resized pictures, or their features, in a folder, one file each. It may be shared by any number of programs at once.
//
//	<dir>/<first 2 digits of the key>/<other 62>.<size>
//
// The key is a SHA-256 over all that the pixels depend on; a picture that changes on disk has another key. A file is:
//
//	offset  bytes
//	     0      8  magic "drpix\x00\x00\x01"
//	     8     32  key
//	    40      4  size, little endian
//	    44      4  CRC-32C of what follows, little endian
//	    48      -  size*size*3 bytes of RGB, or size features as float32, little endian
//
// Files are written under another name and renamed, so a reader sees a whole file or none; what is torn or foreign nevertheless fails
// its checks, is decoded again and replaced.
//
// When the cache is full, files that nobody used for a day are removed, oldest use first; if there are none, adding stops. A run goes
// through its pictures in another order each epoch, so dropping the oldest of them for the newest would only lose hits.
//
// A cache that fails never stops a run: the first failure is told to warn.
type cache struct {
	dir      string
	what     string             // "pictures" or "features"
	images   string             // absolute path of the images folder, without links
	size     int                // of a picture's side, or the number of features
	lengthOf func(size int) int // of a file's content
	fit      string
	limit    int64
	warn     func(error)
	warned   sync.Once

	mu      sync.Mutex // guards what follows; held while the folder is scanned
	scanned bool
	bytes   int64 // taken by the cache's files, at the last scan and added since
	files   int
	added   int64 // bytes added since the last scan
	full    bool  // at the last attempt
}

// DefaultCacheDir gives the folder for cached pictures below the user's cache directory.
func DefaultCacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no folder for the cache of pictures (name one, or turn the cache off): %w", err)
	}
	return filepath.Join(dir, "deeprank", "pictures"), nil
}

func openCache(images string, o PictureOptions) *cache {
	c := makeCache("pictures", o.Cache, o.Size, o.CacheLimit, o.Warn)
	c.lengthOf = func(size int) int { return size * size * 3 }
	c.images, c.fit = images, o.Fit
	if abs, err := filepath.Abs(c.images); err == nil {
		c.images = abs
	}
	if real, err := filepath.EvalSymlinks(c.images); err == nil {
		c.images = real
	}
	return c
}

func makeCache(what, dir string, size int, limit int64, warn func(error)) *cache {
	c := &cache{what: what, dir: dir, size: size, limit: limit, warn: warn}
	if c.limit <= 0 {
		c.limit = DefaultCacheLimit
	}
	if err := os.MkdirAll(c.dir, 0o777); err != nil {
		c.fail(err)
	}
	return c
}

// fail tells of the first failure.
func (c *cache) fail(err error) {
	c.warned.Do(func() {
		if c.warn != nil {
			c.warn(fmt.Errorf("the cache of %s in %s cannot be used in full: %w; the run goes on, perhaps slower", c.what, c.dir, err))
		}
	})
}

type cacheKey [sha256.Size]byte

// key identifies the pixels of a picture at a path below the images folder, whose file has the given size and time.
func (c *cache) key(name string, info fs.FileInfo) cacheKey {
	b := make([]byte, 0, 512)
	for _, s := range []string{pixelsVersion, runtime.Version(), runtime.GOARCH, c.fit, filepath.Join(c.images, name)} {
		b = append(append(b, s...), 0)
	}
	for _, n := range []int64{int64(c.size), info.Size(), info.ModTime().UnixNano()} {
		b = binary.LittleEndian.AppendUint64(b, uint64(n))
	}
	return sha256.Sum256(b)
}

func (c *cache) path(key cacheKey) string {
	digits := hex.EncodeToString(key[:])
	return filepath.Join(c.dir, digits[:2], digits[2:]+"."+strconv.Itoa(c.size))
}

const cacheHeader = 48

func (c *cache) header(key cacheKey, pixels []byte) []byte {
	h := append(make([]byte, 0, cacheHeader), "drpix\x00\x00\x01"...)
	h = append(h, key[:]...)
	h = binary.LittleEndian.AppendUint32(h, uint32(c.size))
	return binary.LittleEndian.AppendUint32(h, crc32.Checksum(pixels, crc32.MakeTable(crc32.Castagnoli)))
}

// get fills dst with a picture's pixels, or says false; then dst may hold anything.
func (c *cache) get(key cacheKey, dst []byte) bool {
	f, err := os.OpenFile(c.path(key), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			c.fail(err)
		}
		return false
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() != cacheHeader+int64(len(dst)) {
		return false
	}
	var head [cacheHeader]byte
	if _, err := io.ReadFull(f, head[:]); err != nil {
		return false
	}
	if _, err := io.ReadFull(f, dst); err != nil || string(head[:]) != string(c.header(key, dst)) {
		return false
	}
	if now := time.Now(); now.Sub(info.ModTime()) > cacheFresh/2 {
		_ = os.Chtimes(f.Name(), now, now) // marks the use; a failure only makes the file look older than it is
	}
	return true
}

// put adds a picture's pixels where there is room.
func (c *cache) put(key cacheKey, pixels []byte) {
	need := onDisk(len(pixels))
	if !c.reserve(need) {
		return
	}
	if err := c.write(key, pixels); err != nil {
		c.fail(fserror.Cause(err))
		c.mu.Lock()
		c.bytes, c.files = c.bytes-need, c.files-1
		c.mu.Unlock()
	}
}

func (c *cache) write(key cacheKey, pixels []byte) error {
	path := c.path(key)
	f, err := os.CreateTemp(filepath.Dir(path), cacheTemp+"*")
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(path), 0o777); err == nil {
			f, err = os.CreateTemp(filepath.Dir(path), cacheTemp+"*")
		}
	}
	if err != nil {
		return err
	}
	_, err = f.Write(c.header(key, pixels))
	if err == nil {
		_, err = f.Write(pixels)
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

const cacheTemp = "new-" // files being written; one left by a killed program is removed by a later scan

// onDisk gives the bytes that the file of a picture takes on the disk.
func onDisk(pixels int) int64 {
	return (int64(pixels) + cacheHeader + cacheBlock - 1) / cacheBlock * cacheBlock
}

// reserve counts a new file in, if it may be added.
func (c *cache) reserve(need int64) bool {
	if free, ok := freeSpace(c.dir); ok && free < cacheMinFree+need {
		c.fail(fmt.Errorf("less than %d MiB are free on its disk", cacheMinFree>>20))
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	// Other programs add too: look again now and then, more often in a small cache.
	if !c.scanned || c.added > min(1<<30, c.limit/8) && !c.full {
		c.rescan(false)
	}
	if c.bytes+need > c.limit && !c.full {
		c.rescan(true)
		if c.full = c.bytes+need > c.limit; c.full {
			c.fail(fmt.Errorf("it has reached its limit of %d MiB", c.limit>>20))
		}
	}
	if c.bytes+need > c.limit {
		return false
	}
	c.bytes, c.files, c.added = c.bytes+need, c.files+1, c.added+need
	return true
}

// scan counts the cache's files and what they take.
func (c *cache) scan() (int64, int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.scanned {
		c.rescan(false)
	}
	return c.bytes, c.files
}

// cached is a file of the cache, seen by a scan.
type cached struct {
	path string
	need int64
	used time.Time
}

// rescan counts the files by their names alone. With evict it also asks for their times and removes those that were not used for a day,
// oldest first, until a sixteenth of the limit is free.
func (c *cache) rescan(evict bool) {
	c.scanned, c.bytes, c.files, c.added = true, 0, 0, 0
	var old []cached
	now := time.Now()
	for shard := range cacheShards {
		dir := filepath.Join(c.dir, fmt.Sprintf("%02x", shard))
		entries, err := readNames(dir)
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				c.fail(err)
			}
			continue
		}
		for _, name := range entries {
			path := filepath.Join(dir, name)
			if strings.HasPrefix(name, cacheTemp) {
				if info, err := os.Lstat(path); err == nil && now.Sub(info.ModTime()) > cacheFresh {
					os.Remove(path)
				}
				continue
			}
			need, ok := c.fileSize(name)
			if !ok {
				continue // not ours
			}
			c.bytes, c.files = c.bytes+need, c.files+1
			if !evict {
				continue
			}
			if info, err := os.Lstat(path); err == nil && now.Sub(info.ModTime()) > cacheFresh {
				old = append(old, cached{path, need, info.ModTime()})
			}
		}
	}
	slices.SortFunc(old, func(a, b cached) int {
		if d := a.used.Compare(b.used); d != 0 {
			return d
		}
		return strings.Compare(a.path, b.path)
	})
	for _, f := range old {
		if c.bytes <= c.limit-c.limit/16 {
			break
		}
		if os.Remove(f.path) == nil {
			c.bytes, c.files = c.bytes-f.need, c.files-1
		}
	}
}

// fileSize gives what a file of the cache takes on the disk, by its name.
func (c *cache) fileSize(name string) (int64, bool) {
	digits, size, ok := strings.Cut(name, ".")
	if !ok || len(digits) != 2*sha256.Size-2 || len(size) > 8 {
		return 0, false
	}
	if _, err := hex.DecodeString(digits); err != nil {
		return 0, false
	}
	n, err := strconv.ParseUint(size, 10, 27)
	return onDisk(c.lengthOf(int(n))), err == nil
}

func readNames(dir string) ([]string, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}
