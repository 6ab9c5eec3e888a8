package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// CheckTarget finds out before the work whether the file that a flag names can be written. flag is as it is typed, --out; what is the kind
// of file. What the user has to mend in the command is a usage error.
func CheckTarget(flag, path, what string) error {
	if path == "" {
		return Usagef("%s is empty; name the %s to write", flag, what)
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return Usagef("%s %s is not a file; name a %s to write", flag, path, what)
	}
	dir := filepath.Dir(path)
	if info, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return Usagef("%s %s: there is no folder %s", flag, path, dir)
	}
	f, err := os.CreateTemp(dir, filepath.Base(path)+".*.part")
	if err != nil {
		return fmt.Errorf("%s %s cannot be written: %w", flag, path, err)
	}
	defer os.Remove(f.Name())
	return f.Close()
}
