package checkpoints

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// scoreKey holds the score of a checkpoint in its metadata.
const scoreKey = "deeprank.score"

// Store is the checkpoints folder of a run: files step-00000100.safetensors.
//
// What stays: the newest keep files, and the one with the best score (higher is
// better; among equal scores the one of the earliest step, so that a score must
// be beaten to move it). Steps run forward: when a run continues from an earlier step, the
// files of later steps belong to a continuation that was left, and the first Save
// removes them. Files whose header cannot be read are never counted and never removed.
//
// A Store is not safe for concurrent use; the run's Lock keeps other programs away.
type Store struct {
	dir  string
	keep int
	sys  system

	// Wanted, when set, says which tensors Newest and Best keep of the file, by their names. The checksum is checked over all.
	Wanted func(name string) bool
	// Removed, when set, is told of every checkpoint that Save or RemoveAfter deleted, and why.
	Removed func(path, why string)
}

// Entry is one checkpoint file as its header tells it.
type Entry struct {
	Path     string
	Step     int
	Score    float64
	HasScore bool
	Size     int64 // bytes
	Err      error // its header cannot be read: damaged or no permission
}

// OpenStore opens the folder dir, which need not exist yet: Save makes it.
// Temporary files of killed programs are removed; those of living ones stay. keep >= 1.
func OpenStore(dir string, keep int) (*Store, error) {
	if keep < 1 {
		return nil, fmt.Errorf("checkpoints to keep: %d; at least 1 is needed", keep)
	}
	s := &Store{dir: dir, keep: keep, sys: disk{}}
	files, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("opening the checkpoints folder: %w", err)
	}
	leftover := regexp.MustCompile(`^step-\d{8,}\.safetensors\.\d+-[0-9a-f]{16}\.tmp$`)
	for _, f := range files {
		if leftover.MatchString(f.Name()) && f.Type().IsRegular() {
			// A reader without the right to remove it, or the writer's own removal, is no error.
			_ = removeLeftover(filepath.Join(dir, f.Name()))
		}
	}
	return s, nil
}

// Dir is the folder.
func (s *Store) Dir() string { return s.dir }

// Path is where the checkpoint of a step lies.
func (s *Store) Path(step int) string {
	return filepath.Join(s.dir, fmt.Sprintf("step-%08d.safetensors", step))
}

// stepOf is the inverse of Path for a file's name.
func stepOf(name string) (int, bool) {
	digits, ok := strings.CutSuffix(name, ".safetensors")
	digits, ok2 := strings.CutPrefix(digits, "step-")
	step, err := strconv.Atoi(digits)
	return step, ok && ok2 && err == nil && step >= 0 && fmt.Sprintf("%08d", step) == digits
}

// Save writes the checkpoint of a step, replacing one of the same step, and
// then removes what need not stay. A NaN score counts as none. f is not changed.
//
// path is not empty as soon as the new file is safe, even if err says that an
// old one could not be removed. On any other error all older checkpoints are as they were.
func (s *Store) Save(step int, f *File, score float64, hasScore bool) (path string, err error) {
	if step < 0 {
		return "", fmt.Errorf("saving a checkpoint: step %d", step)
	}
	metadata := maps.Clone(f.Metadata)
	if metadata == nil {
		metadata = map[string]string{}
	}
	delete(metadata, scoreKey)
	if hasScore && !math.IsNaN(score) {
		metadata[scoreKey] = strconv.FormatFloat(score, 'g', -1, 64)
	}
	if err := makeDir(s.sys, s.dir); err != nil {
		return "", err
	}
	path = s.Path(step)
	if err := write(s.sys, path, &File{Tensors: f.Tensors, Metadata: metadata}, nativeLittleEndian()); err != nil {
		return "", err
	}
	return path, errors.Join(s.RemoveAfter(step), s.retain(step))
}

// MakeDir is os.MkdirAll whose new folders survive a power cut.
func MakeDir(dir string) error { return makeDir(disk{}, dir) }

