package data

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// stacks gives the stacks of all goroutines.
func stacks() string {
	buf := make([]byte, 1<<20)
	return string(buf[:runtime.Stack(buf, true)])
}

// noLeak fails the test when goroutines of this package are left at its end.
func noLeak(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		for range 200 { // those that are on their way out may need a moment
			if !strings.Contains(stacks(), "data.(*Loader)") {
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
		t.Errorf("goroutines are left:\n%s", stacks())
	})
}

// draws makes n triplets of pictures 0 to rows-1 by a rule.
func draws(n, rows int) []Triplet {
	ts := make([]Triplet, n)
	for i := range ts {
		ts[i] = Triplet{int32(i % rows), int32((i*5 + 1) % rows), int32((i*7 + 3) % rows)}
	}
	return ts
}

// copyOf makes a batch independent of its recycling.
func copyOf(b *Batch) *Batch {
	c := *b
	c.Triplets, c.Rows, c.Pixels = slices.Clone(b.Triplets), slices.Clone(b.Rows), slices.Clone(b.Pixels)
	return &c
}

// collect takes batches until the loader's end or the given number of them.
func collect(t testing.TB, o LoaderOptions, from Position, most int) []*Batch {
	t.Helper()
	l, err := NewLoader(t.Context(), o, from)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var all []*Batch
	for len(all) < most {
		b, err := l.Next(t.Context())
		if err == io.EOF {
			if _, again := l.Next(t.Context()); again != io.EOF {
				t.Errorf("after the end: %v", again)
			}
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, copyOf(b))
		l.Recycle(b)
	}
	return all
}

// removePictures makes the pictures of some rows unreadable.
func removePictures(t testing.TB, m *Metadata, dir string, rows ...int) {
	t.Helper()
	for _, row := range rows {
		put(t, filepath.Join(dir, m.Name[row]), []byte("not a picture"))
	}
}

// Without shuffling and augmentation a batch is what the files say: worked out here from Load alone.
func TestLoaderFollowsTheFile(t *testing.T) {
	noLeak(t)
	const n, batch = 11, 4
	m, dir := shop(t, 7)
	p := open(t, m, dir, PictureOptions{})
	ts := draws(n, 7)
	all := collect(t, LoaderOptions{Triplets: ts, Pictures: p, Batch: batch, Epochs: 2}, Position{}, math.MaxInt)
	var want []*Batch
	for epoch := range 2 {
		for at := 0; at < n; at += batch {
			count := min(batch, n-at)
			b := &Batch{Epoch: epoch, Count: count, Next: Position{epoch, at + count}}
			if at+count == n {
				b.Next, b.EndOfEpoch = Position{epoch + 1, 0}, true
			}
			for i := at; i < at+count; i++ {
				b.Triplets = append(b.Triplets, i)
				for _, row := range []int32{ts[i].Query, ts[i].Positive, ts[i].Negative} {
					b.Rows = append(b.Rows, row)
					pixels, err := p.Load(int(row))
					if err != nil {
						t.Fatal(err)
					}
					b.Pixels = append(b.Pixels, pixels...)
				}
			}
			want = append(want, b)
		}
	}
	if !reflect.DeepEqual(want, all) {
		t.Errorf("other batches than the file's: %d, want %d", len(all), len(want))
	}
}

