package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"deeprank/internal/cli"
)

// files writes files into a new folder and gives it.
func files(t *testing.T, content map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range content {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// runIn runs the program; DIR in its arguments is the folder. It gives the exit code, the JSON line, and all other output.
func runIn(t *testing.T, dir, args string) (code int, line map[string]any, text string) {
	t.Helper()
	var list []string
	for a := range strings.FieldsSeq(args) {
		list = append(list, strings.ReplaceAll(a, "DIR", dir))
	}
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), list, &stdout, &stderr)
	out := strings.TrimSuffix(stdout.String(), "\n")
	last := strings.LastIndexByte(out, '\n') + 1
	if err := json.Unmarshal([]byte(out[last:]), &line); err != nil {
		t.Fatalf("%s: the last line on stdout is %q: %v", args, out[last:], err)
	}
	return code, line, strings.ReplaceAll(out[:last]+stderr.String(), dir+"/", "")
}

// table has two products with two pictures, and one without a product, of three categories.
const table = "_category\t_color\t_id\t_gender\t_name\nshoe\tred\t1\t\t0.png\nshoe\tred\t1\t\t1.png\n" +
	"bag\tred\t2\t\t2.png\nbag\tred\t2\t\t3.png\nhat\tred\t\t\t4.png\n"

func TestCheck(t *testing.T) {
	dir := files(t, map[string]string{
		"sample_set.csv": table, "other.csv": table,
		"wrong.csv": "_category\t_color\t_id\t_gender\t_name\nshoe\tred\t1\t\t0.png\n",
		"good.tsv":  "q\tp\tn\n0\t1\t2\n",
		"dup.tsv":   "q\tp\tn\n0\t1\t2\n0\t1\t2\n",
		"note.tsv":  "q\tp\tn\n0\t2\t4\n",
		"bad.tsv":   "q\tp\tn\n0\t1\t2\n0\t0\t2\n0\t1\t5\n1\t0\t2\n",
		"all.tsv":   "q\tp\tn\n0\t0\t2\n",
		"val.tsv":   "q\tp\tn\n2\t3\t4\n",
		"bval.tsv":  "q\tp\tn\n2\t3\t3\n",
		"images/x":  "",
	})
	for _, c := range []struct {
		args string
		code int
		want string // in the text
		json map[string]any
	}{
		{"--triplets DIR/good.tsv", 0, "good.tsv: 1 line, nothing to mend", map[string]any{"status": "done", "lines": 1.0, "errors": 0.0}},
		{"--triplets DIR/dup.tsv", 0, "dup.tsv:3: as line 2", map[string]any{"warnings": 1.0, "errors": 0.0}},
		{"--triplets DIR/dup.tsv --strict", 3, "1 of 2 lines must be mended", nil},
		{"--triplets DIR/dup.tsv --strict --fix DIR/strict.tsv", 0, "1 lines, 1 left out", nil},
		{"--triplets DIR/good.tsv --val-triplets DIR/dup.tsv --strict", 3, "dup.tsv: ", nil},
		{"--triplets DIR/good.tsv --metadata DIR/wrong.csv", 3, "does wrong.csv belong to this file?", nil},
		{"--triplets DIR/note.tsv", 0, "may be meant", map[string]any{"warnings": 0.0, "errors": 0.0}},
		{"--triplets DIR/note.tsv --all", 0, "note.tsv:2: q 0, p 2, n 4", nil},
		{"--triplets DIR/bad.tsv", 3, "bad.tsv:3: q 0, p 0, n 2", map[string]any{"status": "failed", "lines": 4.0, "errors": 2.0}},
		{"--triplets DIR/bad.tsv", 3, "bad.tsv:4: n is 5, no row from 0 to 4", nil},
		{"--triplets DIR/bad.tsv", 3, "2 of 4 lines must be mended; --fix OUT", nil},
		{"--triplets DIR/bad.tsv --metadata DIR/other.csv", 3, "other.csv: 5 pictures", map[string]any{"metadata": dir + "/other.csv"}},
		{"--triplets DIR/bad.tsv --fix DIR/fixed.tsv", 0, "fixed.tsv: 2 lines, 2 left out", map[string]any{
			"status": "done", "fixed": dir + "/fixed.tsv", "kept": 2.0, "dropped": 2.0}},
		{"--triplets DIR/fixed.tsv", 0, "nothing to mend", nil},
		{"--triplets DIR/dup.tsv --fix DIR/undup.tsv", 0, "1 lines, 1 left out", nil},
		{"--triplets DIR/good.tsv --fix DIR/same.tsv", 0, "1 lines, 0 left out", map[string]any{"dropped": 0.0}},
		{"--triplets DIR/all.tsv --fix DIR/none.tsv", 3, "none of the 1 lines", map[string]any{"status": "failed"}},
		{"--triplets DIR/good.tsv --val-triplets DIR/val.tsv", 3, `product "2" is also in val.tsv:2`, map[string]any{"leaks": 1.0, "errors": 1.0}},
		{"--triplets DIR/bad.tsv --val-triplets DIR/bval.tsv --fix DIR/none.tsv", 3, "none of the 4 lines", nil},
		{"--triplets DIR/note.tsv --val-triplets DIR/all.tsv --fix DIR/none.tsv", 3, "none of", nil},
		{"--triplets DIR/val.tsv --val-triplets DIR/all.tsv", 3, "all.tsv:2: q 0, p 0", map[string]any{"val_triplets": dir + "/all.tsv"}},
		{"--triplets DIR/good.tsv --images DIR/images", 3, "images/0.png: there is no such picture", map[string]any{"pictures": 3.0, "bad_pictures": 3.0}},
		{"--triplets DIR/good.tsv --deep", 3, "images: 3 of the 3 in use are not readable", nil}, // images beside the metadata
		{"--triplets DIR/good.tsv --images DIR/gone", 3, "images folder", nil},
		{"--triplets DIR/gone.tsv", 3, "gone.tsv", nil},
		{"--triplets DIR/images/x", 3, "no metadata beside", nil},
		{"", 2, "--triplets FILE is missing", nil},
		{"--triplets DIR/good.tsv extra", 2, `extra" is too much`, nil},
		{"--triplets DIR/bad.tsv --fix DIR/bad.tsv", 2, "--fix would write over bad.tsv", nil},
		{"--triplets DIR/bad.tsv --fix DIR/images/../bad.tsv", 2, "--fix would write over bad.tsv", nil},
		{"--triplets DIR/bad.tsv --fix DIR/link.tsv", 2, "--fix would write over bad.tsv", nil},
		{"--triplets DIR/bad.tsv --fix DIR/hard.tsv", 2, "--fix would write over bad.tsv", nil},
		{"--triplets DIR/bad.tsv --fix DIR/sample_set.csv", 2, "--fix would write over sample_set.csv", nil},
		{"--triplets DIR/bad.tsv --val-triplets DIR/val.tsv --fix DIR/val.tsv", 2, "--fix would write over val.tsv", nil},
		{"--triplets DIR/bad.tsv --fix=", 2, "--fix is empty", nil},
		{"--triplets DIR/bad.tsv --fix DIR/images", 2, "is not a file", nil},
		{"--triplets DIR/bad.tsv --fix DIR/no/fixed.tsv", 2, "there is no folder no", nil},
		{"--triplets DIR/bad.tsv --threads -1", 2, "--threads", nil},
	} {
		if strings.Contains(c.args, "link.tsv") {
			if err := os.Symlink("bad.tsv", filepath.Join(dir, "link.tsv")); err != nil {
				t.Fatal(err)
			}
		}
		if strings.Contains(c.args, "hard.tsv") {
			if err := os.Link(filepath.Join(dir, "bad.tsv"), filepath.Join(dir, "hard.tsv")); err != nil {
				t.Fatal(err)
			}
		}
		code, line, text := runIn(t, dir, "check "+c.args)
		if code != c.code || !strings.Contains(text, c.want) {
			t.Errorf("%s: exit code %d, want %d; %q is missing in\n%s", c.args, code, c.code, c.want, text)
		}
		for key, want := range c.json {
			if line[key] != want {
				t.Errorf("%s: %s is %v, want %v", c.args, key, line[key], want)
			}
		}
	}
	for name, want := range map[string]string{
		"fixed.tsv": "q\tp\tn\n0\t1\t2\n1\t0\t2\n", "undup.tsv": "q\tp\tn\n0\t1\t2\n", "same.tsv": "q\tp\tn\n0\t1\t2\n",
		"bad.tsv": "q\tp\tn\n0\t1\t2\n0\t0\t2\n0\t1\t5\n1\t0\t2\n", // as before
	} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != want {
			t.Errorf("%s is %q, %v; want %q", name, got, err, want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "none.tsv")); err == nil {
		t.Error("a file without triplets was written")
	}
}

