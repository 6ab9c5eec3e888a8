package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"

	"deeprank/internal/cli"
	"deeprank/internal/shop"
)

// demoResult is what the demo command tells on stdout.
type demoResult struct {
	Folder string `json:"folder"`
	shop.Report
}

// demo draws a shop into a folder.
func demo(ctx context.Context, args []string, stdout, stderr io.Writer) (any, error) {
	flags := cli.NewFlags("triplets demo", "DIR", `Draws a small shop: garments of ten kinds in ten colours, each with its own pattern and details, and
several pictures of each that differ in position, size, background and light.

DIR gets csv/sample_set.csv, csv/triplets.csv, csv/val_triplets.csv and images/. If it holds the same demo
already, nothing is done; if it holds another or a broken one, that is drawn anew; anything else is left alone.

With --no-images it is a large shop for tests of load: csv/sample_set.csv alone, with 25 categories and 47 colours, some
frequent and most rare, 15 % of the products with a single picture, and --views pictures in the mean; triplets only where --triplets or
--val-triplets ask for them. --products 166250 makes 665,000 rows.`)
	var o shop.FolderOptions
	flags.IntVar(&o.Products, "products", 300, "articles in the shop; one in five is kept for validation")
	flags.IntVar(&o.Views, "views", 4, "pictures of each")
	flags.IntVar(&o.Size, "size", 128, "side of a picture in pixels")
	flags.Uint64Var(&o.Seed, "seed", 1, "the same seed draws the same shop")
	flags.BoolVar(&o.NoImages, "no-images", false, "write the table of a large shop and draw nothing")
	flags.IntRange(&o.Triplets, "triplets", 4000, 0, 100_000_000, "triplets for training")
	flags.IntRange(&o.ValTriplets, "val-triplets", 500, 0, 100_000_000, "triplets for validation, of products that training never sees")
	flags.IntRange(&o.Threads, "threads", 0, 0, 1024, "pictures drawn at once; 0 is one a CPU")
	quiet := flags.Bool("quiet", false, "say nothing but errors")
	if err := flags.Read(args, 1, stdout); err != nil {
		return nil, err
	}
	if flags.Arg(0) == "" {
		return nil, cli.Usagef("name one folder to draw into: triplets demo DIR")
	}
	for _, f := range []struct {
		name  string
		value *int
	}{{"triplets", &o.Triplets}, {"val-triplets", &o.ValTriplets}} {
		switch {
		case o.NoImages && !flags.Changed(f.name):
			*f.value = 0
		case !o.NoImages && *f.value == 0:
			return nil, cli.Usagef("--%s is 0; only with --no-images there may be none", f.name)
		}
	}
	if o.NoImages && flags.Changed("size") {
		return nil, cli.Usagef("--size is of pictures, and --no-images makes none")
	}
	if err := o.Validate(); err != nil {
		return nil, cli.Usagef("--%w", err)
	}
	if o.Threads == 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	dir := filepath.Clean(flags.Arg(0))
	say := func(format string, a ...any) {
		if !*quiet {
			fmt.Fprintf(stderr, format+"\n", a...)
		}
	}
	o.Note = func(text string) { say("%s", text) }
	started, shown := false, 0
	o.Progress = func(done, total int) {
		if !started {
			started = true
			if o.NoImages {
				say("writing %d rows of %d products into %s", total, o.Products, dir)
			} else {
				say("drawing %d pictures of %d products into %s", total, o.Products, dir)
			}
		}
		if o.NoImages && done-shown >= 5_000_000 && done < total {
			shown = done
			say("  %d of %d rows", done, total)
		}
		if !o.NoImages && done-shown >= 5000 && done < total {
			shown = done
			say("  %d of %d pictures", done, total)
		}
	}
	report, err := shop.WriteFolder(ctx, dir, o)
	var foreign *shop.ForeignError
	switch {
	case errors.As(err, &foreign):
		return nil, &cli.UsageError{Err: err}
	case err != nil:
		return nil, err
	case report.Drawn && o.NoImages:
		say("%s: %d rows of %d products, %d triplets for training, %d for validation", dir, report.Rows, report.Products, report.Triplets, report.ValTriplets)
	case report.Drawn:
		say("%s: %d pictures, %d triplets for training, %d for validation (%d of the %d products)",
			dir, report.Pictures, report.Triplets, report.ValTriplets, report.ValProducts, report.Products)
	default:
		say("%s holds this demo already", dir)
	}
	return demoResult{dir, report}, nil
}