// Bits do not depend on the number of workers, on the cache, on how far ahead is loaded, or on where the loader starts; with bad
// pictures in the way, at the end of the epoch too.
func TestLoaderSameBits(t *testing.T) {
	noLeak(t)
	const n, batch, epochs = 23, 4, 3
	m, dir := shop(t, 9)
	ts := draws(n, 9)
	ts[5] = Triplet{8, 8, 8}
	ts[20], ts[21], ts[22] = Triplet{1, 2, 8}, Triplet{8, 2, 1}, Triplet{0, 8, 1}
	removePictures(t, m, dir, 8)
	for _, shuffle := range []bool{false, true} {
		o := LoaderOptions{Triplets: ts, Pictures: open(t, m, dir, PictureOptions{}), Batch: batch, Workers: 1, Ahead: 1, Seed: 5,
			Shuffle: shuffle, Flip: true, Shift: true, MaxBad: 0.5, Epochs: epochs}
		want := collect(t, o, Position{}, math.MaxInt)
		ends := 0
		for _, b := range want {
			if b.EndOfEpoch {
				ends++
			}
		}
		if ends != epochs || !want[len(want)-1].EndOfEpoch {
			t.Fatalf("%d ends of an epoch", ends)
		}
		for _, c := range []struct{ workers, ahead int }{{1, 3}, {2, 1}, {8, 2}, {0, 0}} {
			o := o
			o.Workers, o.Ahead = c.workers, c.ahead
			o.Pictures = open(t, m, dir, PictureOptions{Cache: t.TempDir()})
			if got := collect(t, o, Position{}, math.MaxInt); !reflect.DeepEqual(want, got) {
				t.Errorf("shuffle %v: other batches with %+v", shuffle, c)
			}
		}
		// From each position that a batch gives, the rest is the same.
		for i, b := range want[:len(want)-1] {
			if got := collect(t, o, b.Next, math.MaxInt); !reflect.DeepEqual(want[i+1:], got) {
				t.Errorf("shuffle %v: other batches from %+v", shuffle, b.Next)
			}
		}
		if got := collect(t, o, want[len(want)-1].Next, math.MaxInt); got != nil {
			t.Errorf("%d batches after the end", len(got))
		}
	}
}

// Each epoch visits each triplet once, in an order of its own that depends on the seed.
func TestLoaderVisitsAll(t *testing.T) {
	const n, epochs = 50, 3
	m, dir := shop(t, 5)
	p := open(t, m, dir, PictureOptions{Size: 1})
	orders := make(map[string]bool)
	for seed := range uint64(2) {
		var order []int
		for _, b := range collect(t, LoaderOptions{Triplets: draws(n, 5), Pictures: p, Batch: 8, Seed: seed, Shuffle: true, Epochs: epochs}, Position{}, math.MaxInt) {
			order = append(order, b.Triplets...)
			if !b.EndOfEpoch {
				continue
			}
			orders[fmt.Sprint(order)] = true
			slices.Sort(order)
			for i, v := range order {
				if i != v {
					t.Fatalf("epoch %d visits %v", b.Epoch, order)
				}
			}
			if len(order) != n {
				t.Fatalf("epoch %d visits %d triplets", b.Epoch, len(order))
			}
			order = nil
		}
	}
	if len(orders) != 2*epochs {
		t.Errorf("%d different orders in %d epochs", len(orders), 2*epochs)
	}
}

// Where each value of a short permutation lands is uniform: chi-squared below its 1 - 10^-6 quantile for 25 cells of 16 degrees.
func TestPermutationUniform(t *testing.T) {
	const n, draws = 5, 20_000
	var count [n][n]float64
	for epoch := range draws {
		for at, v := range permutation(nil, n, 3, epoch) {
			count[at][v]++
		}
	}
	chi := 0.0
	for _, row := range count {
		for _, c := range row {
			chi += (c - draws/n) * (c - draws/n) / (draws / n)
		}
	}
	if !(chi < 58) {
		t.Errorf("chi-squared %.1f", chi)
	}
}

