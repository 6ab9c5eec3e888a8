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
