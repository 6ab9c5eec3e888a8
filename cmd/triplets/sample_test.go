package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"deeprank/data"
)

// sampleTable writes a table of 400 pictures in a folder of its own.
func sampleTable(t *testing.T) (path string, m *data.Metadata) {
	t.Helper()
	m = &data.Metadata{}
	for i := range 400 {
		product := i / 3
		m.Category = append(m.Category, []string{"hat", "shoe", "long dress", "帽子"}[product*product%7%4])
		m.Color = append(m.Color, []string{"red", "", "dark blue"}[product%3])
		m.ID, m.Gender = append(m.ID, fmt.Sprint(product)), append(m.Gender, []string{"f", "m"}[product%2])
		m.Name = append(m.Name, fmt.Sprintf("%d.jpg", i))
	}
	path = filepath.Join(t.TempDir(), "sample_set.csv")
	if err := data.WriteMetadata(path, m); err != nil {
		t.Fatal(err)
	}
	return path, m
}

// runSample runs the program.
func runSample(t *testing.T, args ...string) (code int, line map[string]any, stderr string) {
	t.Helper()
	var stdout, errs bytes.Buffer
	code = run(t.Context(), args, &stdout, &errs)
	if err := json.Unmarshal(stdout.Bytes(), &line); err != nil || strings.Count(stdout.String(), "\n") != 1 {
		t.Fatalf("stdout %q: %v", stdout.String(), err)
	}
	return code, line, errs.String()
}

func TestSample(t *testing.T) {
	metadata, m := sampleTable(t)
	out := filepath.Join(t.TempDir(), "triplets.tsv")
	for _, c := range []struct {
		name string
		args []string
	}{
		{"plain", nil},
		{"rows", []string{"--query", "rows", "--in-class", "1", "--same-colour", "0"}},
		{"product", []string{"--in-class-negative", "product", "--same-colour", "0.5"}},
		{"unique", []string{"--unique", "--balance", "200"}},
		{"relevance", []string{"--strategy", "relevance", "--margin", "1", "--weight-gender", "2", "--buffer", "50"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			const count = 9000
			args := append([]string{"sample", "--metadata", metadata, "--count", fmt.Sprint(count), "--out", out, "--seed", "5"}, c.args...)
			code, line, stderr := runSample(t, append(args, "--threads", "1")...)
			if code != 0 || line["status"] != "done" || line["count"] != float64(count) || line["triplets"] != out || line["products"] != 134.0 {
				t.Fatalf("exit code %d: %v, stderr %q", code, line, stderr)
			}
			ts, err := data.ReadTriplets(out, m.Rows())
			if err != nil || len(ts) != count {
				t.Fatalf("%d triplets: %v", len(ts), err)
			}
			counted := map[string]float64{}
			for _, x := range ts {
				counted[m.KindOf(x).String()]++
			}
			for kind, n := range line["kinds"].(map[string]any) {
				if counted[kind] != n {
					t.Errorf("%q: told %v, in the file %v", kind, n, counted[kind])
				}
				delete(counted, kind)
				if !strings.Contains(stderr, kind) {
					t.Errorf("stderr %q does not tell of %q", stderr, kind)
				}
			}
			if len(counted) > 0 {
				t.Errorf("not told: %v", counted)
			}
			one, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			if code, _, stderr = runSample(t, append(args, "--threads", "4", "--quiet")...); code != 0 || stderr != "" {
				t.Fatalf("exit code %d, stderr %q", code, stderr)
			}
			if four, err := os.ReadFile(out); err != nil || !bytes.Equal(one, four) {
				t.Errorf("four threads write another file: %v", err)
			}
		})
	}
}

func TestSampleRefuses(t *testing.T) {
	metadata, _ := sampleTable(t)
	dir := t.TempDir()
	mine := filepath.Join(dir, "mine.txt")
	if err := os.WriteFile(mine, []byte("mine\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	good := "sample --metadata " + metadata + " --count 10 --out " + filepath.Join(dir, "t.tsv")
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"sample --count 10", 2, "--metadata FILE is missing"},
		{"sample --metadata " + metadata, 2, "--count N is missing"},
		{good + " --count -1", 2, "--count is -1"},
		{good + " extra", 2, `"extra" is too much`},
		{good + " --strategy random", 2, `--strategy is "random"; it must be kinds or relevance`},
		{good + " --query all", 2, "pairs or rows"},
		{good + " --in-class-negative color", 2, "colour or product"},
		{good + " --in-class 1.5", 2, "--in-class is 1.5"},
		{good + " --same-colour NaN", 2, "--same-colour is NaN"},
		{good + " --strategy relevance --margin -1", 2, "--margin is -1"},
		{good + " --strategy relevance --query rows", 2, "--query has no meaning with --strategy relevance"},
		{good + " --margin 1", 2, "--margin has no meaning with --strategy kinds"},
		{good + " --in-class 0 --in-class-negative product", 2, "no meaning with --in-class 0"},
		{good + " --out " + mine, 2, "mine.txt is there and is no table of triplets"},
		{good + " --out " + metadata, 2, "no table of triplets"},
		{good + " --out " + dir, 2, "is not a file"},
		{good + " --out " + dir + "/none/t.tsv", 2, "there is no folder"},
		{"sample --metadata " + mine + " --count 10 --out " + dir + "/t.tsv", 3, "mine.txt:1: no column"},
		{good + " --balance 1 --count 1000", 3, "lower --count or raise --balance"},
		{good + " --unique --count 2000000000", 3, "different triplets of the kind"},
		{good + " --strategy relevance --margin 5000", 3, "differs by 5000 or more"},
	} {
		code, line, stderr := runSample(t, strings.Fields(c.args)...)
		if code != c.code || !strings.Contains(stderr, c.want) || line["status"] != "failed" {
			t.Errorf("%q: exit code %d, want %d; stderr %q, want %q", c.args, code, c.code, stderr, c.want)
		}
	}
	if text, err := os.ReadFile(mine); err != nil || string(text) != "mine\n" {
		t.Errorf("the file of another now holds %q: %v", text, err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v %v", left, err)
	}
}
