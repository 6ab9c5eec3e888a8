package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"golang.org/x/term"

	"deeprank/data"
	"deeprank/internal/chart"
	"deeprank/internal/cli"
	"deeprank/internal/inventory"
	"deeprank/internal/lettering"
	"deeprank/internal/progress"
	"deeprank/internal/sheet"
)

// statsOptions are the flags of the command stats.
type statsOptions struct {
	input
	look                   bool // --images was given
	deep, json, all, quiet bool
	plot                   string
	threads                int
}

func readStatsOptions(args []string, stdout io.Writer) (*statsOptions, error) {
	var o statsOptions
	f := cli.NewFlags("triplets stats", "--metadata FILE", `Says what a table of pictures holds: rows, products and their pictures, categories, colours, genders, and which
colours the categories have. With --images it also looks for the pictures' files; with --deep it compares
their contents.`)
	o.metadataFlag(f, "the table of pictures (needed)")
	o.imagesFlag(f, "folder of the pictures: count the rows whose picture is missing, empty or no file")
	f.BoolVar(&o.deep, "deep", false, "find pictures whose files are the same, byte for byte; without --images in images beside the metadata or one level up")
	f.BoolVar(&o.json, "json", false, "no tables, but all of it in the JSON object at the end of stdout")
	f.BoolVar(&o.all, "all", false, "cut no list")
	f.StringVar(&o.plot, "plot", "", "draw it too: a PNG file to write")
	f.IntRange(&o.threads, "threads", 0, 0, 1024, "files looked at at once; 0 is one a CPU")
	f.BoolVar(&o.quiet, "quiet", false, "say nothing on stderr but warnings and errors")
	if err := f.Read(args, 0, stdout); err != nil {
		return nil, err
	}
	if o.metadata == "" {
		return nil, cli.Usagef("name the table of pictures with --metadata")
	}
	if f.Changed("images") && o.images == "" {
		return nil, cli.Usagef("--images is empty; name the pictures' folder")
	}
	if o.threads == 0 {
		o.threads = runtime.GOMAXPROCS(0)
	}
	o.look = o.deep || o.images != ""
	if f.Changed("plot") {
		return &o, checkPicture("plot", o.plot, ".png")
	}
	return &o, nil
}

// stats describes a table of pictures.
func stats(ctx context.Context, args []string, stdout, stderr io.Writer) (any, error) {
	o, err := readStatsOptions(args, stdout)
	if err != nil {
		return nil, err
	}
	report := progress.New(stderr, nil, progress.Options{Quiet: o.quiet})
	defer func() { _ = report.Close() }() // there is no log file
	report.Status("reading %s", o.metadata)
	m, err := o.readMetadata()
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	report.Status("counting %s rows", inventory.Number(m.Rows()))
	v := inventory.Count(m)
	var files *inventory.Files
	if o.look {
		if files, err = o.lookAtFiles(ctx, m, report); err != nil {
			return nil, err
		}
	}
	if o.plot != "" {
		report.Status("drawing %s", o.plot)
		page := inventory.Charts(filepath.Base(m.Path), v)
		if err := sheet.WritePNG(o.plot, chart.Draw(page)); err != nil {
			return nil, err
		}
		if n := lettering.Lacks(page.Labels()...); n > 0 {
			report.Warnf("%d names in %s have letters that the built-in font lacks (it has Latin, Greek and Cyrillic ones); the tables have them", n, o.plot)
		}
	}
	report.Status("")
	_ = report.Close() // takes the status away before the tables come
	if o.json {
		return newFullStats(o, m, v, files), nil
	}
	w := bufio.NewWriter(stdout)
	err = cmp.Or(inventory.WriteText(w, m, v, files, inventory.WriteOptions{Columns: terminalColumns(stdout), All: o.all}), w.Flush())
	if err != nil {
		return nil, fmt.Errorf("write to stdout: %w", err)
	}
	if o.plot != "" {
		report.Printf("drawn into %s", o.plot)
	}
	return newStats(o, m, v, files), nil
}

// lookAtFiles looks for the pictures.
func (o *statsOptions) lookAtFiles(ctx context.Context, m *data.Metadata, report *progress.Reporter) (*inventory.Files, error) {
	if err := o.findImages(); err != nil {
		return nil, err
	}
	p, err := data.OpenPictures(m, o.images, data.PictureOptions{Size: 1})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	var mu sync.Mutex
	what, tenths := "", 0
	f, err := inventory.Look(ctx, m, p, inventory.LookOptions{Deep: o.deep, Threads: o.threads, Progress: func(now string, done, total int) {
		report.Status("%s: %s of %s", now, inventory.Number(done), inventory.Number(total))
		mu.Lock()
		defer mu.Unlock()
		if now != what {
			what, tenths = now, 0
		}
		// A line now and then where there is no terminal, for tables that take long.
		if t := 10 * done / total; t > tenths && total > 200_000 {
			tenths = t
			report.Printf("%s: %s of %s", now, inventory.Number(done), inventory.Number(total))
		}
	}})
	if err != nil {
		return nil, err
	}
	if f.Missing == f.Looked {
		report.Warnf("none of the %s pictures is in %s; check --images and the column _name", inventory.Number(f.Looked), o.images)
	}
	return f, nil
}

// terminalColumns is how wide tables may be: as the terminal is, 100 columns where there is none.
func terminalColumns(stdout io.Writer) int {
	const usual, least, most = 100, 60, 240
	f, ok := stdout.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return usual
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil || columns <= 0 {
		return usual
	}
	return min(max(columns, least), most)
}
