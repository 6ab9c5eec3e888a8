package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"github.com/spf13/pflag"

	"deeprank/data"
)

// Exit codes of the program.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitData        = 3
	exitInterrupted = 130 // SIGINT
	exitTerminated  = 143 // SIGTERM
)

// command is one of the program's commands. run returns what the last line on
// stdout tells besides the status, as a JSON object's fields.
type command struct {
	name, short string
	run         func(ctx context.Context, args []string, stdout, stderr io.Writer) (any, error)
}

func commands() []command {
	return []command{
		{"demo", "draw a small shop to try everything on: pictures, metadata, triplets", demo},
	}
}

// usageError is a mistake in the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, a ...any) error { return usageError{fmt.Errorf(format, a...)} }

// run is the program: it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	result, err := dispatch(ctx, args, stdout, stderr)
	if errors.Is(err, pflag.ErrHelp) {
		return exitDone
	}
	code := exitCode(err)
	line := struct {
		Status string `json:"status"` // done, stopped or failed
		Error  string `json:"error,omitempty"`
	}{Status: "done"}
	switch code {
	case exitDone:
	case exitInterrupted, exitTerminated:
		line.Status = "stopped"
		fmt.Fprintf(stderr, "triplets: %v\n", err)
	default:
		line.Status, line.Error = "failed", err.Error()
		fmt.Fprintf(stderr, "triplets: %v\n", err)
	}
	if err := printResult(stdout, line, result); err != nil {
		fmt.Fprintf(stderr, "triplets: %v\n", err)
		return max(code, exitFailed)
	}
	return code
}

// printResult writes the fields of both as one JSON object on a line.
func printResult(w io.Writer, status, result any) error {
	line, err := json.Marshal(status)
	if err != nil {
		return err
	}
	if result != nil {
		more, err := json.Marshal(result)
		if err != nil {
			return err
		}
		line = append(append(line[:len(line)-1], ','), more[1:]...)
	}
	_, err = fmt.Fprintf(w, "%s\n", line)
	return err
}

func dispatch(ctx context.Context, args []string, stdout, stderr io.Writer) (any, error) {
	if len(args) == 0 {
		writeHelp(stderr)
		return nil, usagef("name a command: %s", names())
	}
	name, rest := args[0], args[1:]
	switch name {
	case "-h", "--help", "help":
		writeHelp(stdout)
		return nil, pflag.ErrHelp
	}
	for _, c := range commands() {
		if c.name == name {
			return c.run(ctx, rest, stdout, stderr)
		}
	}
	if strings.HasPrefix(name, "-") {
		return nil, usagef("the command comes before its flags: triplets COMMAND %s; commands: %s", name, names())
	}
	return nil, usagef("unknown command %q; commands: %s", name, names())
}

func names() string {
	var n []string
	for _, c := range commands() {
		n = append(n, c.name)
	}
	return strings.Join(n, ", ")
}

func writeHelp(w io.Writer) {
	fmt.Fprint(w, "Prepares data for training: tables of pictures, and triplets of them.\n\nUsage: triplets COMMAND [flags]\n\nCommands\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-8s %s\n", c.name, c.short)
	}
	fmt.Fprint(w, `
triplets COMMAND --help shows a command's flags. Messages go to stderr; the last line on stdout is a JSON object.

Exit codes
  0 done    1 failed    2 flags    3 data refused    130 and 143 stopped by a signal
`)
}

// exitCode classifies an error.
func exitCode(err error) int {
	var (
		stop    stopSignal
		usage   usageError
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
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &refused):
		return exitData
	}
	return exitFailed
}
