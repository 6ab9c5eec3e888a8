package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// Position is a place in the sequence of triplets: the epoch, and the index into that epoch's order of the next triplet.
type Position struct{ Epoch, Index int }

// Batch holds the pictures of Count triplets. It stays valid until it is given to Loader.Recycle.
type Batch struct {
	Epoch      int
	Next       Position // where a loader must start to give the batch after this one
	EndOfEpoch bool     // this is the epoch's last batch
	Count      int      // triplets; may be below the batch size, and 0, at an epoch's end
	Triplets   []int    // Count numbers into the list of triplets
	Rows       []int32  // 3*Count rows of the metadata: query, positive and negative of each triplet
	Pixels     []byte   // 3*Count pictures of Size*Size*3 bytes in the same order, augmented
}

// LoaderOptions says what to load and how.
type LoaderOptions struct {
	Triplets []Triplet
	Pictures *Pictures
	Batch    int // triplets in a batch
	Workers  int // goroutines that decode; at most 0 means one for each CPU
	Ahead    int // batches' worth of triplets decoded ahead, at least 1
	Seed     uint64
	Shuffle  bool                     // each epoch in another order; otherwise in the order of the list
	Flip     bool                     // mirror pictures with probability 1/2
	Shift    bool                     // shift pictures by up to Size/16 pixels
	MaxBad   float64                  // share of the pictures in use that may be bad
	Epochs   int                      // epochs are 0 to Epochs-1; 0 means no end
	OnBad    func(row int, err error) // told once of each bad picture, from within Next; may be nil
}

// Loader gives batches in the order of the epochs, decoding ahead of its user.
//
//	plan ──> work (any order) ──> workers ──┐
//	  └────> order (of the epoch) ──────────┴─> assemble ──> Next
//
// plan deals triplets out in the epoch's order, workers load and augment their pictures, assemble waits for each triplet in
// the order in which they were dealt, leaves out those with a bad picture, and fills batches. So neither the number of workers nor their
// speed shows in a batch. At most Ahead batches' worth of triplets are under way, beside three batches.
type Loader struct {
	o        LoaderOptions
	pictures int // distinct ones in use

	cancel context.CancelFunc
	ctx    context.Context
	wg     sync.WaitGroup
	free   chan *loadJob
	work   chan *loadJob
	order  chan *loadJob
	out    chan loaded
	spare  chan *Batch

	end error // what Next gives from now on; only Next uses it

	mu  sync.Mutex // guards bad
	bad []BadPicture
}

// loadJob is one triplet under way.
type loadJob struct {
	at      Position
	last    bool // of its epoch
	triplet int
	pixels  []byte // query, positive, negative
	errs    [3]error
	done    chan struct{} // takes one token from the worker
}

// loaded is what assemble hands over: a batch or the end, and the bad pictures met on the way.
type loaded struct {
	batch *Batch
	err   error
	bad   []BadPicture
}

// NewLoader starts to load at a position, which is the zero Position or the Next of a batch. The loader must be closed.
func NewLoader(ctx context.Context, o LoaderOptions, from Position) (*Loader, error) {
	switch n := len(o.Triplets); {
	case n == 0:
		return nil, errors.New("load batches: there are no triplets")
	case n > math.MaxUint32:
		return nil, fmt.Errorf("load batches: %d triplets are more than %d", n, uint32(math.MaxUint32))
	case o.Batch < 1:
		return nil, fmt.Errorf("load batches: a batch of %d triplets", o.Batch)
	case !(o.MaxBad >= 0):
		return nil, fmt.Errorf("load batches: the share of bad pictures allowed is %v", o.MaxBad)
	case from.Epoch < 0 || from.Index < 0 || from.Index >= n:
		return nil, fmt.Errorf("load batches: no position %d in epoch %d of %d triplets", from.Index, from.Epoch, n)
	}
	rows := o.Pictures.meta.Rows()
	for i, t := range o.Triplets {
		if min(t.Query, t.Positive, t.Negative) < 0 || int(max(t.Query, t.Positive, t.Negative)) >= rows {
			return nil, fmt.Errorf("load batches: triplet %d %v is beyond the metadata's %d rows", i, t, rows)
		}
	}
	if o.Workers <= 0 {
		o.Workers = runtime.NumCPU()
	}
	o.Batch = min(o.Batch, len(o.Triplets)) // a batch never crosses an epoch
	slots := max(o.Ahead, 1) * o.Batch
	l := &Loader{
		o: o, pictures: len(UsedRows(o.Triplets, rows)),
		free: make(chan *loadJob, slots), work: make(chan *loadJob, slots), order: make(chan *loadJob, slots),
		out: make(chan loaded, 1), spare: make(chan *Batch, 3),
	}
	l.ctx, l.cancel = context.WithCancel(ctx)
	for range slots {
		l.free <- &loadJob{done: make(chan struct{}, 1)}
	}
	l.wg.Go(func() { l.plan(from) })
	for range o.Workers {
		l.wg.Go(l.load)
	}
	l.wg.Go(l.assemble)
	return l, nil
}

