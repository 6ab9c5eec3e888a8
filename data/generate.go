package data

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
)

const purposeChunk = 0x6368756e6b // drawing of a chunk of triplets

// Source is what Generate takes triplets from: a *Sampler or a *Relevance.
type Source interface {
	// chunk is how many triplets one chunk has.
	chunk() int
	// open makes what draws the triplets of chunk i. It is called by several goroutines.
	open(seed uint64, i int) drawer
	// capacity refuses what cannot be reached.
	capacity(o GenerateOptions) error
	// pictures is how many different pictures may occur.
	pictures() int
	// path names the metadata.
	file() string
}

// drawer draws triplets, each from the stream that it is given.
type drawer interface {
	kind(r *rand.Rand) Kind // what is drawn first
	// draw draws a triplet for what kind gave, and says what it became. Each query that it tries takes one of the tries; when there
	// are none left it gives up with an error.
	draw(r *rand.Rand, k Kind, tries *int) (Triplet, Kind, error)
	// fill draws as many triplets as there is room for, what is drawn first too.
	fill(r *rand.Rand, drawn, became []Kind, ts []Triplet) error
}

// GenerateOptions say how many triplets and how.
type GenerateOptions struct {
	Count   int // triplets wanted; exactly so many come
	Seed    uint64
	Threads int  // at most 0 is 1; the triplets do not depend on it
	Unique  bool // no triplet twice; takes 18 bytes of memory a triplet
	Balance int  // a picture occurs at most so often; 0 is no limit. Takes 4 bytes of memory a row
	// Progress, unless nil, is told now and then how many triplets are done, by one goroutine.
	Progress func(done int)
}

// Tally counts triplets by kind: of the positive, then of the negative.
type Tally [3][3]int

// Of gives the number of triplets of a kind.
func (t *Tally) Of(k Kind) int { return t[k.Positive][k.Negative] }

// chunkOf is a chunk on its way.
type chunkOf struct {
	i, n          int // its number, and its triplets
	list          []Triplet
	drawn, became []Kind // what was drawn first, and what that gave
	text          []byte // as lines of the table
	tally         Tally
	err           error
	from          drawer
	done          chan struct{}
}

// Generate draws triplets in chunks and hands their lines to write in order. A chunk's random stream is made from the seed and its number, so
// the bits do not depend on the threads; what is kept of the triplets in memory are the chunks under way, and what Unique and Balance need.
//
// With Unique or Balance, a triplet that may not come is drawn again, its kinds kept, by a stream of its own; where that fails many
// times the data is *Refused.
func Generate(ctx context.Context, src Source, o GenerateOptions, write func(lines []byte) error) (Tally, error) {
	var tally Tally
	if o.Count < 0 || o.Balance < 0 {
		return tally, fmt.Errorf("data: Generate: %d triplets, balance %d", o.Count, o.Balance)
	}
	gate, err := newGate(src, o)
	if err != nil {
		return tally, err
	}
	threads, size := max(1, o.Threads), src.chunk()
	chunks := (o.Count + size - 1) / size
	work, order, quit := make(chan *chunkOf), make(chan *chunkOf, 2*threads), make(chan struct{})
	free := make(chan *chunkOf, 2*threads+2)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer close(quit)
	wg.Go(func() {
		defer close(work)
		defer close(order)
		for i := range chunks {
			c := &chunkOf{}
			select {
			case c = <-free:
			default:
			}
			c.i, c.n, c.done = i, min(size, o.Count-i*size), make(chan struct{})
			select {
			case order <- c:
			case <-quit:
				return
			}
			select {
			case work <- c:
			case <-quit:
				return
			}
		}
	})
	for range min(threads, chunks) {
		wg.Go(func() {
			for c := range work {
				c.draw(src, o.Seed, gate != nil)
				close(c.done)
			}
		})
	}
	done := 0
	for c := range order {
		select {
		case <-c.done:
		case <-ctx.Done():
			return tally, ctx.Err()
		}
		if c.err == nil && gate != nil {
			c.err = gate.admit(c, done)
		}
		if c.err == nil {
			c.err = write(c.text)
		}
		if c.err != nil {
			return tally, c.err
		}
		for p := range tally {
			for n := range tally[p] {
				tally[p][n] += c.tally[p][n]
			}
		}
		if done += c.n; o.Progress != nil {
			o.Progress(done)
		}
		c.from = nil
		select {
		case free <- c:
		default:
		}
	}
	return tally, ctx.Err()
}

