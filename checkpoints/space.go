package checkpoints

import (
	"errors"
	"fmt"
)

// FreeSpace gives the bytes that this user can still write on the disk of dir,
// an existing folder. Where the system cannot tell, the error is errors.ErrUnsupported.
func FreeSpace(dir string) (int64, error) {
	n, err := freeSpace(dir)
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return 0, fmt.Errorf("free space of %s: %w", dir, err)
	}
	return n, err
}
