package main

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"deeprank/checkpoints"
	"deeprank/internal/cli"
	"deeprank/internal/metrics"
)

// killRounds is how often the run is killed: DEEPRANK_KILL_ROUNDS, or a few.
func killRounds(t *testing.T) int {
	t.Helper()
	s := os.Getenv("DEEPRANK_KILL_ROUNDS")
	if s == "" {
		return 3
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		t.Fatalf("DEEPRANK_KILL_ROUNDS=%q is no count", s)
	}
	return n
}

// TestKill kills a run with kill -9 at random moments, goes on each time, and wants the final checkpoint to equal in every bit that of a
// run that nobody touched. Between kills the folder always holds a valid checkpoint once there was one.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("starts programs")
	}
	dir := tinyShop(t)
	more := []string{"--val-triplets", filepath.Join(dir, "csv", "val_triplets.csv"), "--save-every", "1", "--eval-every", "5", "--epochs", "5", "--keep", "2", "--dropout", "0.2"}
	begin := time.Now()
	whole := trained(t, tinyArgs(dir, filepath.Join(dir, "whole"), more...)...)
	length := time.Since(begin)

	out := filepath.Join(dir, "run")
	args := tinyArgs(dir, out, append(more, "--resume", "auto")...)
	random := rand.New(rand.NewPCG(1, 2))
	rounds, reached := killRounds(t), 0
	for round := range rounds {
		p := program(t, args)
		var said bytes.Buffer
		p.Stderr = &said
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		// Up to twice a fair share of the run's length, and what the program needs to start, so that the kills fall
		// everywhere: while it starts, in steps, evaluations and saves.
		moment := time.Duration(random.Int64N(int64(2*length)/int64(rounds)) + random.Int64N(int64(100*time.Millisecond)))
		time.Sleep(moment)
		_ = p.Process.Kill() // it may be over already
		err := p.Wait()
		var exit *exec.ExitError
		if err != nil && (!errors.As(err, &exit) || exit.ExitCode() > 0) {
			t.Fatalf("round %d: %v\n%s", round, err, said.String())
		}
		store, err := checkpoints.OpenStore(filepath.Join(out, checkpointsName), 2)
		if err != nil {
			t.Fatal(err)
		}
		path, f, err := store.Newest(t.Context(), func(path string, err error) {
			t.Errorf("round %d: damaged checkpoint %s: %v", round, path, err)
		})
		switch {
		case err == nil:
			s, err := checkpoints.DecodeState(f.Metadata)
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			if s.Step < reached {
				t.Fatalf("round %d: the newest checkpoint is of step %d, there was one of step %d", round, s.Step, reached)
			}
			reached = s.Step
		case !errors.Is(err, checkpoints.ErrNone) || reached > 0:
			t.Fatal(err)
		}
		t.Logf("killed after %v: step %d", moment.Round(time.Millisecond), reached)
	}
	end := trained(t, args...)
	sameTensors(t, "after the kills", whole.Checkpoint, end.Checkpoint)
	wantSteps(t, out, 40)
	if *end.BestAccuracy != *whole.BestAccuracy || *end.ValAccuracy != *whole.ValAccuracy {
		t.Errorf("accuracy %v, best %v; without kills %v, %v", *end.ValAccuracy, *end.BestAccuracy, *whole.ValAccuracy, *whole.BestAccuracy)
	}
}

// program is the test binary as the program train.
func program(t *testing.T, args []string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := exec.Command(self, args...)
	p.Env = append(os.Environ(), "DEEPRANK_TEST_TRAIN=1")
	return p
}

// TestSignals stops the program as a shell or a scheduler does, and wants the exit codes of the contract.
func TestSignals(t *testing.T) {
	if testing.Short() {
		t.Skip("starts programs")
	}
	for _, c := range []struct {
		signal os.Signal
		code   int
	}{{os.Interrupt, cli.Interrupted}, {syscall.SIGTERM, cli.Terminated}, {syscall.SIGUSR1, cli.Terminated}} {
		dir := tinyShop(t)
		out := filepath.Join(dir, "run")
		p := program(t, tinyArgs(dir, out, "--epochs", "100000"))
		var stdout, stderr bytes.Buffer
		p.Stdout, p.Stderr = &stdout, &stderr
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		for i := 0; !hasRecords(out, 3); i++ {
			if i > 3000 {
				_ = p.Process.Kill()
				t.Fatalf("no step in sight\n%s", stderr.String())
			}
			time.Sleep(10 * time.Millisecond)
		}
		if err := p.Process.Signal(c.signal); err != nil {
			t.Fatal(err)
		}
		_ = p.Wait() // its exit code says it
		if code := p.ProcessState.ExitCode(); code != c.code {
			t.Errorf("%v: exit code %d, want %d\n%s", c.signal, code, c.code, stderr.String())
		}
		files, err := filepath.Glob(filepath.Join(out, checkpointsName, "step-*.safetensors"))
		if err != nil || len(files) == 0 {
			t.Errorf("%v: no checkpoint (%v)", c.signal, err)
		}
		if !bytes.Contains(stdout.Bytes(), []byte(`"status":"stopped"`)) {
			t.Errorf("%v: stdout is %s", c.signal, stdout.String())
		}
	}
}

func hasRecords(run string, n int) bool {
	records, err := metrics.Read(filepath.Join(run, metricsFile))
	return err == nil && len(records) >= n
}
