package inventory

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"deeprank/data"
)

// folder puts files below an images folder and gives their table; "" stands for a file that is not there.
func folder(t *testing.T, products []string, files ...string) (*data.Metadata, *data.Pictures) {
	t.Helper()
	dir := t.TempDir()
	m := &data.Metadata{Path: "sample_set.csv"}
	for i, content := range files {
		name := strings.Repeat("x", i+1) + ".jpg"
		m.Category, m.Color, m.ID, m.Gender, m.Name = append(m.Category, "c"), append(m.Color, ""), append(m.ID, products[i]), append(m.Gender, ""), append(m.Name, name)
		if content == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.TrimPrefix(content, "empty")), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	p, err := data.OpenPictures(m, dir, data.PictureOptions{Size: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return m, p
}

func TestLook(t *testing.T) {
	long := strings.Repeat("long ", 3000)
	head := "X" + long[1:] // of long's length and end, but not its content
	end := long[:len(long)-1] + "X"
	m, p := folder(t, []string{"1", "1", "2", "", "3", "3", "4", "5", "5", "6", "7", ""},
		//  0    1    2     3     4     5    6     7    8   9        10     11
		"aaaa", "", "aaaa", long, head, end, long, "b", "", "empty", "bbbb", "bbbb")
	if err := os.Mkdir(filepath.Join(t.TempDir(), "x"), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, threads := range []int{1, 3} {
		var mu sync.Mutex
		told := map[string]int{}
		f, err := Look(t.Context(), m, p, LookOptions{Deep: true, Threads: threads, Progress: func(what string, done, total int) {
			mu.Lock()
			defer mu.Unlock()
			told[what] = max(told[what], done)
		}})
		if err != nil {
			t.Fatal(err)
		}
		want := &Files{
			Looked: 12, Missing: 2, Deep: true,
			Bad:        []BadFile{{1, "there is no such picture"}, {8, "there is no such picture"}, {9, "the file is empty"}},
			Duplicates: []Group{{[]int32{0, 2}, true}, {[]int32{3, 6}, false}, {[]int32{10, 11}, false}},
		}
		if diff := cmp.Diff(want, f); diff != "" {
			t.Errorf("%d threads: %s", threads, diff)
		}
		if got, want := f.CountDuplicates(), (DuplicateCounts{3, 6, 1, 2}); got != want {
			t.Errorf("counts %v, want %v", got, want)
		}
		if told["looking for pictures"] != 12 || told["comparing pictures"] != 8 || told["reading pictures that look alike"] != 7 {
			t.Errorf("progress: %v", told)
		}
	}
	f, err := Look(t.Context(), m, p, LookOptions{Threads: 2})
	if err != nil || len(f.Bad) != 3 || f.Deep || f.Duplicates != nil {
		t.Errorf("not deep: %v, %v", f, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Look(ctx, m, p, LookOptions{Threads: 2}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestMachineFails(t *testing.T) {
	m, p := folder(t, []string{"1"}, "a")
	p.Close()
	if _, err := Look(t.Context(), m, p, LookOptions{Threads: 2}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a machine's error is %v", err)
	}
}

func TestAlike(t *testing.T) {
	rows, keys := alike([]int32{0, 1, 2, 3, 4, 5}, []uint64{7, none, 3, 7, none, 9})
	if diff := cmp.Diff([]any{[]int32{0, 3}, []uint64{7, 7}}, []any{rows, keys}, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

func TestFilesText(t *testing.T) {
	m, p := folder(t, []string{"1", "2", "3"}, "a", "a", "")
	f, err := Look(t.Context(), m, p, LookOptions{Deep: true, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := WriteText(&b, m, Count(m), f, WriteOptions{Columns: 100}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"rows without a picture: 1 of 3 (33.3 %); 1 have no such file\n  row 2  xxx.jpg: there is no such picture\n",
		"pictures whose files are the same: 1, in 2 rows\n  of them in different products: 1, in 2 rows\n  different products: x.jpg (row 0) = xx.jpg (row 1)\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, b.String())
		}
	}
}
