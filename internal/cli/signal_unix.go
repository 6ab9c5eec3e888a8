//go:build unix

package cli

import (
	"os"
	"syscall"
)

// terminating are the signals that ask a program to save and leave with the code Terminated. Batch systems warn a job
// of its end with SIGUSR1 (Slurm's --signal=USR1@120).
func terminating() []os.Signal { return []os.Signal{syscall.SIGTERM, syscall.SIGUSR1} }
