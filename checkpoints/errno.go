//go:build !windows

package checkpoints

import (
	"errors"
	"syscall"
)

// diskFull recognises a full disk and a used-up quota.
func diskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// readOnlyDisk recognises a file system mounted for reading only.
func readOnlyDisk(err error) bool { return errors.Is(err, syscall.EROFS) }
