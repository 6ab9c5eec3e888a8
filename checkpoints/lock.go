package checkpoints

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// lockName is the lock's file in the run folder; it lies there while a program uses the folder.
const lockName = "lock"

// Lock keeps two programs out of one run folder. The operating system holds it
// for the process, so it ends with the process, however that ends: a lock file
// left by a killed program is no obstacle.
type Lock struct {
	file *os.File
	path string
}

// LockedError says who uses the folder. errors.Is(err, ErrLocked) holds.
type LockedError struct {
	Dir  string
	PID  int    // 0 when it is not known
	Host string // "" when it is this machine or not known
	// Remedy is what to do where the system cannot tell that the holder has died.
	Remedy string
}

func (e *LockedError) Error() string {
	who := "another program"
	switch {
	case e.PID > 0 && e.Host != "":
		who += fmt.Sprintf(" (pid %d on %s)", e.PID, e.Host)
	case e.PID > 0:
		who += fmt.Sprintf(" (pid %d)", e.PID)
	}
	remedy := e.Remedy
	if remedy == "" {
		remedy = "wait for it, stop it, or choose another folder with --out"
	}
	return fmt.Sprintf("%s is using %s; %s", who, e.Dir, remedy)
}

func (e *LockedError) Unwrap() error { return ErrLocked }

// AcquireLock locks the run folder dir, which must exist, without waiting.
// Errors: *LockedError while another program (or another Lock of this one) holds
// it; the file system's where dir is missing or cannot be written to.
func AcquireLock(dir string) (*Lock, error) {
	path := filepath.Join(dir, lockName)
	for range 10 {
		file, held, err := tryLock(path)
		if err != nil {
			return nil, fmt.Errorf("locking the run folder %s: %w; choose a folder that can be written to with --out", dir, err)
		}
		if !held {
			return nil, holder(dir, path)
		}
		if !same(file, path) { // the one before us removed it while we waited for the lock
			unlock(file)
			continue
		}
		if err := sign(file); err != nil {
			unlock(file)
			return nil, fmt.Errorf("writing the lock %s: %w", path, err)
		}
		return &Lock{file: file, path: path}, nil
	}
	return nil, fmt.Errorf("locking the run folder %s: %s is removed again and again by another program", dir, path)
}

// Release gives the folder back. Further calls do nothing.
func (l *Lock) Release() error {
	if l.file == nil {
		return nil
	}
	file := l.file
	l.file = nil
	return releaseLock(file, l.path)
}

// sign writes who holds the lock, for the message of those who find it held.
func sign(file *os.File) error {
	host, _ := os.Hostname() // only for the message
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err := file.WriteAt(fmt.Appendf(nil, "pid %d\nhost %s\n", os.Getpid(), host), 0)
	return err
}

// holder makes the error from what the lock file says.
func holder(dir, path string) error {
	e := &LockedError{Dir: dir, Remedy: lockRemedy(path)}
	content, _ := os.ReadFile(path) // without it the message is shorter
	for line := range strings.Lines(string(content)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch key {
		case "pid":
			e.PID, _ = strconv.Atoi(value)
		case "host":
			if here, _ := os.Hostname(); value != here {
				e.Host = value
			}
		}
	}
	return e
}
