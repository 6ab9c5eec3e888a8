package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"deeprank/configs"
	"deeprank/data"
)

func TestExitCode(t *testing.T) {
	refused := &data.Refused{Path: "a.csv", Reason: "is empty"}
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("disk full"), 1},
		{context.Canceled, 1},
		{Usagef("--x"), 2},
		{fmt.Errorf("run: %w", Usagef("--x: %w", refused)), 2},
		{fmt.Errorf("x: %w", &configs.Error{Problems: []configs.Problem{{Where: "--gap"}}}), 2},
		{refused, 3},
		{fmt.Errorf("x: %w", refused), 3},
		{StopSignal{os.Interrupt}, 130},
		{errors.Join(refused, fmt.Errorf("x: %w", StopSignal{syscall.SIGTERM})), 143},
		{StopSignal{syscall.SIGUSR1}, 143},
		{StopSignal{syscall.SIGHUP}, 1},
	} {
		if got := ExitCode(c.err); got != c.want {
			t.Errorf("%v: %d, want %d", c.err, got, c.want)
		}
	}
}

func TestFinish(t *testing.T) {
	type result struct {
		N int `json:"n"`
	}
	for _, c := range []struct {
		result any
		err    error
		code   int
		stdout string
		stderr string
	}{
		{nil, nil, 0, `{"status":"done"}`, ""},
		{struct{}{}, nil, 0, `{"status":"done"}`, ""},
		{(*result)(nil), nil, 0, `{"status":"done"}`, ""},
		{result{3}, nil, 0, `{"status":"done","n":3}`, ""},
		{result{3}, errors.New(`a "b"`), 1, `{"status":"failed","n":3,"error":"a \"b\""}`, "rank: a \"b\"\n"},
		{nil, StopSignal{os.Interrupt}, 130, `{"status":"stopped","reason":"stopped by signal interrupt"}`, "rank: stopped by signal interrupt\n"},
	} {
		var stdout, stderr bytes.Buffer
		if code := Finish("rank", c.result, c.err, &stdout, &stderr); code != c.code {
			t.Errorf("%v: exit code %d, want %d", c.err, code, c.code)
		}
		if stdout.String() != c.stdout+"\n" || stderr.String() != c.stderr {
			t.Errorf("%v: stdout %q, stderr %q", c.err, stdout.String(), stderr.String())
		}
	}
	for name, c := range map[string]struct {
		result any
		w      io.Writer
	}{
		"not a number": {map[string]float64{"x": math.NaN()}, &bytes.Buffer{}},
		"closed":       {nil, closed{}},
	} {
		var stderr bytes.Buffer
		if code := Finish("rank", c.result, nil, c.w, &stderr); code != 1 || !strings.HasPrefix(stderr.String(), "rank: the result: ") {
			t.Errorf("%s: exit code %d, stderr %q", name, code, stderr.String())
		}
	}
}

type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, os.ErrClosed }

// program has one command, which counts.
func program() *Program {
	return &Program{Name: "abacus", About: "Counts.", Commands: []Command{
		{"count", "count to a number", func(ctx context.Context, args []string, stdout, stderr io.Writer) (any, error) {
			var n int
			f := NewFlags("abacus count", "WORD", "Counts to a number.")
			f.IntRange(&n, "to", 3, 1, 10, "the last number")
			if err := f.Read(args, 1, stdout); err != nil {
				return nil, err
			}
			if ctx.Err() != nil {
				return nil, fmt.Errorf("counting: %w", ctx.Err())
			}
			return map[string]any{"word": f.Arg(0), "n": n}, nil
		}},
		{"add", "add", nil},
	}}
}

