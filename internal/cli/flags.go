package cli

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/spf13/pflag"
)

// Flags are a command's flags. Define them with pflag's methods, then Read them.
type Flags struct {
	*pflag.FlagSet
	command, synopsis, about string
	ranges                   []intRange
}

type intRange struct {
	name      string
	value     *int
	low, high int
}

// NewFlags starts the flags of a command: "rank sheet", what its usage line shows after that ("--run DIR"), and what
// it does.
func NewFlags(command, synopsis, about string) *Flags {
	f := &Flags{pflag.NewFlagSet(command, pflag.ContinueOnError), command, synopsis, about, nil}
	f.SetOutput(io.Discard) // errors are returned, help is Read's
	f.Usage = func() {}
	f.SortFlags = false
	return f
}

// IntRange defines a flag whose value must lie in [low, high].
func (f *Flags) IntRange(p *int, name string, value, low, high int, usage string) {
	f.IntVar(p, name, value, usage)
	f.ranges = append(f.ranges, intRange{name, p, low, high})
}

// Read reads a command line that has just so many arguments besides flags. After --help it has printed the help and
// returns pflag.ErrHelp; every other error is a *UsageError.
func (f *Flags) Read(args []string, arguments int, stdout io.Writer) error {
	return f.read(args, arguments, arguments, stdout)
}

// ReadSome is Read for a command line with at least so many arguments.
func (f *Flags) ReadSome(args []string, least int, stdout io.Writer) error {
	return f.read(args, least, math.MaxInt, stdout)
}

func (f *Flags) read(args []string, least, most int, stdout io.Writer) error {
	switch err := f.Parse(args); {
	case errors.Is(err, pflag.ErrHelp):
		fmt.Fprintf(stdout, "%s\n\nUsage: %s [flags]\n\nFlags\n%s", f.about, f.usage(), f.FlagUsages())
		return err
	case err != nil:
		return Usagef("%w; see %s --help", err, f.command)
	}
	switch n := f.NArg(); {
	case n > most:
		return Usagef("%q is too much; usage: %s", f.Arg(most), f.usage())
	case n < least:
		return Usagef("something is missing; usage: %s", f.usage())
	}
	for _, r := range f.ranges {
		if *r.value < r.low || *r.value > r.high {
			return Usagef("--%s is %d; it must be from %d to %d", r.name, *r.value, r.low, r.high)
		}
	}
	return nil
}

func (f *Flags) usage() string { return strings.TrimSpace(f.command + " " + f.synopsis) }
