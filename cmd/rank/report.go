package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"deeprank/internal/atomicfile"
	"deeprank/internal/cli"
	"deeprank/internal/history"
	"deeprank/internal/progress"
	"deeprank/internal/restore"
	"deeprank/internal/runpage"
)

// reportOptions are the flags of the command report. The queries are those of the command sheet.
type reportOptions struct {
	sheetOptions
	hardest int
	named   bool // a flag names a file of the network or the pictures: without it there is no page
}

// reportResult is what the command tells on stdout.
type reportResult struct {
	Report     string      `json:"report"`
	Run        string      `json:"run"`
	Steps      int         `json:"steps,omitempty"`
	Checkpoint string      `json:"checkpoint,omitempty"`
	Triplets   string      `json:"triplets,omitempty"`
	Hardest    []hardest   `json:"hardest,omitempty"`
	Shown      []int32     `json:"shown,omitempty"` // rows of the queries
	Before     *scores     `json:"before,omitempty"`
	After      *scores     `json:"after,omitempty"`
	LeftOut    []leftParts `json:"left_out,omitempty"`
}

// leftParts are parts of the page that cannot be made.
type leftParts struct {
	Part   string `json:"part"`
	Reason string `json:"reason"`
}

func readReportOptions(args []string, stdout io.Writer) (*reportOptions, error) {
	var o reportOptions
	f := cli.NewFlags("rank report", "--run DIR", `Writes a page about a run, one HTML file that needs no network: config, curves, the hardest triplets (largest hinge) and
queries with their nearest pictures before and after training.

Triplets and pictures are those of the run's validation triplets. What cannot be shown, for lack of pictures or of a
checkpoint, is left out, and the page says so; a file that a flag names must be there.`)
	o.runFlags(f)
	f.StringVar(&o.out, "out", "", "the page to write (default: report.html in the run's folder)")
	f.IntRange(&o.hardest, "hardest", 12, 1, 200, "triplets to show, at most two of a query's product")
	f.IntRange(&o.queries, "queries", 8, 1, 100, "queries to show")
	f.IntRange(&o.top, "top", 8, 1, 50, "nearest pictures of each query")
	f.IntRange(&o.cell, "cell", 112, 16, 512, "side of each picture in pixels")
	o.galleryFlags(f)
	if err := o.read(f, args, stdout); err != nil {
		return nil, err
	}
	if !f.Changed("out") {
		o.out = filepath.Join(o.run, "report.html")
	}
	o.named = slices.ContainsFunc([]string{"checkpoint", "triplets", "metadata", "images", "init"}, f.Changed)
	return &o, nil
}

// reportCommand writes the page.
func reportCommand(ctx context.Context, args []string, stdout, stderr io.Writer) (any, error) {
	o, err := readReportOptions(args, stdout)
	if err != nil {
		return nil, err
	}
	report := progress.New(stderr, nil, progress.Options{Quiet: o.quiet})
	defer func() { _ = report.Close() }() // there is no log file
	r, err := restore.OpenRun(o.run)
	if err != nil {
		return nil, err
	}
	if err := cli.CheckTarget("--out", o.out, "HTML file"); err != nil {
		return nil, err
	}
	result := &reportResult{Report: o.out, Run: r.Dir}
	page := &runpage.Page{Title: "Run " + r.Dir, Settings: settingsOf(&r.Config)}
	leave := func(part string, err error) {
		report.Warnf("%s left out: %v", part, err)
		page.Notes = append(page.Notes, fmt.Sprintf("Left out: %s. %v", part, err))
		result.LeftOut = append(result.LeftOut, leftParts{part, err.Error()})
	}
	if h, err := history.Of(r); err != nil {
		leave("curves and numbers", err)
	} else {
		s := h.Sum()
		result.Steps = s.Steps
		page.Numbers, page.Charts = numbersOf(h, &s), chartsOf(h)
	}
	switch err := addTraining(ctx, r, o, page, result, report); {
	case err == nil:
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case o.named:
		return nil, err
	default:
		leave("queries and hardest triplets", err)
	}
	if err := atomicfile.Write(o.out, func(w io.Writer) error { return runpage.Write(w, page) }); err != nil {
		return nil, err
	}
	report.Printf("report    %s", o.out)
	return result, nil
}

// addTraining adds what needs the network and the pictures.
func addTraining(ctx context.Context, r *restore.Run, o *reportOptions, page *runpage.Page, result *reportResult, report *progress.Reporter) error {
	c, err := compareTraining(ctx, r, &o.sheetOptions, report)
	if err != nil {
		return err
	}
	defer c.gallery.close()
	g := c.gallery
	t, err := openThumbnails(g, o.cell)
	if err != nil {
		return err
	}
	defer t.close()
	which := "validation triplets"
	switch {
	case o.triplets != "":
		which = "triplets"
	case r.Config.ValTriplets == "":
		which = "training triplets, as the run has no validation triplets (these numbers flatter the network)"
	}
	hard := hardestOf(g, c.after.vectors, r.Config.Gap, o.hardest)
	h, err := hardestPart(t, hard)
	if err != nil {
		return err
	}
	h.About = fmt.Sprintf("The %d triplets with the largest hinge max(0, %g + D(q,p) - D(q,n)), at most %d of a query's product, by %s, of %d %s in %s.",
		len(hard), r.Config.Gap, ofProduct, c.checkpoint, len(g.triplets), which, g.tripletsPath)
	if len(g.triplets) == 0 {
		h = nil
	}
	q, err := retrievalPart(t, c)
	if err != nil {
		return err
	}
	q.About = fmt.Sprintf("The network as training began and as %s has it, on the %d pictures of the %s in %s.", c.checkpoint, len(g.rows), which, g.tripletsPath)
	if g.bad > 0 {
		page.Notes = append(page.Notes, fmt.Sprintf("%d pictures cannot be read; they and their triplets are left out.", g.bad))
	}
	page.Hardest, page.Retrieval = h, q
	result.Checkpoint, result.Triplets, result.Hardest, result.Before, result.After = c.checkpoint, g.tripletsPath, hard, &c.before.scores, &c.after.scores
	for _, place := range c.shown {
		result.Shown = append(result.Shown, g.rows[place])
	}
	return nil
}
