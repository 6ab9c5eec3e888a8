package progress

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"
)

// clock is a time that tests move.
type clock struct{ now time.Time }

func newClock() *clock {
	return &clock{time.Date(2014, 4, 17, 9, 0, 0, 0, time.UTC)}
}
func (c *clock) Now() time.Time       { return c.now }
func (c *clock) pass(d time.Duration) { c.now = c.now.Add(d) }
func columns(n int) func() int        { return func() int { return n } }
func step(n int) StepInfo             { return StepInfo{n, 2, 0.93125, 0.31, 0.44, 0.62, 0.001, 45.2} }
func lines(b *bytes.Buffer) []string {
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
}
func has(t *testing.T, got, want string) {
	t.Helper()
	if !strings.Contains(got, want) {
		t.Errorf("%q is missing in %q", want, got)
	}
}

func TestPlain(t *testing.T) {
	c := newClock()
	var stderr, log bytes.Buffer
	r := New(&stderr, &log, Options{LogEvery: 10, Clock: c.Now})
	r.Printf("found %d pictures\n", 7)
	r.Warnf("two\nlines")
	r.Begin(Plan{Total: 25})
	for n := 1; n <= 25; n++ {
		c.pass(time.Second)
		r.Status("not shown")
		r.Step(step(n))
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"found 7 pictures", "warning: two", "lines",
		"step 1/25, epoch 2: loss 0.9313, D(q,p) 0.310, D(q,n) 0.440, active 62 %, lr 0.001, 45 images/s, 24s left",
		"step 10/25, ", "step 20/25, ", "step 25/25, ",
	}
	got := lines(&stderr)
	if len(got) != len(want) {
		t.Fatalf("got %d lines, want %d:\n%s", len(got), len(want), stderr.String())
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("line %d is %q, want %q", i+1, got[i], want[i])
		}
	}
	logged := lines(&log) // the same lines, each with its time
	if len(logged) != len(got) {
		t.Fatalf("got %d lines in the log, want %d", len(logged), len(got))
	}
	for i := range got {
		at, text := logged[i][:20], logged[i][20:]
		if text != got[i] || !strings.HasPrefix(at, "2014-04-17 09:00:") {
			t.Errorf("line %d of the log is %q", i+1, logged[i])
		}
	}
	has(t, logged[len(logged)-1], "2014-04-17 09:00:25 step 25/25")
	if strings.ContainsAny(stderr.String(), "\r\x1b") {
		t.Error("a bar was drawn where there is no terminal")
	}
}

func TestQuiet(t *testing.T) {
	for _, width := range []int{0, 80} {
		var stderr, log bytes.Buffer
		r := New(&stderr, &log, Options{Quiet: true, Columns: columns(width)})
		r.Printf("found")
		r.Begin(Plan{Total: 2})
		r.Step(step(1))
		r.Status("evaluating")
		r.Warnf("slow")
		r.Step(step(2))
		r.Close()
		if got := stderr.String(); got != "warning: slow\n" {
			t.Errorf("got %q", got)
		}
		if got := lines(&log); len(got) != 4 {
			t.Errorf("the log has %q", got)
		}
	}
}

// screen plays what a terminal would show: the lines, the last of them the one with the cursor.
func screen(t *testing.T, written string) []string {
	t.Helper()
	rows := []string{""}
	for written != "" {
		row := &rows[len(rows)-1]
		switch {
		case strings.HasPrefix(written, "\r\x1b[K"):
			*row, written = "", written[len("\r\x1b[K"):]
		case written[0] == '\n':
			rows, written = append(rows, ""), written[1:]
		case written[0] < ' ':
			t.Fatalf("unexpected control character in %q", written)
		default:
			_, n := utf8.DecodeRuneInString(written)
			*row, written = *row+written[:n], written[n:]
		}
	}
	return rows
}

func TestBar(t *testing.T) {
	c := newClock()
	var stderr bytes.Buffer
	r := New(&stderr, nil, Options{LogEvery: 1, Clock: c.Now, Columns: columns(100)})
	shows := func(want ...string) {
		t.Helper()
		got := screen(t, stderr.String())
		if len(got) != len(want) {
			t.Fatalf("the screen shows %q, want %q", got, want)
		}
		for i := range want {
			if want[i] == "" && got[i] != "" {
				t.Errorf("row %d is %q, want it empty", i, got[i])
			}
			has(t, got[i], want[i])
			if n := utf8.RuneCountInString(got[i]); n > 99 {
				t.Errorf("row %d has %d columns", i, n)
			}
		}
	}
	r.Printf("start")
	shows("start", "")
	r.Begin(Plan{First: 100, Total: 200})
	c.pass(2 * time.Second)
	r.Step(step(101))
	shows("start", "| step 101/200, epoch 2, loss 0.9313, active 62 %, 45 images/s, 3m18s left")
	shows("start", " 50% |██████") // the bar, about half full
	c.pass(10 * time.Millisecond)
	r.Step(step(102))
	shows("start", "step 101/200") // too soon to draw again
	r.Warnf("slow")
	shows("start", "warning: slow", "step 101/200")
	r.Status("evaluating 1/3")
	shows("start", "warning: slow", "evaluating 1/3")
	r.Step(step(103))
	shows("start", "warning: slow", "step 103/200")
	r.Step(step(200))
	shows("start", "warning: slow", "100% |")
	r.Close()
	shows("start", "warning: slow", "")
}

