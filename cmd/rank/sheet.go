package main

import (
	"context"
	"io"

	"deeprank/internal/cli"
	"deeprank/internal/progress"
	"deeprank/internal/restore"
	"deeprank/internal/sheet"
)

// sheetOptions are the flags of the command sheet.
type sheetOptions struct {
	run, checkpoint             string
	triplets, metadata, images  string
	init                        string
	gallery, queries, top, cell int
	out                         string
	threads                     int
	quiet                       bool
}

// sheetResult is what the command tells on stdout.
type sheetResult struct {
	Sheet       string  `json:"sheet"`
	Run         string  `json:"run"`
	Checkpoint  string  `json:"checkpoint"`
	Triplets    string  `json:"triplets"` // whose pictures are the gallery
	Pictures    int     `json:"pictures"`
	BadPictures int     `json:"bad_pictures"`
	Shown       []int32 `json:"shown"` // rows of the queries on the sheet
	Before      scores  `json:"before"`
	After       scores  `json:"after"`
}

// maxPixels bounds a sheet.
const maxPixels = 100 << 20

// runFlags are the flags that say which network.
func (o *sheetOptions) runFlags(f *cli.Flags) {
	f.StringVar(&o.run, "run", "", "folder of the run, made by train")
	f.StringVar(&o.checkpoint, "checkpoint", "", "the weights after training (default: the run's best checkpoint)")
}

// read reads the arguments; a run must be among them.
func (o *sheetOptions) read(f *cli.Flags, args []string, stdout io.Writer) error {
	if err := f.Read(args, 0, stdout); err != nil {
		return err
	}
	if o.run == "" {
		return cli.Usagef("--run DIR is missing: the folder of a run, made by train")
	}
	return nil
}

// galleryFlags are the flags that say what is searched.
func (o *sheetOptions) galleryFlags(f *cli.Flags) {
	f.StringVar(&o.triplets, "triplets", "", "triplets whose pictures are searched (default: the run's val_triplets)")
	f.StringVar(&o.metadata, "metadata", "", "their metadata (default: the run's)")
	f.StringVar(&o.images, "images", "", "folder of the pictures (default: the run's; with --metadata, images beside it or one level up)")
	f.StringVar(&o.init, "init", "", "weights that the run started from, if that file was moved (default: the run's init)")
	f.IntRange(&o.gallery, "gallery", 10000, 3, 1_000_000, "at most so many pictures, those of the first triplets")
	f.IntRange(&o.threads, "threads", 0, 0, 1024, "threads; 0 is one a CPU")
	f.BoolVar(&o.quiet, "quiet", false, "say nothing but warnings and errors")
}

func readSheetOptions(args []string, stdout io.Writer) (*sheetOptions, error) {
	var o sheetOptions
	f := cli.NewFlags("rank sheet", "--run DIR", `Draws a sheet of queries and their nearest pictures, before and after training side by side. Pictures of the
query's product are framed green, of another product of its category and colour yellow, all others red.

The pictures are those of the run's validation triplets. Above them stand numbers over all of these pictures as
queries: how often the nearest picture is of the same product (recall@1), which share of the first R is, if the
product has R other pictures (R-precision), and how many triplets are in the right order.`)
	o.runFlags(f)
	f.StringVar(&o.out, "out", "sheet.png", "the picture to write, as PNG")
	f.IntRange(&o.queries, "queries", 8, 1, 200, "rows of the sheet")
	f.IntRange(&o.top, "top", 10, 1, 100, "nearest pictures of each query")
	f.IntRange(&o.cell, "cell", 72, 16, 512, "side of each picture in pixels")
	o.galleryFlags(f)
	if err := o.read(f, args, stdout); err != nil {
		return nil, err
	}
	if pixels := o.queries * 2 * (o.top + 1) * o.cell * o.cell; pixels > maxPixels {
		return nil, cli.Usagef("a sheet of %d queries with %d pictures of %d x %d pixels would be too large to look at; lower --queries, --top or --cell",
			o.queries, o.top, o.cell, o.cell)
	}
	return &o, cli.CheckTarget("--out", o.out, "PNG file")
}

// sheetCommand draws the sheet.
func sheetCommand(ctx context.Context, args []string, stdout, stderr io.Writer) (any, error) {
	o, err := readSheetOptions(args, stdout)
	if err != nil {
		return nil, err
	}
	report := progress.New(stderr, nil, progress.Options{Quiet: o.quiet})
	defer func() { _ = report.Close() }() // there is no log file
	r, err := restore.OpenRun(o.run)
	if err != nil {
		return nil, err
	}
	c, err := compareTraining(ctx, r, o, report)
	if err != nil {
		return nil, err
	}
	defer c.gallery.close()
	g, numbers := c.gallery, summary(c.before.scores, c.after.scores)
	result := sheetResult{
		Sheet: o.out, Run: r.Dir, Checkpoint: c.checkpoint, Triplets: g.tripletsPath,
		Pictures: len(g.rows), BadPictures: g.bad, Before: c.before.scores, After: c.after.scores,
	}
	for _, place := range c.shown {
		result.Shown = append(result.Shown, g.rows[place])
	}
	report.Printf("numbers   %s", numbers)
	im, err := drawSheet(g, c.shown, c.before.nearest, c.after.nearest, numbers, o)
	if err != nil {
		return nil, err
	}
	if err := sheet.WritePNG(o.out, im); err != nil {
		return nil, err
	}
	report.Printf("sheet     %s, %d x %d pixels", o.out, im.Bounds().Dx(), im.Bounds().Dy())
	return result, nil
}