func TestAugmentationDraws(t *testing.T) {
	const size, n = 64, 40_000 // shifts of -4 to 4
	flips := 0.0
	var dx, dy [9]float64
	together := 0.0
	for i := range n {
		a := drawAugmentation(1, i%7, i, i%3, size, true, true)
		if a.flip {
			flips++
		}
		if a.dx < -4 || a.dx > 4 || a.dy < -4 || a.dy > 4 {
			t.Fatalf("shift of %d, %d", a.dx, a.dy)
		}
		dx[a.dx+4]++
		dy[a.dy+4]++
		together += float64(a.dx * a.dy)
		if a != drawAugmentation(1, i%7, i, i%3, size, true, true) {
			t.Fatal("a draw is not repeatable")
		}
		if b := drawAugmentation(1, i%7, i, i%3, size, false, true); b.flip || b.dx != a.dx || b.dy != a.dy {
			t.Fatal("the shift depends on whether flips are on")
		}
		if b := drawAugmentation(1, i%7, i, i%3, size, true, false); b != (augmentation{flip: a.flip}) {
			t.Fatal("the flip depends on whether shifts are on")
		}
	}
	if d := math.Abs(flips - n/2); !(d < 5*math.Sqrt(n/4)) {
		t.Errorf("%v flips of %d", flips, n)
	}
	for i := range 9 {
		for _, c := range []float64{dx[i], dy[i]} {
			if d := math.Abs(c - n/9.); !(d < 5*math.Sqrt(n/9.)) {
				t.Errorf("shift %d: %v of %d", i-4, c, n)
			}
		}
	}
	// Mean of dx*dy: 0, with the deviation 60/9 of one draw.
	if !(math.Abs(together/n) < 5*60./9/math.Sqrt(n)) {
		t.Errorf("the shifts in x and y go together: %v", together/n)
	}
	if a := drawAugmentation(1, 0, 0, 0, 15, false, true); a != (augmentation{}) {
		t.Errorf("a small picture is shifted by %+v", a)
	}
	differs := 0
	base := drawAugmentation(1, 2, 3, 0, 1<<14, true, true)
	for _, a := range []augmentation{
		drawAugmentation(2, 2, 3, 0, 1<<14, true, true), drawAugmentation(1, 3, 3, 0, 1<<14, true, true),
		drawAugmentation(1, 2, 4, 0, 1<<14, true, true), drawAugmentation(1, 2, 3, 1, 1<<14, true, true), drawAugmentation(1, 3, 2, 0, 1<<14, true, true),
	} {
		if a != base {
			differs++
		}
	}
	if differs != 5 {
		t.Errorf("only %d of seed, epoch, triplet, role and their order matter", differs)
	}
}

// Every shift and flip of a small picture, pixel by pixel.
func TestAugmentationApply(t *testing.T) {
	const size = 16
	src := make([]byte, size*size*3)
	for i := range src {
		src[i] = byte(mix(uint64(i)))
	}
	got := make([]byte, len(src))
	for _, flip := range []bool{false, true} {
		for dy := -3; dy <= 3; dy++ {
			for dx := -3; dx <= 3; dx++ {
				augmentation{flip, dx, dy}.apply(got, src, size)
				for y := range size {
					for x := range size {
						fx, fy := min(max(x-dx, 0), size-1), min(max(y-dy, 0), size-1)
						if flip {
							fx = size - 1 - fx
						}
						a, b := got[(y*size+x)*3:][:3], src[(fy*size+fx)*3:][:3]
						if !bytes.Equal(a, b) {
							t.Fatalf("flip %v, shift %d, %d: pixel %d, %d is %v, want %v", flip, dx, dy, x, y, a, b)
						}
					}
				}
			}
		}
	}
}

// The pixels of a batch are the augmented ones of its triplet, epoch and role.
func TestLoaderAugments(t *testing.T) {
	m, dir := shop(t, 5)
	p := open(t, m, dir, PictureOptions{})
	o := LoaderOptions{Triplets: draws(9, 5), Pictures: p, Batch: 4, Seed: 3, Shuffle: true, Flip: true, Shift: true, Epochs: 2}
	changed := 0
	want := make([]byte, 32*32*3)
	for _, b := range collect(t, o, Position{}, math.MaxInt) {
		for i, row := range b.Rows {
			plain, err := p.Load(int(row))
			if err != nil {
				t.Fatal(err)
			}
			drawAugmentation(3, b.Epoch, b.Triplets[i/3], i%3, 32, true, true).apply(want, plain, 32)
			got := b.Pixels[i*len(want) : (i+1)*len(want)]
			if !bytes.Equal(got, want) {
				t.Errorf("epoch %d, triplet %d, role %d: other pixels", b.Epoch, b.Triplets[i/3], i%3)
			}
			if !bytes.Equal(got, plain) {
				changed++
			}
		}
	}
	if changed < 30 {
		t.Errorf("only %d of 54 pictures are changed", changed)
	}
}

