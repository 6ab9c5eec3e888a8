//go:build unix

package checkpoints

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestLockTwoPrograms(t *testing.T) {
	dir := t.TempDir()
	for _, end := range []string{"released", "killed"} {
		cmd, in, out := start(t, "lock", dir)
		if !out.Scan() || out.Text() != "held" {
			t.Fatal("the other program did not get the lock")
		}
		_, err := AcquireLock(dir)
		var locked *LockedError
		if !errors.As(err, &locked) || !errors.Is(err, ErrLocked) || locked.PID != cmd.Process.Pid {
			t.Errorf("error %v, want pid %d", err, cmd.Process.Pid)
		} else if want := fmt.Sprintf("another program (pid %d) is using %s", cmd.Process.Pid, dir); !strings.Contains(err.Error(), want) {
			t.Errorf("message %q, want %q", err, want)
		}
		if end == "killed" {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
		in.Close()
		if err := cmd.Wait(); (err != nil) != (end == "killed") {
			t.Fatal(err)
		}
		_, err = os.Stat(filepath.Join(dir, lockName))
		if left := !errors.Is(err, fs.ErrNotExist); left != (end == "killed") {
			t.Errorf("%s: lock file there: %v", end, left)
		}
		lock, err := AcquireLock(dir)
		if err != nil {
			t.Fatalf("%s: %v", end, err)
		}
		if err := errors.Join(lock.Release(), lock.Release()); err != nil {
			t.Error(err)
		}
	}
}

// TestLockMany: of many that try at once, one at a time has it.
func TestLockMany(t *testing.T) {
	dir := t.TempDir()
	inside := make(chan struct{}, 1)
	done := make(chan error)
	for range 3 {
		go func() {
			for got := 0; got < 60; {
				lock, err := AcquireLock(dir)
				if errors.Is(err, ErrLocked) {
					continue
				}
				if err != nil {
					done <- err
					return
				}
				select {
				case inside <- struct{}{}:
				default:
					done <- errors.New("two hold the lock")
					return
				}
				for range 50 { // stay a while, so that a second one is seen
					runtime.Gosched()
				}
				<-inside
				if err := lock.Release(); err != nil {
					done <- err
					return
				}
				got++
			}
			done <- nil
		}()
	}
	for range 3 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestLockErrors(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none")
	if _, err := AcquireLock(missing); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), missing) {
		t.Errorf("missing folder: %v", err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, lockName)
	for content, want := range map[string]string{
		"":                                     "another program is using",
		"pid 12\nhost elsewhere.example.org\n": "another program (pid 12 on elsewhere.example.org) is using",
		"pid x\n":                              "another program is using",
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		file, held, err := tryLock(path)
		if err != nil || !held {
			t.Fatal(held, err)
		}
		if _, err := AcquireLock(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", content, err, want)
		}
		unlock(file)
	}
}
