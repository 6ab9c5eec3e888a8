package checkpoints

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func openStore(t *testing.T, dir string, keep int) *Store {
	t.Helper()
	s, err := OpenStore(dir, keep)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func save(t *testing.T, s *Store, step int, score float64) {
	t.Helper()
	path, err := s.Save(step, sample(step, 16), score, !math.IsNaN(score))
	if err != nil || path != s.Path(step) {
		t.Fatalf("Save(%d) = %q, %v", step, path, err)
	}
}

func steps(entries []Entry) []int {
	list := []int{}
	for _, e := range entries {
		list = append(list, e.Step)
	}
	return list
}

// damage flips a bit in the last value of a file: only the checksum can tell.
func damage(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-1] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestRetention(t *testing.T) {
	none := math.NaN()
	type saved struct {
		step  int
		score float64
	}
	tests := []struct {
		name  string
		keep  int
		saves []saved
		want  []int
	}{
		{"fewer than keep", 3, []saved{{10, none}, {20, none}}, []int{10, 20}},
		{"newest", 2, []saved{{10, none}, {20, none}, {30, none}, {40, none}}, []int{30, 40}},
		{"best besides", 2, []saved{{10, 0.5}, {20, 0.9}, {30, 0.7}, {40, 0.6}, {50, 0.8}}, []int{20, 40, 50}},
		{"best among the newest", 2, []saved{{10, 0.1}, {20, 0.2}, {30, 0.3}}, []int{20, 30}},
		{"tie: the earlier", 1, []saved{{10, 0.9}, {20, 0.9}, {30, 0.9}}, []int{10, 30}},
		{"beaten best goes", 1, []saved{{10, 0.9}, {20, 0.5}, {30, 0.95}, {40, 0.1}}, []int{30, 40}},
		{"negative scores", 1, []saved{{10, -2}, {20, -1}, {30, -3}}, []int{20, 30}},
		{"few with a score", 1, []saved{{10, none}, {20, 0.3}, {30, none}, {40, none}}, []int{20, 40}},
		{"step 0", 1, []saved{{0, none}}, []int{0}},
		{"more than eight digits", 2, []saved{{99999999, none}, {100000000, none}, {100000001, none}}, []int{100000000, 100000001}},
		{"same step again", 2, []saved{{10, 0.9}, {20, 0.1}, {30, 0.1}, {30, 0.95}, {40, 0}, {50, 0}}, []int{30, 40, 50}},
		{"back to an earlier step", 3, []saved{{10, none}, {20, none}, {30, 0.9}, {15, none}}, []int{10, 15}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "runs", "x", "checkpoints") // Save makes it
			s := openStore(t, dir, test.keep)
			var removed []string
			s.Removed = func(path, why string) {
				if why == "" {
					t.Error("no reason given")
				}
				removed = append(removed, path)
			}
			for _, v := range test.saves {
				save(t, s, v.step, v.score)
			}
			if got := steps(s.List()); !slices.Equal(got, test.want) {
				t.Errorf("left: %v, want %v", got, test.want)
			}
			if len(filesIn(t, dir)) != len(test.want) {
				t.Errorf("files: %v", filesIn(t, dir))
			}
			for _, path := range removed {
				if slices.ContainsFunc(s.List(), func(e Entry) bool { return e.Path == path }) {
					t.Errorf("%s was reported as removed", path)
				}
			}
		})
	}
}

func TestList(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, 9)
	save(t, s, 20, 0.25)
	save(t, s, 30, math.NaN())
	for _, name := range []string{"step-40.safetensors", "step-0000000040.safetensors", "step--0000040.safetensors", "step-00000040.safetensors.bak", "notes"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(s.Path(50), []byte("junk"), 0o600); err != nil {
		t.Fatal(err)
	}
	list := s.List()
	if got := steps(list); !slices.Equal(got, []int{20, 30, 50}) {
		t.Fatalf("steps %v", got)
	}
	info, err := os.Stat(s.Path(20))
	if err != nil {
		t.Fatal(err)
	}
	if e := list[0]; e.Path != s.Path(20) || !e.HasScore || e.Score != 0.25 || e.Size != info.Size() || e.Err != nil {
		t.Errorf("%+v", e)
	}
	if e := list[1]; e.HasScore || e.Err != nil {
		t.Errorf("%+v", e)
	}
	if e := list[2]; !errors.Is(e.Err, ErrDamaged) || e.Size != 4 {
		t.Errorf("%+v", e)
	}
}

