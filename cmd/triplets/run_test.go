package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"deeprank/internal/cli"
)

func TestCommandLine(t *testing.T) {
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "mine.txt"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	fresh := filepath.Join(t.TempDir(), "new")
	for _, c := range []struct {
		args string
		code int
		want string // in stderr, or in stdout for help
	}{
		{"", 2, "name a command: stats, split"},
		{"--help", 0, "Exit codes"},
		{"help", 0, "demo"},
		{"demo --help", 0, "--val-triplets"},
		{"demo -h", 0, "--products"},
		{"dmeo", 2, `unknown command "dmeo"; commands: stats, split`},
		{"--quiet demo", 2, "the command comes before its flags"},
		{"demo", 2, "usage: triplets demo DIR"},
		{"demo a b", 2, `"b" is too much; usage: triplets demo DIR`},
		{"demo " + fresh + " --product 3", 2, "unknown flag: --product"},
		{"demo " + fresh + " --products 3", 2, "--products is 3; it must be from 20"},
		{"demo " + fresh + " --products many", 2, `"many"`},
		{"demo " + fresh + " --views 1", 2, "--views is 1"},
		{"demo " + fresh + " --size 1000", 2, "--size is 1000"},
		{"demo " + fresh + " --seed -1", 2, "--seed"},
		{"demo " + fresh + " --triplets 0", 2, "--triplets is 0"},
		{"demo " + fresh + " --val-triplets -5", 2, "--val-triplets is -5"},
		{"demo " + fresh + " --threads -1", 2, "--threads is -1"},
		{"demo " + full, 2, full + " holds files"},
		{"demo /dev/null", 2, "/dev/null is not a folder"},
		{"demo /dev/null/x", 1, "/dev/null"},
	} {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), strings.Fields(c.args), &stdout, &stderr)
		if code != c.code {
			t.Errorf("%q: exit code %d, want %d", c.args, code, c.code)
		}
		if c.code == 0 {
			if !strings.Contains(stdout.String(), c.want) || stderr.Len() > 0 {
				t.Errorf("%q: stdout %q, stderr %q", c.args, stdout.String(), stderr.String())
			}
			continue
		}
		if !strings.Contains(stderr.String(), c.want) {
			t.Errorf("%q: stderr %q, want %q", c.args, stderr.String(), c.want)
		}
		var line struct{ Status, Error string }
		if err := json.Unmarshal(stdout.Bytes(), &line); err != nil || line.Status != "failed" || line.Error == "" {
			t.Errorf("%q: stdout %q: %v", c.args, stdout.String(), err)
		}
	}
	if _, err := os.Stat(fresh); err == nil {
		t.Error("a bad command line made the folder")
	}
}

func TestDemo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "shop")
	args := []string{"demo", dir, "--products", "30", "--views", "2", "--size", "20", "--triplets", "50", "--val-triplets", "20"}
	for _, c := range []struct {
		more   []string
		drawn  bool
		stderr string
	}{
		{nil, true, "drawing 60 pictures of 30 products"},
		{nil, false, "holds this demo already"},
		{[]string{"--seed", "7", "--quiet"}, true, ""},
	} {
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), append(args, c.more...), &stdout, &stderr); code != 0 {
			t.Fatalf("exit code %d: %s", code, stderr.String())
		}
		if got := stderr.String(); !strings.Contains(got, c.stderr) || c.stderr == "" && got != "" {
			t.Errorf("stderr %q", got)
		}
		var line map[string]any
		if err := json.Unmarshal(stdout.Bytes(), &line); err != nil || strings.Count(stdout.String(), "\n") != 1 {
			t.Fatalf("stdout %q: %v", stdout.String(), err)
		}
		for key, want := range map[string]any{
			"status": "done", "folder": dir, "products": 30.0, "val_products": 10.0, "pictures": 60.0,
			"triplets": 50.0, "val_triplets": 20.0, "drawn": c.drawn,
		} {
			if line[key] != want {
				t.Errorf("%s is %v, want %v", key, line[key], want)
			}
		}
	}
}

func TestStopped(t *testing.T) {
	for signal, want := range map[os.Signal]int{os.Interrupt: 130, syscall.SIGTERM: 143} {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(cli.StopSignal{Signal: signal})
		var stdout, stderr bytes.Buffer
		if code := run(ctx, []string{"demo", t.TempDir(), "--quiet"}, &stdout, &stderr); code != want {
			t.Errorf("%v: exit code %d, want %d", signal, code, want)
		}
		if got := stdout.String(); !strings.HasPrefix(got, `{"status":"stopped",`) {
			t.Errorf("%v: stdout %q", signal, got)
		}
	}
}
