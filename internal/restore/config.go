package restore

import (
	"errors"

	"deeprank/checkpoints"
	"deeprank/configs"
	"deeprank/data"
)

// ConfigOf is the config of the run that wrote a checkpoint, which the checkpoint itself holds: with it a checkpoint can
// be used without its run's folder. A file without it (weights alone) is a *data.Refused.
func ConfigOf(path string, f *checkpoints.File) (configs.Config, error) {
	s, err := checkpoints.DecodeState(f.Metadata)
	if errors.Is(err, checkpoints.ErrNoState) {
		return configs.Config{}, &data.Refused{Path: path, Reason: "holds weights alone, not what network they are of", Remedy: "name the run's folder with --run"}
	}
	if err != nil {
		return configs.Config{}, &data.Refused{Path: path, Reason: "cannot be used as a checkpoint", Err: err}
	}
	c, err := configs.FromYAML(path, []byte(s.Config))
	if err == nil {
		err = c.Validate()
	}
	if err != nil {
		return c, &data.Refused{Path: path, Reason: "its config cannot be used", Remedy: "name the run's folder with --run", Err: err}
	}
	return c, nil
}
