package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"deeprank/checkpoints"
	"deeprank/data"
	"deeprank/internal/cli"
	"deeprank/internal/evaluate"
	"deeprank/internal/progress"
)

// evaluateOptions are the flags of the command evaluate.
type evaluateOptions struct {
	trainedOptions
	triplets, metadata, query, gallery, images string
	embeddings, by, init                       string
	untrained, quiet                           bool
	config                                     string // of the run, where the tables are those that it names
}

// evaluateResult is what the command tells on stdout.
type evaluateResult struct {
	Checkpoint  string           `json:"checkpoint,omitempty"`
	Step        int              `json:"step,omitempty"`
	Embeddings  string           `json:"embeddings,omitempty"`
	Triplets    string           `json:"triplets,omitempty"`
	Metadata    string           `json:"metadata,omitempty"`
	Query       string           `json:"query,omitempty"`
	Gallery     string           `json:"gallery,omitempty"`
	By          string           `json:"by,omitempty"`
	Pictures    int              `json:"pictures"`
	BadPictures int              `json:"bad_pictures"`
	Networks    []networkNumbers `json:"networks"`
}

// networkNumbers are the numbers of one network: trained, initial (what training started from, where it had a file of weights) or untrained (drawn).
type networkNumbers struct {
	Network   string            `json:"network"`
	Triplets  *evaluate.Report  `json:"triplets,omitempty"`
	Retrieval *retrievalNumbers `json:"retrieval,omitempty"`
}

