package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"deeprank/internal/cli"
)

// handRun writes a run's folder by hand below dir.
func handRun(t *testing.T, dir, name, config, metrics string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(path, 0o777); err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string]string{"config.yaml": "triplets: t.csv\nbatch: 4\nout: " + name + "\n" + config, "metrics.jsonl": metrics} {
		if err := os.WriteFile(filepath.Join(path, file), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func callCompare(t *testing.T, args ...string) (code int, line compareResult, text, stderr string) {
	t.Helper()
	var out, messages bytes.Buffer
	code = run(t.Context(), append([]string{"compare"}, args...), &out, &messages)
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &line); err != nil {
		t.Fatalf("%q: %v", out.String(), err)
	}
	return code, line, strings.Join(lines[:len(lines)-1], "\n"), messages.String()
}

func order(r compareResult) (names []string) {
	for _, one := range r.Runs {
		names = append(names, filepath.Base(one.Run))
	}
	return names
}

func TestCompare(t *testing.T) {
	dir := t.TempDir()
	a := handRun(t, dir, "a", "lr: 0.1\n", `{"step":1,"loss":0.9,"images_per_s":24,"val_accuracy":0.75}`+"\n"+`{"step":2,"loss":0.1,"images_per_s":8,"val_accuracy":0.7}`+"\n"+`{"step":3,"lo`)
	b := handRun(t, dir, "b", "lr: 0.2\n", `{"step":1,"loss":1.2,"images_per_s":12,"val_accuracy":0.8125}`+"\n")
	c := handRun(t, dir, "c", "lr: 0.1\n", `{"step":1,"loss":0.25}`+"\n")
	broken := handRun(t, dir, "broken", "", "{}\n{}\n")
	if err := os.MkdirAll(filepath.Join(dir, "empty"), 0o777); err != nil {
		t.Fatal(err)
	}
	picture := filepath.Join(dir, "curves.svg")
	code, line, text, stderr := callCompare(t, a, b, c, broken, filepath.Join(dir, "empty"), b+"/", "--out", picture)
	if code != cli.Done || !slices.Equal(order(line), []string{"b", "a", "c"}) || line.Winner != b || line.Out != picture {
		t.Errorf("code %d, %+v", code, line)
	}
	var rows [][]string
	for l := range strings.Lines(text) {
		rows = append(rows, strings.Fields(l))
	}
	for i, want := range []string{
		"run status steps best accuracy at step loss images/s time --lr",
		b + " unfinished 1 81.25 % 1 1.2000 12.0 1s 0.2",
		a + " unfinished 2 75.00 % 1 0.5000 12.0 2s 0.1", // 24 pictures in 0.5 + 1.5 seconds
		c + " unfinished 1 - - 0.2500 - 0s 0.1",
	} {
		if got := strings.Join(rows[i], " "); got != want {
			t.Errorf("row %d: %s\nwant %s", i, got, want)
		}
	}
	if want := fmt.Sprintf("Best: %s, validation accuracy 81.25 %%; next is %s with 75.00 %%.", b, a); !strings.HasSuffix(text, want) {
		t.Errorf("%s\nwant %s", text, want)
	}
	if len(line.LeftOut) != 2 || !strings.Contains(stderr, "broken/metrics.jsonl") || !strings.Contains(stderr, "empty") || !strings.Contains(stderr, "twice") {
		t.Errorf("left out %v, said %s", line.LeftOut, stderr)
	}
	svg, err := os.ReadFile(picture)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"a", "b", "c", "Validation accuracy", "Loss"} {
		if !strings.Contains(string(svg), ">"+want+"<") {
			t.Errorf("the picture has no %q", want)
		}
	}

	picture = filepath.Join(dir, "curves.PNG")
	if code, line, text, _ := callCompare(t, b, a, c, "--by", "loss", "--json", "--out", picture); code != cli.Done || text != "" || !slices.Equal(order(line), []string{"c", "a", "b"}) || line.Winner != c {
		t.Errorf("code %d, text %q, %+v", code, text, line)
	}
	f, err := os.Open(picture)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if im, err := png.Decode(f); err != nil || im.Bounds().Dx() < 500 {
		t.Errorf("the PNG: %v", err)
	}
}

