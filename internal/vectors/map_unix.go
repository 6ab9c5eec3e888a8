//go:build unix

package vectors

import (
	"os"

	"golang.org/x/sys/unix"
)

// mapFile maps a file into memory, to be read.
func mapFile(f *os.File, size int64) ([]byte, error) {
	return unix.Mmap(int(f.Fd()), 0, int(size), unix.PROT_READ, unix.MAP_SHARED)
}

func unmapFile(b []byte) error {
	if b == nil {
		return nil
	}
	return unix.Munmap(b)
}
