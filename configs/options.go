package configs

import "strings"

// option is one row of the table: a setting's flag, its help, and its field in a Config. Its YAML key is
// the flag with _ for -.
type option struct {
	theme string
	flag  string
	field any    // pointer to the field
	value string // what stands after the flag in the help; "" for a flag that is on or off
	zero  string // what the value 0 or "" means; shown in the help instead of a default that is 0 or ""
	help  string
}

func (o option) key() string { return strings.ReplaceAll(o.flag, "-", "_") }

// themes in the order of the help.
var themes = []string{"data", "network", "loss", "optimiser", "length", "run"}

// options returns the table for the fields of c. The order is that of the help and of YAML files.
func options(c *Config) []option {
	return []option{
		{"data", "triplets", &c.Triplets, "FILE", "", "triplets to train on: header q p n, each a row number of the metadata (required)"},
		{"data", "metadata", &c.Metadata, "FILE", "sample_set.csv beside the triplets", "table of the pictures"},
		{"data", "images", &c.Images, "DIR", "images/ beside the metadata, or ../images", "folder of the pictures"},
		{"data", "val-triplets", &c.ValTriplets, "FILE", "none", "triplets to measure on; accuracy is the share with D(q,p) < D(q,n)"},
		{"data", "val-metadata", &c.ValMetadata, "FILE", "none", "table of pictures to search in, such as split's val_set.csv; recall@1 is the share whose nearest one shows the same product"},
		{"data", "augment", &c.Augment, "LIST", "", "flip, shift, both (flip,shift), or none"},
		{"data", "fit", &c.Fit, "HOW", "", "how pictures become square: stretch, crop (centre) or pad (white)"},
		{"data", "shuffle", &c.Shuffle, "", "", "visit the triplets in another order each epoch; --shuffle=false: as they stand in the file"},
		{"data", "workers", &c.Workers, "N", "one a CPU", "pictures decoded at once; the result is the same for any number"},
		{"data", "cache", &c.Cache, "DIR", "in the user's cache directory", "where resized pictures are kept between runs; none: nowhere"},
		{"data", "cache-limit", &c.CacheLimit, "SIZE", "", "largest size of the cache: 8GiB, 500MB"},
		{"data", "max-bad", &c.MaxBad, "SHARE", "", "share of unreadable pictures above which the run ends (exit code 3); their triplets are skipped"},

		{"network", "size", &c.Size, "S", "", "pictures are resized to S x S; a multiple of 32"},
		{"network", "width", &c.Width, "X", "", "factor on the number of channels of every convolution"},
		{"network", "fc-dim", &c.FCDim, "N", "", "width of the two hidden dense layers"},
		{"network", "embed-dim", &c.EmbedDim, "N", "", "length of the embedding"},
		{"network", "head", &c.Head, "HEAD", "", "fc: dense layers on all positions, as in VGG-16; gap: on their mean (90 M parameters fewer)"},
		{"network", "dropout", &c.Dropout, "P", "", "chance of a unit of the dense layers to be dropped in a step"},
		{"network", "init", &c.Init, "FILE", "He initialisation", "weights to start from: torchvision's VGG-16 (.pth or safetensors) or a checkpoint; what is missing in them is initialised"},
		{"network", "freeze", &c.Freeze, "PATTERN", "none", "parameters to leave as they are: features, 'features.?.*'; repeat the flag or use commas for several"},

		{"loss", "gap", &c.Gap, "G", "", "loss of a triplet: max(0, G + D(q,p) - D(q,n)), D the squared distance (0 to 4)"},

		{"optimiser", "optimizer", &c.Optimizer, "NAME", "", "sgd (as torch.optim.SGD) or adamw"},
		{"optimiser", "lr", &c.LR, "X", "", "learning rate, after the warm-up"},
		{"optimiser", "momentum", &c.Momentum, "X", "", "of sgd"},
		{"optimiser", "nesterov", &c.Nesterov, "", "", "Nesterov momentum, of sgd"},
		{"optimiser", "weight-decay", &c.WeightDecay, "X", "", "pull of the parameters to 0; in the gradient for sgd, beside it for adamw"},
		{"optimiser", "schedule", &c.Schedule, "NAME", "", "constant, step (drops, see the next two), or cosine (to 0 at the last step)"},
		{"optimiser", "step-every", &c.StepEvery, "N", "a third of the run", "schedule step: steps between two reductions"},
		{"optimiser", "step-factor", &c.StepFactor, "X", "", "schedule step: the factor of a reduction"},
		{"optimiser", "warmup", &c.Warmup, "N", "no warm-up", "steps in which the learning rate rises from near 0, linearly"},
		{"optimiser", "clip-grad", &c.ClipGrad, "X", "no limit", "largest norm of all gradients together; larger ones are scaled down to it"},

		{"length", "batch", &c.Batch, "N", "", "triplets a step; three pictures each"},
		{"length", "micro-batch", &c.MicroBatch, "N", "the whole batch", "triplets in memory at once: same result, less memory, slower; auto: as many as fit --memory"},
		{"length", "memory", &c.Memory, "SIZE", "what is free", "memory that --micro-batch auto may fill: 8GiB, 500MB"},
		{"length", "epochs", &c.Epochs, "N", "", "passes over the triplets"},
		{"length", "steps", &c.Steps, "N", "by epochs", "end after this many steps instead of --epochs"},
		{"length", "max-time", &c.MaxTime, "TIME", "no limit", "end after this time, such as 2h30m, with a checkpoint"},
		{"length", "patience", &c.Patience, "N", "off", "end when this many evaluations in a row were not better than the best (needs --val-triplets or --val-metadata)"},

		{"run", "out", &c.Out, "DIR", "runs/NAME-DATE-TIME", "folder of the run: config, log, metrics, checkpoints"},
		{"run", "resume", &c.Resume, "WHICH", "a new run", "auto: newest checkpoint of --out, or a new run; last, best or a checkpoint's path: must exist"},
		{"run", "seed", &c.Seed, "N", "", "of every random choice; same seed, same config, same bits"},
		{"run", "threads", &c.Threads, "N", "all CPUs", "threads that compute; the result is the same for any number"},
		{"run", "exact", &c.Exact, "", "", "direct convolutions only, not Winograd's: slower, with smaller rounding errors"},
		{"run", "save-every", &c.SaveEvery, "N", "at each epoch's end", "steps between two checkpoints"},
		{"run", "save-minutes", &c.SaveMinutes, "M", "off", "also save when the last checkpoint is this old"},
		{"run", "keep", &c.Keep, "N", "", "newest checkpoints that stay, besides the best one"},
		{"run", "eval-every", &c.EvalEvery, "N", "at each epoch's end", "steps between two evaluations"},
		{"run", "best-by", &c.BestBy, "WHAT", "accuracy, or recall@1 without --val-triplets", "what makes a checkpoint the best: accuracy or loss of --val-triplets, recall@1 of --val-metadata"},
		{"run", "log-every", &c.LogEvery, "N", "", "steps between two lines of progress, in the log and where stderr is no terminal"},
		{"run", "limit", &c.Limit, "N", "all", "use only the first N triplets"},
		{"run", "dry-run", &c.DryRun, "", "", "check everything, run one step, say what the run would cost, and end"},
		{"run", "print-config", &c.PrintConfig, "", "", "print the resolved config as YAML and end"},
		{"run", "quiet", &c.Quiet, "", "", "print warnings only"},
	}
}
