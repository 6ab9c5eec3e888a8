package tensorboard

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"deeprank/internal/wire"
)

var moment = time.UnixMilli(1_700_000_000_250)

// TestEncode compares with what TensorBoard's own writer makes of the same events.
func TestEncode(t *testing.T) {
	want, err := os.ReadFile("testdata/events.bin")
	if err != nil {
		t.Fatal(err)
	}
	var got []byte
	for _, m := range []wire.Message{
		versionEvent(moment), startEvent(moment, 7),
		summaryEvent(moment, 300, []Value{
			Scalar{"loss", 0.1},
			Histogram{Tag: "d_pos", Values: []float32{0.5, 0.7, float32(math.NaN()), 0.7, 3.9, 5}, High: 4, Buckets: 8},
			Image{"sheet", 2, 3, []byte("\x89PNG")},
		}),
	} {
		got = appendRecord(got, m)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

// entry is what a test reads back of an event.
type entry struct {
	step    int64
	summary bool
}

// events reads all files of a folder in TensorBoard's order.
func events(t *testing.T, dir string) (all []entry, files int) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*tfevents*"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(paths)
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		for r := bytes.NewReader(b); ; {
			data, err := readRecord(r)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", p, err)
			}
			step, summary, ok := parse(data)
			if !ok {
				t.Fatalf("%s: an event that is none", p)
			}
			all = append(all, entry{step, summary})
		}
	}
	return all, len(paths)
}

func steps(all []entry) (list []int64) {
	for _, e := range all {
		if e.summary {
			list = append(list, e.step)
		}
	}
	return list
}

func add(t *testing.T, w *Writer, from, to int) {
	t.Helper()
	for s := from; s <= to; s++ {
		if err := w.Add(moment, s, Scalar{"loss", float64(s)}); err != nil {
			t.Fatal(err)
		}
	}
}

func start(t *testing.T, dir string, lastStep int) *Writer {
	t.Helper()
	w, err := Open(dir, lastStep, moment) // always the same second
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// A run that is killed at any byte and goes on from a checkpoint leaves each step once, in order.
func TestKillAnywhere(t *testing.T) {
	const last, every = 7, 2 // checkpoints at steps 2, 4, 6
	dir := t.TempDir()
	w := start(t, dir, 0)
	ends := []int64{w.size} // of the records, by step
	for s := 1; s <= last; s++ {
		add(t, w, s, s)
		ends = append(ends, w.size)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	name := filepath.Base(w.file.Name())
	whole, err := os.ReadFile(w.file.Name())
	if err != nil {
		t.Fatal(err)
	}
	want := []int64{1, 2, 3, 4, 5, 6, 7}
	for cutAt := range whole {
		done := 0
		for done < last && ends[done+1] <= int64(cutAt) {
			done++
		}
		checkpoint := done / every * every
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), whole[:cutAt], 0o666); err != nil {
			t.Fatal(err)
		}
		w := start(t, dir, checkpoint)
		add(t, w, checkpoint+1, last)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		all, files := events(t, dir)
		if got := steps(all); !slices.Equal(got, want) {
			t.Fatalf("cut at byte %d: steps %v", cutAt, got)
		}
		if wantFiles := 1 + min(1, checkpoint); files != wantFiles {
			t.Fatalf("cut at byte %d, checkpoint %d: %d files", cutAt, checkpoint, files)
		}
		if !slices.Contains(all, entry{int64(checkpoint + 1), false}) {
			t.Fatalf("cut at byte %d: no start at step %d: %v", cutAt, checkpoint+1, all)
		}
	}
}

// A run that is stopped many times in one second, or when the clock goes back, keeps its files in order.
func TestManyStarts(t *testing.T) {
	dir := t.TempDir()
	other := filepath.Join(dir, "events.out.tfevents.1600000000.otherhost.1.2")
	if err := os.WriteFile(other, []byte("not ours"), 0o666); err != nil {
		t.Fatal(err)
	}
	for n := range 12 {
		w, err := Open(dir, 2*n, moment.Add(-time.Duration(n%3)*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		add(t, w, 2*n+1, 2*n+3) // one more than the checkpoint has
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if b, err := os.ReadFile(other); err != nil || string(b) != "not ours" {
		t.Errorf("another program's file: %q, %v", b, err)
	}
	if err := os.Remove(other); err != nil {
		t.Fatal(err)
	}
	all, files := events(t, dir)
	var want []int64
	for s := range int64(25) {
		want = append(want, s+1)
	}
	if got := steps(all); !slices.Equal(got, want) || files != 12 {
		t.Errorf("steps %v in %d files", got, files)
	}
}

func TestOpenFails(t *testing.T) {
	if _, err := Open(filepath.Join(t.TempDir(), "none"), 0, moment); err == nil {
		t.Error("a missing folder is no error")
	}
}

func FuzzReadRecord(f *testing.F) {
	b, err := os.ReadFile("testdata/events.bin")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		var again []byte
		r := bytes.NewReader(b)
		for {
			data, err := readRecord(r)
			if err != nil {
				break
			}
			again = appendRecord(again, data)
			_, _, _ = parse(data)
		}
		if !bytes.HasPrefix(b, again) {
			t.Fatal("records read do not give the bytes that they were read from")
		}
	})
}