func makeDir(sys system, dir string) error {
	var parents []string // of the folders that are missing
	for d := filepath.Clean(dir); ; d = filepath.Dir(d) {
		if _, err := os.Stat(d); err == nil || d == filepath.Dir(d) {
			break
		}
		parents = append(parents, filepath.Dir(d))
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	for _, p := range parents {
		if err := sys.SyncDir(p); err != nil {
			return fmt.Errorf("making a folder: %w", err)
		}
	}
	return nil
}

// RemoveAfter removes the checkpoints of steps beyond step, the newest first. A
// run that continues from an earlier checkpoint than the newest calls it at its
// start, so that a second resume cannot pick up the continuation that was left.
func (s *Store) RemoveAfter(step int) error {
	entries, err := s.list()
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range slices.Backward(entries) {
		if e.Step > step && e.Err == nil {
			errs = append(errs, s.remove(e.Path, fmt.Sprintf("the run went back to step %d", step)))
		}
	}
	return errors.Join(errs...)
}

// retain removes all but the newest keep files, the best one and the one of step.
func (s *Store) retain(step int) error {
	entries, err := s.list()
	if err != nil {
		return err
	}
	entries = slices.DeleteFunc(entries, func(e Entry) bool { return e.Err != nil })
	best := byScore(entries)
	var errs []error
	for i, e := range entries {
		isBest := len(best) > 0 && best[0].Step == e.Step
		if i < len(entries)-s.keep && !isBest && e.Step != step {
			errs = append(errs, s.remove(e.Path, fmt.Sprintf("older than the newest %d", s.keep)))
		}
	}
	return errors.Join(errs...)
}

func (s *Store) remove(path, why string) error {
	err := s.sys.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("removing the old checkpoint %s: %w", path, err)
	}
	if s.Removed != nil {
		s.Removed(path, why)
	}
	return nil
}

// List gives the checkpoints by ascending step. It reads only their headers; a
// file with an unreadable header has Err set. It is nil when the folder cannot be read.
func (s *Store) List() []Entry {
	entries, _ := s.list() // Newest and Best report the error
	return entries
}

func (s *Store) list() ([]Entry, error) {
	files, err := os.ReadDir(s.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the checkpoints folder: %w", err)
	}
	var entries []Entry
	for _, file := range files {
		step, ok := stepOf(file.Name())
		if !ok {
			continue
		}
		e := Entry{Path: filepath.Join(s.dir, file.Name()), Step: step}
		if info, err := os.Stat(e.Path); err == nil {
			e.Size = info.Size()
		}
		metadata, _, err := ReadHeader(e.Path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed meanwhile
		}
		e.Err = err
		if score, ok := metadata[scoreKey]; ok {
			v, err := strconv.ParseFloat(score, 64)
			e.Score, e.HasScore = v, err == nil && !math.IsNaN(v)
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b Entry) int { return a.Step - b.Step })
	return entries, nil
}

// byScore gives the entries with a score, the best first, among equals the earliest step first.
func byScore(entries []Entry) []Entry {
	scored := slices.DeleteFunc(slices.Clone(entries), func(e Entry) bool { return !e.HasScore || e.Err != nil })
	slices.SortStableFunc(scored, func(a, b Entry) int {
		switch {
		case a.Score > b.Score:
			return -1
		case a.Score < b.Score:
			return 1
		}
		return a.Step - b.Step
	})
	return scored
}

// Newest reads the newest valid checkpoint. Each newer one that cannot be read
// is reported through warn (which may be nil) and left where it is.
//
// Errors: ErrNone when the folder holds no checkpoint or does not exist; ErrDamaged when it
// holds some and none is valid, so that a script does not start over unnoticed;
// the context's.
func (s *Store) Newest(ctx context.Context, warn func(path string, err error)) (path string, f *File, err error) {
	entries, err := s.list()
	if err != nil {
		return "", nil, err
	}
	slices.Reverse(entries)
	return s.firstValid(ctx, entries, warn)
}

// Best reads the valid checkpoint with the best score, with the same warnings and errors as Newest.
func (s *Store) Best(ctx context.Context, warn func(path string, err error)) (path string, f *File, err error) {
	entries, err := s.list()
	if err != nil {
		return "", nil, err
	}
	for _, e := range entries {
		if e.Err != nil && warn != nil {
			warn(e.Path, e.Err) // its score is unknown: it may have been the best
		}
	}
	return s.firstValid(ctx, byScore(entries), warn)
}

func (s *Store) firstValid(ctx context.Context, entries []Entry, warn func(string, error)) (string, *File, error) {
	for _, e := range entries {
		f, err := readPath(ctx, e.Path, s.Wanted)
		if err == nil {
			return e.Path, f, nil
		}
		if ctx.Err() != nil {
			return "", nil, ctx.Err()
		}
		if warn != nil {
			warn(e.Path, err)
		}
	}
	if len(entries) == 0 {
		return "", nil, fmt.Errorf("%s: %w", s.dir, ErrNone)
	}
	return "", nil, &FileError{
		Path:   s.dir,
		Reason: fmt.Sprintf("none of its %d checkpoints can be read", len(entries)),
		Remedy: "restore one from a copy, or move them away to start again",
		Kind:   ErrDamaged,
	}
}
