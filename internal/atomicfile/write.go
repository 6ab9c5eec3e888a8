package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
)

// Write writes a file beside its place, forces it to the disk and renames it. After an error, also one of content, the file is as it was
// before. Errors name the path.
func Write(path string, content func(io.Writer) error) (err error) {
	part := fmt.Sprintf("%s.%d.part", path, os.Getpid())
	f, err := os.Create(part)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(part)
			err = fmt.Errorf("write %s: %w", path, err)
		}
	}()
	w := bufio.NewWriter(f)
	if err := content(w); err != nil {
		return err
	}
	if err := errors.Join(w.Flush(), f.Sync()); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(part, path)
}
