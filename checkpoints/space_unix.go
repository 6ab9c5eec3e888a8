//go:build linux || darwin || freebsd || dragonfly

package checkpoints

import (
	"errors"
	"math"
	"math/bits"

	"golang.org/x/sys/unix"
)

func freeSpace(dir string) (int64, error) {
	var s unix.Statfs_t
	for {
		err := unix.Statfs(dir, &s)
		if err == nil {
			break
		}
		if !errors.Is(err, unix.EINTR) {
			return 0, err
		}
	}
	if s.Blocks == 0 {
		return 0, errors.ErrUnsupported // some file systems of user space tell nothing
	}
	if int64(s.Bavail) < 0 { // FreeBSD: into the reserve of root
		return 0, nil
	}
	hi, lo := bits.Mul64(uint64(s.Bavail), uint64(s.Bsize))
	if hi != 0 || lo > math.MaxInt64 {
		return math.MaxInt64, nil
	}
	return int64(lo), nil
}