// Next gives the next batch, io.EOF after the last epoch, and a *Refused when more than MaxBad of the pictures in use are bad. Only one
// goroutine may call it at a time.
func (l *Loader) Next(ctx context.Context) (*Batch, error) {
	if l.end != nil {
		return nil, l.end
	}
	if err := l.ctx.Err(); err != nil { // a batch that waits is not given out after Close
		return nil, err
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-l.ctx.Done():
		return nil, l.ctx.Err()
	case got := <-l.out:
		l.end = got.err
		l.mu.Lock()
		l.bad = append(l.bad, got.bad...)
		l.mu.Unlock()
		if l.o.OnBad != nil {
			for _, b := range got.bad {
				l.o.OnBad(b.Row, b.Err)
			}
		}
		return got.batch, got.err
	}
}

// Recycle gives a batch back, so that its memory serves a later one.
func (l *Loader) Recycle(b *Batch) {
	if b == nil {
		return
	}
	select {
	case l.spare <- b:
	default:
	}
}

// Close stops all loading and waits until it has stopped. Next fails afterwards.
func (l *Loader) Close() error {
	l.cancel()
	l.wg.Wait()
	return nil
}

// Bad lists the bad pictures that Next has met so far.
func (l *Loader) Bad() []BadPicture {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.bad)
}

// plan deals out triplets until the last epoch's end.
func (l *Loader) plan(from Position) {
	defer close(l.order)
	defer close(l.work)
	n := len(l.o.Triplets)
	var order []uint32
	for at := from; l.o.Epochs == 0 || at.Epoch < l.o.Epochs; at = (Position{at.Epoch + 1, 0}) {
		if l.o.Shuffle {
			order = permutation(order, n, l.o.Seed, at.Epoch)
		}
		for ; at.Index < n; at.Index++ {
			var j *loadJob
			select {
			case <-l.ctx.Done():
				return
			case j = <-l.free:
			}
			j.at, j.last, j.triplet = at, at.Index == n-1, at.Index
			if l.o.Shuffle {
				j.triplet = int(order[at.Index])
			}
			// These never block: there are as many places as jobs.
			l.work <- j
			l.order <- j
		}
	}
}

// load loads the pictures of triplets until plan ends.
func (l *Loader) load() {
	size := l.o.Pictures.size
	one := size * size * 3
	plain := make([]byte, one)
	for j := range l.work {
		if l.ctx.Err() != nil {
			return
		}
		if j.pixels == nil {
			j.pixels = make([]byte, 3*one)
		}
		t := l.o.Triplets[j.triplet]
		for role, row := range [3]int32{t.Query, t.Positive, t.Negative} {
			to := j.pixels[role*one : (role+1)*one]
			a := drawAugmentation(l.o.Seed, j.at.Epoch, j.triplet, role, size, l.o.Flip, l.o.Shift)
			if a == (augmentation{}) {
				j.errs[role] = l.o.Pictures.LoadInto(int(row), to)
			} else if j.errs[role] = l.o.Pictures.LoadInto(int(row), plain); j.errs[role] == nil {
				a.apply(to, plain, size)
			}
		}
		j.done <- struct{}{}
	}
}

