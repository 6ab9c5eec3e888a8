package kernel

import (
	"runtime"
	"sync/atomic"
	"unsafe"
)

// A Team is a fixed number of threads that share out the tasks of one kernel after another, and the workspaces those
// kernels need. A program makes one and passes it to every kernel.
//
// The goroutine that calls Run works too, as worker 0; the others wait for the next Run, first spinning (so that a layer's
// dispatch costs microseconds), then parked. Kernels use a Team from one goroutine at a time, and a task must not call Run.
//
// Which worker does a task changes from run to run. A kernel therefore cuts its work by the shapes alone, never by
// Threads, and lets one task sum each output element in a fixed order: then any Team gives the same bits.
type Team struct {
	impl    implementation // the microkernels, chosen by NewTeam and never changed
	note    string         // why not those that the user asked for
	workers []worker       // workers[0] is the caller of Run: it has workspaces, but no goroutine
	shared  arena
	exact   bool    // no algorithm that loses bits
	grids   []*grid // of Winograd's tiles, by size
	busy    atomic.Bool
	closed  bool

	// The present Run, written before workers are told of it.
	f      func(task, worker int)
	tasks  int64
	_      [64]byte
	next   atomic.Int64 // the first task that nobody has taken
	_      [64]byte
	failed atomic.Pointer[panicked] // the first panic of this Run
}

type panicked struct{ value any }

// worker is one thread's part of a Team; the padding keeps two of them from sharing a cache line.
type worker struct {
	state   atomic.Int32
	wake    chan struct{} // ends parked; holds at most one token
	done    chan struct{} // ends awaited; holds at most one token
	scratch arena
	_       [64]byte
}

// What a worker does. The caller of Run moves idle and parked to posted, and posted back to idle where a worker came too
// late to find a task; the worker itself moves posted to running, and running or awaited to idle.
const (
	idle    int32 = iota // spinning
	parked               // waits for wake
	posted               // a Run has work for it
	running              // takes tasks
	awaited              // takes tasks, and the caller waits for done
	quit                 // the team is closed
)

// spins is how often a thread looks for news before it parks; one look that yields to other goroutines takes some 100 ns.
const spins = 300

// NewTeam starts a team of that many threads; 0 or less means all CPUs that Go uses. It takes the fastest microkernels
// that the machine can run, or those that the environment variable DEEPRANK_KERNEL names: avx512, avx2 or generic.
// Teams with other microkernels may differ in the last bits of their results.
func NewTeam(threads int) *Team {
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	t := &Team{workers: make([]worker, threads)}
	t.impl, t.note = choose()
	for i := 1; i < threads; i++ {
		w := &t.workers[i]
		w.wake, w.done = make(chan struct{}, 1), make(chan struct{}, 1)
		go t.serve(i)
	}
	return t
}

// Threads returns the number of workers.
func (t *Team) Threads() int { return len(t.workers) }

// Run calls f once for each task in [0, tasks), on all threads, and returns when all calls have returned. worker, in
// [0, Threads()), names the thread: no two calls with the same worker run at once. Tasks start in order. A panic in a task
// is raised again here, after the tasks that were running; those not yet started are dropped.
func (t *Team) Run(tasks int, f func(task, worker int)) {
	if t.closed {
		panic("kernel: Run on a closed Team")
	}
	if !t.busy.CompareAndSwap(false, true) {
		panic("kernel: Run within a task, or from two goroutines at once")
	}
	defer t.busy.Store(false)
	if tasks <= 1 || len(t.workers) == 1 {
		for i := range tasks {
			f(i, 0)
		}
		return
	}
	t.f, t.tasks = f, int64(tasks)
	t.next.Store(0)
	hands := t.workers[1:min(len(t.workers), tasks)]
	for i := range hands {
		if hands[i].state.Swap(posted) == parked {
			hands[i].wake <- struct{}{}
		}
	}
	t.work(0)
	for i := range hands {
		hands[i].finish()
	}
	t.f = nil
	if p := t.failed.Swap(nil); p != nil {
		panic(p.value)
	}
}

// work takes tasks until none is left.
func (t *Team) work(worker int) {
	defer func() {
		if v := recover(); v != nil {
			t.next.Store(t.tasks)
			t.failed.CompareAndSwap(nil, &panicked{v})
		}
	}()
	for {
		task := t.next.Add(1) - 1
		if task >= t.tasks {
			return
		}
		t.f(int(task), worker)
	}
}

// finish waits until the worker has left the present Run; one that has not come yet is told to stay away.
func (w *worker) finish() {
	if w.state.CompareAndSwap(posted, idle) {
		return
	}
	for range spins {
		if w.state.Load() != running {
			return
		}
		runtime.Gosched()
	}
	if w.state.CompareAndSwap(running, awaited) {
		<-w.done
	}
}

// serve is the life of worker i.
func (t *Team) serve(i int) {
	w := &t.workers[i]
	for {
		for look := 0; ; look++ {
			s := w.state.Load()
			if s == quit {
				return
			}
			if s == posted && w.state.CompareAndSwap(posted, running) {
				break
			}
			if look >= spins && w.state.CompareAndSwap(idle, parked) {
				<-w.wake
				look = 0
				continue
			}
			runtime.Gosched()
		}
		t.work(i)
		if w.state.Swap(idle) == awaited {
			w.done <- struct{}{}
		}
	}
}

// Close ends the team's goroutines. The team must not be used after it. Closing twice is no error.
func (t *Team) Close() {
	if t.closed {
		return
	}
	t.closed = true
	for i := 1; i < len(t.workers); i++ {
		w := &t.workers[i]
		if w.state.Swap(quit) == parked {
			w.wake <- struct{}{}
		}
	}
}

// Scratch returns a workspace of n floats that belongs to one worker: it holds whatever its last user left. It grows as
// needed and stays, so that kernels allocate nothing after their first call. Different slots are different workspaces. It
// starts at a multiple of 64 bytes.
func (t *Team) Scratch(worker, slot, n int) []float32 { return t.workers[worker].scratch.take(slot, n) }

// Shared returns a workspace of n floats for a whole kernel call, to be taken before Run, with Scratch's properties.
func (t *Team) Shared(slot, n int) []float32 { return t.shared.take(slot, n) }

// arena holds workspaces by slot.
type arena struct{ slots [][]float32 }

func (a *arena) take(slot, n int) []float32 {
	for slot >= len(a.slots) {
		a.slots = append(a.slots, nil)
	}
	if len(a.slots[slot]) < n {
		a.slots[slot] = nil // let the old one go before the new one is made
		a.slots[slot] = aligned((n + 1023) &^ 1023)
	}
	return a.slots[slot][:n:n]
}

// aligned returns n zeros that start at a multiple of 64 bytes, a cache line. Go's heap does not move. Large ones start at
// a multiple of 2 MiB and ask for pages of that size: kernels that read 36 streams at a time would otherwise wait for
// addresses to be translated.
func aligned(n int) []float32 {
	const page = 2 << 20
	unit, size := 64, n
	if n*4 >= 2*page {
		unit, size = page, (n*4+page-1)&^(page-1)/4
	}
	s := make([]float32, size+unit/4-1)
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(s)))%uintptr(unit)) / 4
	s = s[skip : skip+size]
	if unit == page {
		adviseHugePages(s)
	}
	return s[:n:n]
}
