//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly || illumos

package checkpoints

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// flock takes an exclusive lock of the open file without waiting.
func flock(file *os.File) (held bool, err error) {
	for {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, unix.EWOULDBLOCK):
			return false, nil
		case !errors.Is(err, unix.EINTR):
			return false, &os.PathError{Op: "flock", Path: file.Name(), Err: err}
		}
	}
}

func tryLock(path string) (*os.File, bool, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, false, err
	}
	held, err := flock(file)
	if err != nil || !held {
		file.Close()
		return nil, false, err
	}
	return file, true, nil
}

func unlock(file *os.File) { file.Close() }

// releaseLock removes the file while it is still locked: who opens it meanwhile
// finds that it is no longer the one at path and starts again.
func releaseLock(file *os.File, path string) error {
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, file.Close())
}

func lockRemedy(string) string { return "" }

// claim marks a temporary file as having a living writer, by a lock on a
// second descriptor: it outlives the closing of the first, until after the rename.
func claim(path string) (release func(), held bool) {
	file, err := os.Open(path)
	if err != nil {
		return func() {}, false
	}
	held, err = flock(file)
	if err != nil { // no locks here: then no program takes the file for a leftover either
		held = true
	}
	if !held {
		file.Close()
		return func() {}, false
	}
	return func() { file.Close() }, true
}

// removeLeftover removes a temporary file unless its writer lives.
func removeLeftover(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	held, err := flock(file)
	if err != nil || !held {
		return err
	}
	return os.Remove(path)
}
