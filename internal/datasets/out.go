package datasets

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"deeprank/internal/fserror"
)

// OutError says that a folder cannot be written to because of what is there already.
type OutError struct{ Path, Reason string }

func (e *OutError) Error() string {
	return fmt.Sprintf("%s %s; name a new or empty folder", e.Path, e.Reason)
}

// CheckOut refuses an output folder that holds something, or that lies where a set's folder would be read as a part of the set.
func CheckOut(out, from, root string) error {
	info, err := os.Stat(out)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return fmt.Errorf("%s: %w", out, fserror.Cause(err))
	case !info.IsDir():
		return &OutError{out, "is not a folder"}
	default:
		entries, err := os.ReadDir(out)
		if err != nil {
			return fmt.Errorf("%s: %w", out, fserror.Cause(err))
		}
		if len(entries) > 0 {
			return &OutError{out, "holds files already"}
		}
	}
	if from == Folder {
		a, errA := filepath.Abs(out)
		b, errB := filepath.Abs(root)
		if errA == nil && errB == nil && strings.HasPrefix(a+string(filepath.Separator), b+string(filepath.Separator)) {
			return &OutError{out, "lies within " + root + ", where it would be read as a class"}
		}
	}
	return nil
}

// stage makes the folder that becomes out when all is in it; with out's parents where they are missing.
func stage(out string) (string, error) {
	if err := os.MkdirAll(filepath.Dir(out), 0o777); err != nil {
		return "", err
	}
	for n := 0; ; n++ {
		dir := fmt.Sprintf("%s.%d-%d.part", out, os.Getpid(), n)
		err := os.Mkdir(dir, 0o777)
		if errors.Is(err, fs.ErrExist) && n < 1000 {
			continue
		}
		return dir, err
	}
}

// publish makes the staged folder the output, at once, and forces the names to the disk.
func publish(staged, out string) error {
	if err := os.Remove(out); err != nil && !errors.Is(err, fs.ErrNotExist) { // an empty folder, or else it fails
		return &OutError{out, "was written to in the meantime"}
	}
	if err := os.Rename(staged, out); err != nil {
		return err
	}
	parent, err := os.Open(filepath.Dir(out))
	if err != nil {
		return err
	}
	defer parent.Close()
	return parent.Sync()
}
