package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"syscall"

	"github.com/spf13/pflag"

	"deeprank/configs"
	"deeprank/data"
)

// Exit codes of the program.
const (
	exitDone        = 0
	exitFailed      = 1
	exitConfig      = 2
	exitData        = 3
	exitInterrupted = 130 // SIGINT; a checkpoint was saved
	exitTerminated  = 143 // SIGTERM; a checkpoint was saved
)

// outcome is the last line on stdout.
type outcome struct {
	Status       string   `json:"status"` // done, stopped or failed
	Step         int      `json:"step"`
	Epoch        int      `json:"epoch"`
	Loss         *float64 `json:"loss"` // of the last step; null when there was none
	ValAccuracy  *float64 `json:"val_accuracy"`
	BestAccuracy *float64 `json:"best_val_accuracy"`
	Run          string   `json:"run"`
	Checkpoint   string   `json:"checkpoint"`
	Reason       string   `json:"reason,omitempty"` // why it ended, where that is not the end of its epochs or steps
	Error        string   `json:"error,omitempty"`
}

// run is the program: it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	cfg, err := configs.Parse("train", args, stdout)
	if errors.Is(err, pflag.ErrHelp) || errors.Is(err, configs.ErrVersion) {
		return exitDone
	}
	var out outcome
	if err == nil {
		if cfg.PrintConfig {
			return printConfig(cfg, stdout, stderr)
		}
		out, err = train(ctx, cfg, stderr)
	}
	code := exitCode(err)
	switch code {
	case exitDone:
		out.Status = "done"
	case exitInterrupted, exitTerminated:
		out.Status, out.Reason = "stopped", err.Error()
	default:
		out.Status, out.Error = "failed", err.Error()
		fmt.Fprintf(stderr, "train: %v\n", err)
	}
	line, err := json.Marshal(out)
	if err != nil { // no value of outcome can do this: non-finite numbers are left out
		fmt.Fprintf(stderr, "train: %v\n", err)
		return exitFailed
	}
	fmt.Fprintf(stdout, "%s\n", line)
	return code
}

func printConfig(cfg *configs.Config, stdout, stderr io.Writer) int {
	b, err := cfg.YAML()
	if err == nil {
		_, err = stdout.Write(b)
	}
	if err != nil {
		fmt.Fprintf(stderr, "train: %v\n", err)
		return exitFailed
	}
	return exitDone
}

// usageError is a refusal that the flags can mend, beyond what package configs checks.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, a ...any) error { return usageError{fmt.Errorf(format, a...)} }

// exitCode classifies an error.
func exitCode(err error) int {
	var (
		stop    stopSignal
		usage   usageError
		config  *configs.Error
		refused *data.Refused
	)
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &stop):
		if stop.Signal == os.Interrupt {
			return exitInterrupted
		}
		if stop.Signal == syscall.SIGTERM {
			return exitTerminated
		}
		return exitFailed
	case errors.As(err, &usage), errors.As(err, &config):
		return exitConfig
	case errors.As(err, &refused):
		return exitData
	}
	return exitFailed
}

// finite returns a pointer to v for JSON, nil where v is no number.
func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