// TestCompareUnknown: runs of another version are compared, and what of them is not is said once.
func TestCompareUnknown(t *testing.T) {
	dir, one := t.TempDir(), `{"step":1,"loss":0.5,"val_accuracy":0.75}`+"\n"
	a := handRun(t, dir, "a", "lr: 0.1\ncolour: red\nthreads: 1\n", one)
	b := handRun(t, dir, "b", "lr: 0.2\ncolour: blue\nthreads: 2\n", one)
	code, line, text, stderr := callCompare(t, a, b)
	if code != cli.Done || len(line.Runs) != 2 || len(line.LeftOut) != 0 || !strings.Contains(text, "--lr") || strings.Contains(text, "--threads") {
		t.Errorf("%d %+v %s", code, line, text)
	}
	if strings.Count(stderr, "colour") != 1 || !strings.Contains(stderr, a+", "+b) {
		t.Error(stderr)
	}
}

// TestCompareOnce: a run is compared once, by whatever path it is named.
func TestCompareOnce(t *testing.T) {
	dir := t.TempDir()
	a := handRun(t, dir, "a", "", `{"step":1,"loss":0.5}`+"\n")
	link := filepath.Join(dir, "link")
	if err := os.Symlink(a, link); err != nil {
		t.Skip(err)
	}
	t.Chdir(dir)
	if code, line, _, stderr := callCompare(t, a, "a", link); code != cli.Done || len(line.Runs) != 1 || strings.Count(stderr, "twice") != 2 {
		t.Errorf("%d %+v %s", code, line, stderr)
	}
}

// TestCommonFolder: the legend's names are without the folder that all runs are in.
func TestCommonFolder(t *testing.T) {
	for _, c := range [][]string{
		{"/x/a/", "/x/a/run1", "/x/a/run2"}, {"/x/", "/x/a/run1", "/x/a2/run1"}, {"", "a/run", "/b/run"}, {"", "run", "run2"}, {"r/", "r/a"}, {"/", "/a", "/b/c"}, {"", "a/b", "a"}, {"", "..", "../.."},
	} {
		var runs []comparedRun
		for _, path := range c[1:] {
			runs = append(runs, comparedRun{Run: filepath.FromSlash(path)})
		}
		if got := filepath.ToSlash(commonFolder(runs)); got != c[0] {
			t.Errorf("%q: %q, want %q", c[1:], got, c[0])
		}
	}
}

// TestCompareEqual: equal runs have no winner.
func TestCompareEqual(t *testing.T) {
	dir, one := t.TempDir(), `{"step":1,"loss":0.5,"val_accuracy":0.75}`+"\n"
	a, b := handRun(t, dir, "a", "gap: 1.0\n", one), handRun(t, dir, "b", "gap: 2.0\nval_triplets: v.csv\n", one)
	code, line, text, stderr := callCompare(t, a, b, "--by", "loss")
	if code != cli.Done || line.Winner != "" || !strings.Contains(text, "2 runs are equal: loss 0.5000") {
		t.Errorf("%d %+v %s", code, line, text)
	}
	if !strings.Contains(stderr, "different gaps") || !strings.Contains(stderr, "different validation triplets") {
		t.Error(stderr)
	}
	c := handRun(t, dir, "c", "", `{"step":1,"loss":0.5}`+"\n")
	if _, _, _, stderr := callCompare(t, b, c); strings.Contains(stderr, "warning") {
		t.Errorf("one run alone has an accuracy: %s", stderr)
	}
	if _, line, text, _ := callCompare(t, c); line.Winner != "" || !strings.Contains(text, "no winner") {
		t.Errorf("%+v %s", line, text)
	}
}

func TestCompareRefuses(t *testing.T) {
	dir := t.TempDir()
	good := handRun(t, dir, "good", "", `{"step":1,"loss":0.5}`+"\n")
	empty := handRun(t, dir, "empty", "", "")
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{nil, cli.Usage, "something is missing"},
		{[]string{good, "--by", "colour"}, cli.Usage, "accuracy, recall@1, val_loss or loss"},
		{[]string{good, "--out", "x.gif"}, cli.Usage, ".svg or .png"},
		{[]string{good, "--out", ""}, cli.Usage, "is empty"},
		{[]string{good, "--out", filepath.Join(dir, "none/x.svg")}, cli.Usage, "no folder"},
		{[]string{filepath.Join(dir, "none")}, cli.Usage, "no run is left"},
		{[]string{empty}, cli.Data, "no run is left"},
		{[]string{empty, filepath.Join(dir, "none")}, cli.Data, "no run is left"},
	} {
		if code, _, _, stderr := callCompare(t, c.args...); code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: code %d, %s; want %d, %q", c.args, code, stderr, c.code, c.want)
		}
	}
}

