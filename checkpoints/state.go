package checkpoints

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
)

// StateVersion is the version of the State that this program writes. It grows
// when an older program could misread a newer file.
const StateVersion = 1

const (
	statePrefix = "deeprank."
	extraPrefix = statePrefix + "extra."
	versionKey  = statePrefix + "format_version"
)

// State is what a run needs besides tensors to continue with the same bits.
// There is no state of random generators in it: every random number is a
// function of (Seed, purpose, epoch, index).
type State struct {
	FormatVersion int // set by Encode and DecodeState
	Step          int // steps done
	Epoch         int // epoch of the next triplet, from 0
	Position      int // index of the next triplet in that epoch's permutation
	Updates       int // updates the optimiser has done (AdamW's bias correction)
	Seed          uint64
	Config        string            // resolved configuration, YAML
	Data          map[string]string // input file -> SHA-256 of its content

	HasBest        bool    // an evaluation has been done
	BestScore      float64 // best score so far; the earliest among equals
	BestStep       int
	EvalsSinceBest int             // for patience
	Metrics        json.RawMessage // further history, any JSON; nil for none

	Program string            // version of the program
	Go      string            // version of Go; Encode fills it in when empty
	Kernel  string            // name of the kernels that computed: other ones round differently
	Extra   map[string]string // anything else; keys as the caller likes
}

// Encode writes the state into the metadata of a File, one readable string a
// field, and leaves other keys alone. It fails when Metrics is not JSON.
func (s *State) Encode(metadata map[string]string) error {
	if len(s.Metrics) > 0 && !json.Valid(s.Metrics) {
		return errors.New("encoding the training state: Metrics is not valid JSON")
	}
	data, err := json.Marshal(s.Data) // map keys come out sorted
	if err != nil {
		return fmt.Errorf("encoding the training state: %w", err)
	}
	goVersion := s.Go
	if goVersion == "" {
		goVersion = runtime.Version()
	}
	for k := range metadata { // a state that was there before, in a File that was read
		if strings.HasPrefix(k, extraPrefix) {
			delete(metadata, k)
		}
	}
	set := func(key, value string) { metadata[statePrefix+key] = value }
	set("format_version", strconv.Itoa(StateVersion))
	set("step", strconv.Itoa(s.Step))
	set("epoch", strconv.Itoa(s.Epoch))
	set("position", strconv.Itoa(s.Position))
	set("updates", strconv.Itoa(s.Updates))
	set("seed", strconv.FormatUint(s.Seed, 10))
	set("config", s.Config)
	set("data", string(data))
	set("has_best", strconv.FormatBool(s.HasBest))
	set("best_score", strconv.FormatFloat(s.BestScore, 'g', -1, 64))
	set("best_step", strconv.Itoa(s.BestStep))
	set("evals_since_best", strconv.Itoa(s.EvalsSinceBest))
	set("metrics", string(s.Metrics))
	set("program", s.Program)
	set("go", goVersion)
	set("kernel", s.Kernel)
	for k, v := range s.Extra {
		metadata[extraPrefix+k] = v
	}
	return nil
}

// DecodeState reads what Encode wrote. Errors: ErrNoState for a file with
// weights alone, ErrNewer for one of a newer program, ErrDamaged for a missing
// or malformed field. The caller adds the path.
func DecodeState(metadata map[string]string) (*State, error) {
	version, ok := metadata[versionKey]
	if !ok {
		return nil, fmt.Errorf("%w: the file holds weights only; give it with --init to start a new run from them", ErrNoState)
	}
	r := fields{metadata: metadata}
	s := &State{FormatVersion: r.integer("format_version")}
	if r.err == nil && s.FormatVersion > StateVersion {
		return nil, fmt.Errorf("%w: its format is %s, this program reads up to %d; use that version, or --init to start from its weights",
			ErrNewer, version, StateVersion)
	}
	s.Step = r.integer("step")
	s.Epoch = r.integer("epoch")
	s.Position = r.integer("position")
	s.Updates = r.integer("updates")
	s.Seed = parse(&r, "seed", func(v string) (uint64, error) { return strconv.ParseUint(v, 10, 64) })
	s.Config = r.text("config")
	s.Data = parse(&r, "data", func(v string) (m map[string]string, err error) {
		err = json.Unmarshal([]byte(v), &m)
		return m, err
	})
	s.HasBest = parse(&r, "has_best", strconv.ParseBool)
	s.BestScore = parse(&r, "best_score", func(v string) (float64, error) { return strconv.ParseFloat(v, 64) })
	s.BestStep = r.integer("best_step")
	s.EvalsSinceBest = r.integer("evals_since_best")
	s.Metrics = parse(&r, "metrics", func(v string) (json.RawMessage, error) {
		if v == "" {
			return nil, nil
		}
		if !json.Valid([]byte(v)) {
			return nil, errors.New("not valid JSON")
		}
		return json.RawMessage(v), nil
	})
	s.Program = r.text("program")
	s.Go = r.text("go")
	s.Kernel = r.text("kernel")
	for k, v := range metadata {
		if name, ok := strings.CutPrefix(k, extraPrefix); ok {
			if s.Extra == nil {
				s.Extra = map[string]string{}
			}
			s.Extra[name] = v
		}
	}
	if r.err != nil {
		return nil, r.err
	}
	return s, nil
}

// fields reads fields of the metadata and keeps the first error.
type fields struct {
	metadata map[string]string
	err      error
}

func (r *fields) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: its training state %s; use another checkpoint", ErrDamaged, fmt.Sprintf(format, args...))
	}
}

func (r *fields) text(key string) string {
	v, ok := r.metadata[statePrefix+key]
	if !ok {
		r.fail("has no %q", statePrefix+key)
	}
	return v
}

func (r *fields) integer(key string) int {
	return parse(r, key, func(v string) (int, error) {
		n, err := strconv.ParseUint(v, 10, strconv.IntSize-1)
		return int(n), err
	})
}

func parse[T any](r *fields, key string, f func(string) (T, error)) T {
	var zero T
	s := r.text(key)
	if r.err != nil {
		return zero
	}
	v, err := f(s)
	if err != nil {
		r.fail("has %s = %q: %v", statePrefix+key, s, err)
		return zero
	}
	return v
}
