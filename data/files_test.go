package data

import (
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFileSizeAndDigest(t *testing.T) {
	dir := t.TempDir()
	content := strings.Repeat("0123456789", 1000)
	m := &Metadata{Path: "sample_set.csv"}
	for _, name := range []string{"long", "short", "missing", "empty", "folder", "out"} {
		addRow(m, name)
	}
	put(t, filepath.Join(dir, "long"), []byte(content))
	put(t, filepath.Join(dir, "short"), []byte("0123"))
	put(t, filepath.Join(dir, "empty"), nil)
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/hostname", filepath.Join(dir, "out")); err != nil {
		t.Fatal(err)
	}
	p := open(t, m, dir, PictureOptions{})
	for row, size := range []int64{10000, 4} {
		if got, err := p.FileSize(row); err != nil || got != size {
			t.Errorf("row %d: %d bytes, %v", row, got, err)
		}
	}
	for _, c := range []struct {
		row  int
		tail int64
		of   string
	}{{0, 0, content}, {0, 5, "56789"}, {0, 10000, content}, {0, 99999, content}, {1, 4096, "0123"}, {1, 1, "3"}} {
		if got, err := p.Digest(c.row, c.tail); err != nil || got != sha256.Sum256([]byte(c.of)) {
			t.Errorf("%v: %x, %v", c, got, err)
		}
	}
	for row, reason := range map[int]string{2: "there is no such picture", 3: "the file is empty", 4: "is a folder, not a picture", 5: "the picture's path leads out of the images folder"} {
		_, err := p.FileSize(row)
		_, digestErr := p.Digest(row, 0)
		for _, err := range []error{err, digestErr} {
			var r *Refused
			if !errors.As(err, &r) || r.Reason != reason || r.Path != filepath.Join(dir, m.Name[row]) || errors.Is(err, fs.ErrNotExist) != (row == 2) {
				t.Errorf("row %d: %v", row, err)
			}
		}
	}
	if len(p.bad) != 0 {
		t.Errorf("remembered: %v", p.bad)
	}
	p.Close()
	var r *Refused
	if _, err := p.FileSize(0); !errors.Is(err, fs.ErrClosed) || errors.As(err, &r) {
		t.Errorf("the machine's error: %v", err)
	}
}