// Runs that search validation pictures: a column, a curve, and what decides where no accuracy was measured.
func TestCompareRecall(t *testing.T) {
	dir := t.TempDir()
	a := handRun(t, dir, "a", "val_metadata: v.csv\n", `{"step":1,"loss":0.1,"val_recall_at_1":0.25}`+"\n"+`{"step":2,"loss":0.1,"val_recall_at_1":0.125}`+"\n")
	b := handRun(t, dir, "b", "val_metadata: v.csv\n", `{"step":1,"loss":0.9,"val_recall_at_1":0.5}`+"\n")
	c := handRun(t, dir, "c", "val_metadata: v.csv\nval_triplets: t.csv\n", `{"step":1,"loss":0.9,"val_accuracy":0.75,"val_recall_at_1":0.375}`+"\n")
	picture := filepath.Join(dir, "curves.svg")
	_, line, text, _ := callCompare(t, a, b, "--out", picture)
	if line.By != "recall@1" || line.Winner != b || *line.Runs[1].BestRecall != 0.25 || line.Runs[1].RecallStep != 1 {
		t.Errorf("%+v", line)
	}
	if !strings.Contains(text, "best recall@1") || !strings.Contains(text, "Best: "+b+", recall@1 50.00 %; next is "+a+" with 25.00 %.") {
		t.Error(text)
	}
	if svg, err := os.ReadFile(picture); err != nil || !bytes.Contains(svg, []byte("Recall@1")) {
		t.Errorf("%v: no curve of the recall", err)
	}
	if _, line, _, _ := callCompare(t, a, b, c); line.By != "accuracy" || line.Winner != c || !slices.Equal(order(line), []string{"c", "b", "a"}) {
		t.Errorf("%+v", line)
	}
	if _, line, _, _ := callCompare(t, a, b, c, "--by", "recall@1"); !slices.Equal(order(line), []string{"b", "c", "a"}) {
		t.Errorf("%+v", line)
	}
}

// Runs that all took their best by one measure are compared by it.
func TestCompareByTheirBest(t *testing.T) {
	dir := t.TempDir()
	const both = "val_metadata: v.csv\nval_triplets: t.csv\n"
	run := func(name, by string, accuracy, valLoss, recall, loss float64) string {
		return handRun(t, dir, name+by, both+"best_by: "+by+"\n", fmt.Sprintf(`{"step":1,"loss":%v,"val_accuracy":%v,"val_loss":%v,"val_recall_at_1":%v}`+"\n", loss, accuracy, valLoss, recall))
	}
	for by, want := range map[string]struct{ by, winner, said string }{
		"loss": {"val_loss", "b", "validation loss 0.2500"}, "recall@1": {"recall@1", "c", "recall@1 75.00 %"}, "accuracy": {"accuracy", "a", "validation accuracy 75.00 %"},
	} {
		runs := []string{run("a", by, 0.75, 0.5, 0.25, 0.2), run("b", by, 0.5, 0.25, 0.5, 0.3), run("c", by, 0.25, 0.75, 0.75, 0.1)}
		code, line, text, _ := callCompare(t, runs...)
		if code != cli.Done || line.By != want.by || filepath.Base(line.Winner) != want.winner+by || !strings.Contains(text, want.said) || strings.Contains(text, "best val loss") != (by == "loss") {
			t.Errorf("%s: %d %+v\n%s", by, code, line, text)
		}
		picture := filepath.Join(dir, "curves.svg")
		if code, _, _, stderr := callCompare(t, append(runs, "--out", picture)...); code != cli.Done {
			t.Error(stderr)
		}
		if svg, err := os.ReadFile(picture); err != nil || bytes.Contains(svg, []byte("Validation loss")) != (by == "loss") {
			t.Errorf("%s: the curves (%v)", by, err)
		}
		if _, line, _, _ := callCompare(t, append(runs, "--by", "loss")...); filepath.Base(line.Winner) != "c"+by {
			t.Errorf("%s, by the training's loss: %+v", by, line)
		}
	}
}
