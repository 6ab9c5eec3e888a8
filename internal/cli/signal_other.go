//go:build !unix

package cli

import (
	"os"
	"syscall"
)

// terminating are the signals that ask a program to save and leave with the code Terminated.
func terminating() []os.Signal { return []os.Signal{syscall.SIGTERM} }
