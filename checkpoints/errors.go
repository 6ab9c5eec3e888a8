package checkpoints

import (
	"errors"
	"fmt"
)

// Kinds of errors, for errors.Is. Errors of the file system (missing file, no
// permission, disk full) are wrapped as they are: errors.Is(err, fs.ErrNotExist).
var (
	// ErrDamaged: the file is not what was written: cut off, changed, or never a safetensors file.
	ErrDamaged = errors.New("damaged file")
	// ErrUnsupported: the file may be whole, but holds something this program does not know.
	ErrUnsupported = errors.New("unsupported file")
	// ErrNone: the folder holds no checkpoint (or, for Best, none with a score).
	ErrNone = errors.New("no checkpoint")
	// ErrNoState: the file holds weights, but not the state of a run.
	ErrNoState = errors.New("no training state")
	// ErrNewer: the file was written by a newer version of the program.
	ErrNewer = errors.New("written by a newer version of the program")
	// ErrLocked: another program uses the run folder.
	ErrLocked = errors.New("run folder in use")
	// ErrNoSpace: the disk has less free space than the file needs.
	ErrNoSpace = errors.New("not enough free space")
)

// FileError says what is wrong with one file and what to do about it.
type FileError struct {
	Path   string
	Reason string
	Remedy string
	Kind   error // ErrDamaged or ErrUnsupported
}

func (e *FileError) Error() string {
	s := e.Path + ": " + e.Reason
	if e.Path == "" {
		s = e.Reason
	}
	if e.Remedy != "" {
		s += "; " + e.Remedy
	}
	return s
}

func (e *FileError) Unwrap() error { return e.Kind }

// damaged is an error without a path; withPath adds it.
func damaged(format string, args ...any) error {
	return &FileError{
		Reason: "damaged safetensors file: " + fmt.Sprintf(format, args...),
		Remedy: "use another checkpoint, or copy or download the file again",
		Kind:   ErrDamaged,
	}
}

func unsupported(remedy, format string, args ...any) error {
	return &FileError{Reason: fmt.Sprintf(format, args...), Remedy: remedy, Kind: ErrUnsupported}
}

// withPath names the file in err: in a FileError as its path, else by wrapping.
func withPath(path string, err error) error {
	var f *FileError
	if errors.As(err, &f) && f.Path == "" {
		named := *f
		named.Path = path
		return &named
	}
	return fmt.Errorf("%s: %w", path, err)
}
