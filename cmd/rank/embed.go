package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"deeprank/data"
	"deeprank/internal/cli"
	"deeprank/internal/embed"
	"deeprank/internal/progress"
	"deeprank/internal/projector"
	"deeprank/internal/vectors"
)

// embedOptions are the flags of the command embed.
type embedOptions struct {
	trainedOptions
	metadata, images, out string
	projector             string
	flip, float16, quiet  bool
}

// embedResult is what the command tells on stdout.
type embedResult struct {
	Embeddings string `json:"embeddings"`
	Checkpoint string `json:"checkpoint"`
	Rows       int    `json:"rows"` // embeddings in the folder
	Dim        int    `json:"dim"`
	DType      string `json:"dtype"`
	Skipped    int    `json:"skipped"` // pictures that could not be read
	Resumed    int    `json:"resumed"` // rows of the table that were done before
	Projector  string `json:"projector,omitempty"`
}

func readEmbedOptions(args []string, stdout io.Writer) (*embedOptions, error) {
	var o embedOptions
	f := cli.NewFlags("rank embed", "--checkpoint FILE --metadata FILE --out DIR", `Computes the embedding of each picture of a table. The folder --out gets
  embeddings.npy     one row for each picture, for numpy.load and for rank search and rank evaluate
  metadata.tsv       the pictures' rows of the table, in the same order
  skipped.tsv        pictures that could not be read, with the reason; they have no embedding
  embeddings.json    what they were made of

It goes on where it stopped, if the checkpoint, the table and the options are the same.`)
	o.flags(f)
	f.StringVar(&o.metadata, "metadata", "", "table of the pictures")
	f.StringVar(&o.images, "images", "", "folder of the pictures (default: images beside the table or one level up)")
	f.StringVar(&o.out, "out", "", "folder to write; it is made")
	f.StringVar(&o.projector, "projector", "", "also write the folder that TensorBoard's projector shows: tensorboard --logdir DIR")
	f.BoolVar(&o.flip, "flip", false, "average with the mirrored picture: twice the time, often a little better")
	f.BoolVar(&o.float16, "float16", false, "store 2 bytes a number instead of 4")
	f.IntRange(&o.threads, "threads", 0, 0, 1024, "threads; 0 is one a CPU")
	f.BoolVar(&o.quiet, "quiet", false, "say nothing but warnings and errors")
	if err := f.Read(args, 0, stdout); err != nil {
		return nil, err
	}
	switch {
	case o.metadata == "":
		return nil, cli.Usagef("--metadata FILE is missing: the table of the pictures")
	case o.out == "":
		return nil, cli.Usagef("--out DIR is missing: the folder to write")
	}
	for flag, dir := range map[string]string{"--out": o.out, "--projector": o.projector} {
		if info, err := os.Stat(dir); dir != "" && err == nil && !info.IsDir() {
			return nil, cli.Usagef("%s %s is a file; name a folder", flag, dir)
		}
	}
	if err := o.check(); err != nil || o.projector == "" {
		return &o, err
	}
	out, err := filepath.Abs(o.out)
	if err != nil {
		return nil, err
	}
	to, err := filepath.Abs(o.projector)
	if err != nil {
		return nil, err
	}
	if out == to {
		return nil, cli.Usagef("--projector %s is --out too; both have a metadata.tsv, name another folder", o.projector)
	}
	return &o, projector.Check(o.projector) // before the work, and again after it
}

// saveEvery is how often what is done is made safe.
const saveEvery = 30 * time.Second

