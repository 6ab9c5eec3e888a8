package main

import (
	"context"
	"fmt"
	"math"
	"runtime"

	"deeprank/data"
	"deeprank/internal/cli"
	"deeprank/internal/embed"
	"deeprank/internal/progress"
	"deeprank/internal/restore"
	"deeprank/internal/retrieval"
)

// trainedOptions are the flags that name a trained network.
type trainedOptions struct {
	run, checkpoint string
	threads         int
}

func (o *trainedOptions) flags(f *cli.Flags) {
	f.StringVar(&o.checkpoint, "checkpoint", "", "the trained network (default: the best checkpoint of --run)")
	f.StringVar(&o.run, "run", "", "folder of the run, made by train")
}

func (o *trainedOptions) check() error {
	if o.run == "" && o.checkpoint == "" {
		return cli.Usagef("name the trained network: --checkpoint FILE, or --run DIR for a run's best one")
	}
	return nil
}

// workers is how many pictures are decoded at once.
func (o *trainedOptions) workers() int {
	if o.threads > 0 {
		return o.threads
	}
	return runtime.NumCPU()
}

// openRunIfNamed opens a run's folder; it gives nil where none is named.
func openRunIfNamed(dir string) (*restore.Run, error) {
	if dir == "" {
		return nil, nil
	}
	return restore.OpenRun(dir)
}

// openTrained reads the checkpoint and builds its network.
func openTrained(ctx context.Context, o *trainedOptions, report *progress.Reporter) (*network, error) {
	r, err := openRunIfNamed(o.run)
	if err != nil {
		return nil, err
	}
	n, err := readNetwork(ctx, r, o.checkpoint, report)
	if err != nil {
		return nil, err
	}
	n.file.Tensors = nil // the weights have them
	cli.LimitGarbage(4 * int64(n.weights.Spec.Count()))
	if err := n.start(o.threads, math.MaxInt, report); err != nil {
		return nil, err
	}
	return n, nil
}

// fingerprint tells the checkpoint from others: its checksum, which was checked as it was read, or the SHA-256 of a file without one.
func (n *network) fingerprint() (string, error) {
	if s := n.file.Checksum(); s != "" {
		return s, nil
	}
	return data.Fingerprint(n.path)
}

// drawn sets the weights to random ones, as training without --init starts from.
func (n *network) drawn() error {
	cfg := *n.cfg
	cfg.Init = ""
	_, err := restore.Initial(n.team, n.weights, &cfg)
	return err
}

// embedRows embeds pictures of m. It returns the embeddings, the place of each row of m among them (-1 for a picture that cannot be read or is not in rows), and how many could
// not be read. what is what the progress calls it.
func (n *network) embedRows(ctx context.Context, m *data.Metadata, p *data.Pictures, rows []int32, workers int, what string, report *progress.Reporter) (retrieval.Matrix, []int32, int, error) {
	dim := n.embedder.Dim()
	v := retrieval.Matrix{Values: make([]float32, 0, len(rows)*dim), Columns: dim}
	place := make([]int32, m.Rows())
	for i := range place {
		place[i] = -1
	}
	bad := 0
	var first error
	show := counter(report, what)
	err := embed.Rows(ctx, n.embedder, p, n.cfg.Size, rows, workers, func(i int, e []float32) error {
		if !finite(e) {
			return fmt.Errorf("the network %s gives no finite numbers for %s", n.path, m.Name[rows[i]])
		}
		place[rows[i]] = int32(v.Rows())
		v.Values = append(v.Values, e...)
		show(i+1, len(rows))
		return nil
	}, func(i int, err error) {
		bad++
		if first == nil {
			first = err
		}
		if bad <= maxNamed {
			report.Warnf("a picture is left out: %v", err)
		}
	})
	if err != nil {
		return v, nil, 0, err
	}
	if v.Rows() == 0 {
		return v, nil, 0, &data.Refused{
			Path: m.Path, Reason: fmt.Sprintf("none of the %d pictures can be used", len(rows)),
			Remedy: "if the pictures lie elsewhere, name their folder with --images", Err: first,
		}
	}
	if bad > 0 {
		report.Warnf("%d of %d pictures cannot be read and are left out", bad, len(rows))
	}
	return v, place, bad, nil
}

func finite(v []float32) bool {
	for _, x := range v {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return false
		}
	}
	return true
}
