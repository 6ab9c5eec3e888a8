package configs

import (
	"errors"
	"math"
	"slices"
	"testing"
	"time"
)

func valid() Config {
	c := Default()
	c.Triplets = "t.tsv"
	return c
}

func TestValidate(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	numbers := func(set func(c *Config, v float64), vs ...float64) []func(c *Config) {
		var fs []func(c *Config)
		for _, v := range vs {
			fs = append(fs, func(c *Config) { set(c, v) })
		}
		return fs
	}
	wholes := func(set func(c *Config, v int), vs ...int) []func(c *Config) {
		var fs []func(c *Config)
		for _, v := range vs {
			fs = append(fs, func(c *Config) { set(c, v) })
		}
		return fs
	}
	texts := func(set func(c *Config, v string), vs ...string) []func(c *Config) {
		var fs []func(c *Config)
		for _, v := range vs {
			fs = append(fs, func(c *Config) { set(c, v) })
		}
		return fs
	}
	tests := []struct {
		flag string
		good []func(c *Config)
		bad  []func(c *Config)
	}{
		{flag: "--triplets", bad: texts(func(c *Config, v string) { c.Triplets = v }, "")},
		{flag: "--augment",
			good: texts(func(c *Config, v string) { c.Augment = v }, "none", "", "flip", "shift", "flip,shift", "shift, flip"),
			bad:  texts(func(c *Config, v string) { c.Augment = v }, "rotate", "flip,none", "flip shift", "Flip")},
		{flag: "--fit",
			good: texts(func(c *Config, v string) { c.Fit = v }, "stretch", "crop", "pad"),
			bad:  texts(func(c *Config, v string) { c.Fit = v }, "", "squash")},
		{flag: "--workers",
			good: wholes(func(c *Config, v int) { c.Workers = v }, 0, 1, 64),
			bad:  wholes(func(c *Config, v int) { c.Workers = v }, -1, 1025)},
		{flag: "--cache-limit",
			good: texts(func(c *Config, v string) { c.CacheLimit = v }, "8GiB", "500MB", "1.5 tib", "1"),
			bad:  texts(func(c *Config, v string) { c.CacheLimit = v }, "", "0", "-1GB", "many", "1e30TB", "GiB", "NaN", "Inf")},
		{flag: "--max-bad",
			good: numbers(func(c *Config, v float64) { c.MaxBad = v }, 0, 1),
			bad:  numbers(func(c *Config, v float64) { c.MaxBad = v }, -0.1, 1.1, nan, inf)},
		{flag: "--size",
			good: wholes(func(c *Config, v int) { c.Size = v }, 32, 64, 96, 224, 448),
			bad:  wholes(func(c *Config, v int) { c.Size = v }, 0, -32, 31, 33, 100, 1<<20)},
		{flag: "--width",
			good: numbers(func(c *Config, v float64) { c.Width = v }, 0.001, 0.125, 0.2, 1, 2),
			bad:  numbers(func(c *Config, v float64) { c.Width = v }, 0, -1, nan, inf, 1e9)},
		{flag: "--fc-dim",
			good: wholes(func(c *Config, v int) { c.FCDim = v }, 1, 4096),
			bad:  wholes(func(c *Config, v int) { c.FCDim = v }, 0, -1, 1<<30)},
		{flag: "--embed-dim",
			good: wholes(func(c *Config, v int) { c.EmbedDim = v }, 1, 4096),
			bad:  wholes(func(c *Config, v int) { c.EmbedDim = v }, 0, -1, 1<<30)},
		{flag: "--head",
			good: texts(func(c *Config, v string) { c.Head = v }, "fc", "gap"),
			bad:  texts(func(c *Config, v string) { c.Head = v }, "", "FC", "avg")},
		{flag: "--dropout",
			good: numbers(func(c *Config, v float64) { c.Dropout = v }, 0, 0.5, 0.999),
			bad:  numbers(func(c *Config, v float64) { c.Dropout = v }, 1, -0.1, nan, inf)},
		{flag: "--freeze",
			good: texts(func(c *Config, v string) { c.Freeze = []string{v} }, "features", "features.[0-9].*", "*"),
			bad:  texts(func(c *Config, v string) { c.Freeze = []string{"features", v} }, "", "features.[0", `\`)},
		{flag: "--gap",
			good: numbers(func(c *Config, v float64) { c.Gap = v }, 0, 0.1, 1, 4),
			bad:  numbers(func(c *Config, v float64) { c.Gap = v }, -1, -1e-300, nan, inf, -inf)},
		{flag: "--optimizer",
			good: texts(func(c *Config, v string) { c.Optimizer = v }, "sgd", "adamw"),
			bad:  texts(func(c *Config, v string) { c.Optimizer = v }, "", "adam")},
		{flag: "--lr",
			good: numbers(func(c *Config, v float64) { c.LR = v }, 0, 1e-9, 0.1, 1e20),
			bad:  numbers(func(c *Config, v float64) { c.LR = v }, -0.1, nan, inf, 1e300)},
		{flag: "--momentum",
			good: numbers(func(c *Config, v float64) { c.Momentum = v }, 0, 0.9),
			bad:  numbers(func(c *Config, v float64) { c.Momentum = v }, -0.1, 1, nan, inf)},
		{flag: "--nesterov",
			good: []func(c *Config){func(c *Config) { c.Nesterov = true }},
			bad: []func(c *Config){
				func(c *Config) { c.Nesterov, c.Momentum = true, 0 },
				func(c *Config) { c.Nesterov, c.Optimizer = true, "adamw" }}},
		{flag: "--weight-decay",
			good: numbers(func(c *Config, v float64) { c.WeightDecay = v }, 0, 0.1),
			bad:  numbers(func(c *Config, v float64) { c.WeightDecay = v }, -0.1, nan, inf)},
		{flag: "--schedule",
			good: texts(func(c *Config, v string) { c.Schedule = v }, "constant", "step", "cosine"),
			bad:  texts(func(c *Config, v string) { c.Schedule = v }, "", "linear")},
		{flag: "--step-every",
			good: wholes(func(c *Config, v int) { c.StepEvery = v }, 0, 1),
			bad:  wholes(func(c *Config, v int) { c.StepEvery = v }, -1)},
		{flag: "--step-factor",
			good: numbers(func(c *Config, v float64) { c.StepFactor = v }, 0.1, 1),
			bad:  numbers(func(c *Config, v float64) { c.StepFactor = v }, 0, -1, 1.1, nan, inf)},
		{flag: "--warmup",
			good: wholes(func(c *Config, v int) { c.Warmup = v }, 0, 1000),
			bad:  wholes(func(c *Config, v int) { c.Warmup = v }, -1)},
		{flag: "--clip-grad",
			good: numbers(func(c *Config, v float64) { c.ClipGrad = v }, 0, 5),
			bad:  numbers(func(c *Config, v float64) { c.ClipGrad = v }, -1, nan, inf)},
		{flag: "--batch",
			good: wholes(func(c *Config, v int) { c.Batch = v }, 1, 128),
			bad:  wholes(func(c *Config, v int) { c.Batch = v }, 0, -8, 1<<30)},
		{flag: "--micro-batch",
			good: wholes(func(c *Config, v int) { c.MicroBatch = Parts(v) }, 0, 1, 3, 8, int(Auto)),
			bad:  wholes(func(c *Config, v int) { c.MicroBatch = Parts(v) }, -2, 9)},
		{flag: "--memory",
			good: texts(func(c *Config, v string) { c.Memory, c.MicroBatch = v, Auto }, "", "8GiB", "500MB"),
			bad: append(texts(func(c *Config, v string) { c.Memory, c.MicroBatch = v, Auto }, "0", "much"),
				func(c *Config) { c.Memory = "8GiB" })},
		{flag: "--epochs",
			good: wholes(func(c *Config, v int) { c.Epochs = v }, 1, 100),
			bad:  wholes(func(c *Config, v int) { c.Epochs = v }, 0, -1)},
		{flag: "--steps",
			good: wholes(func(c *Config, v int) { c.Steps = v }, 0, 1),
			bad:  wholes(func(c *Config, v int) { c.Steps = v }, -1)},
		{flag: "--max-time",
			good: wholes(func(c *Config, v int) { c.MaxTime = time.Duration(v) }, 0, 1),
			bad:  wholes(func(c *Config, v int) { c.MaxTime = time.Duration(v) }, -1)},
		{flag: "--patience",
			good: append(wholes(func(c *Config, v int) { c.Patience, c.ValTriplets = v, "v" }, 0, 3),
				func(c *Config) { c.Patience, c.ValMetadata = 3, "m" }),
			bad: append(wholes(func(c *Config, v int) { c.Patience, c.ValTriplets = v, "v" }, -1),
				func(c *Config) { c.Patience = 3 })},
		{flag: "--resume",
			good: texts(func(c *Config, v string) { c.Resume, c.Out = v, "runs/x" }, "", "auto", "last", "best", "a.safetensors"),
			bad:  texts(func(c *Config, v string) { c.Resume = v }, "auto", "last", "best")},
		{flag: "--threads",
			good: wholes(func(c *Config, v int) { c.Threads = v }, 0, 1),
			bad:  wholes(func(c *Config, v int) { c.Threads = v }, -1, 1<<20)},
		{flag: "--save-every",
			good: wholes(func(c *Config, v int) { c.SaveEvery = v }, 0, 1),
			bad:  wholes(func(c *Config, v int) { c.SaveEvery = v }, -1)},
		{flag: "--save-minutes",
			good: numbers(func(c *Config, v float64) { c.SaveMinutes = v }, 0, 0.5),
			bad:  numbers(func(c *Config, v float64) { c.SaveMinutes = v }, -1, nan, inf)},
		{flag: "--keep",
			good: wholes(func(c *Config, v int) { c.Keep = v }, 1, 100),
			bad:  wholes(func(c *Config, v int) { c.Keep = v }, 0, -1)},
		{flag: "--eval-every",
			good: wholes(func(c *Config, v int) { c.EvalEvery = v }, 0, 1),
			bad:  wholes(func(c *Config, v int) { c.EvalEvery = v }, -1)},
		{flag: "--best-by",
			good: []func(c *Config){
				func(c *Config) { c.BestBy, c.ValTriplets = ByAccuracy, "v" },
				func(c *Config) { c.BestBy, c.ValTriplets = ByLoss, "v" },
				func(c *Config) { c.BestBy, c.ValMetadata = ByRecall, "m" },
			},
			bad: []func(c *Config){
				func(c *Config) { c.BestBy, c.ValMetadata = ByAccuracy, "m" },
				func(c *Config) { c.BestBy, c.ValMetadata = ByLoss, "m" },
				func(c *Config) { c.BestBy, c.ValTriplets = ByRecall, "v" },
				func(c *Config) { c.BestBy, c.ValTriplets = "recall@5", "v" },
			}},
		{flag: "--log-every",
			good: wholes(func(c *Config, v int) { c.LogEvery = v }, 1, 100),
			bad:  wholes(func(c *Config, v int) { c.LogEvery = v }, 0, -1)},
		{flag: "--limit",
			good: wholes(func(c *Config, v int) { c.Limit = v }, 0, 1),
			bad:  wholes(func(c *Config, v int) { c.Limit = v }, -1)},
	}
	covered := []string{"--metadata", "--images", "--val-triplets", "--val-metadata", "--shuffle", "--cache", "--init", "--exact", "--out",
		"--seed", "--dry-run", "--print-config", "--quiet"} // any value of their type is good
	for _, test := range tests {
		covered = append(covered, test.flag)
		t.Run(test.flag, func(t *testing.T) {
			for i, set := range test.good {
				c := valid()
				set(&c)
				if err := c.Validate(); err != nil {
					t.Errorf("good value %d: %v", i, err)
				}
			}
			for i, set := range test.bad {
				c := valid()
				set(&c)
				var e *Error
				if err := c.Validate(); !errors.As(err, &e) {
					t.Errorf("bad value %d was accepted", i)
				} else if len(e.Problems) != 1 || e.Problems[0].Where != test.flag || e.Problems[0].Remedy == "" {
					t.Errorf("bad value %d: got %v, want one problem with a remedy at %s", i, e, test.flag)
				}
			}
		})
	}
	var c Config
	for _, o := range options(&c) {
		if !slices.Contains(covered, "--"+o.flag) {
			t.Errorf("--%s has no case here", o.flag)
		}
	}
}

func TestParseSize(t *testing.T) {
	good := map[string]int64{"1": 1, "8GiB": 8 << 30, "500MB": 500e6, "1.5 TiB": 3 << 39, "2kb": 2000, "7 B": 7, "0": 0, "20GiB": 20 << 30}
	for text, want := range good {
		if got, err := ParseSize(text); err != nil || got != want {
			t.Errorf("%q: got %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "B", "GiB", "-1", "1 2", "0x10", "1_0", "nan", ".inf", "1e300", "9999999TiB"} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("%q: got %d, want an error", text, got)
		}
	}
}

func TestTotalSteps(t *testing.T) {
	tests := []struct{ steps, epochs, perEpoch, want int }{
		{0, 10, 7, 70}, {5, 10, 7, 5}, {500, 10, 7, 500}, {0, math.MaxInt, 2, math.MaxInt}, {0, 3, 0, 0},
	}
	for _, test := range tests {
		c := Config{Steps: test.steps, Epochs: test.epochs}
		if got := c.TotalSteps(test.perEpoch); got != test.want {
			t.Errorf("%+v: got %d", test, got)
		}
	}
}

func TestStepLength(t *testing.T) {
	tests := []struct{ every, total, want int }{{0, 90, 30}, {0, 100, 34}, {0, 1, 1}, {0, 0, 1}, {7, 100, 7}}
	for _, test := range tests {
		c := Config{StepEvery: test.every}
		if got := c.StepLength(test.total); got != test.want {
			t.Errorf("%+v: got %d", test, got)
		}
	}
}
