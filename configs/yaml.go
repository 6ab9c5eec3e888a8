package configs

func (c *Config) YAML() ([]byte, error)              { return nil, nil }
func FromYAML(name string, b []byte) (Config, error) { return Default(), nil }