func readEvaluateOptions(args []string, stdout io.Writer) (*evaluateOptions, error) {
	var o evaluateOptions
	f := cli.NewFlags("rank evaluate", "--checkpoint FILE --triplets FILE | --metadata FILE", `Measures a trained network on triplets or by retrieval.

With --triplets: the share of triplets with D(query, positive) < D(query, negative), with its 95 % interval (Wilson), also
by kind of triplet; the score at top 30 (Wang et al. 2014, section 5.2: triplets in the right order minus the others, of
those whose positive or negative is among the 30 pictures nearest to the query; the pictures searched are those that the
triplets name); mean distances, loss, active share, histograms of the distances.

With --metadata, or --query and --gallery: each picture is searched for among the others, itself never an answer. Recall at
k is the share of queries with a right answer among the first k, precision at k the share of right answers among them,
R-precision the same for k = R, the number of right answers there are; mAP@R is in Musgrave et al. 2020. A right answer shows
the query's product or, by --by category, is of its category. Queries without a right answer are counted and left out.

The numbers are printed as tables, and in the JSON line. Without tables, a run's val_triplets are taken.`)
	o.flags(f)
	f.StringVar(&o.embeddings, "embeddings", "", "instead of a network: embeddings that rank embed wrote")
	f.StringVar(&o.triplets, "triplets", "", "triplets to rank")
	f.StringVar(&o.metadata, "metadata", "", "table of pictures: of the triplets, or to search in (default with --triplets: sample_set.csv beside it)")
	f.StringVar(&o.query, "query", "", "table of the queries, as triplets import writes it (default: --metadata)")
	f.StringVar(&o.gallery, "gallery", "", "table of the pictures to search in (default: --metadata)")
	f.StringVar(&o.images, "images", "", "folder of the pictures (default: images beside the table or one level up)")
	f.StringVar(&o.by, "by", "product", "what makes an answer right: product or category")
	f.BoolVar(&o.untrained, "untrained", false, "also the untrained network and, where the run had --init, the one that it started from")
	f.StringVar(&o.init, "init", "", "weights that the run started from, if that file was moved (default: the run's init)")
	f.IntRange(&o.threads, "threads", 0, 0, 1024, "threads; 0 is one a CPU")
	f.BoolVar(&o.quiet, "quiet", false, "say nothing but the numbers, warnings and errors")
	if err := f.Read(args, 0, stdout); err != nil {
		return nil, err
	}
	switch {
	case o.by != "product" && o.by != "category":
		return nil, cli.Usagef("--by %s: it must be product or category", o.by)
	case o.triplets != "" && (o.query != "" || o.gallery != "" || f.Changed("by")):
		return nil, cli.Usagef("--triplets goes without --query, --gallery and --by: evaluate triplets and retrieval one after the other")
	case o.metadata == "" && (o.query == "") != (o.gallery == ""):
		return nil, cli.Usagef("--query and --gallery go together, or with --metadata for the other one")
	case o.metadata != "" && o.query != "" && o.gallery != "":
		return nil, cli.Usagef("--metadata is not used with --query and --gallery; leave one of the three")
	case o.init != "" && !o.untrained:
		return nil, cli.Usagef("--init is for --untrained, which measures the network that the run started from too")
	case o.embeddings != "" && (o.run != "" || o.checkpoint != "" || o.untrained || o.images != ""):
		return nil, cli.Usagef("--embeddings goes without --checkpoint, --run, --images and --untrained: no picture is looked at")
	case o.embeddings != "" && (o.triplets != "" || o.metadata != "" || o.query != "" || o.gallery != ""):
		return nil, cli.Usagef("--embeddings goes without tables: the folder holds its own")
	case o.embeddings != "":
		return &o, nil
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.run == "" && o.triplets == "" && o.metadata == "" && o.query == "" {
		return nil, cli.Usagef("say on what: --triplets FILE, --metadata FILE, or --query FILE with --gallery FILE")
	}
	return &o, nil
}

// evaluateCommand measures.
func evaluateCommand(ctx context.Context, args []string, stdout, stderr io.Writer) (any, error) {
	o, err := readEvaluateOptions(args, stdout)
	if err != nil {
		return nil, err
	}
	report := progress.New(stderr, nil, progress.Options{Quiet: o.quiet})
	defer func() { _ = report.Close() }() // there is no log file
	if o.embeddings != "" {
		return evaluateEmbeddings(ctx, o, stdout, report)
	}
	net, err := openTrained(ctx, &o.trainedOptions, report)
	if err != nil {
		return nil, err
	}
	defer net.close()
	if err := o.findInit(net); err != nil {
		return nil, err
	}
	if o.triplets == "" && o.metadata == "" && o.query == "" {
		if err := o.fromRun(net, report); err != nil {
			return nil, err
		}
	}
	result := evaluateResult{Checkpoint: net.path}
	if s, err := checkpoints.DecodeState(net.file.Metadata); err == nil {
		result.Step = s.Step
	}
	if o.triplets != "" {
		err = evaluateTriplets(ctx, o, net, &result, stdout, report)
	} else {
		err = evaluateRetrieval(ctx, o, net, &result, stdout, report)
	}
	if err != nil {
		return nil, err
	}
	return result, nil
}

// findInit finds the weights that the run started from before the work begins, if they are asked for.
func (o *evaluateOptions) findInit(net *network) error {
	if !o.untrained {
		return nil
	}
	if o.init != "" {
		net.cfg.Init = o.init
	}
	if path := net.cfg.Init; path != "" {
		if _, err := os.Stat(path); err != nil {
			return cli.Usagef("the network that the run started from cannot be read: %w (--init names its file, if that was moved)", err)
		}
	}
	return nil
}

// fromRun takes the tables that the run names: its validation triplets.
func (o *evaluateOptions) fromRun(net *network, report *progress.Reporter) error {
	cfg := net.cfg
	o.config = filepath.Join(o.run, "config.yaml")
	o.triplets, o.metadata = cfg.ValTriplets, cfg.Metadata
	if o.triplets == "" {
		o.triplets = cfg.Triplets
		report.Warnf("the run has no validation triplets; these are those that it was trained on, and the numbers flatter it")
	}
	if o.images == "" {
		o.images = cfg.Images
	}
	if o.metadata == "" {
		var err error
		o.metadata, err = data.FindMetadata(cfg.Triplets)
		return o.moved(err, "triplets")
	}
	return nil
}

// moved says where a path that cannot be used is from, and the flag that names another one.
func (o *evaluateOptions) moved(err error, flag string) error {
	if err == nil || o.config == "" {
		return err
	}
	return fmt.Errorf("%w (the path is from %s; --%s names another one)", err, o.config, flag)
}

// networks calls each with the weights of every network that is asked for, the trained one first.
func (o *evaluateOptions) networks(net *network, each func(name string) error) error {
	if err := each("trained"); err != nil || !o.untrained {
		return err
	}
	if net.cfg.Init != "" {
		if err := net.untrained(); err != nil {
			return err
		}
		if err := each("initial"); err != nil {
			return err
		}
	}
	if err := net.drawn(); err != nil {
		return err
	}
	return each("untrained")
}

// openImages opens the pictures of a table; beside is where the folder is looked for.
func openImages(m *data.Metadata, dir, beside string, net *network, report *progress.Reporter) (*data.Pictures, error) {
	if dir == "" {
		var err error
		if dir, err = data.FindImages(beside); err != nil {
			return nil, err
		}
	}
	report.Printf("pictures  %s", dir)
	return openPictures(m, dir, net.cfg, report)
}

func evaluateTriplets(ctx context.Context, o *evaluateOptions, net *network, result *evaluateResult, stdout io.Writer, report *progress.Reporter) (err error) {
	if o.metadata == "" {
		if o.metadata, err = data.FindMetadata(o.triplets); err != nil {
			return err
		}
	}
	m, err := data.ReadMetadata(o.metadata)
	if err != nil {
		return o.moved(err, "triplets") // whose metadata is beside them
	}
	ts, err := data.ReadTriplets(o.triplets, m.Rows())
	if err != nil {
		return o.moved(err, "triplets")
	}
	pictures, err := openImages(m, o.images, o.metadata, net, report)
	if err != nil {
		return err
	}
	defer pictures.Close()
	rows := data.UsedRows(ts, m.Rows())
	report.Printf("triplets  %s: %d, of %d pictures", o.triplets, len(ts), len(rows))
	result.Triplets, result.Metadata = o.triplets, o.metadata
	return o.networks(net, func(name string) error {
		v, place, bad, err := net.embedRows(ctx, m, pictures, rows, o.workers(), "embedding, "+name, report)
		if err != nil {
			return err
		}
		result.Pictures, result.BadPictures = v.Rows(), bad
		r, err := evaluate.Triplets(ctx, net.team, m, ts, v, place, net.cfg.Gap)
		if err != nil {
			return err
		}
		if r.Share.Triplets == 0 {
			return &data.Refused{Path: o.triplets, Reason: "every triplet has a picture that cannot be read", Remedy: "mend the pictures, or name their folder with --images"}
		}
		result.Networks = append(result.Networks, networkNumbers{Network: name, Triplets: r})
		report.Status("")
		title(stdout, o, name)
		r.Write(stdout)
		return nil
	})
}

// title names the network above its numbers where there are several.
func title(w io.Writer, o *evaluateOptions, name string) {
	if o.untrained {
		fmt.Fprintf(w, "\n%s\n", map[string]string{
			"trained": "TRAINED", "initial": "INITIAL (what training started from)", "untrained": "UNTRAINED (random weights)",
		}[name])
	}
}
