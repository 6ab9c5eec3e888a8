package configs

import (
	"errors"
	"fmt"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Largest values that are not mistakes. A float32 holds no number above maxFloat.
const (
	maxSize  = 2048
	maxWidth = 16
	maxDim   = 1 << 16
	maxBatch = 1 << 16
	maxCPUs  = 1024
	maxGap   = 1000
	maxFloat = math.MaxFloat32
)

// Validate checks every range, and the settings that need one another. The error is an *Error that lists
// all problems. Files are not opened here.
func (c *Config) Validate() error {
	return c.validate(func(key string) string { return "--" + strings.ReplaceAll(key, "_", "-") })
}

// validate names each setting as where does: by its flag, or by its line in a file.
func (c *Config) validate(where func(key string) string) error {
	k := checker{where: where}

	if c.Triplets == "" && !c.PrintConfig {
		k.fail("triplets", "is missing", "name the file of triplets to train on: --triplets triplets.tsv")
	}
	k.list("augment", c.Augment, "flip", "shift")
	k.oneOf("fit", c.Fit, "stretch", "crop", "pad")
	k.whole("workers", c.Workers, 0, maxCPUs)
	if n, err := ParseSize(c.CacheLimit); err != nil {
		k.fail("cache_limit", fmt.Sprintf("is %q", c.CacheLimit), "allowed: an amount such as 8GiB or 500MB")
	} else if n == 0 {
		k.fail("cache_limit", "is 0", "allowed: at least 1 byte; --cache none switches the cache off")
	}
	k.number("max_bad", c.MaxBad, 0, 1)

	if c.Size < 32 || c.Size > maxSize || c.Size%32 != 0 {
		k.fail("size", fmt.Sprintf("is %d", c.Size), fmt.Sprintf("allowed: a multiple of 32 from 32 to %d", maxSize))
	}
	k.positive("width", c.Width, maxWidth)
	k.whole("fc_dim", c.FCDim, 1, maxDim)
	k.whole("embed_dim", c.EmbedDim, 1, maxDim)
	k.oneOf("head", c.Head, "fc", "gap")
	if !(c.Dropout >= 0 && c.Dropout < 1) {
		k.fail("dropout", "is "+shown(c.Dropout), "allowed: from 0 to below 1")
	}
	for _, pattern := range c.Freeze {
		if _, err := path.Match(pattern, ""); err != nil || pattern == "" {
			k.fail("freeze", fmt.Sprintf("has the pattern %q", pattern),
				"allowed: a name or the front of one (features), or a glob with *, ? and [a-z]")
		}
	}

	k.number("gap", c.Gap, 0, maxGap)

	k.oneOf("optimizer", c.Optimizer, "sgd", "adamw")
	k.number("lr", c.LR, 0, maxFloat)
	if !(c.Momentum >= 0 && c.Momentum < 1) {
		k.fail("momentum", "is "+shown(c.Momentum), "allowed: from 0 to below 1")
	}
	if c.Nesterov && c.Optimizer == "sgd" && c.Momentum == 0 {
		k.fail("nesterov", "is on with a momentum of 0", "give --momentum 0.9, or leave --nesterov away")
	}
	if c.Nesterov && c.Optimizer == "adamw" {
		k.fail("nesterov", "is on with the optimizer adamw", "it is for sgd: leave it away")
	}
	k.number("weight_decay", c.WeightDecay, 0, maxFloat)
	k.oneOf("schedule", c.Schedule, "constant", "step", "cosine")
	k.whole("step_every", c.StepEvery, 0, math.MaxInt)
	k.positive("step_factor", c.StepFactor, 1)
	k.whole("warmup", c.Warmup, 0, math.MaxInt)
	k.number("clip_grad", c.ClipGrad, 0, maxFloat)

	k.whole("batch", c.Batch, 1, maxBatch)
	if n, err := ParseSize(c.Memory); c.Memory != "" && (err != nil || n == 0) {
		k.fail("memory", fmt.Sprintf("is %q", c.Memory), "allowed: an amount such as 8GiB or 500MB")
	} else if c.Memory != "" && c.MicroBatch != Auto {
		k.fail("memory", "is for --micro-batch auto alone", "add --micro-batch auto, or leave --memory out")
	}
	if c.Batch >= 1 && c.MicroBatch != Auto && (c.MicroBatch < 0 || int(c.MicroBatch) > c.Batch) {
		k.fail("micro_batch", fmt.Sprintf("is %d", c.MicroBatch),
			fmt.Sprintf("allowed: from 1 to the batch (%d), 0 for the whole batch, or auto", c.Batch))
	}
	k.whole("epochs", c.Epochs, 1, math.MaxInt)
	k.whole("steps", c.Steps, 0, math.MaxInt)
	if c.MaxTime < 0 {
		k.fail("max_time", "is "+formatDuration(c.MaxTime), "allowed: a time such as 2h30m, or 0 for no limit")
	}
	k.whole("patience", c.Patience, 0, math.MaxInt)
	if c.Patience > 0 && c.Criterion() == "" {
		k.fail("patience", fmt.Sprintf("is %d, but there is nothing to measure on", c.Patience),
			"give --val-triplets or --val-metadata too")
	}
	switch c.BestBy {
	case "":
	case ByAccuracy, ByLoss:
		if c.ValTriplets == "" {
			k.fail("best_by", "is "+c.BestBy+", but there are no triplets to measure it on", "give --val-triplets too")
		}
	case ByRecall:
		if c.ValMetadata == "" {
			k.fail("best_by", "is "+c.BestBy+", but there is no table to search in", "give --val-metadata too")
		}
	default:
		k.fail("best_by", fmt.Sprintf("is %q", c.BestBy), "allowed: accuracy, loss or recall@1")
	}

	if slices.Contains([]string{"auto", "last", "best"}, c.Resume) && c.Out == "" {
		k.fail("resume", "is "+c.Resume+", but which run is not said", "name the run's folder: --out runs/NAME")
	}
	k.whole("threads", c.Threads, 0, maxCPUs)
	k.whole("save_every", c.SaveEvery, 0, math.MaxInt)
	k.number("save_minutes", c.SaveMinutes, 0, maxFloat)
	k.whole("keep", c.Keep, 1, math.MaxInt)
	k.whole("eval_every", c.EvalEvery, 0, math.MaxInt)
	k.whole("log_every", c.LogEvery, 1, math.MaxInt)
	k.whole("limit", c.Limit, 0, math.MaxInt)

	if len(k.problems) > 0 {
		return &Error{Problems: k.problems}
	}
	return nil
}

// checker collects problems.
type checker struct {
	where    func(key string) string
	problems []Problem
}

func (k *checker) fail(key, reason, remedy string) {
	k.problems = append(k.problems, Problem{k.where(key), reason, remedy})
}

// whole wants low <= v <= high; a high of math.MaxInt is no limit.
func (k *checker) whole(key string, v, low, high int) {
	if v >= low && v <= high {
		return
	}
	allowed := fmt.Sprintf("allowed: a whole number of at least %d", low)
	if high < math.MaxInt {
		allowed = fmt.Sprintf("allowed: a whole number from %d to %d", low, high)
	}
	k.fail(key, fmt.Sprintf("is %d", v), allowed)
}

// number wants low <= v <= high, which NaN is not; a high of maxFloat is written as "finite".
func (k *checker) number(key string, v, low, high float64) {
	if v >= low && v <= high {
		return
	}
	allowed := fmt.Sprintf("allowed: a number from %s to %s", shown(low), shown(high))
	if high == maxFloat {
		allowed = fmt.Sprintf("allowed: a finite number of at least %s", shown(low))
	}
	k.fail(key, "is "+shown(v), allowed)
}

// positive wants 0 < v <= high.
func (k *checker) positive(key string, v, high float64) {
	if !(v > 0 && v <= high) {
		k.fail(key, "is "+shown(v), "allowed: a number above 0, up to "+shown(high))
	}
}

func (k *checker) oneOf(key, v string, allowed ...string) {
	if !slices.Contains(allowed, v) {
		k.fail(key, fmt.Sprintf("is %q", v), "allowed: "+orList(allowed))
	}
}

// list wants a comma-separated list of allowed words, or none.
func (k *checker) list(key, v string, allowed ...string) {
	words := splitList(v)
	if v == "none" || v == "" {
		return
	}
	for _, w := range words {
		if !slices.Contains(allowed, w) {
			k.fail(key, fmt.Sprintf("is %q", v),
				fmt.Sprintf("allowed: %s, several with commas, or none", strings.Join(allowed, ", ")))
			return
		}
	}
}

// orList writes a, b or c.
func orList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// shown writes a number as people do: -1, 0.5, NaN.
func shown(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// problemsOf returns what an error of this package lists.
func problemsOf(err error) []Problem {
	var e *Error
	if errors.As(err, &e) {
		return e.Problems
	}
	return nil
}
