package history

import (
	"path/filepath"
	"strings"

	"deeprank/configs"
)

// Difference is a setting that is not the same in all runs, with its value in each.
type Difference struct {
	Key    string
	Values []string
}

// Differences are the settings in which runs differ, in the order of the config; out, which names the run itself, and settings that change no
// result are left out. A path that is the
// end of another one is taken for the same: runs may have been started in different folders.
func Differences(runs []*Run) (all []Difference) {
	if len(runs) == 0 {
		return nil
	}
	settings := make([][]configs.Setting, len(runs))
	for i, r := range runs {
		settings[i] = r.Config.Settings()
	}
	for k, first := range settings[0] {
		if first.Key == "out" || configs.SameResult(first.Key) {
			continue
		}
		d, same := Difference{Key: first.Key}, true
		for i := range runs {
			d.Values = append(d.Values, settings[i][k].Value)
			same = same && equal(first.Key, settings[i][k].Value, first.Value)
		}
		if !same {
			all = append(all, d)
		}
	}
	return all
}

// equal compares two values of a setting.
func equal(key, a, b string) bool {
	switch key {
	case "triplets", "metadata", "images", "val_triplets", "val_metadata", "init":
		if a == "" || b == "" {
			break
		}
		a, b = filepath.Clean(a), filepath.Clean(b)
		slash := string(filepath.Separator)
		return a == b || strings.HasSuffix(a, slash+b) || strings.HasSuffix(b, slash+a)
	}
	return a == b
}
