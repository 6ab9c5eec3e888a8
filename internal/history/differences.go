package history

import "deeprank/configs"

// Difference is a setting that is not the same in all runs, with its value in each.
type Difference struct {
	Key    string
	Values []string
}

// Differences are the settings in which runs differ, in the order of the config; out, which names the run itself, is left out.
func Differences(runs []*Run) (all []Difference) {
	if len(runs) == 0 {
		return nil
	}
	settings := make([][]configs.Setting, len(runs))
	for i, r := range runs {
		settings[i] = r.Config.Settings()
	}
	for k, first := range settings[0] {
		if first.Key == "out" {
			continue
		}
		d, same := Difference{Key: first.Key}, true
		for i := range runs {
			d.Values = append(d.Values, settings[i][k].Value)
			same = same && settings[i][k].Value == first.Value
		}
		if !same {
			all = append(all, d)
		}
	}
	return all
}
