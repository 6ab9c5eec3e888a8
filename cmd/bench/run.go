package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/pflag"

	"deeprank/configs"
	"deeprank/internal/cli"
	"deeprank/internal/kernel"
	"deeprank/model"
)

// run is the program: it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := readOptions(args, stdout)
	if errors.Is(err, pflag.ErrHelp) {
		return cli.Done
	}
	object := stdout // where the JSON object goes: it is wanted with --json, and where nothing else was written
	var r *report
	if err == nil {
		if o.version {
			fmt.Fprintf(stdout, "bench %s, %s %s/%s\n", configs.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return cli.Done
		}
		table := stdout
		if o.json {
			table = io.Discard
		} else {
			object = io.Discard
		}
		r, err = bench(ctx, o, table, stderr)
	}
	return cli.Finish("bench", r, cli.Cause(ctx, err), object, stderr)
}

// bench measures the limit, the step and the layers, in this order, and writes tables as it goes.
func bench(ctx context.Context, o *options, out, stderr io.Writer) (*report, error) {
	note := func(format string, a ...any) { fmt.Fprintf(stderr, format+"\n", a...) }
	team := kernel.NewTeam(o.threads)
	defer team.Close()
	team.Exact(o.exact)
	net, err := newNetwork(o.spec, 3*o.batch, o.frozen)
	if err != nil {
		return nil, err
	}
	r := newReport(o, team)
	r.Limit = limit(team, o)
	r.writeHead(out, net.kept)

	t, err := step(ctx, o, team, note)
	if err != nil {
		return nil, err
	}
	peak := peakMemory()
	debug.FreeOSMemory()                          // the step's, before the layers take theirs
	if again := limit(team, o); again > r.Limit { // something else ran the first time
		r.Limit = again
		r.writeLimit(out)
	}
	r.step(o, net, t, peak)
	if o.layers {
		note("measuring the layers one by one")
		r.writeLayerHead(out)
		// A layer sees a micro-batch at a time.
		part, err := newNetwork(o.spec, 3*o.microBatch, o.frozen)
		if err != nil {
			return nil, err
		}
		err = measure(ctx, part.rows(team, o.forward), 3*o.microBatch, r.Limit, o.patience, func(m measured) {
			r.Layers = append(r.Layers, m)
			writeLayer(out, m)
		})
		if err != nil {
			return nil, err
		}
		for _, m := range r.updates(t) {
			r.Layers = append(r.Layers, m)
			writeLayer(out, m)
		}
		r.Heads = heads(r.Layers)
		r.writeLayerSums(out)
	}
	r.writeStep(out)
	return r, nil
}

// limit measures five times.
func limit(t *kernel.Team, o *options) float64 { return t.PeakGFLOPS(o.patience, 5) }

// step times steps on drawn pictures or those of the triplets.
func step(ctx context.Context, o *options, team *kernel.Team, note func(string, ...any)) (t timings, err error) {
	var src source = drawn{triplets: o.batch}
	gap := 0.0 // see pictures.go
	if o.triplets != "" {
		gap = 1
		if src, err = openTriplets(ctx, o, note); err != nil {
			return t, err
		}
	} else {
		src = drawn{drawBatch(o.batch, o.spec.Size, o.active), o.batch}
	}
	defer func() { err = errors.Join(err, src.close()) }()
	w, err := model.NewWeights(o.spec)
	if err != nil {
		return t, err
	}
	w.Init(team, 1, nil)
	timer := timer{o, team, note}
	if o.forward {
		return timer.embeddings(ctx, w, src)
	}
	return timer.training(ctx, w, gap, src)
}
