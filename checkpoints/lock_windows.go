package checkpoints

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// The lock covers a byte far behind the content, so that others can read who holds it.
func lockRegion() *windows.Overlapped { return &windows.Overlapped{OffsetHigh: 1} }

func tryLock(path string) (*os.File, bool, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, false, err
	}
	err = windows.LockFileEx(windows.Handle(file.Fd()),
		windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, lockRegion())
	if err == nil {
		return file, true, nil
	}
	file.Close()
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return nil, false, nil
	}
	return nil, false, &os.PathError{Op: "LockFileEx", Path: path, Err: err}
}

func unlock(file *os.File) { file.Close() }

// releaseLock leaves the file: an open file cannot be removed here, and a closed one may be another's.
func releaseLock(file *os.File, _ string) error {
	return errors.Join(file.Truncate(0), file.Close())
}

func lockRemedy(string) string { return "" }

// claim needs nothing: an open file cannot be removed. Between closing and
// renaming it can, and then the rename fails with an error.
func claim(string) (release func(), held bool) { return func() {}, true }

func removeLeftover(path string) error { return os.Remove(path) }