// draw fills the chunk. gated says that some of its triplets may be drawn again before they become lines.
func (c *chunkOf) draw(src Source, seed uint64, gated bool) {
	c.text, c.tally = c.text[:0], Tally{}
	c.list, c.drawn, c.became = slices.Grow(c.list[:0], c.n)[:c.n], slices.Grow(c.drawn[:0], c.n)[:c.n], slices.Grow(c.became[:0], c.n)[:c.n]
	c.from = src.open(seed, c.i)
	r := rand.New(rand.NewPCG(mix(seed, purposeChunk, uint64(c.i)), mix(uint64(c.i), purposeChunk, seed)))
	if c.err = c.from.fill(r, c.drawn, c.became, c.list); c.err != nil {
		return
	}
	for _, k := range c.became {
		c.tally[k.Positive][k.Negative]++
	}
	if !gated {
		for _, t := range c.list {
			c.text = appendTriplet(c.text, t)
		}
	}
}

// appendTriplet appends a line of a triplets table.
func appendTriplet(line []byte, t Triplet) []byte {
	line = strconv.AppendInt(line, int64(t.Query), 10)
	line = strconv.AppendInt(append(line, '\t'), int64(t.Positive), 10)
	line = strconv.AppendInt(append(line, '\t'), int64(t.Negative), 10)
	return append(line, '\n')
}

// WriteGenerated writes generated triplets as a table that ReadTriplets reads. The file is there whole or, after an error, as it was before.
func WriteGenerated(ctx context.Context, path string, src Source, o GenerateOptions) (tally Tally, err error) {
	err = writeTable(path, func(w *bufio.Writer) error {
		w.WriteString("q\tp\tn\n")
		tally, err = Generate(ctx, src, o, func(lines []byte) error {
			_, err := w.Write(lines)
			return err
		})
		return err
	})
	return tally, err
}

// What Generate needs of a Sampler.

func (s *Sampler) chunk() int              { return 4096 }
func (s *Sampler) open(uint64, int) drawer { return s }
func (s *Sampler) pictures() int           { return len(s.rows) }
func (s *Sampler) file() string            { return s.path }

func (s *Sampler) draw(r *rand.Rand, k Kind, tries *int) (Triplet, Kind, error) {
	*tries--
	return s.triplet(r, k), k, nil
}

func (s *Sampler) fill(r *rand.Rand, drawn, became []Kind, ts []Triplet) error {
	s.many(r, drawn, ts)
	copy(became, drawn)
	return nil
}

// capacity compares what is wanted of each kind, on average, with what there is.
func (s *Sampler) capacity(o GenerateOptions) error {
	for p, positive := range [2]float64{1 - s.rule.SameColour, s.rule.SameColour} {
		for n, negative := range [2]float64{1 - s.rule.InClass, s.rule.InClass} {
			a := &s.able[p][n]
			k := Kind{PositiveKind(p), NegativeKind(n)}
			wanted := positive * negative * float64(o.Count)
			if o.Unique && wanted > a.triplets {
				return &Refused{
					Path:   s.path,
					Reason: fmt.Sprintf("it gives %.0f different triplets of the kind %q, but about %.0f are wanted", a.triplets, k, wanted),
					Remedy: "lower --count, change the shares, or leave out --unique",
				}
			}
			if o.Balance > 0 && wanted > float64(o.Balance)*float64(a.n) {
				return &Refused{
					Path:   s.path,
					Reason: fmt.Sprintf("%d pictures can be queries of the kind %q; at most %d times each, they do not give about %.0f triplets", a.n, k, o.Balance, wanted),
					Remedy: "lower --count, change the shares, or raise --balance",
				}
			}
		}
	}
	return nil
}