func TestBarFitsTheTerminal(t *testing.T) {
	s := StepInfo{123456, 12, 0.123456, 0, 0, 1, 0.001, 1234}
	for width := 1; width < 200; width++ {
		line := barLine(s, 999999, ", 12m30s left", width)
		if n := utf8.RuneCountInString(line); n > max(width-1, 1) && width > 1 {
			t.Errorf("%d columns: %d characters: %s", width, n, line)
		}
		if strings.Contains(line, "|") != (width >= 97) {
			t.Errorf("%d columns: %s", width, line)
		}
	}
	if line := barLine(s, 0, "", 200); strings.Contains(line, "|") || !strings.HasPrefix(line, "step 123456, ") {
		t.Errorf("no total: %s", line)
	}
}

func TestBarIsAsFullAsTheRun(t *testing.T) {
	for _, test := range []struct{ step, full int }{{0, 0}, {25, 10}, {50, 20}, {100, 40}, {200, 40}} {
		got := bar(test.step, 100, 40)
		if n := strings.Count(got, "█"); n != test.full {
			t.Errorf("step %d: %d of 40 are full, want %d: %s", test.step, n, test.full, got)
		}
	}
}

func TestTimeLeft(t *testing.T) {
	c := newClock()
	start := c.now
	tests := []struct {
		name   string
		plan   Plan
		passed time.Duration
		step   int
		want   string
	}{
		{"half done", Plan{Total: 100}, 50 * time.Minute, 50, ", 50m00s left"},
		{"resumed: its own pace", Plan{First: 90, Total: 100}, 10 * time.Second, 95, ", 10s left"},
		{"deadline comes first", Plan{Total: 100, Deadline: start.Add(time.Hour)}, 50 * time.Minute, 20, ", 10m00s left"},
		{"steps come first", Plan{Total: 100, Deadline: start.Add(time.Hour)}, time.Minute, 50, ", 1m00s left"},
		{"deadline alone", Plan{Deadline: start.Add(30 * time.Hour)}, 0, 1, ", 1d06h left"},
		{"deadline is over", Plan{Total: 100, Deadline: start.Add(time.Minute)}, time.Hour, 50, ", 0s left"},
		{"nothing known", Plan{}, time.Minute, 50, ""},
		{"beyond the plan", Plan{Total: 10}, time.Minute, 12, ", 0s left"},
	}
	for _, test := range tests {
		c.now = start
		r := New(&bytes.Buffer{}, nil, Options{Clock: c.Now})
		r.Begin(test.plan)
		c.pass(test.passed)
		if got := r.left(test.step, c.now); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0s", 0: "0s", 59 * time.Second: "59s", 59600 * time.Millisecond: "1m00s", 61 * time.Second: "1m01s",
		3725 * time.Second: "1h02m", 49 * time.Hour: "2d01h",
	} {
		if got := duration(d); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
}

// What is said before the run's folder exists comes first in its log.
func TestLogThatComesLater(t *testing.T) {
	var stderr, log bytes.Buffer
	r := New(&stderr, nil, Options{Clock: newClock().Now})
	r.Printf("one")
	r.Warnf("two")
	r.SetLog(&log)
	r.Printf("three")
	want := "2014-04-17 09:00:00 one\n2014-04-17 09:00:00 warning: two\n2014-04-17 09:00:00 three\n"
	if log.String() != want {
		t.Errorf("got %q", log.String())
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestLogFails(t *testing.T) {
	var stderr bytes.Buffer
	r := New(&stderr, full{}, Options{Quiet: true})
	r.Printf("one")
	r.Printf("two")
	if got := stderr.String(); got != "warning: the log cannot be written, the run goes on: disk full\n" {
		t.Errorf("got %q", got)
	}
	if err := r.Close(); err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("got %v", err)
	}
}

// A file's name cannot move the cursor.
func TestControlCharacters(t *testing.T) {
	var stderr, log bytes.Buffer
	r := New(&stderr, &log, Options{Clock: newClock().Now})
	r.Warnf("bad picture %s", "a\x1b[2J\r\x07ü\xff\u202e.png")
	if got, want := stderr.String(), "warning: bad picture a?[2J??ü??.png\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	has(t, log.String(), "a?[2J??ü??.png")
}

func TestOpenLogAppends(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	for _, text := range []string{"one\n", "two\nthr", "four\n"} {
		f, err := OpenLog(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := "one\ntwo\nthr\nfour\n"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := OpenLog(t.TempDir()); err == nil {
		t.Error("a folder was opened as the log")
	}
}

func TestManyGoroutines(t *testing.T) {
	var stderr, log bytes.Buffer
	r := New(&stderr, &log, Options{Columns: columns(80)})
	r.Begin(Plan{Total: 100})
	var wg sync.WaitGroup
	for n := range 4 {
		wg.Go(func() {
			for i := range 25 {
				r.Warnf("bad picture")
				r.Step(step(25*n + i + 1))
				r.Status("x")
			}
		})
	}
	wg.Wait()
	r.Close()
	if n := strings.Count(stderr.String(), "warning: bad picture\n"); n != 100 {
		t.Errorf("got %d whole warnings of 100", n)
	}
}
