package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"deeprank/checkpoints"
	"deeprank/configs"
	"deeprank/internal/cli"
	"deeprank/internal/progress"
)

// folder is a run's folder, held by a lock.
type folder struct {
	path  string
	lock  *checkpoints.Lock
	store *checkpoints.Store
	log   *os.File
	// from is the checkpoint that the run goes on from; nil for a new run.
	from     *checkpoints.File
	fromPath string
	state    *checkpoints.State
}

func (f *folder) close() {
	if f.log != nil {
		_ = f.log.Close()
	}
	if f.lock != nil {
		_ = f.lock.Release()
	}
}

// names of what is in a run's folder
const (
	configFile      = "config.yaml"
	metricsFile     = "metrics.jsonl"
	logFile         = "log"
	checkpointsName = "checkpoints"
)

// runPath decides where the run lives: --out, the folder of the checkpoint that --resume names, or a new name.
func runPath(cfg *configs.Config, now time.Time) (string, error) {
	if cfg.Out != "" {
		return filepath.Clean(cfg.Out), nil
	}
	switch cfg.Resume {
	case "last", "best":
		return "", cli.Usagef("--resume %s needs --out DIR, the run's folder", cfg.Resume)
	case "", "auto":
		name := strings.TrimSuffix(filepath.Base(cfg.Triplets), filepath.Ext(cfg.Triplets))
		return filepath.Join("runs", name+"-"+now.Format("20060102-150405")), nil
	}
	dir := filepath.Dir(filepath.Clean(cfg.Resume))
	if filepath.Base(dir) != checkpointsName {
		return "", cli.Usagef("--resume %s is not in a run's folder; --out DIR names the folder to go on in", cfg.Resume)
	}
	return filepath.Dir(dir), nil
}

// holdsRun says whether a folder holds a run already.
func holdsRun(path string) (bool, error) {
	for _, name := range []string{configFile, metricsFile, checkpointsName} {
		if _, err := os.Stat(filepath.Join(path, name)); err == nil {
			return true, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return false, fmt.Errorf("looking for a run: %w", err)
		}
	}
	return false, nil
}

// openFolder makes and locks the run's folder, and finds the checkpoint that --resume asks for.
func openFolder(ctx context.Context, cfg *configs.Config, path string, report *progress.Reporter) (_ *folder, err error) {
	holds, err := holdsRun(path)
	if err != nil {
		return nil, err
	}
	if holds && cfg.Resume == "" {
		return nil, cli.Usagef("%s holds a run already; --resume auto goes on with it, another --out starts a new one", path)
	}
	if !holds && (cfg.Resume == "last" || cfg.Resume == "best") {
		return nil, cli.Usagef("--resume %s: %s holds no run; --resume auto starts one where there is none", cfg.Resume, path)
	}
	if cfg.Out == "" && !holds {
		if path, err = makeNew(path); err != nil {
			return nil, err
		}
	} else if err := checkpoints.MakeDir(path); err != nil {
		return nil, fmt.Errorf("making the run's folder: %w; --out names another one", err)
	}
	f := &folder{path: path}
	defer func() {
		if err != nil {
			f.close()
		}
	}()
	if f.lock, err = checkpoints.AcquireLock(path); err != nil {
		return nil, fmt.Errorf("locking the run's folder: %w", err)
	}
	if f.store, err = checkpoints.OpenStore(filepath.Join(path, checkpointsName), cfg.Keep); err != nil {
		return nil, err
	}
	if f.log, err = os.OpenFile(filepath.Join(path, logFile), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644); err != nil {
		return nil, fmt.Errorf("opening the run's log: %w", err)
	}
	return f, f.find(ctx, cfg, report)
}

// makeNew makes a folder that was not there, with a number after its name where two runs start in one second.
func makeNew(path string) (string, error) {
	if err := checkpoints.MakeDir(filepath.Dir(path)); err != nil {
		return "", fmt.Errorf("making the folder of runs: %w; --out names another place", err)
	}
	for n, p := 2, path; ; n++ {
		err := os.Mkdir(p, 0o755)
		if err == nil {
			return p, nil
		}
		if !errors.Is(err, fs.ErrExist) || n > 1000 {
			return "", fmt.Errorf("making the run's folder: %w; --out names another one", err)
		}
		p = fmt.Sprintf("%s-%d", path, n)
	}
}

// find reads the checkpoint to go on from, if any, into f.from.
func (f *folder) find(ctx context.Context, cfg *configs.Config, report *progress.Reporter) error {
	damaged := 0
	warn := func(path string, err error) {
		damaged++
		report.Warnf("checkpoint %s cannot be used, the one before it is tried: %v", path, err)
	}
	var err error
	switch cfg.Resume {
	case "":
		return nil
	case "auto", "last":
		f.fromPath, f.from, err = f.store.Newest(ctx, warn)
	case "best":
		f.fromPath, f.from, err = f.store.Best(ctx, warn)
	default:
		f.fromPath = cfg.Resume
		f.from, err = checkpoints.Read(cfg.Resume)
		if errors.Is(err, fs.ErrNotExist) {
			return &cli.UsageError{Err: fmt.Errorf("--resume: %w", err)}
		}
	}
	switch {
	case errors.Is(err, checkpoints.ErrNone) && cfg.Resume == "auto" && damaged == 0:
		f.from, f.fromPath = nil, ""
		return nil
	case errors.Is(err, checkpoints.ErrNone):
		return &cli.UsageError{Err: fmt.Errorf("--resume %s: %w", cfg.Resume, err)}
	case err != nil:
		return fmt.Errorf("--resume %s: %w", cfg.Resume, err)
	}
	if f.state, err = checkpoints.DecodeState(f.from.Metadata); err != nil {
		return fmt.Errorf("%s: %w", f.fromPath, err)
	}
	return nil
}

// compare refuses a checkpoint of another run and lists what is new in this one.
func (f *folder) compare(cfg *configs.Config, prints map[string]string, report *progress.Reporter) error {
	old, err := configs.FromYAML(f.fromPath, []byte(f.state.Config))
	if err != nil {
		return fmt.Errorf("%s: its config: %w", f.fromPath, err)
	}
	refused, allowed := configs.ResumeDifferences(&old, cfg)
	for _, name := range []string{"triplets", "metadata"} {
		if was, ok := f.state.Data[name]; ok && was != prints[name] {
			refused = append(refused, configs.Difference{Key: "content of the " + name + " file", Checkpoint: "SHA-256 " + short(was), Now: short(prints[name])})
		}
	}
	if len(refused) == 0 {
		for _, d := range allowed {
			report.Printf("changed since the checkpoint: %s", d)
		}
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "--resume: the checkpoint %s is of another run:", f.fromPath)
	for _, d := range refused {
		fmt.Fprintf(&b, "\n  %s", d)
	}
	if len(allowed) > 0 {
		b.WriteString("\nthese differ too, and may:")
		for _, d := range allowed {
			fmt.Fprintf(&b, "\n  %s", d)
		}
	}
	fmt.Fprintf(&b, "\n--config %s takes the run's own settings; what may change: steps, epochs, lr and its schedule, saving, logging, threads, workers",
		filepath.Join(f.path, configFile))
	return &cli.UsageError{Err: errors.New(b.String())}
}

func short(sum string) string { return sum[:min(12, len(sum))] }
