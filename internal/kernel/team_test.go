package kernel

import (
	"runtime"
	"sync/atomic"
	"testing"
	"unsafe"
)

func TestTeamRunsEachTaskOnce(t *testing.T) {
	for threads := 1; threads <= 5; threads++ {
		team := NewTeam(threads)
		for round := range 300 {
			tasks := round % 23
			counts := make([]atomic.Int32, tasks)
			busy := make([]atomic.Bool, threads)
			team.Run(tasks, func(task, worker int) {
				if !busy[worker].CompareAndSwap(false, true) {
					t.Errorf("worker %d has two tasks at once", worker)
				}
				counts[task].Add(1)
				busy[worker].Store(false)
			})
			for i := range counts {
				if n := counts[i].Load(); n != 1 {
					t.Fatalf("%d threads, %d tasks: task %d ran %d times", threads, tasks, i, n)
				}
			}
			if round%50 == 49 { // let the workers park
				for range 2 * spins {
					runtime.Gosched()
				}
			}
		}
		team.Close()
		team.Close()
	}
}

func TestTeamSharesWork(t *testing.T) {
	team := NewTeam(3)
	defer team.Close()
	var started atomic.Int32
	var seen [3]atomic.Bool
	team.Run(3, func(_, worker int) { // each task waits for the two others: only three workers can do that
		seen[worker].Store(true)
		started.Add(1)
		for started.Load() < 3 {
			runtime.Gosched()
		}
	})
	for worker := range seen {
		if !seen[worker].Load() {
			t.Errorf("worker %d had no task", worker)
		}
	}
}

func TestTeamRaisesPanics(t *testing.T) {
	for _, threads := range []int{1, 4} {
		team := NewTeam(threads)
		defer team.Close()
		for bad := range 20 {
			func() {
				defer func() {
					if v := recover(); v != bad {
						t.Errorf("%d threads: recovered %v, want %d", threads, v, bad)
					}
				}()
				team.Run(20, func(task, _ int) {
					if task == bad {
						panic(task)
					}
				})
			}()
		}
		var n atomic.Int32
		team.Run(10, func(int, int) { n.Add(1) })
		if n.Load() != 10 {
			t.Errorf("%d threads: %d of 10 tasks ran after a panic", threads, n.Load())
		}
	}
}

func TestTeamDropsTasksAfterPanic(t *testing.T) {
	team := NewTeam(2)
	defer team.Close()
	const tasks = 100_000
	var ran atomic.Int32
	var raised atomic.Bool
	func() {
		defer func() { _ = recover() }()
		team.Run(tasks, func(task, _ int) {
			n := ran.Add(1)
			if task == 0 { // with the other worker in task 1
				for n < 2 {
					runtime.Gosched()
					n = ran.Load()
				}
				raised.Store(true)
				panic("first")
			}
			for !raised.Load() {
				runtime.Gosched()
			}
		})
	}()
	if n := ran.Load(); n == tasks {
		t.Errorf("all %d tasks ran, though the first panicked", n)
	}
}

func TestTeamRefusesRunWithinTask(t *testing.T) {
	for _, threads := range []int{1, 2} {
		team := NewTeam(threads)
		defer team.Close()
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%d threads: a Run within a task was accepted", threads)
				}
			}()
			team.Run(4, func(int, int) { team.Run(1, func(int, int) {}) })
		}()
	}
}

func TestWorkspaces(t *testing.T) {
	team := NewTeam(2)
	defer team.Close()
	a, b, c, d := team.Scratch(0, 0, 100), team.Scratch(1, 0, 100), team.Scratch(0, 3, 100), team.Shared(0, 100)
	for i, s := range [][]float32{a, b, c, d} {
		if len(s) != 100 {
			t.Errorf("workspace %d has %d elements", i, len(s))
		}
		if at := uintptr(unsafe.Pointer(&s[0])); at%64 != 0 {
			t.Errorf("workspace %d starts at %x, not at a cache line", i, at)
		}
		for j := range s {
			s[j] = float32(i)
		}
	}
	for i, s := range [][]float32{a, b, c, d} {
		for j, v := range s {
			if v != float32(i) {
				t.Fatalf("workspace %d shares element %d with another", i, j)
			}
		}
	}
	if again := team.Scratch(0, 0, 50); &again[0] != &a[0] {
		t.Error("a smaller workspace was not taken from the one there is")
	}
	if n := len(team.Scratch(0, 0, 5000)); n != 5000 {
		t.Errorf("grown workspace has %d elements", n)
	}
}

// TestNoAllocations: after the first call kernels allocate closures and descriptions, never workspaces.
func TestNoAllocations(t *testing.T) {
	team := NewTeam(2)
	defer team.Close()
	s := Conv{1, 20, 20, 16, 32, 3, 1, 1}
	x, w, bias, y := make([]float32, 400*16), make([]float32, 32*16*9), make([]float32, 32), make([]float32, 400*32)
	calls := func() {
		s.Forward(team, x, w, bias, y, true)
		s.BackwardData(team, y, w, x)
		s.BackwardWeights(team, x, y, w, bias, true)
	}
	calls()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const rounds = 50
	for range rounds {
		calls()
	}
	runtime.ReadMemStats(&after)
	if perRound := (after.TotalAlloc - before.TotalAlloc) / rounds; perRound > 16<<10 {
		t.Errorf("three kernels allocate %d bytes a call", perRound)
	}
}

func BenchmarkTeamRun(b *testing.B) {
	team := NewTeam(0)
	defer team.Close()
	for b.Loop() {
		team.Run(team.Threads(), func(int, int) {})
	}
}
