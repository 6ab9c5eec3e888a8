package checkpoints

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// mount makes a small file system of its own; only root can.
func mount(t *testing.T, size string) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can mount a small disk")
	}
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("no small disk here: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// blind tells of more free space than there is, so that writing begins and the disk fills up.
type blind struct{ disk }

func (blind) Free(string) (int64, error) { return math.MaxInt64, nil }

// TestDiskFull fills a real disk: the error says so, and what was there stays valid.
func TestDiskFull(t *testing.T) {
	root := mount(t, "32m")
	s := openStore(t, filepath.Join(root, "checkpoints"), 5)
	const values = 8 << 20 / 4
	if _, err := s.Save(10, sample(10, values), 0, false); err != nil {
		t.Fatal(err)
	}
	check := func() {
		t.Helper()
		if got := filesIn(t, s.Dir()); !slices.Equal(got, []string{"step-00000010.safetensors"}) {
			t.Errorf("left: %v", got)
		}
		path, f, err := s.Newest(t.Context(), nil)
		if err != nil || path != s.Path(10) {
			t.Fatalf("newest %s, %v", path, err)
		}
		sameFile(t, f, sample(10, values))
	}
	// 32 MiB less 8: enough for the file, not for the file and the margin.
	_, err := s.Save(20, sample(20, values+1<<20), 0, false)
	if !errors.Is(err, ErrNoSpace) || !strings.Contains(err.Error(), "25.2 MB are free") {
		t.Errorf("error %v", err)
	}
	check()
	s.sys = blind{}
	_, err = s.Save(20, sample(20, 4*values), 0, false)
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "the disk is full: the file needs 33.6 MB") {
		t.Errorf("error %v", err)
	}
	check()
}

// TestReadOnlyDisk: reading works, saving and locking say why they cannot.
func TestReadOnlyDisk(t *testing.T) {
	root := mount(t, "32m")
	s := openStore(t, root, 5)
	save(t, s, 10, 0.5)
	leftover := filepath.Join(root, "step-00000011.safetensors.1-0123456789abcdef.tmp")
	if err := os.WriteFile(leftover, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", root, "tmpfs", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Skip(err)
	}
	s = openStore(t, root, 5)
	if path, _, err := s.Best(t.Context(), nil); err != nil || path != s.Path(10) {
		t.Errorf("best %s, %v", path, err)
	}
	_, err := s.Save(20, sample(20, 16), 0, false)
	if !errors.Is(err, syscall.EROFS) || !strings.Contains(err.Error(), "cannot be written to") {
		t.Errorf("error %v", err)
	}
	if _, err := AcquireLock(root); !errors.Is(err, syscall.EROFS) || !strings.Contains(err.Error(), "--out") {
		t.Errorf("lock: error %v", err)
	}
}

// TestReadFIFO: a FIFO is refused before it is opened, which would wait for a writer.
func TestReadFIFO(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	if _, err := Read(path); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("error %v", err)
	}
}
