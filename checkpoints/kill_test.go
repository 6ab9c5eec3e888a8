//go:build unix

package checkpoints

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const killedValues = 50_000 // 200 kB a file

// saveForever is the program that is killed: it goes on from the newest
// checkpoint, saves step after step and prints each step that is safe. With
// killAt > 0 it kills itself at that step of the write sequence.
func saveForever(dir string, killAt int) error {
	s, err := OpenStore(dir, 2)
	if err != nil {
		return err
	}
	step, err := newestStep(s)
	if err != nil {
		return err
	}
	n := 0
	s.sys = hooked{before: func(string) error {
		if n++; n == killAt {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			time.Sleep(time.Minute) // the signal comes first
		}
		return nil
	}}
	for step++; ; step++ {
		if _, err := s.Save(step, sample(step, killedValues), float64(step%7), true); err != nil {
			return err
		}
		fmt.Println(step)
	}
}

// newestStep is the step of the newest checkpoint, 0 without one. Anything damaged is an error.
func newestStep(s *Store) (int, error) {
	var damaged error
	_, f, err := s.Newest(context.Background(), func(_ string, err error) { damaged = errors.Join(damaged, err) })
	if errors.Is(err, ErrNone) {
		return 0, damaged
	}
	if err = errors.Join(err, damaged); err != nil {
		return 0, err
	}
	return strconv.Atoi(f.Metadata["deeprank.step"])
}

// TestKilled kills a saving program with SIGKILL: at each step of the write
// sequence over four saves, then at random moments. All rounds work in one
// folder, each continues where the one before was killed.
func TestKilled(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "checkpoints")
	random := rand.New(rand.NewPCG(1, 2))
	acknowledged := 0
	const each, atRandom = 30, 20
	for round := 1; round <= each+atRandom; round++ {
		killAt := 0
		if round <= each {
			killAt = round
		}
		cmd, in, out := start(t, "save", dir, strconv.Itoa(killAt))
		in.Close()
		if killAt == 0 {
			pause := time.Duration(random.IntN(int(60 * time.Millisecond)))
			timer := time.AfterFunc(pause, func() { _ = cmd.Process.Kill() })
			defer timer.Stop()
		}
		for out.Scan() {
			step, err := strconv.Atoi(out.Text())
			if err != nil {
				break // the last line was cut
			}
			acknowledged = step
		}
		if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
			t.Fatalf("round %d: the program ended with %v", round, err)
		}
		s := openStore(t, dir, 2)
		for _, name := range filesInIfAny(dir) {
			if strings.HasSuffix(name, ".tmp") {
				t.Errorf("round %d: %s is left", round, name)
			}
		}
		step, err := newestStep(s)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if step < acknowledged || step > acknowledged+1 {
			t.Fatalf("round %d: the newest step is %d, the last one known to be safe %d", round, step, acknowledged)
		}
		acknowledged = step // the next round goes on from here
		if step > 0 {
			f, err := Read(s.Path(step))
			if err != nil {
				t.Fatal(err)
			}
			sameFile(t, f, sample(step, killedValues))
		}
	}
	if acknowledged < 10 {
		t.Errorf("only %d saves in all: the kills came too early to show anything", acknowledged)
	}
}

func filesInIfAny(dir string) []string {
	entries, _ := os.ReadDir(dir)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
