//go:build !linux && !darwin && !freebsd && !netbsd && !openbsd && !dragonfly && !illumos && !windows

package checkpoints

import (
	"errors"
	"io/fs"
	"os"
)

// Without locks that end with their process the existence of the file is the
// lock. Whether its holder still lives cannot be told everywhere, so a killed
// program's lock must be removed by hand; the message says so.
func tryLock(path string) (*os.File, bool, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return nil, false, nil
	}
	return file, err == nil, err
}

func unlock(file *os.File) { file.Close() }

func releaseLock(file *os.File, path string) error {
	return errors.Join(file.Close(), os.Remove(path))
}

func lockRemedy(path string) string {
	return "wait for it or stop it; if no such program runs, remove " + path
}

func claim(string) (release func(), held bool) { return func() {}, true }

// removeLeftover leaves the file: its writer may live.
func removeLeftover(string) error { return nil }
