package progress

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// Options of a Reporter. The zero value prints a line every step where stderr is no terminal.
type Options struct {
	LogEvery int              // steps between two lines; 0 is 1
	Quiet    bool             // warnings only on stderr
	Clock    func() time.Time // nil: time.Now
	Columns  func() int       // columns of stderr's terminal, 0 where it is none; nil: asked from the system
}

// Plan says how far a run goes.
type Plan struct {
	First    int       // steps that were done before, by the run that this one goes on from
	Total    int       // last step; 0: not known
	Deadline time.Time // the run ends at it; zero: never
}

// Reporter prints. Its methods may be called from any goroutine.
type Reporter struct {
	mu      sync.Mutex
	stderr  io.Writer
	log     io.Writer
	logErr  error        // the first one
	waiting bytes.Buffer // log lines from before there is a log file
	options Options

	plan    Plan
	started time.Time // of the first step of this program
	bottom  string    // what stands at the bottom of the terminal; "" for nothing
	drawn   time.Time // when the bar was drawn last
	lined   bool      // a step has been printed as a line
}

// New returns a Reporter on stderr. logfile may be nil until SetLog.
func New(stderr io.Writer, logfile io.Writer, o Options) *Reporter {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Columns == nil {
		o.Columns = columnsOf(stderr)
	}
	o.LogEvery = max(o.LogEvery, 1)
	return &Reporter{stderr: stderr, log: logfile, options: o}
}

// columnsOf asks the terminal that w is, each time: windows are resized.
func columnsOf(w io.Writer) func() int {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) || os.Getenv("TERM") == "dumb" {
		return func() int { return 0 }
	}
	return func() int {
		columns, _, err := term.GetSize(int(f.Fd()))
		if err != nil || columns <= 0 {
			return 80
		}
		return columns
	}
}

// SetLog sets the log file, and writes to it what was said before.
func (r *Reporter) SetLog(logfile io.Writer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log = logfile
	early := r.waiting.Bytes()
	r.waiting = bytes.Buffer{}
	if len(early) > 0 {
		r.writeLog(early)
	}
}

// Printf prints a line, or several.
func (r *Reporter) Printf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	text := fmt.Sprintf(format, args...)
	r.toLog(text)
	if !r.options.Quiet {
		r.toStderr(text)
	}
}

// Warnf prints a line that begins with "warning: ", also when the run is quiet.
func (r *Reporter) Warnf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	text := "warning: " + fmt.Sprintf(format, args...)
	r.toLog(text)
	r.toStderr(text)
}

// Begin says that steps follow, and how many.
func (r *Reporter) Begin(p Plan) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.plan, r.started, r.lined = p, r.options.Clock(), false
}

// Step shows a step that was done. The first one of this program and the last one of the plan are always
// printed.
func (r *Reporter) Step(s StepInfo) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.options.Clock()
	last := r.plan.Total > 0 && s.Step >= r.plan.Total
	columns := r.columns()
	if !r.lined || last || s.Step%r.options.LogEvery == 0 {
		r.lined = true
		line := plainLine(s, r.plan.Total, r.left(s.Step, now))
		r.toLog(line)
		if columns == 0 && !r.options.Quiet {
			r.toStderr(line)
		}
	}
	if columns > 0 && (last || r.bottom == "" || now.Sub(r.drawn) >= 100*time.Millisecond) {
		r.clear()
		r.draw(barLine(s, r.plan.Total, r.left(s.Step, now), columns))
		r.drawn = now
	}
}

// Status shows on a terminal what goes on between steps, such as an evaluation, until the next step.
func (r *Reporter) Status(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if columns := r.columns(); columns > 0 {
		r.clear()
		r.draw(clip(printable(fmt.Sprintf(format, args...)), columns))
		r.drawn = time.Time{} // the next step is drawn at once
	}
}

// Close takes the bar away. It returns the first error of the log file; that of stderr is nobody's to
// know.
func (r *Reporter) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clear()
	return r.logErr
}

// left is ", 12m30s left": the steps still to do at the mean pace since Begin, or the time to the deadline
// where that comes first.
func (r *Reporter) left(step int, now time.Time) string {
	done := step - r.plan.First
	var left time.Duration
	known := false
	if r.plan.Total > 0 && done > 0 {
		pace := now.Sub(r.started).Seconds() / float64(done)
		if seconds := pace * float64(max(r.plan.Total-step, 0)); seconds < 1e9 {
			left, known = time.Duration(seconds*float64(time.Second)), true
		}
	}
	if !r.plan.Deadline.IsZero() {
		if until := r.plan.Deadline.Sub(now); !known || until < left {
			left, known = until, true
		}
	}
	if !known {
		return ""
	}
	return ", " + duration(left) + " left"
}

// columns is 0 where no bar is drawn.
func (r *Reporter) columns() int {
	if r.options.Quiet {
		return 0
	}
	return r.options.Columns()
}

// toStderr prints a line above the bar.
func (r *Reporter) toStderr(text string) {
	bottom := r.bottom
	r.clear()
	fmt.Fprintln(r.stderr, printable(strings.TrimRight(text, "\n")))
	if bottom != "" {
		r.draw(bottom)
	}
}

func (r *Reporter) clear() {
	if r.bottom != "" {
		fmt.Fprint(r.stderr, "\r\x1b[K")
		r.bottom = ""
	}
}

func (r *Reporter) draw(text string) {
	fmt.Fprint(r.stderr, text)
	r.bottom = text
}

// maxWaiting bounds what is kept while there is no log file, in bytes.
const maxWaiting = 1 << 20

// toLog writes a text's lines, each with the time before it.
func (r *Reporter) toLog(text string) {
	at := r.options.Clock().Format("2006-01-02 15:04:05 ")
	var b bytes.Buffer
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		b.WriteString(at + printable(line) + "\n")
	}
	switch {
	case r.log != nil:
		r.writeLog(b.Bytes())
	case r.waiting.Len() < maxWaiting:
		r.waiting.Write(b.Bytes())
	}
}

// writeLog says once when the log cannot be written; the training goes on.
func (r *Reporter) writeLog(b []byte) {
	if _, err := r.log.Write(b); err != nil && r.logErr == nil {
		r.logErr = fmt.Errorf("progress: log: %w", err)
		r.toStderr("warning: the log cannot be written, the run goes on: " + err.Error())
	}
}
