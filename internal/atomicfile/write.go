package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"deeprank/internal/fserror"
)

// Write writes a file beside its place, forces it to the disk and renames it. After an error, also one of content, the file is as it was
// before. Errors name the path.
func Write(path string, content func(io.Writer) error) (err error) {
	part := fmt.Sprintf("%s.%d.part", path, os.Getpid())
	f, err := os.Create(part)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, fserror.Cause(err))
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(part)
			err = fmt.Errorf("write %s: %w", path, fserror.Cause(err))
		}
	}()
	w := bufio.NewWriterSize(f, 1<<16)
	if err := content(w); err != nil {
		return err
	}
	if err := errors.Join(w.Flush(), f.Sync()); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(part, path); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(path))
}

// SyncDir makes a rename in the folder durable. Windows has no such call, and some network file systems refuse it: there the rename is as
// durable as it gets.
func SyncDir(dir string) error {
	if runtime.GOOS == "windows" || runtime.GOOS == "plan9" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		err = nil
	}
	return errors.Join(err, d.Close())
}
