package configs

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
)

//go:embed vgg16.yaml vgg16-gap.yaml small.yaml demo.yaml
var presetFiles embed.FS

// Presets returns the names of the embedded configs, the default one first.
func Presets() []string { return []string{"vgg16", "vgg16-gap", "small", "demo"} }

// Preset returns the defaults as changed by an embedded config.
func Preset(name string) (Config, error) {
	if !slices.Contains(Presets(), name) {
		return Config{}, refuse("preset", fmt.Sprintf("there is no %q", name), presetHint(name))
	}
	b, err := presetFiles.ReadFile(name + ".yaml")
	if err != nil {
		return Config{}, err
	}
	return FromYAML("preset "+name, b)
}

// maxFile is more than any config needs, in bytes; a picture given by mistake is not read to its end.
const maxFile = 1 << 20

// readConfig returns the text of --config and its name for messages. A preset's name goes before a file
// of that name, which can be given as ./NAME.
func readConfig(value string) (name string, text []byte, err error) {
	if slices.Contains(Presets(), value) {
		text, err = presetFiles.ReadFile(value + ".yaml")
		return "preset " + value, text, err
	}
	f, err := os.Open(value)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil, refuse("--config", fmt.Sprintf("there is neither a file nor a preset %q", value), presetHint(value))
	}
	if err != nil {
		return "", nil, refuse("--config", err.Error(), "give a readable YAML file or a preset")
	}
	defer f.Close()
	text, err = io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return "", nil, refuse("--config", err.Error(), "give a YAML file or a preset")
	}
	if len(text) > maxFile {
		return "", nil, refuse("--config", value+" is larger than 1 MiB", "give a YAML file of settings or a preset")
	}
	return value, text, nil
}

func presetHint(value string) string {
	hint := "presets: " + strings.Join(Presets(), ", ")
	if near := nearest(strings.TrimSuffix(value, ".yaml"), Presets()); near != "" {
		hint = "did you mean " + near + "? " + hint
	}
	return hint
}
