package history

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"deeprank/configs"
	"deeprank/data"
	"deeprank/internal/metrics"
	"deeprank/internal/restore"
)

// State says how a run ended.
type State string

// The states. A run that goes on, and one that was killed or failed, has no end in its log: it is unfinished.
const (
	Done       State = "done"
	Stopped    State = "stopped"
	Unfinished State = "unfinished"
)

// Run is what a run has written down.
type Run struct {
	Dir     string
	Config  configs.Config
	Records []metrics.Record // in the order of their steps, at least one
	State   State
	Planned int // steps that it was to do, 0 where that is unknown
	// Triplets is how many validation triplets an evaluation measured, by step, as far as the log says.
	Triplets map[int]int
	Unknown  []string // keys of its config that this version of the program does not know
}

// Read reads a run's folder; the run may still be going on. A folder that holds no run is a *configs.Error, one without usable metrics a
// *data.Refused.
func Read(dir string) (*Run, error) {
	opened, unknown, err := restore.OpenKnown(dir)
	if err != nil {
		return nil, err
	}
	r, err := Of(opened)
	if err == nil {
		r.Unknown = unknown
	}
	return r, err
}

// Of reads what an opened run has written down.
func Of(opened *restore.Run) (*Run, error) {
	r := &Run{Dir: opened.Dir, Config: opened.Config}
	path := filepath.Join(opened.Dir, "metrics.jsonl")
	var err error
	r.Records, err = metrics.Read(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &data.Refused{Path: path, Reason: "there is no such file: the run has no metrics"}
	case err != nil:
		return nil, &data.Refused{Path: path, Reason: "cannot be used", Err: err}
	case len(r.Records) == 0:
		return nil, &data.Refused{Path: path, Reason: "holds no step yet"}
	}
	for i := 1; i < len(r.Records); i++ {
		if a, b := r.Records[i-1].Step, r.Records[i].Step; b <= a {
			return nil, &data.Refused{Path: path, Line: i + 1, Reason: fmt.Sprintf("step %d after step %d: the file is damaged", b, a)}
		}
	}
	r.State, r.Planned, r.Triplets = readLog(filepath.Join(opened.Dir, "log"))
	return r, nil
}

// readLog finds a run's end in its log, how many steps were planned, and how many triplets each evaluation measured. A log that is not
// there, or cannot be read, tells nothing.
func readLog(path string) (s State, planned int, triplets map[int]int) {
	s, triplets = Unfinished, map[int]int{}
	f, err := os.Open(path)
	if err != nil {
		return s, 0, triplets
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		const stamp = len("2006-01-02 15:04:05 ")
		text := lines.Text()
		if len(text) < stamp {
			continue
		}
		words := strings.Fields(text[stamp:])
		switch {
		case len(words) < 2:
		case words[0] == "step": // step 20/1000, epoch 1: ...
			if _, of, ok := strings.Cut(strings.TrimSuffix(words[1], ","), "/"); ok {
				if n, err := strconv.Atoi(of); err == nil {
					s, planned = Unfinished, n
				}
			}
			if step, n, ok := evaluated(words); ok {
				triplets[step] = n
			}
		case words[0] == "done" && words[1] == "after":
			s = Done
		case words[0] == "stopped" && words[1] == "after":
			s = Stopped
		}
	}
	return s, planned, triplets
}

// evaluated reads step 20: validation accuracy 0.8440 on 500 triplets
func evaluated(words []string) (step, triplets int, ok bool) {
	const on = 5
	if len(words) < on+3 || words[2] != "validation" || words[on] != "on" || !strings.HasPrefix(words[on+2], "triplets") {
		return 0, 0, false
	}
	step, err := strconv.Atoi(strings.TrimSuffix(words[1], ":"))
	triplets, err2 := strconv.Atoi(words[on+1])
	return step, triplets, err == nil && err2 == nil && triplets > 0
}