func TestLoaderSkipsBad(t *testing.T) {
	noLeak(t)
	m, dir := shop(t, 10)
	removePictures(t, m, dir, 3, 7)
	// Bad: 1 (twice the same picture), 3, 5 and 6.
	ts := []Triplet{{0, 1, 2}, {3, 3, 1}, {4, 5, 6}, {8, 9, 3}, {1, 0, 2}, {7, 3, 0}, {1, 2, 7}}
	var told []int
	o := LoaderOptions{Triplets: ts, Pictures: open(t, m, dir, PictureOptions{}), Batch: 2, Workers: 3, MaxBad: 0.2, Epochs: 2, OnBad: func(row int, err error) {
		if _, ok := errors.AsType[*Refused](err); !ok {
			t.Error(err)
		}
		told = append(told, row)
	}}
	type short struct {
		Triplets []int
		Next     Position
		End      bool
	}
	var got []short
	for _, b := range collect(t, o, Position{}, math.MaxInt) {
		if b.Count != len(b.Triplets) || len(b.Rows) != 3*b.Count || len(b.Pixels) != 3*b.Count*32*32*3 {
			t.Errorf("lengths of %+v", b.Triplets)
		}
		got = append(got, short{b.Triplets, b.Next, b.EndOfEpoch})
	}
	var want []short
	for epoch := range 2 {
		want = append(want,
			short{[]int{0, 2}, Position{epoch, 3}, false},
			short{[]int{4}, Position{epoch + 1, 0}, true})
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if !slices.Equal(told, []int{3, 7}) {
		t.Errorf("told of %v", told)
	}
}

// When only bad triplets follow a full batch, an empty one ends the epoch: what a batch holds must not depend on what follows.
func TestLoaderEmptyLastBatch(t *testing.T) {
	m, dir := shop(t, 4)
	removePictures(t, m, dir, 3)
	ts := []Triplet{{0, 1, 2}, {1, 2, 0}, {3, 0, 1}}
	o := LoaderOptions{Triplets: ts, Pictures: open(t, m, dir, PictureOptions{}), Batch: 2, MaxBad: 1, Epochs: 1}
	got := collect(t, o, Position{}, math.MaxInt)
	if len(got) != 2 || got[0].EndOfEpoch || got[0].Next != (Position{0, 2}) ||
		!got[1].EndOfEpoch || got[1].Count != 0 || len(got[1].Pixels) != 0 || got[1].Next != (Position{1, 0}) {
		t.Errorf("%+v", got)
	}
}

func TestLoaderRefusesTooManyBad(t *testing.T) {
	noLeak(t)
	m, dir := shop(t, 20)
	removePictures(t, m, dir, 5, 11, 13)
	ts := draws(40, 20)
	for _, workers := range []int{1, 8} {
		o := LoaderOptions{Triplets: ts, Pictures: open(t, m, dir, PictureOptions{}), Batch: 2, Workers: workers, Ahead: 4, MaxBad: 0.1}
		l, err := NewLoader(t.Context(), o, Position{})
		if err != nil {
			t.Fatal(err)
		}
		var seen []int
		for err == nil {
			var b *Batch
			if b, err = l.Next(t.Context()); err == nil {
				seen = append(seen, b.Triplets...)
			}
		}
		wantRefused(t, err, dir, 0, "3 of the 20 pictures", "0.1", "--max-bad", m.Name[5], m.Name[11], m.Name[13])
		// Triplet i is (i, 5i+1, 7i+3) mod 20. Picture 11 is first met at i = 2 (5i+1), 13 at i = 10 or (7i+3 = 13) i = 10, 5 at i = 5.
		// So the third bad one is met at triplet 10, and the full batches before it hold the good ones of 0 to 9.
		var want []int
		for i := range 10 {
			x := ts[i]
			if !slices.ContainsFunc([]int32{x.Query, x.Positive, x.Negative}, func(r int32) bool { return r == 5 || r == 11 || r == 13 }) {
				want = append(want, i)
			}
		}
		want = want[:len(want)/2*2]
		if !slices.Equal(seen, want) {
			t.Errorf("%d workers: triplets %v before the end, want %v", workers, seen, want)
		}
		if len(l.Bad()) != 3 {
			t.Errorf("Bad lists %v", l.Bad())
		}
		if _, again := l.Next(t.Context()); again != err {
			t.Errorf("the second time: %v", again)
		}
		l.Close()
	}
	// Exactly the share is allowed.
	o := LoaderOptions{Triplets: ts, Pictures: open(t, m, dir, PictureOptions{}), Batch: 2, MaxBad: 0.15, Epochs: 1}
	collect(t, o, Position{}, math.MaxInt)
}

// No readable triplet at all, although all pictures may be bad: an end, not an endless loop.
func TestLoaderRefusesAllBad(t *testing.T) {
	m, dir := shop(t, 3)
	removePictures(t, m, dir, 0)
	o := LoaderOptions{Triplets: []Triplet{{0, 1, 2}, {1, 2, 0}}, Pictures: open(t, m, dir, PictureOptions{}), Batch: 1, MaxBad: 1}
	l, err := NewLoader(t.Context(), o, Position{0, 1})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if b, err := l.Next(t.Context()); err != nil || b.Count != 0 || !b.EndOfEpoch { // of this epoch it saw only the end
		t.Fatalf("%+v, %v", b, err)
	}
	_, err = l.Next(t.Context())
	wantRefused(t, err, dir, 0, "no triplet")
}

// The same when the pictures go bad while the loader runs.
func TestLoaderRefusesAllGoneBad(t *testing.T) {
	m, dir := shop(t, 3)
	o := LoaderOptions{Triplets: []Triplet{{0, 1, 2}}, Pictures: open(t, m, dir, PictureOptions{}), Batch: 1, MaxBad: 1}
	l, err := NewLoader(t.Context(), o, Position{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.Next(t.Context()); err != nil {
		t.Fatal(err)
	}
	removePictures(t, m, dir, 1)
	for range 20 {
		if _, err = l.Next(t.Context()); err != nil {
			break
		}
	}
	wantRefused(t, err, dir, 0, "no triplet")
}

func TestNewLoaderRefuses(t *testing.T) {
	m, dir := shop(t, 3)
	good := LoaderOptions{Triplets: draws(5, 3), Pictures: open(t, m, dir, PictureOptions{}), Batch: 2}
	for name, c := range map[string]struct {
		change func(*LoaderOptions)
		from   Position
	}{
		"no triplets":    {change: func(o *LoaderOptions) { o.Triplets = nil }},
		"batch of 0":     {change: func(o *LoaderOptions) { o.Batch = 0 }},
		"share NaN":      {change: func(o *LoaderOptions) { o.MaxBad = math.NaN() }},
		"share negative": {change: func(o *LoaderOptions) { o.MaxBad = -1 }},
		"row beyond":     {change: func(o *LoaderOptions) { o.Triplets = []Triplet{{0, 1, 3}} }},
		"row negative":   {change: func(o *LoaderOptions) { o.Triplets = []Triplet{{0, -1, 2}} }},
		"index beyond":   {from: Position{0, 5}},
		"index negative": {from: Position{0, -1}},
		"epoch negative": {from: Position{-1, 0}},
	} {
		o := good
		if c.change != nil {
			c.change(&o)
		}
		if l, err := NewLoader(t.Context(), o, c.from); err == nil {
			l.Close()
			t.Errorf("%s is accepted", name)
		}
	}
}

// Stopping at any moment ends all goroutines and blocks nobody.
func TestLoaderStops(t *testing.T) {
	noLeak(t)
	m, dir := shop(t, 9)
	o := LoaderOptions{Triplets: draws(100, 9), Pictures: open(t, m, dir, PictureOptions{}), Batch: 4, Workers: 3, Ahead: 2, Shuffle: true}
	for take := range 8 {
		// Close, with batches waiting and without, recycled and not.
		l, err := NewLoader(t.Context(), o, Position{})
		if err != nil {
			t.Fatal(err)
		}
		for range take {
			if _, err := l.Next(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		for take > 1 && len(l.out) == 0 {
			time.Sleep(time.Millisecond)
		}
		l.Close()
		if left := stacks(); strings.Contains(left, "data.(*Loader).load") {
			t.Errorf("Close does not wait:\n%s", left)
		}
		l.Close()
		if _, err := l.Next(t.Context()); !errors.Is(err, context.Canceled) {
			t.Errorf("after Close: %v", err)
		}
		// The end of the loader's context, without Close.
		ctx, cancel := context.WithCancel(t.Context())
		if l, err = NewLoader(ctx, o, Position{}); err != nil {
			t.Fatal(err)
		}
		for range take {
			if _, err := l.Next(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		cancel()
		if _, err := l.Next(t.Context()); !errors.Is(err, context.Canceled) {
			t.Errorf("after the end: %v", err)
		}
		l.wg.Wait()
		// The end of the call's context: the loader itself goes on.
		if l, err = NewLoader(t.Context(), o, Position{}); err != nil {
			t.Fatal(err)
		}
		for range 20 {
			if _, err := l.Next(ctx); err == nil {
				break
			} else if !errors.Is(err, context.Canceled) {
				t.Errorf("a call's end: %v", err)
			}
		}
		if _, err := l.Next(t.Context()); err != nil {
			t.Error(err)
		}
		l.Close()
	}
}

// The end of a machine's means is an error of the run, not a bad picture.
func TestLoaderMachineFails(t *testing.T) {
	noLeak(t)
	m, dir := shop(t, 9)
	p := open(t, m, dir, PictureOptions{})
	p.Close()
	l, err := NewLoader(t.Context(), LoaderOptions{Triplets: draws(9, 9), Pictures: p, Batch: 2, MaxBad: 1}, Position{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = l.Next(t.Context())
	if _, ok := errors.AsType[*Refused](err); ok || !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

// Recycled memory serves again.
func TestLoaderRecycles(t *testing.T) {
	m, dir := shop(t, 5)
	o := LoaderOptions{Triplets: draws(50, 5), Pictures: open(t, m, dir, PictureOptions{}), Batch: 5, Shuffle: true}
	l, err := NewLoader(t.Context(), o, Position{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	used := make(map[*byte]bool)
	for range 30 {
		b, err := l.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		used[&b.Pixels[0]] = true
		l.Recycle(b)
	}
	if len(used) > 4 {
		t.Errorf("%d buffers", len(used))
	}
}

func BenchmarkLoaderWarm(b *testing.B) {
	const n, batch = 64, 8
	dir, m := b.TempDir(), new(Metadata)
	for i := range n {
		addRow(m, fmt.Sprintf("shoes/%d.jpg", i))
		put(b, filepath.Join(dir, m.Name[i]), photograph(b, 230+i, 230))
	}
	p := open(b, m, dir, PictureOptions{Size: 224, Cache: b.TempDir()})
	p.CheckDeep(b.Context(), UsedRows(draws(n, n), n), 0, nil)
	l, err := NewLoader(b.Context(), LoaderOptions{Triplets: draws(1000, n), Pictures: p, Batch: batch, Ahead: 2, Shuffle: true, Flip: true, Shift: true}, Position{})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	for b.Loop() {
		x, err := l.Next(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		l.Recycle(x)
	}
	b.ReportMetric(float64(b.N*3*batch)/b.Elapsed().Seconds(), "pictures/s")
}
