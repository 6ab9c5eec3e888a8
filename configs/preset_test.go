package configs

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPresets(t *testing.T) {
	for _, name := range Presets() {
		c, err := Preset(name)
		if err != nil {
			t.Fatal(err)
		}
		c.Triplets = "t.tsv"
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		text, err := presetFiles.ReadFile(name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		header, _, _ := strings.Cut(string(text), "\n\n")
		for _, part := range []string{"# For:     ", "# Command: train --config " + name + " ", "# Gave:    "} {
			if !strings.Contains(header, part) {
				t.Errorf("%s: the header lacks %q", name, part)
			}
		}
		for line := range strings.Lines(header) { // its command is one that works
			if command, ok := strings.CutPrefix(line, "# Command: train "); ok {
				if _, err := Parse("train", strings.Fields(command), &bytes.Buffer{}); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	}
	if _, err := Preset("vgg"); err == nil || !strings.Contains(err.Error(), "did you mean vgg16?") {
		t.Errorf("unknown preset: %v", err)
	}
}

// The presets are all the YAML files of this folder.
func TestPresetsAreTheFiles(t *testing.T) {
	files, err := filepath.Glob("*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !slices.Contains(Presets(), strings.TrimSuffix(f, ".yaml")) {
			t.Errorf("%s is not listed", f)
		}
	}
	if len(files) != len(Presets()) {
		t.Errorf("%d files for %d presets", len(files), len(Presets()))
	}
}

func TestDefaultPresetIsTheDefault(t *testing.T) {
	c, err := Preset("vgg16")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Default(), c); diff != "" {
		t.Error(diff)
	}
	gap, err := Preset("vgg16-gap")
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Head = "gap"
	if diff := cmp.Diff(want, gap); diff != "" {
		t.Error(diff)
	}
}

// A file with a preset's name is reached by its path.
func TestPresetGoesBeforeFile(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("small", []byte("gap: 0.5\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	preset, err := Parse("train", []string{"--triplets", "t", "--config", "small"}, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	file, err := Parse("train", []string{"--triplets", "t", "--config", "./small"}, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	if preset.Gap != 1 || file.Gap != 0.5 {
		t.Errorf("got the gaps %v and %v", preset.Gap, file.Gap)
	}
}
