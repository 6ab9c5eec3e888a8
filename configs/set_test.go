package configs

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestSet: --set is a line of a config file after the file's own.
func TestSet(t *testing.T) {
	file := filepath.Join(t.TempDir(), "shop.yaml")
	if err := os.WriteFile(file, []byte("gap: -1\nbatch: 4\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		want func(c *Config)
	}{
		{[]string{"--set", "gap=0.5"}, func(c *Config) { c.Gap = 0.5 }},
		{[]string{"--set", "gap=0.5", "--config", file}, func(c *Config) { c.Gap, c.Batch = 0.5, 4 }},
		{[]string{"--set=weight_decay=1e-05", "--set", "gap = 2", "--batch", "3"}, func(c *Config) { c.WeightDecay, c.Gap, c.Batch = 1e-5, 2, 3 }},
		{[]string{"--set", "gap=2", "--set", "gap=3"}, func(c *Config) { c.Gap = 3 }},
		{[]string{"--set", "freeze=[features, embed]", "--set", "micro_batch=auto"}, func(c *Config) { c.Freeze, c.MicroBatch = []string{"features", "embed"}, Auto }},
		{[]string{"--set", `freeze=["*.bias"]`, "--set", "max_time=2h30m"}, func(c *Config) { c.Freeze, c.MaxTime = []string{"*.bias"}, 150*time.Minute }},
		{[]string{"--set", "shuffle=false", "--set", "cache=''", "--set", "seed=18446744073709551615"}, func(c *Config) { c.Shuffle, c.Seed = false, 1<<64-1 }},
		{[]string{"--set", "out='a #b'", "--set", "images=c#d"}, func(c *Config) { c.Out, c.Images = "a #b", "c#d" }},
		{[]string{"--set", "out=runs/lr=0.1,gap=2"}, func(c *Config) { c.Out = "runs/lr=0.1,gap=2" }},
	} {
		want := Default()
		want.Triplets = "t.tsv"
		test.want(&want)
		got, err := Parse("train", append([]string{"--triplets", "t.tsv"}, test.args...), &bytes.Buffer{})
		if err != nil {
			t.Errorf("%q: %v", test.args, err)
		} else if diff := cmp.Diff(&want, got); diff != "" {
			t.Errorf("%q: %s", test.args, diff)
		}
	}
	if got, err := Parse("train", []string{"--set", "triplets=t.tsv"}, &bytes.Buffer{}); err != nil || got.Triplets != "t.tsv" {
		t.Errorf("a required key: %v, %v", got, err)
	}
}

func TestSetRefuses(t *testing.T) {
	for _, test := range []struct {
		args, want string // all parts of want, with | between them, are in the message
	}{
		{"gap", `--set: is "gap"; write --set KEY=VALUE`},
		{"=1", `--set: is "=1"`},
		{"gpa=1", "--set gpa: unknown key; did you mean gap?"},
		{"margin=1", "--set margin: unknown key; did you mean gap?"},
		{"weight-decay=1", "did you mean weight_decay?"},
		{"step=3", "did you mean steps, |step_every|step_factor"},
		{"frobnicate=1", "--set frobnicate: unknown key; the keys are the flags of --help"},
		{"gap=wide", `--set gap: is "wide", expected a number`},
		{"gap='1'", `--set gap: is the text "1", expected a number without quotes`},
		{"gap=", "--set gap: has no value, expected a number"},
		{"gap=-1", "--set gap: is -1; allowed: a number from 0 to 1000"},
		{"gap=[1]", "--set gap: is a list"},
		{"batch=1.5", "--set batch: is \"1.5\", expected a whole number"},
		{"gap=1\nlr: 2", "--set gap: is |which is more than a value"},
		{"out=a #b", `--set out: is "a #b", of which YAML takes what begins with # for a comment`},
		{"out=a: b", "--set out: "},
		{"out=\"a", "which YAML cannot read"},
		{"out=\xff", "which is not UTF-8"},
	} {
		_, err := Parse("train", []string{"--triplets", "t", "--set", test.args}, &bytes.Buffer{})
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%q: got %v, want an *Error", test.args, err)
			continue
		}
		for part := range strings.SplitSeq(test.want, "|") {
			if !strings.Contains(e.Error(), part) || len(e.Problems) != 1 {
				t.Errorf("%q: got  %s\nwant %s in it", test.args, e, part)
			}
		}
	}
	for _, args := range [][]string{{"--set", "gap=1", "--gap", "2"}, {"--gap=2", "--set=gap=1"}} {
		_, err := Parse("train", append([]string{"--triplets", "t"}, args...), &bytes.Buffer{})
		if want := "--set gap: is given by --gap too; leave one of the two out"; err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", args, err, want)
		}
	}
	if _, err := Parse("train", []string{"--triplets", "t", "--set"}, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "--set: has no value") {
		t.Errorf("without a value: %v", err)
	}
}
