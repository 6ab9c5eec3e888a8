package main

import (
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deeprank/data"
)

// brokenShop is a drawn shop of which three pictures are missing, cut short, and no picture; it gives their rows.
func brokenShop(t *testing.T) (triplets string, rows []int) {
	t.Helper()
	dir := drawnShop(t)
	triplets = filepath.Join(dir, "csv", "triplets.csv")
	m, err := data.ReadMetadata(filepath.Join(dir, "csv", "sample_set.csv"))
	if err != nil {
		t.Fatal(err)
	}
	ts, err := data.ReadTriplets(triplets, m.Rows())
	if err != nil {
		t.Fatal(err)
	}
	path := func(row int32) string { return filepath.Join(dir, "images", m.Name[row]) }
	missing, short, text := ts[0].Query, ts[0].Positive, ts[0].Negative
	if err := os.Remove(path(missing)); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path(short), 100); err != nil {
		t.Fatal(err)
	}
	write(t, path(text), "no picture")
	return triplets, []int{int(missing), int(short), int(text)}
}

func TestShow(t *testing.T) {
	triplets, bad := brokenShop(t)
	out := t.TempDir()
	for _, ending := range []string{".png", ".html"} {
		path := filepath.Join(out, "sheet"+ending)
		code, line, text, stderr := call(t, "show", "--triplets", triplets, "--count", "7", "--first", "--cell", "40", "--out", path)
		if code != 0 || text != "" {
			t.Fatalf("%s: code %d, %q, stderr %q", ending, code, text, stderr)
		}
		for key, want := range map[string]any{"status": "done", "out": path, "triplets": triplets, "shown": 7.0, "of": 60.0, "total": 60.0, "bad_pictures": 3.0,
			"numbers": []any{1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0}} {
			if diff := cmp.Diff(want, line[key]); diff != "" {
				t.Errorf("%s: %s: %s", ending, key, diff)
			}
		}
		var rows []int
		reasons := map[int]string{}
		for _, b := range line["bad"].([]any) {
			one := b.(map[string]any)
			rows = append(rows, int(one["row"].(float64)))
			reasons[rows[len(rows)-1]] = one["reason"].(string)
		}
		if len(rows) != 3 || reasons[bad[0]] != "there is no such picture" || !strings.Contains(reasons[bad[1]], "damaged") || reasons[bad[2]] != "is not a picture that can be read" {
			t.Errorf("%s: bad %v, want %v", ending, reasons, bad)
		}
		if n := strings.Count(stderr, "warning: row "); n != 3 || !strings.Contains(stderr, "; 3 of ") {
			t.Errorf("%s: stderr %q", ending, stderr)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if ending == ".html" {
			if n := strings.Count(string(content), "<li "); n != 7 || !strings.Contains(string(content), "the first 7 of 60 triplets; 3 of ") {
				t.Errorf("%d triplets in the page", n)
			}
			continue
		}
		if _, err := png.Decode(strings.NewReader(string(content))); err != nil {
			t.Error(err)
		}
	}

	// The same seed writes the same file, whatever the threads; another seed another one.
	files := map[string]string{}
	for name, more := range map[string][]string{"a": {"--seed", "5", "--threads", "1"}, "b": {"--seed", "5", "--threads", "4"}, "c": {"--seed", "6"}} {
		path := filepath.Join(out, name+".png")
		if code, _, _, stderr := call(t, append([]string{"show", "--triplets", triplets, "--count", "5", "--quiet", "--out", path}, more...)...); code != 0 {
			t.Fatal(stderr)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(content)
	}
	if files["a"] == "" || files["c"] == "" || files["a"] != files["b"] {
		t.Error("the same seed wrote another sheet")
	}
	if files["a"] == files["c"] {
		t.Error("another seed wrote the same sheet")
	}

	// Of one kind only: the result says how many there are.
	path := filepath.Join(out, "kind.html")
	if _, line, _, stderr := call(t, "show", "--triplets", triplets, "--kind", "in-class", "--out", path); line["status"] != "done" {
		t.Error(stderr)
	} else {
		sum := 0.0
		for kind, n := range line["kinds"].(map[string]any) {
			if sum += n.(float64); !strings.HasSuffix(kind, "/in-class") {
				t.Errorf("a triplet of %s", kind)
			}
		}
		if sum != line["of"].(float64) || line["total"].(float64) != 60 || sum == 60 || sum == 0 {
			t.Errorf("%v of %v triplets", sum, line["total"])
		}
	}

	// Letters that the sheet's font lacks are told of; the page has them.
	table := filepath.Join(filepath.Dir(triplets), "sample_set.csv")
	m, err := data.ReadMetadata(table)
	if err != nil {
		t.Fatal(err)
	}
	save := func(name string, column []string) string {
		for row := range column {
			column[row] = "赤"
		}
		path := filepath.Join(t.TempDir(), name)
		if err := data.WriteMetadata(path, m); err != nil {
			t.Fatal(err)
		}
		return path
	}
	foreign := save("gender.csv", m.Gender) // not in the captions
	named := save("colour.csv", m.Color)
	for _, c := range []struct {
		table, ending string
		told          bool
	}{{foreign, "png", false}, {named, "png", true}, {named, "html", false}} {
		_, _, _, stderr := call(t, "show", "--triplets", triplets, "--metadata", c.table, "--images", filepath.Join(filepath.Dir(triplets), "..", "images"), "--quiet",
			"--out", filepath.Join(out, "foreign."+c.ending))
		if strings.Contains(stderr, "letters that the sheet's font lacks") != c.told {
			t.Errorf("%s: stderr %q", c.ending, stderr)
		}
	}

	// A sheet too large to be looked at is refused, a page is not.
	large := filepath.Join(t.TempDir(), "many.tsv")
	write(t, large, "q\tp\tn\n"+strings.Repeat("0\t1\t2\n", 9000))
	if code, _, _, stderr := call(t, "show", "--triplets", large, "--metadata", table, "--count", "9000", "--cell", "128", "--out", filepath.Join(out, "large.png")); code != 2 || !strings.Contains(stderr, "too large to look at") {
		t.Errorf("code %d, stderr %q", code, stderr)
	}
}
