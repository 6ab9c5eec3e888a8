package checkpoints

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// hooked is the disk with something that happens at each step of the write
// sequence: before(step) returns an error that the step then fails with.
type hooked struct {
	disk
	before func(step string) error
}

type hookedOutput struct {
	output
	before func(step string) error
}

func (h hooked) Free(dir string) (int64, error) {
	if err := h.before("free"); err != nil {
		return 0, err
	}
	return h.disk.Free(dir)
}

func (h hooked) Create(path string) (output, error) {
	if err := h.before("create"); err != nil {
		return nil, err
	}
	out, err := h.disk.Create(path)
	return hookedOutput{out, h.before}, err
}

func (h hooked) Rename(from, to string) error {
	if err := h.before("rename"); err != nil {
		return err
	}
	return h.disk.Rename(from, to)
}

func (h hooked) Remove(path string) error {
	if err := h.before("remove"); err != nil {
		return err
	}
	return h.disk.Remove(path)
}

func (h hooked) SyncDir(dir string) error {
	if err := h.before("syncdir"); err != nil {
		return err
	}
	return h.disk.SyncDir(dir)
}

// Write writes the first half before it fails, as a full disk does.
func (o hookedOutput) Write(b []byte) (int, error) {
	n, err := o.output.Write(b[:len(b)/2])
	if err != nil {
		return n, err
	}
	if err := o.before("write"); err != nil {
		return n, err
	}
	m, err := o.output.Write(b[len(b)/2:])
	return n + m, err
}

func (o hookedOutput) Sync() error {
	if err := o.before("sync"); err != nil {
		return err
	}
	return o.output.Sync()
}

func (o hookedOutput) Close() error {
	return errors.Join(o.output.Close(), o.before("close"))
}

// TestFailures lets every step of a Save fail once, with a full disk.
func TestFailures(t *testing.T) {
	full := fmt.Errorf("injected: %w", syscall.ENOSPC)
	seen := map[string]int{}
	for at := 1; ; at++ {
		dir := t.TempDir()
		s := openStore(t, dir, 1)
		save(t, s, 10, math.NaN())
		n, failed := 0, ""
		s.sys = hooked{before: func(step string) error {
			if n++; n != at {
				return nil
			}
			failed = step
			return full
		}}
		path, err := s.Save(20, sample(20, 16), 0, false)
		if failed == "" {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
		seen[failed]++
		if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s failed: error %v", failed, err)
		}
		names := filesIn(t, dir)
		if slices.ContainsFunc(names, func(name string) bool { return strings.HasSuffix(name, ".tmp") }) {
			t.Errorf("%s failed: left %v", failed, names)
		}
		want := 10
		if failed == "remove" || failed == "syncdir" {
			want = 20 // the new file is there, complete
		}
		if (path != "") != (failed == "remove") {
			t.Errorf("%s failed: path %q", failed, path)
		}
		got, f, err := s.Newest(t.Context(), func(path string, err error) { t.Errorf("%s failed: %v", failed, err) })
		if err != nil || got != s.Path(want) {
			t.Fatalf("%s failed: newest is %s, %v", failed, got, err)
		}
		sameFile(t, f, sample(want, 16))
		if !slices.Equal(steps(s.List()), []int{10, 20}[:len(names)]) || len(names) != 1+b2i(want == 20) {
			t.Errorf("%s failed: left %v", failed, names)
		}
	}
	for _, step := range []string{"free", "create", "write", "sync", "close", "rename", "syncdir", "remove"} {
		if seen[step] == 0 {
			t.Errorf("%s never failed: %v", step, seen)
		}
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TestSequence: the order is what makes it safe.
func TestSequence(t *testing.T) {
	s := openStore(t, t.TempDir(), 1)
	save(t, s, 10, math.NaN())
	var done []string
	s.sys = hooked{before: func(step string) error {
		done = append(done, step)
		return nil
	}}
	save(t, s, 20, math.NaN())
	want := []string{"free", "create", "write", "sync", "close", "rename", "syncdir", "remove"}
	if got := slices.Compact(done); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

type small struct {
	disk
	free int64
}

func (s small) Free(string) (int64, error) { return s.free, nil }

func TestNoSpace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.safetensors")
	f := sample(1, 16)
	size := int64(len(encoded(t, f)))
	err := write(small{free: size + spaceMargin - 1}, path, f, true)
	if !errors.Is(err, ErrNoSpace) || !strings.Contains(err.Error(), "16.8 MB are free") || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v", err)
	}
	if left := filesIn(t, dir); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if err := write(small{free: size + spaceMargin}, path, f, true); err != nil {
		t.Error(err)
	}
}

func TestReadOnlyFolder(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("permissions do not bind root")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	err := Write(filepath.Join(dir, "a.safetensors"), sample(1, 4))
	if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "cannot be written to") {
		t.Errorf("error %v", err)
	}
	if _, err := AcquireLock(dir); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("lock: error %v", err)
	}
}

func TestReadable(t *testing.T) {
	for n, want := range map[int64]string{0: "0 bytes", 999: "999 bytes", 1000: "1 kB", 16777216: "16.8 MB", 1_300_000_000: "1.3 GB", 999_999: "1 MB", math.MaxInt64: "9.22 EB"} {
		if got := readable(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestFreeSpace(t *testing.T) {
	if n, err := FreeSpace(t.TempDir()); !errors.Is(err, errors.ErrUnsupported) && (err != nil || n <= 0) {
		t.Errorf("%d, %v", n, err)
	}
	missing := filepath.Join(t.TempDir(), "none")
	if _, err := FreeSpace(missing); err == nil || !strings.Contains(err.Error(), missing) && !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("missing folder: %v", err)
	}
}