// assemble makes batches of the triplets in their order.
func (l *Loader) assemble() {
	one := 3 * l.o.Pictures.size * l.o.Pictures.size
	bad := make(map[int32]bool)
	var all, met []BadPicture // since the start, and since the last batch
	var b *Batch
	good, whole := 0, false // triplets of this epoch; whether it was begun at its start
	send := func(x loaded) bool {
		x.bad, met = met, nil
		select {
		case <-l.ctx.Done():
			return false
		case l.out <- x:
			return true
		}
	}
	for j := range l.order {
		select {
		case <-l.ctx.Done():
			return
		case <-j.done:
		}
		if j.at.Index == 0 {
			good, whole = 0, true
		}
		if b == nil {
			b = l.batch(one)
		}
		t := l.o.Triplets[j.triplet]
		rows := [3]int32{t.Query, t.Positive, t.Negative}
		fine := true
		for role, row := range rows {
			err := j.errs[role]
			if err == nil {
				continue
			}
			if fine = false; bad[row] {
				continue
			}
			if _, ok := errors.AsType[*Refused](err); !ok { // the machine failed, not the picture
				send(loaded{err: err})
				return
			}
			bad[row] = true
			met = append(met, BadPicture{Row: int(row), Name: l.o.Pictures.meta.Name[row], Err: err})
			all = append(all, met[len(met)-1])
			if float64(len(all))/float64(l.pictures) > l.o.MaxBad {
				send(loaded{err: l.tooMany(all)})
				return
			}
		}
		if fine {
			for role, row := range rows {
				b.Rows[3*b.Count+role] = row
			}
			copy(b.Pixels[3*b.Count*one:], j.pixels)
			b.Triplets = append(b.Triplets, j.triplet)
			b.Count++
			good++
		}
		at, last := j.at, j.last
		l.free <- j // never blocks
		if b.Count < l.o.Batch && !last {
			continue
		}
		b.Epoch, b.EndOfEpoch, b.Next = at.Epoch, last, Position{at.Epoch, at.Index + 1}
		if last {
			b.Next = Position{at.Epoch + 1, 0}
			if good == 0 && whole {
				send(loaded{err: &Refused{Path: l.o.Pictures.dir, Reason: "no triplet has three readable pictures", Remedy: "mend the pictures"}})
				return
			}
		}
		b.Rows, b.Pixels = b.Rows[:3*b.Count], b.Pixels[:3*b.Count*one]
		if !send(loaded{batch: b}) {
			return
		}
		b = nil
	}
	if l.ctx.Err() == nil {
		send(loaded{err: io.EOF})
	}
}

// batch gives an empty batch with room for a whole one.
func (l *Loader) batch(one int) *Batch {
	var b *Batch
	select {
	case b = <-l.spare:
	default:
		b = new(Batch)
	}
	n := 3 * l.o.Batch
	if cap(b.Rows) < n || cap(b.Pixels) < n*one {
		*b = Batch{Triplets: make([]int, 0, l.o.Batch), Rows: make([]int32, n), Pixels: make([]byte, n*one)}
	}
	*b = Batch{Triplets: b.Triplets[:0], Rows: b.Rows[:n], Pixels: b.Pixels[:n*one]}
	return b
}

// tooMany makes the error for more bad pictures than allowed.
func (l *Loader) tooMany(bad []BadPicture) error {
	var first []string
	for _, b := range bad[:min(3, len(bad))] {
		first = append(first, b.Err.Error())
	}
	return &Refused{
		Path: l.o.Pictures.dir,
		Reason: fmt.Sprintf("%d of the %d pictures in use cannot be read, more than the share of %v that is allowed; the first: %s",
			len(bad), l.pictures, l.o.MaxBad, strings.Join(first, "; ")),
		Remedy: "mend them, take them out of the triplets, or allow more with --max-bad",
	}
}
