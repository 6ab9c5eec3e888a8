package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"deeprank/configs"
	"deeprank/data"
)

// Exit codes.
const (
	Done        = 0
	Failed      = 1
	Usage       = 2 // flags or config
	Data        = 3 // data refused
	Interrupted = 130
	Terminated  = 143
)

// UsageError is a refusal that another command line can mend.
type UsageError struct{ Err error }

func (e *UsageError) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *UsageError) Unwrap() error { return e.Err }

// Usagef formats a UsageError.
func Usagef(format string, a ...any) error { return &UsageError{fmt.Errorf(format, a...)} }

// ExitCode classifies an error: a signal, then the command line, then the data, by errors.As.
func ExitCode(err error) int {
	var (
		stop    StopSignal
		usage   *UsageError
		config  *configs.Error
		refused *data.Refused
	)
	switch {
	case err == nil:
		return Done
	case errors.As(err, &stop):
		switch {
		case stop.Signal == os.Interrupt:
			return Interrupted
		case slices.Contains(terminating(), stop.Signal):
			return Terminated
		}
	case errors.As(err, &usage), errors.As(err, &config):
		return Usage
	case errors.As(err, &refused):
		return Data
	}
	return Failed
}

// Cause returns the signal that ended ctx where err says no more than that the context ended, else err.
func Cause(ctx context.Context, err error) error {
	var stop StopSignal
	if errors.Is(err, context.Canceled) && errors.As(context.Cause(ctx), &stop) {
		return stop
	}
	return err
}

// Finish ends a program: an error goes to stderr after the program's name, and one JSON object in a line to stdout:
//
//	{"status":"done", the fields of result ..., "reason":"stopped by signal interrupt", "error":"..."}
//
// status is done, stopped (by a signal, the reason) or failed (for the error). result is a struct, a map or nil. It
// returns the exit code.
func Finish(program string, result any, err error, stdout, stderr io.Writer) int {
	code := ExitCode(err)
	status := struct {
		Status string `json:"status"`
	}{"done"}
	var end struct {
		Reason string `json:"reason,omitempty"`
		Error  string `json:"error,omitempty"`
	}
	switch code {
	case Done:
	case Interrupted, Terminated:
		status.Status, end.Reason = "stopped", err.Error()
	default:
		status.Status, end.Error = "failed", err.Error()
	}
	if err != nil {
		fmt.Fprintf(stderr, "%s: %v\n", program, err)
	}
	if err := writeLine(stdout, status, result, end); err != nil {
		fmt.Fprintf(stderr, "%s: the result: %v\n", program, err)
		return max(code, Failed)
	}
	return code
}

// writeLine writes the fields of all objects as one object in one line.
func writeLine(w io.Writer, objects ...any) error {
	line := []byte("{")
	for _, o := range objects {
		text, err := json.Marshal(o)
		if err != nil {
			return err
		}
		if s := string(text); s == "null" || s == "{}" {
			continue
		}
		if len(line) > 1 {
			line = append(line, ',')
		}
		line = append(line, text[1:len(text)-1]...)
	}
	_, err := w.Write(append(line, '}', '\n'))
	return err
}