func TestNewest(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "checkpoints")
	s := openStore(t, dir, 9)
	if _, _, err := s.Newest(t.Context(), nil); !errors.Is(err, ErrNone) || !strings.Contains(err.Error(), dir) {
		t.Fatalf("no folder: %v", err)
	}
	for _, step := range []int{10, 20, 30, 40} {
		save(t, s, step, math.NaN())
	}
	newest := func(want int, wantWarned ...int) {
		t.Helper()
		var warned []string
		path, f, err := s.Newest(t.Context(), func(path string, err error) {
			if !strings.HasPrefix(err.Error(), path) {
				t.Errorf("warning without the path: %v", err)
			}
			warned = append(warned, path)
		})
		if err != nil || path != s.Path(want) {
			t.Fatalf("Newest = %s, %v, want step %d", path, err, want)
		}
		sameFile(t, f, sample(want, 16))
		var paths []string
		for _, step := range wantWarned {
			paths = append(paths, s.Path(step))
		}
		if !slices.Equal(warned, paths) {
			t.Errorf("warned of %v, want %v", warned, paths)
		}
	}
	newest(40)
	damage(t, s.Path(40))
	newest(30, 40)
	if err := os.Truncate(s.Path(30), 100); err != nil {
		t.Fatal(err)
	}
	newest(20, 40, 30)
	if _, err := os.Stat(s.Path(40)); err != nil {
		t.Errorf("the damaged file is gone: %v", err)
	}
	// The run goes on from 20: the file of step 40 belongs to what was left, the
	// unreadable one stays until step 30 is written again.
	save(t, s, 25, math.NaN())
	newest(25, 30)
	save(t, s, 30, math.NaN())
	newest(30)

	for _, e := range s.List() {
		damage(t, e.Path)
	}
	_, _, err := s.Newest(t.Context(), nil)
	if !errors.Is(err, ErrDamaged) || errors.Is(err, ErrNone) {
		t.Errorf("all damaged: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := s.Newest(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestBest(t *testing.T) {
	s := openStore(t, t.TempDir(), 9)
	save(t, s, 10, math.NaN())
	if _, _, err := s.Best(t.Context(), nil); !errors.Is(err, ErrNone) {
		t.Fatalf("no scores: %v", err)
	}
	for _, v := range []struct {
		step  int
		score float64
	}{{20, 0.7}, {30, 0.9}, {40, 0.9}, {50, 0.8}} {
		save(t, s, v.step, v.score)
	}
	for _, want := range []int{30, 40, 50, 20} {
		warned := 0
		path, f, err := s.Best(t.Context(), func(string, error) { warned++ })
		if err != nil || path != s.Path(want) {
			t.Fatalf("Best = %s, %v, want step %d", path, err, want)
		}
		sameFile(t, f, sample(want, 16))
		damage(t, path)
	}
	if _, _, err := s.Best(t.Context(), nil); !errors.Is(err, ErrDamaged) {
		t.Errorf("all damaged: %v", err)
	}
}

// TestSaveScore: a score of a File that was read does not stay, and f is not changed.
func TestSaveScore(t *testing.T) {
	s := openStore(t, t.TempDir(), 9)
	f := sample(10, 4)
	f.Metadata[scoreKey] = "0.5"
	before := fmt.Sprint(f)
	for _, c := range []struct {
		score float64
		has   bool
	}{{0, false}, {math.NaN(), true}} {
		if _, err := s.Save(10, f, c.score, c.has); err != nil {
			t.Fatal(err)
		}
		if e := s.List()[0]; e.HasScore {
			t.Errorf("%+v: %+v", c, e)
		}
	}
	if fmt.Sprint(f) != before {
		t.Errorf("f was changed: %v", f)
	}
	if _, err := s.Save(-1, f, 0, false); err == nil {
		t.Error("step -1 was accepted")
	}
}

func TestOpenStore(t *testing.T) {
	dir := t.TempDir()
	if _, err := OpenStore(dir, 0); err == nil {
		t.Error("keep 0 was accepted")
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenStore(file, 1); err == nil {
		t.Error("a file was accepted as the folder")
	}
}

// TestLeftovers: temporary files of dead writers go, those of living ones and files of others stay.
func TestLeftovers(t *testing.T) {
	dir := t.TempDir()
	dead := filepath.Join(dir, "step-00000001.safetensors.1-0123456789abcdef.tmp")
	other := filepath.Join(dir, "notes.tmp")
	for _, path := range []string{dead, other} {
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := disk{}.Create(filepath.Join(dir, "step-00000002.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil { // between closing and renaming it is still claimed
		t.Fatal(err)
	}
	openStore(t, dir, 1)
	if got := filesIn(t, dir); !slices.Equal(got, []string{"notes.tmp", filepath.Base(out.Name())}) {
		t.Errorf("left: %v", got)
	}
	out.Release()
	openStore(t, dir, 1)
	if got := filesIn(t, dir); !slices.Equal(got, []string{"notes.tmp"}) {
		t.Errorf("left: %v", got)
	}
}

// TestSaveWhileOthersOpen: another program that opens the folder all the time,
// and so looks for leftovers, takes no file away that is being written.
func TestSaveWhileOthersOpen(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, 2)
	stop, done := make(chan struct{}), make(chan error)
	go func() {
		for {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			if _, err := OpenStore(dir, 1); err != nil {
				done <- err
				return
			}
		}
	}()
	for step := range 60 {
		save(t, s, step, math.NaN())
	}
	close(stop)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if got := filesIn(t, dir); len(got) != 2 {
		t.Errorf("left: %v", got)
	}
}
