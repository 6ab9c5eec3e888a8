//go:build unix

package checkpoints

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// TestMain lets the test binary be a second program: with DEEPRANK_CHILD set it
// plays that part (see kill_test.go and lock_test.go) and leaves.
func TestMain(m *testing.M) {
	if part := os.Getenv("DEEPRANK_CHILD"); part != "" {
		if err := child(part); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child is the second program of the tests; the part is "name folder [number]".
func child(part string) error {
	words := strings.Split(part, "|")
	switch words[0] {
	case "lock":
		lock, err := AcquireLock(words[1])
		if err != nil {
			return err
		}
		fmt.Println("held")
		_, _ = io.Copy(io.Discard, os.Stdin) // until the parent closes it
		return lock.Release()
	case "save":
		killAt, err := strconv.Atoi(words[2])
		if err != nil {
			return err
		}
		return saveForever(words[1], killAt)
	}
	return fmt.Errorf("unknown part %q", part)
}

// start runs the test binary as a second program.
func start(t *testing.T, part ...string) (*exec.Cmd, io.WriteCloser, *bufio.Scanner) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), "DEEPRANK_CHILD="+strings.Join(part, "|"))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, in, bufio.NewScanner(out)
}
