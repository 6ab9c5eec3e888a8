package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/spf13/pflag"

	"deeprank/configs"
	"deeprank/internal/cli"
)

// outcome is what the last line on stdout tells besides the status.
type outcome struct {
	Step         int      `json:"step"`
	Epoch        int      `json:"epoch"`
	Loss         *float64 `json:"loss"` // of the last step; null when there was none
	ValAccuracy  *float64 `json:"val_accuracy"`
	ValRecall1   *float64 `json:"val_recall_at_1,omitempty"`
	BestAccuracy *float64 `json:"best_val_accuracy"` // where accuracy makes the best
	BestBy       string   `json:"best_by,omitempty"` // --best-by
	Best         *float64 `json:"best,omitempty"`    // its best value
	BestStep     *int     `json:"best_step,omitempty"`
	Run          string   `json:"run"`
	Checkpoint   string   `json:"checkpoint"`
	Ended        string   `json:"ended,omitempty"` // why, where that is not the end of its epochs or steps
}

// run is the program: it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	cfg, err := configs.Parse("train", args, stdout)
	if errors.Is(err, pflag.ErrHelp) || errors.Is(err, configs.ErrVersion) {
		return cli.Done
	}
	var out outcome
	if err == nil {
		if cfg.PrintConfig {
			return printConfig(cfg, stdout, stderr)
		}
		out, err = train(ctx, cfg, stderr)
	}
	return cli.Finish("train", out, cli.Cause(ctx, err), stdout, stderr)
}

func printConfig(cfg *configs.Config, stdout, stderr io.Writer) int {
	b, err := cfg.YAML()
	if err == nil {
		_, err = stdout.Write(b)
	}
	if err != nil {
		fmt.Fprintf(stderr, "train: %v\n", err)
		return cli.Failed
	}
	return cli.Done
}

// finite returns a pointer to v for JSON, nil where v is no number.
func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