// With errors in the validation triplets, mending the triplets is not all: they are mended, and the exit code says that something is left.
func TestCheckFixWithBadValidation(t *testing.T) {
	dir := files(t, map[string]string{"sample_set.csv": table, "t.tsv": "q\tp\tn\n0\t1\t4\n0\t0\t4\n", "v.tsv": "q\tp\tn\n2\t3\t3\n"})
	code, line, text := runIn(t, dir, "check --triplets DIR/t.tsv --val-triplets DIR/v.tsv --fix DIR/fixed.tsv")
	if code != 3 || line["kept"] != 1.0 || !strings.Contains(text, "v.tsv: 1 of 1 lines must be mended; give this file as --triplets, with --fix OUT") {
		t.Errorf("exit code %d, %v\n%s", code, line, text)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "fixed.tsv")); string(got) != "q\tp\tn\n0\t1\t4\n" {
		t.Errorf("fixed is %q, %v", got, err)
	}
	code, _, text = runIn(t, dir, "check --triplets DIR/fixed.tsv --val-triplets DIR/v.tsv")
	if code != 3 || !strings.Contains(text, "v.tsv: 1 of 1 lines must be mended") {
		t.Errorf("exit code %d\n%s", code, text)
	}
}

// The counts in the JSON line, from triplets counted by hand.
func TestCheckCounts(t *testing.T) {
	dir := files(t, map[string]string{"sample_set.csv": table, "t.tsv": "q\tp\tn\n0\t1\t2\n0\t1\t3\n0\t2\t4\n2\t3\t3\n0\n"})
	_, line, _ := runIn(t, dir, "check --triplets DIR/t.tsv")
	defects, _ := line["defects"].(map[string]any)
	want := map[string]any{"broken": 1.0, "not_a_row": 0.0, "q_is_p": 0.0, "q_is_n": 0.0, "p_is_n": 1.0, "same_id": 1.0, "leak": 0.0, "picture": 0.0, "duplicate": 0.0, "unrelated": 1.0}
	for key, n := range want {
		if defects[key] != n {
			t.Errorf("%s is %v, want %v", key, defects[key], n)
		}
	}
	if len(defects) != len(want) {
		t.Errorf("the defects are %v", defects)
	}
	kinds, err := json.Marshal(line["kinds"])
	if err != nil {
		t.Fatal(err)
	}
	const shares = `[{"lines":2,"negative":"other category","positive":"same product","share":0.5},` +
		`{"lines":1,"negative":"same product","positive":"same product","share":0.25},{"lines":1,"negative":"other category","positive":"other","share":0.25}]`
	if string(kinds) != shares {
		t.Errorf("kinds are %s", kinds)
	}
}

func TestCheckStopped(t *testing.T) {
	dir := files(t, map[string]string{"sample_set.csv": table, "t.tsv": "q\tp\tn\n0\t1\t2\n0\t0\t2\n"})
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cli.StopSignal{Signal: syscall.SIGTERM})
	var stdout, stderr bytes.Buffer
	if code := run(ctx, []string{"check", "--triplets", dir + "/t.tsv", "--fix", dir + "/fixed.tsv"}, &stdout, &stderr); code != 143 {
		t.Errorf("exit code %d: %s", code, stderr.String())
	}
	if _, err := os.Stat(dir + "/fixed.tsv"); err == nil {
		t.Error("a file was written after the signal")
	}
}
