package data

import (
	"io/fs"
	"os"
	"syscall"

	"deeprank/internal/fserror"
)

// openRegular opens a file that the user named and refuses everything that is not a regular file. It never blocks: a named
// pipe that nobody writes to is seen by its type, before a read.
func openRegular(path, what string) (*os.File, fs.FileInfo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, &Refused{Path: path, Reason: "cannot open " + what, Remedy: "check the path and its permissions", Err: fserror.Cause(err)}
	}
	if !info.Mode().IsRegular() {
		return nil, nil, &Refused{Path: path, Reason: "is " + kindOf(info.Mode()) + ", not a file", Remedy: "give the path of " + what}
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, &Refused{Path: path, Reason: "cannot open " + what, Remedy: "check the path and its permissions", Err: fserror.Cause(err)}
	}
	if info, err = f.Stat(); err != nil || !info.Mode().IsRegular() {
		f.Close()
		return nil, nil, &Refused{Path: path, Reason: "is not a file", Remedy: "give the path of " + what, Err: err}
	}
	return f, info, nil
}

// kindOf names a file's type in plain words.
func kindOf(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "a folder"
	case m.IsRegular():
		return "a file"
	case m&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case m&fs.ModeSocket != 0:
		return "a socket"
	case m&fs.ModeDevice != 0:
		return "a device"
	case m&fs.ModeSymlink != 0:
		return "a link"
	}
	return "a special file"
}
