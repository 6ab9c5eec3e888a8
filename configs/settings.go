package configs

// Setting is a setting by its YAML key, its value as it is written on a command line.
type Setting struct{ Key, Value string }

// Settings lists the settings that a run's config.yaml holds, in the order of the table.
func (c *Config) Settings() []Setting {
	var all []Setting
	for _, o := range options(c) {
		if o.field == &c.Resume || o.field == &c.DryRun || o.field == &c.PrintConfig {
			continue // as in YAML
		}
		all = append(all, Setting{o.key(), formatValue(o.field)})
	}
	return all
}

// SameResult says whether a setting, by its YAML key, changes nothing that a run trains or measures: how fast it is, how much it keeps
// and says.
func SameResult(key string) bool {
	switch key {
	case "workers", "cache", "cache_limit", "micro_batch", "memory", "threads", "save_every", "save_minutes", "keep", "log_every", "quiet":
		return true
	}
	return false
}
