package configs

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
)

func TestParseLayers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "shop.yaml")
	if err := os.WriteFile(file, []byte("gap: 0.5\nbatch: 4\naugment: flip\nfreeze: [features]\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	base := []string{"--triplets", "t.tsv"}
	tests := []struct {
		name string
		args []string
		want func(c *Config)
	}{
		{"defaults", nil, func(*Config) {}},
		{"the issue's line", []string{"--gap", "1.0"}, func(*Config) {}},
		{"file over defaults", []string{"--config", file},
			func(c *Config) { c.Gap, c.Batch, c.Augment, c.Freeze = 0.5, 4, "flip", []string{"features"} }},
		{"flag over file, before it", []string{"--gap=2", "--config", file},
			func(c *Config) { c.Gap, c.Batch, c.Augment, c.Freeze = 2, 4, "flip", []string{"features"} }},
		{"flag back to the default", []string{"--config", file, "--gap", "1", "--augment", "flip,shift", "--freeze="},
			func(c *Config) { c.Batch = 4 }},
		{"switches", []string{"--nesterov", "--shuffle=false", "--quiet"},
			func(c *Config) { c.Nesterov, c.Shuffle, c.Quiet = true, false, true }},
		{"list twice", []string{"--freeze", "features.0.*,features.2.*", "--freeze", "embed"},
			func(c *Config) { c.Freeze = []string{"features.0.*", "features.2.*", "embed"} }},
		{"the last one counts", []string{"--gap", "2", "--gap", "3"}, func(c *Config) { c.Gap = 3 }},
		{"time, size, seed", []string{"--max-time", "2h30m", "--cache-limit", "500MB", "--seed", "18446744073709551615"},
			func(c *Config) { c.MaxTime, c.CacheLimit, c.Seed = 150*time.Minute, "500MB", 1<<64-1 }},
		{"small learning rates, negative exponents", []string{"--lr", "1e-05"}, func(c *Config) { c.LR = 1e-5 }},
		{"a learning rate that ends in NaN", []string{"--lr", "1e20"}, func(c *Config) { c.LR = 1e20 }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			want := Default()
			want.Triplets = "t.tsv"
			test.want(&want)
			got, err := Parse("train", append(base, test.args...), &bytes.Buffer{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(file, []byte("batch: 4\n\ngap: -1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	ok := []string{"--triplets", "t.tsv"}
	tests := []struct {
		name string
		args []string
		want []string // parts of the message
	}{
		{"nothing", nil, []string{"--triplets: is missing", "--triplets triplets.tsv"}},
		{"unknown flag", []string{"--trplets", "x"}, []string{"--trplets: unknown flag; did you mean --triplets?"}},
		{"underscore", []string{"--weight_decay", "0"}, []string{"did you mean --weight-decay?"}},
		{"other program's flag", []string{"--margin=1"}, []string{"did you mean --gap?"}},
		{"nothing near", []string{"--frobnicate"}, []string{"--frobnicate: unknown flag; see --help"}},
		{"one dash", []string{"-gap", "1"}, []string{"-gap: unknown flag; flags have two dashes: --gap"}},
		{"positional", []string{"triplets.tsv"}, []string{"triplets.tsv: stands without a flag", "train --triplets triplets.tsv"}},
		{"switch with a space", append(ok, "--shuffle", "false"), []string{"false: stands without a flag", "--shuffle=false"}},
		{"no value at the end", []string{"--triplets"}, []string{"--triplets: has no value"}},
		{"no value before a flag", []string{"--triplets", "--gap", "1"}, []string{"--triplets: has no value; --gap follows"}},
		{"not a number", append(ok, "--gap", "wide"), []string{`--gap: is "wide", expected a number`}},
		{"negative gap", append(ok, "--gap", "-1"), []string{"--gap: is -1; allowed: a number from 0 to 1000"}},
		{"gap is not a number", append(ok, "--gap", "NaN"), []string{"--gap: is NaN; allowed"}},
		{"all at once", append(ok, "--gap", "-1", "--size", "100", "--head", "top", "--batch", "x"),
			[]string{"4 problems", "--gap: is -1;", "--size: is 100; allowed: a multiple of 32", `--head: is "top"; allowed: fc or gap`, `--batch: is "x"`}},
		{"in the file, with its line", append(ok, "--config", file), []string{file + ":3: gap: is -1; allowed"}},
		{"missing config", append(ok, "--config", "smal"), []string{`neither a file nor a preset "smal"`, "did you mean small?", "vgg16, vgg16-gap, small, demo"}},
		{"missing config file", append(ok, "--config", "shop.yaml"), []string{`"shop.yaml"`, "presets: vgg16, vgg16-gap, small, demo"}},
		{"folder as config", append(ok, "--config", folder), []string{"--config: ", folder, "give a YAML file"}},
		{"config twice", append(ok, "--config", "small", "--config", "demo"), []string{"--config: is given twice"}},
		{"empty config", append(ok, "--config="), []string{"--config: is empty; presets:"}},
		{"resume without a folder", append(ok, "--resume", "auto"), []string{"--resume: is auto, but which run is not said; name the run's folder: --out"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			c, err := Parse("train", test.args, &out)
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v and %v, want an *Error", c, err)
			}
			for _, part := range test.want {
				if !strings.Contains(e.Error(), part) {
					t.Errorf("got  %s\nwant %s in it", e, part)
				}
			}
			if out.Len() > 0 {
				t.Errorf("printed %q; an error is for the caller to print", out.String())
			}
		})
	}
}

// What is wrong in a file but overridden by a flag is no problem.
func TestFlagReplacesWrongValue(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(file, []byte("gap: -1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Parse("train", []string{"--triplets", "t", "--config", file, "--gap", "1"}, &bytes.Buffer{}); err != nil {
		t.Error(err)
	}
}

func TestPrintConfigNeedsNoTriplets(t *testing.T) {
	c, err := Parse("train", []string{"--config", "small", "--print-config"}, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	if !c.PrintConfig || c.Width != 0.25 || c.Size != 96 {
		t.Errorf("got %+v", c)
	}
}

func TestHelp(t *testing.T) {
	for _, flag := range []string{"--help", "-h"} {
		var out bytes.Buffer
		if _, err := Parse("train", []string{flag}, &out); !errors.Is(err, pflag.ErrHelp) {
			t.Fatalf("%s: got %v", flag, err)
		}
		help := out.String()
		for i, line := range strings.Split(help, "\n") {
			if n := utf8.RuneCountInString(line); n > 100 {
				t.Errorf("line %d has %d columns: %s", i+1, n, line)
			}
		}
		if !strings.Contains(help, "\nUsage: train --triplets triplets.tsv --gap 1.0\n") {
			t.Error("the usage line is missing")
		}
		at := 0
		for _, part := range []string{"Trains", "Usage", "\nData\n", "\nNetwork\n", "\nLoss\n", "\nOptimiser\n", "\nLength\n", "\nRun\n", "\nExamples\n", "\nExit codes\n"} {
			i := strings.Index(help[at:], part)
			if i < 0 {
				t.Fatalf("%q is missing or in the wrong place", part)
			}
			at += i
		}
		var c Config
		for _, o := range options(&c) {
			if !strings.Contains(help, "\n  --"+o.flag+" ") {
				t.Errorf("--%s is missing", o.flag)
			}
		}
		if !strings.Contains(help, "[0.0005]") {
			t.Error("the default of --weight-decay is missing")
		}
		if strings.Contains(help, "[0]") || strings.Contains(help, "[0.0]") {
			t.Error("a default is 0 where words would say what that means")
		}
	}
}

// The examples of the help are command lines that this package accepts.
func TestHelpExamples(t *testing.T) {
	var out bytes.Buffer
	writeHelp(&out, "train")
	_, examples, _ := strings.Cut(out.String(), "\nExamples\n")
	examples, _, _ = strings.Cut(examples, "\n\n")
	n := 0
	for line := range strings.Lines(examples) {
		line, _, _ = strings.Cut(line, ">")
		args := strings.Fields(line)
		if _, err := Parse("train", args[1:], &bytes.Buffer{}); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		n++
	}
	if n < 3 {
		t.Errorf("found %d examples", n)
	}
}

func TestVersion(t *testing.T) {
	var out bytes.Buffer
	if _, err := Parse("train", []string{"--version"}, &out); !errors.Is(err, ErrVersion) {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), "train ") || !strings.Contains(out.String(), "go1.") {
		t.Errorf("got %q", out.String())
	}
}
