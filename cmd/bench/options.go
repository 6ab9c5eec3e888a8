package main

import (
	"io"
	"time"

	"deeprank/internal/cli"
	"deeprank/model"
)

// options are the flags.
type options struct {
	json, layers, forward   bool
	exact                   bool
	threads                 int
	batch, microBatch       int
	steps                   int
	spec                    model.Spec
	active                  float64
	freeze                  []string
	optimizer               string
	patience                time.Duration
	triplets, metadata      string
	images, cache           string
	cold, version, activeOn bool // activeOn: --active was given
	frozen                  func(name string) bool
}

func readOptions(args []string, stdout io.Writer) (*options, error) {
	var o options
	f := cli.NewFlags("bench", "", `Measures the machine's limit (multiply-adds in registers), a training step of the network, and each of its layers by
itself: milliseconds an image, effective GFLOP/s (operations of direct convolution over time), share of the limit.
The fastest round counts; other programs on the machine can only slow one down.`)
	f.BoolVar(&o.json, "json", false, "one JSON object on stdout instead of tables")
	f.IntVar(&o.threads, "threads", 0, "threads that compute (default: all CPUs)")
	f.IntRange(&o.batch, "batch", 8, 1, 4096, "triplets in a batch; each is three images")
	f.IntVar(&o.microBatch, "micro-batch", 0, "triplets computed at a time (default: the whole batch)")
	f.IntRange(&o.steps, "steps", 5, 1, 1_000_000, "steps that are timed, after one that is not")
	f.IntVar(&o.spec.Size, "size", 224, "height and width of the pictures; a multiple of 32")
	f.Float64Var(&o.spec.Width, "width", 1, "scales the channels of all convolutions")
	f.IntVar(&o.spec.FCDim, "fc-dim", 4096, "outputs of fc6 and fc7")
	f.IntVar(&o.spec.EmbedDim, "embed-dim", 4096, "length of the embedding")
	f.StringVar(&o.spec.Head, "head", model.HeadFC, "what fc6 sees: fc (all positions) or gap (their mean)")
	f.Float64Var(&o.active, "active", 1, "share of the triplets whose hinge is above 0, rounded to whole triplets")
	f.BoolVar(&o.forward, "forward", false, "the embedding only, no training")
	f.BoolVar(&o.exact, "exact", false, "direct convolutions only, as train --exact")
	f.BoolVar(&o.layers, "layers", true, "measure each layer by itself too")
	f.StringSliceVar(&o.freeze, "freeze", nil, "parameters that are not trained, as in train --freeze: features, classifier, ...")
	f.StringVar(&o.optimizer, "optimizer", "sgd", "sgd (momentum 0.9) or adamw")
	f.DurationVar(&o.patience, "patience", 200*time.Millisecond, "how long each layer, and each of ten times the limit, is measured; longer finds a quiet moment")
	f.StringVar(&o.triplets, "triplets", "", "read pictures for these triplets, instead of drawing some, and measure the waiting for them")
	f.StringVar(&o.metadata, "metadata", "", "metadata of the triplets (default: sample_set.csv beside them)")
	f.StringVar(&o.images, "images", "", "folder of the pictures (default: images beside the metadata, or above)")
	f.StringVar(&o.cache, "cache", "", "folder for resized pictures, or none (default: the user's cache folder)")
	f.BoolVar(&o.cold, "cold", false, "start with an empty cache, in a folder that is removed afterwards; otherwise it is filled before the steps")
	f.BoolVar(&o.version, "version", false, "print the version")
	if err := f.Read(args, 0, stdout); err != nil {
		return nil, err
	}
	o.activeOn = f.Changed("active")
	return &o, o.check()
}

// check returns what is wrong with the flags, and fills in those that depend on others.
func (o *options) check() error {
	if err := o.spec.Check(); err != nil {
		return &cli.UsageError{Err: err}
	}
	if o.microBatch == 0 {
		o.microBatch = o.batch
	}
	switch {
	case o.patience <= 0 || o.patience > time.Hour:
		return cli.Usagef("--patience is %v; it must be above 0 and at most 1h", o.patience)
	case o.threads < 0:
		return cli.Usagef("--threads is %d; it must be 0 (all CPUs) or more", o.threads)
	case o.microBatch < 1 || o.microBatch > o.batch:
		return cli.Usagef("--micro-batch is %d; it must be from 1 to --batch, %d", o.microBatch, o.batch)
	case !(o.active >= 0 && o.active <= 1):
		return cli.Usagef("--active is %v; it must be from 0 to 1", o.active)
	case o.optimizer != "sgd" && o.optimizer != "adamw":
		return cli.Usagef("--optimizer is %q; it must be sgd or adamw", o.optimizer)
	case o.forward && len(o.freeze) > 0:
		return cli.Usagef("--forward trains nothing: --freeze makes no difference to it")
	case o.forward && o.activeOn:
		return cli.Usagef("--forward has no loss: --active makes no difference to it")
	case o.triplets != "" && o.activeOn:
		return cli.Usagef("--active is for drawn pictures; with --triplets the pictures decide")
	case o.triplets == "" && (o.metadata != "" || o.images != "" || o.cache != "" || o.cold):
		return cli.Usagef("--metadata, --images, --cache and --cold need --triplets")
	case o.cold && o.cache != "":
		return cli.Usagef("--cold makes its own cache: leave out --cache")
	}
	frozen, err := o.spec.Frozen(o.freeze)
	if err != nil {
		return &cli.UsageError{Err: err}
	}
	o.frozen = frozen
	return nil
}