// embedCommand embeds a table's pictures.
func embedCommand(ctx context.Context, args []string, stdout, stderr io.Writer) (any, error) {
	o, err := readEmbedOptions(args, stdout)
	if err != nil {
		return nil, err
	}
	report := progress.New(stderr, nil, progress.Options{Quiet: o.quiet})
	defer func() { _ = report.Close() }() // there is no log file
	m, err := data.ReadMetadata(o.metadata)
	if err != nil {
		return nil, err
	}
	if o.images == "" {
		if o.images, err = data.FindImages(o.metadata); err != nil {
			return nil, err
		}
	}
	net, err := openTrained(ctx, &o.trainedOptions, report)
	if err != nil {
		return nil, err
	}
	defer net.close()
	pictures, err := openImages(m, o.images, o.metadata, net, report)
	if err != nil {
		return nil, err
	}
	defer pictures.Close()
	info, err := o.info(net, m)
	if err != nil {
		return nil, err
	}
	result := embedResult{Embeddings: o.out, Checkpoint: net.path, Dim: info.Dim, DType: info.DType}
	w, err := vectors.Create(o.out, *info)
	if errors.Is(err, vectors.ErrComplete) {
		return o.complete(ctx, result, report)
	}
	if err != nil {
		return nil, err
	}
	defer w.Close()
	if result.Resumed = w.Next(); result.Resumed > 0 {
		report.Printf("resuming  %d of %d pictures were done before", result.Resumed, m.Rows())
	}
	if err := o.embed(ctx, net, m, pictures, w, report); err != nil {
		return nil, errors.Join(err, w.Save()) // for the next time
	}
	if len(w.Skipped()) == m.Rows() {
		return nil, &data.Refused{Path: o.metadata, Reason: fmt.Sprintf("none of the %d pictures can be used: %s", m.Rows(), w.Skipped()[0].Reason), Remedy: "name their folder with --images"}
	}
	report.Status("completing the folder")
	done, err := w.Finish(m)
	if err != nil {
		return nil, err
	}
	result.Rows, result.Skipped = done.Rows, done.Skipped
	if done.Skipped > 0 {
		report.Warnf("%d of %d pictures cannot be read and have no embedding; skipped.tsv lists them", done.Skipped, m.Rows())
	}
	report.Printf("written   %s: %d embeddings of %d numbers, %s", o.out, done.Rows, done.Dim, done.DType)
	return o.projected(ctx, result, report)
}

// projected writes for the projector, if that is asked for.
func (o *embedOptions) projected(ctx context.Context, result embedResult, report *progress.Reporter) (any, error) {
	if o.projector == "" {
		return result, nil
	}
	result.Projector = o.projector
	return result, project(ctx, o.out, o.projector, o.images, report)
}

// complete is the end where the folder has just these embeddings.
func (o *embedOptions) complete(ctx context.Context, result embedResult, report *progress.Reporter) (any, error) {
	e, err := vectors.OpenFolder(o.out)
	if err != nil {
		return nil, err
	}
	defer e.Close()
	report.Printf("%s holds these embeddings already", o.out)
	result.Rows, result.Skipped, result.Resumed = e.Rows(), e.Info.Skipped, e.Info.Pictures
	return o.projected(ctx, result, report)
}

// info says what the embeddings are made of.
func (o *embedOptions) info(net *network, m *data.Metadata) (*vectors.Info, error) {
	i := &vectors.Info{DType: vectors.Float32, Dim: net.embedder.Dim(), Pictures: m.Rows(), Flip: o.flip}
	if o.float16 {
		i.DType = vectors.Float16
	}
	var err error
	for path, to := range map[string]*string{net.path: &i.Checkpoint, o.metadata: &i.Metadata, o.images: &i.Images} {
		if *to, err = filepath.Abs(path); err != nil {
			return nil, err
		}
	}
	if i.CheckpointSum, err = net.fingerprint(); err != nil {
		return nil, err
	}
	i.MetadataSum, err = data.Fingerprint(o.metadata)
	return i, err
}

// embed writes the rows that are left, in their order.
func (o *embedOptions) embed(ctx context.Context, net *network, m *data.Metadata, pictures *data.Pictures, w *vectors.Writer, report *progress.Reporter) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	first := w.Next()
	var rows []int32
	for i := first; i < m.Rows(); i++ {
		rows = append(rows, int32(i))
	}
	var n embed.Network = net.embedder
	if o.flip {
		n = embed.NewMirrored(n, net.cfg.Size)
	}
	show := counterFrom(report, "embedding", first, time.Now)
	bad := map[int]error{} // told before the pictures that come after them in a batch
	skipTo := func(row int) {
		for w.Next() < row {
			err := bad[w.Next()]
			delete(bad, w.Next())
			if len(w.Skipped()) < maxNamed {
				report.Warnf("a picture is left out: %v", err)
			}
			w.Skip(err.Error())
		}
	}
	saved := time.Now()
	err := embed.Rows(ctx, n, pictures, net.cfg.Size, rows, o.workers(), func(i int, v []float32) error {
		row := first + i
		if !finite(v) {
			return fmt.Errorf("the network %s gives no finite numbers for %s", net.path, m.Name[row])
		}
		skipTo(row)
		if err := w.Add(v); err != nil {
			return err
		}
		show(row+1, m.Rows())
		if time.Since(saved) < saveEvery {
			return nil
		}
		saved = time.Now()
		return w.Save()
	}, func(i int, err error) {
		if _, ok := errors.AsType[*data.Refused](err); !ok {
			cancel(err) // of the machine: the picture may be good
		}
		bad[first+i] = err
	})
	if err != nil {
		if cause := context.Cause(ctx); cause != nil && errors.Is(err, context.Canceled) {
			return cause
		}
		return err
	}
	skipTo(m.Rows())
	return nil
}
