package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"

	"github.com/spf13/pflag"

	"deeprank/configs"
)

// Command is one of a program's commands.
type Command struct {
	Name  string
	Short string // what it does, for the list of commands
	// Run does it. result is what the last line on stdout tells besides the status: a struct or nil. After help was
	// printed the error is pflag.ErrHelp.
	Run func(ctx context.Context, args []string, stdout, stderr io.Writer) (result any, err error)
}

// Program is a program that consists of commands.
type Program struct {
	Name     string
	About    string // what it is for, in a sentence or two
	Commands []Command
}

// Run runs the command that args begin with, ends it as Finish does, and returns the exit code. Help and version are
// printed without a JSON line.
func (p *Program) Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	result, err := p.dispatch(ctx, args, stdout, stderr)
	if errors.Is(err, pflag.ErrHelp) {
		return Done
	}
	return Finish(p.Name, result, Cause(ctx, err), stdout, stderr)
}

func (p *Program) dispatch(ctx context.Context, args []string, stdout, stderr io.Writer) (any, error) {
	if len(args) == 0 {
		p.writeHelp(stderr)
		return nil, Usagef("name a command: %s", p.names())
	}
	name, rest := args[0], args[1:]
	switch name {
	case "-h", "--help", "help":
		if name == "help" && len(rest) > 0 {
			return p.dispatch(ctx, []string{rest[0], "--help"}, stdout, stderr)
		}
		p.writeHelp(stdout)
		return nil, pflag.ErrHelp
	case "--version":
		fmt.Fprintf(stdout, "%s %s, %s %s/%s\n", p.Name, configs.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
		return nil, pflag.ErrHelp
	}
	for _, c := range p.Commands {
		if c.Name == name {
			return c.Run(ctx, rest, stdout, stderr)
		}
	}
	if strings.HasPrefix(name, "-") {
		return nil, Usagef("the command comes before its flags: %s COMMAND %s; commands: %s", p.Name, name, p.names())
	}
	return nil, Usagef("unknown command %q; commands: %s", name, p.names())
}

func (p *Program) names() string {
	var n []string
	for _, c := range p.Commands {
		n = append(n, c.Name)
	}
	return strings.Join(n, ", ")
}

func (p *Program) writeHelp(w io.Writer) {
	fmt.Fprintf(w, "%s\n\nUsage: %s COMMAND [flags]\n\nCommands\n", p.About, p.Name)
	for _, c := range p.Commands {
		fmt.Fprintf(w, "  %-9s %s\n", c.Name, c.Short)
	}
	fmt.Fprintf(w, `
%s COMMAND --help shows a command's flags. Messages go to stderr; the last line on stdout is a JSON object.

Exit codes
  0 done    1 failed    2 flags or config    3 data refused    130 and 143 stopped by a signal
`, p.Name)
}
