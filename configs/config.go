package configs

import (
	"math"
	"slices"
	"strings"
	"time"
)

// Config is one training run. The tag `resume` says what a difference to a checkpoint's config means
// for a run that goes on from it (see ResumeDifferences):
//
//	refused   it would be another experiment: network, order or content of the data, batch, objective
//	allowed   the run may go on; the difference is listed
//	unlisted  says how the program was started, not what it trains
//
// Ranges are in check.go; units and meanings in the table of options.go.
type Config struct {
	// data
	Triplets    string  `resume:"allowed"` // content is compared by fingerprint, so that the folder may move
	Metadata    string  `resume:"allowed"` // the same
	Images      string  `resume:"allowed"`
	ValTriplets string  `resume:"allowed"` // changes which checkpoint is the best, not the training
	ValMetadata string  `resume:"allowed"` // the same
	Augment     string  `resume:"refused"`
	Fit         string  `resume:"refused"`
	Shuffle     bool    `resume:"refused"`
	Workers     int     `resume:"allowed"` // same bits for any number
	Cache       string  `resume:"allowed"`
	CacheLimit  string  `resume:"allowed"`
	MaxBad      float64 `resume:"allowed"` // decides when to give up, not what is trained

	// network
	Size     int      `resume:"refused"`
	Width    float64  `resume:"refused"`
	FCDim    int      `resume:"refused"`
	EmbedDim int      `resume:"refused"`
	Head     string   `resume:"refused"`
	Dropout  float64  `resume:"refused"`
	Init     string   `resume:"allowed"` // not read: the weights are the checkpoint's
	Freeze   []string `resume:"refused"` // which parameters train, and have optimiser state

	// loss
	Gap float64 `resume:"refused"` // losses before and after would not be comparable

	// optimiser
	Optimizer   string  `resume:"refused"` // its state would not fit
	LR          float64 `resume:"allowed"`
	Momentum    float64 `resume:"allowed"`
	Nesterov    bool    `resume:"allowed"`
	WeightDecay float64 `resume:"allowed"`
	Schedule    string  `resume:"allowed"`
	StepEvery   int     `resume:"allowed"`
	StepFactor  float64 `resume:"allowed"`
	Warmup      int     `resume:"allowed"`
	ClipGrad    float64 `resume:"allowed"`

	// length
	Batch      int           `resume:"refused"`
	MicroBatch Parts         `resume:"allowed"` // same result
	Memory     string        `resume:"allowed"`
	Epochs     int           `resume:"allowed"`
	Steps      int           `resume:"allowed"`
	MaxTime    time.Duration `resume:"allowed"`
	Patience   int           `resume:"allowed"`

	// run
	Out         string  `resume:"unlisted"`
	Resume      string  `resume:"unlisted"`
	Seed        uint64  `resume:"refused"` // the order of the triplets, augmentation and dropout
	Threads     int     `resume:"allowed"` // same bits for any number
	Exact       bool    `resume:"allowed"` // the checkpoint's kernels say so, and a warning
	SaveEvery   int     `resume:"allowed"`
	SaveMinutes float64 `resume:"allowed"`
	Keep        int     `resume:"allowed"`
	EvalEvery   int     `resume:"allowed"`
	BestBy      string  `resume:"refused"` // the scores of its checkpoints would not be comparable
	LogEvery    int     `resume:"allowed"`
	Limit       int     `resume:"refused"` // which triplets there are
	DryRun      bool    `resume:"unlisted"`
	PrintConfig bool    `resume:"unlisted"`
	Quiet       bool    `resume:"unlisted"`
}

// Default returns the settings of the full network: VGG-16 with both shallow paths at 224 x 224, as in
// Wang et al. 2014, trained by SGD. The preset vgg16 equals it. Only Triplets has no default.
func Default() Config {
	return Config{
		Augment:    "flip,shift",
		Fit:        "stretch",
		Shuffle:    true,
		CacheLimit: "20GiB",
		MaxBad:     0.01,

		Size:     224,
		Width:    1,
		FCDim:    4096,
		EmbedDim: 4096,
		Head:     "fc",
		Dropout:  0.4,

		Gap: 1,

		Optimizer:   "sgd",
		LR:          0.001,
		Momentum:    0.9,
		WeightDecay: 0.0005,
		Schedule:    "constant",
		StepFactor:  0.1,

		Batch:  8,
		Epochs: 10,

		Seed:        1,
		SaveMinutes: 10,
		Keep:        3,
		LogEvery:    10,
	}
}

// Augments reports whether pictures are augmented by kind, "flip" or "shift".
func (c *Config) Augments(kind string) bool {
	return slices.Contains(splitList(c.Augment), kind)
}

// CacheOff reports whether the cache of resized pictures is switched off (--cache none).
func (c *Config) CacheOff() bool { return c.Cache == "none" }

// CacheBytes returns CacheLimit in bytes; 0 when it cannot be parsed, which Validate refuses.
func (c *Config) CacheBytes() int64 {
	n, err := ParseSize(c.CacheLimit)
	if err != nil {
		return 0
	}
	return n
}

// Parts is a number of triplets that go through the network at once: 0 means the whole batch, Auto as many as fit the memory.
type Parts int

// Auto leaves the number to the program.
const Auto Parts = -1

// MicroBatchSize returns the triplets that go through the network at once, at most: MicroBatch, or Batch where
// that is 0 or Auto.
func (c *Config) MicroBatchSize() int {
	if c.MicroBatch <= 0 {
		return c.Batch
	}
	return int(c.MicroBatch)
}

// MemoryBytes returns Memory in bytes; 0 where it is not given.
func (c *Config) MemoryBytes() int64 {
	n, err := ParseSize(c.Memory)
	if err != nil {
		return 0
	}
	return n
}

// TotalSteps returns the length of the run: Steps, or Epochs of stepsPerEpoch each.
func (c *Config) TotalSteps(stepsPerEpoch int) int {
	if c.Steps > 0 {
		return c.Steps
	}
	if stepsPerEpoch > 0 && c.Epochs > math.MaxInt/stepsPerEpoch {
		return math.MaxInt
	}
	return c.Epochs * stepsPerEpoch
}

// StepLength returns the steps between two reductions of the schedule step, in a run of total steps:
// StepEvery, or a third of the run.
func (c *Config) StepLength(total int) int {
	if c.StepEvery > 0 {
		return c.StepEvery
	}
	return max(0, total-1)/3 + 1
}

// splitList cuts a comma-separated list, without the spaces around its members and without empty ones.
func splitList(s string) []string {
	var list []string
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}
