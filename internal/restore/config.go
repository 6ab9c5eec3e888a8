package restore

import (
	"fmt"

	"deeprank/checkpoints"
	"deeprank/configs"
	"deeprank/data"
)

// ConfigOf is the config of the run that wrote a checkpoint, which the checkpoint itself holds: with it a checkpoint can
// be used without its run's folder. A file without it (weights alone) is a *data.Refused.
func ConfigOf(path string, f *checkpoints.File) (configs.Config, error) {
	s, err := checkpoints.DecodeState(f.Metadata)
	if err != nil {
		return configs.Config{}, &data.Refused{
			Path: path, Reason: "does not say which network it is of", Remedy: "name the run's folder with --run", Err: err,
		}
	}
	c, err := configs.FromYAML(path, []byte(s.Config))
	if err == nil {
		err = c.Validate()
	}
	if err != nil {
		return c, &data.Refused{Path: path, Reason: "its config cannot be used", Err: fmt.Errorf("in its metadata: %w", err)}
	}
	return c, nil
}
