package data

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWriteMetadata(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sample_set.csv")
	m := &Metadata{
		Path:     path,
		Category: []string{"hat", "a\tb", "a \"quoted\" one", "two\nlines", "", "a\rb"},
		Color:    []string{"Red", "", "\"", "Grün", ",", "\r"},
		ID:       []string{"1", "2", "3", "4", "5", "a\r\nb"},
		Gender:   []string{"", "men", "", "", "women", "a\r\r\n\n\r"},
		Name:     []string{"hat/1.jpg", "x y.png", "ü.png", "back\\slash.jpg", "\"5\".jpg", "6.jpg\r"},
	}
	if err := WriteMetadata(path, m); err != nil {
		t.Fatal(err)
	}
	got, err := ReadMetadata(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(m, got); d != "" {
		t.Error(d)
	}
	first, _, _ := strings.Cut(fileText(t, path), "\n")
	if want := "_category\t_color\t_id\t_gender\t_name"; first != want {
		t.Errorf("header %q", first)
	}
}

func TestWriteMetadataRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sample_set.csv")
	if err := os.WriteFile(path, []byte("as before"), 0o666); err != nil {
		t.Fatal(err)
	}
	row := func(category, name string) *Metadata {
		one := []string{""}
		return &Metadata{Category: []string{category}, Color: one, ID: one, Gender: one, Name: []string{name}}
	}
	short := row("hat", "1.jpg")
	short.ID = nil
	for _, c := range []struct {
		m    *Metadata
		want string
	}{
		{row("a\x00", "1.jpg"), `text "a\x00"`},
		{row("\xff", "1.jpg"), `text "\xff"`},
		{row("hat", "/etc/1.jpg"), "absolute"},
		{row("hat", "../1.jpg"), ".."},
		{row("hat", ""), "empty"},
		{short, "columns of 0 and 1 rows"},
	} {
		if err := WriteMetadata(path, c.m); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
	if got := fileText(t, path); got != "as before" {
		t.Errorf("the file was changed to %q", got)
	}
	if left, _ := filepath.Glob(path + "*"); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

func TestWriteTriplets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "triplets.csv")
	ts := []Triplet{{0, 1, 2}, {2147483646, 0, 7}}
	if err := WriteTriplets(path, ts); err != nil {
		t.Fatal(err)
	}
	if got, want := fileText(t, path), "q\tp\tn\n0\t1\t2\n2147483646\t0\t7\n"; got != want {
		t.Errorf("wrote %q, want %q", got, want)
	}
	got, err := ReadTriplets(path, 2147483647)
	if err != nil || !slices.Equal(got, ts) {
		t.Errorf("read back %v, %v", got, err)
	}
	if err := WriteTriplets(filepath.Join(t.TempDir(), "none", "t.csv"), ts); err == nil || !strings.Contains(err.Error(), "t.csv: no such file") {
		t.Errorf("a missing folder: %v", err)
	}
}

func fileText(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// FuzzWriteMetadata: what was read can be written, and reads the same again.
func FuzzWriteMetadata(f *testing.F) {
	f.Add([]byte(header + "a\tb\tc\td\te.jpg\n"))
	f.Add([]byte(header + "\"a\"\"\n\"\t\"\r\r\n\"\tc\t\"\td\"\t\"e.jpg\r\""))
	path := filepath.Join(f.TempDir(), "table.csv")
	f.Fuzz(func(t *testing.T, content []byte) {
		put(t, path, content)
		m, err := ReadMetadata(path)
		if err != nil {
			return
		}
		if err := WriteMetadata(path, m); err != nil {
			t.Fatal(err)
		}
		again, err := ReadMetadata(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(m, again); d != "" {
			t.Error(d)
		}
	})
}