func TestProgram(t *testing.T) {
	for _, c := range []struct {
		args string
		code int
		want string // in stderr, or in stdout where the code is 0
	}{
		{"", 2, "name a command: count, add"},
		{"", 2, "Usage: abacus COMMAND"},
		{"help", 0, "count to a number"},
		{"--help", 0, "Exit codes"},
		{"-h", 0, "Counts.\n\nUsage: abacus COMMAND [flags]"},
		{"--version", 0, "abacus "},
		{"help count", 0, "Usage: abacus count WORD [flags]"},
		{"count --help", 0, "the last number (default 3)"},
		{"cuont", 2, `unknown command "cuont"; commands: count, add`},
		{"--to 3", 2, "the command comes before its flags: abacus COMMAND --to"},
		{"count", 2, "usage: abacus count WORD"},
		{"count a b", 2, `"b" is too much`},
		{"count a --too 3", 2, "unknown flag: --too; see abacus count --help"},
		{"count a --to x", 2, `"x"`},
		{"count a --to 11", 2, "--to is 11; it must be from 1 to 10"},
		{"count a --to 0", 2, "--to is 0"},
		{"count a --to 10", 0, `{"status":"done","n":10,"word":"a"}`},
	} {
		var stdout, stderr bytes.Buffer
		code := program().Run(t.Context(), strings.Fields(c.args), &stdout, &stderr)
		text := stderr.String()
		if c.code == 0 {
			text = stdout.String()
			if stderr.Len() > 0 {
				t.Errorf("%q: stderr %q", c.args, stderr.String())
			}
		} else {
			var line map[string]string
			if err := json.Unmarshal(stdout.Bytes(), &line); err != nil || line["status"] != "failed" || line["error"] == "" {
				t.Errorf("%q: stdout %q: %v", c.args, stdout.String(), err)
			}
		}
		if code != c.code || !strings.Contains(text, c.want) {
			t.Errorf("%q: exit code %d, want %d; %q, want %q", c.args, code, c.code, text, c.want)
		}
	}
}

// TestStopped: a command that only says that its context ended was stopped by the signal.
func TestStopped(t *testing.T) {
	for signal, want := range map[os.Signal]int{os.Interrupt: 130, syscall.SIGTERM: 143} {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(StopSignal{signal})
		var stdout, stderr bytes.Buffer
		if code := program().Run(ctx, []string{"count", "a"}, &stdout, &stderr); code != want {
			t.Errorf("%v: exit code %d, want %d", signal, code, want)
		}
		if got, want := stdout.String(), fmt.Sprintf("{\"status\":\"stopped\",\"reason\":\"stopped by signal %v\"}\n", signal); got != want {
			t.Errorf("stdout %q, want %q", got, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range []error{nil, errors.New("x"), context.Canceled} {
		if got := Cause(ctx, err); got != err {
			t.Errorf("without a signal, %v became %v", err, got)
		}
	}
}

// TestContext sends this process signals; nothing in it depends on how soon they come.
func TestContext(t *testing.T) {
	again := make(chan struct{}, 9)
	ctx, stop := Context(func() { again <- struct{}{} })
	kill := func(s syscall.Signal) {
		if err := syscall.Kill(os.Getpid(), s); err != nil {
			t.Fatal(err)
		}
	}
	wait := func(c <-chan struct{}) {
		t.Helper()
		select {
		case <-c:
		case <-time.After(time.Minute):
			t.Fatal("the signal had no effect in a minute")
		}
	}
	kill(syscall.SIGTERM)
	wait(ctx.Done())
	kill(syscall.SIGINT)
	wait(again)
	stop()
	var s StopSignal
	if err := context.Cause(ctx); !errors.As(err, &s) || s.Signal != syscall.SIGTERM {
		t.Errorf("the cause is %v, want the first signal", err)
	}
	if len(again) > 0 {
		t.Error("again was called twice")
	}

	ctx, stop = Context(nil)
	kill(syscall.SIGUSR1)
	wait(ctx.Done())
	stop()
	if err := context.Cause(ctx); !errors.As(err, &s) || s.Signal != syscall.SIGUSR1 {
		t.Errorf("the cause is %v, want SIGUSR1", err)
	}

	ctx, stop = Context(nil)
	stop()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped without a signal: %v", err)
	}
}

func TestHelpIsNoFailure(t *testing.T) {
	f := NewFlags("x y", "", "Does.")
	var out bytes.Buffer
	if err := f.Read([]string{"--help"}, 0, &out); !errors.Is(err, pflag.ErrHelp) {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff("Does.\n\nUsage: x y [flags]\n\nFlags\n", out.String()); diff != "" {
		t.Error(diff)
	}
}
