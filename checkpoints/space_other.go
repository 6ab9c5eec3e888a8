//go:build !linux && !darwin && !freebsd && !dragonfly && !windows

package checkpoints

import "errors"

func freeSpace(string) (int64, error) { return 0, errors.ErrUnsupported }
