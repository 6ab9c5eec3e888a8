package restore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"deeprank/checkpoints"
	"deeprank/configs"
	"deeprank/data"
)

// Run is the folder of a training run, to be read. The run may still be going on.
type Run struct {
	Dir        string
	ConfigPath string
	Config     configs.Config
}

// OpenRun reads the config of a run's folder. A folder that holds no run, and a config that cannot be used, is a
// *configs.Error.
func OpenRun(dir string) (*Run, error) {
	return openRun(dir, configs.FromYAML)
}

// OpenKnown is OpenRun for what a run has written down, not for its network: keys of the config that this version of the program
// does not know are left out and returned.
func OpenKnown(dir string) (r *Run, unknown []string, err error) {
	r, err = openRun(dir, func(name string, text []byte) (c configs.Config, err error) {
		c, unknown, err = configs.KnownFromYAML(name, text)
		return c, err
	})
	return r, unknown, err
}

func openRun(dir string, parse func(name string, text []byte) (configs.Config, error)) (*Run, error) {
	r := &Run{Dir: filepath.Clean(dir), ConfigPath: filepath.Join(dir, "config.yaml")}
	text, err := os.ReadFile(r.ConfigPath)
	switch info, statErr := os.Stat(dir); {
	case err == nil:
	case errors.Is(statErr, fs.ErrNotExist):
		return nil, refuse("--run "+dir, "there is no such folder")
	case statErr == nil && !info.IsDir():
		return nil, refuse("--run "+dir, "is a file; a run is a folder, which train made")
	case errors.Is(err, fs.ErrNotExist):
		return nil, refuse("--run "+dir, "holds no run: there is no config.yaml in it")
	default:
		return nil, fmt.Errorf("reading the run's config: %w", err)
	}
	if r.Config, err = parse(r.ConfigPath, text); err != nil {
		return nil, err
	}
	if err := r.Config.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", r.ConfigPath, err)
	}
	return r, nil
}

// Checkpoint reads the checkpoint at path or, where path is empty, the run's best one; that is the newest where none
// has a score, without the optimiser's tensors. Damaged ones that were passed over are told to warn.
//
// A path that does not exist or is no file, and a run that has no checkpoint yet, is a *configs.Error; a damaged file is
// a *data.Refused.
func (r *Run) Checkpoint(ctx context.Context, path string, warn func(path string, err error)) (string, *checkpoints.File, error) {
	if path != "" {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return "", nil, refuse("--checkpoint "+path, "is a folder; name a checkpoint's file in it, or a run's folder with --run")
		} else if err == nil && !info.Mode().IsRegular() {
			return "", nil, refuse("--checkpoint "+path, "is not a regular file; name a checkpoint's file")
		}
		f, err := checkpoints.ReadSome(path, isParameter)
		if errors.Is(err, fs.ErrNotExist) {
			return "", nil, refuse("--checkpoint", err.Error())
		}
		return path, f, classify(path, err)
	}
	store, err := checkpoints.OpenStore(filepath.Join(r.Dir, "checkpoints"), 1)
	if err != nil {
		return "", nil, err
	}
	store.Wanted = isParameter
	told := map[string]bool{}
	once := func(path string, err error) {
		if !told[path] {
			told[path] = true
			warn(path, err)
		}
	}
	path, f, err := store.Best(ctx, once)
	if errors.Is(err, checkpoints.ErrNone) || errors.Is(err, checkpoints.ErrDamaged) {
		path, f, err = store.Newest(ctx, once)
	}
	if errors.Is(err, checkpoints.ErrNone) {
		return "", nil, refuse("--run "+r.Dir, "has no checkpoint yet; train saves one at its end, and when it is stopped")
	}
	return path, f, classify(store.Dir(), err)
}

// classify makes a *data.Refused of what is wrong with a file's content.
func classify(path string, err error) error {
	if errors.Is(err, checkpoints.ErrDamaged) || errors.Is(err, checkpoints.ErrUnsupported) {
		return &data.Refused{Path: path, Reason: "cannot be used as a checkpoint", Err: err}
	}
	return err
}
