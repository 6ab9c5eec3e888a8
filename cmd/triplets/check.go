package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"deeprank/data"
	"deeprank/internal/audit"
	"deeprank/internal/cli"
	"deeprank/internal/progress"
)

// checkOptions are the flags of the command check.
type checkOptions struct {
	input
	val, fix     string
	deep, strict bool
	all, quiet   bool
	threads      int
}

// checkResult is what the command tells on stdout.
type checkResult struct {
	Triplets string `json:"triplets"`
	Metadata string `json:"metadata"`
	checkedLines
	Val      string        `json:"val_triplets,omitempty"`
	ValLines *checkedLines `json:"val,omitempty"`
	Leaks    *int          `json:"leaks,omitempty"`        // products and pictures in both files
	Pictures *int          `json:"pictures,omitempty"`     // looked at
	Bad      *int          `json:"bad_pictures,omitempty"` // of them
	Fixed    string        `json:"fixed,omitempty"`        // the file written
	Kept     *int          `json:"kept,omitempty"`         // lines of it
	Dropped  *int          `json:"dropped,omitempty"`
}

// checkedLines counts the lines of a file of triplets.
type checkedLines struct {
	Lines    int                  `json:"lines"`
	Errors   int                  `json:"errors"`   // lines that have one
	Warnings int                  `json:"warnings"` // lines that have one, but no error
	Defects  map[audit.Defect]int `json:"defects"`  // lines that have each
	Kinds    []kindShare          `json:"kinds"`
}

type kindShare struct {
	Positive string  `json:"positive"`
	Negative string  `json:"negative"`
	Lines    int     `json:"lines"`
	Share    float64 `json:"share"` // of the lines that name rows of the metadata
}

func readCheckOptions(args []string, stdout io.Writer) (*checkOptions, error) {
	var o checkOptions
	f := cli.NewFlags("triplets check", "--triplets FILE", `Finds what is wrong with triplets, each defect with its line, and counts the kinds of triplets.

Errors, which must be mended (exit code 3): lines with the wrong columns or quotes; q, p or n that is no row of the
metadata; q = p, q = n, p = n; a negative of the query's own product; with --val-triplets, products that both
files use (pictures, where the product is unknown); with --images or --deep, pictures that cannot be used.
Warnings: repeated triplets. Notes: positives of another product and of another category or colour.

--fix writes the file without the lines that have errors or warnings, and leaves all else as it is, byte for byte. The exit
code is 0 then, unless there are errors in the validation triplets: check these by themselves.`)
	o.tripletsFlag(f, "the triplets to check")
	f.StringVar(&o.val, "val-triplets", "", "validation triplets: check them too, and that both share no product")
	o.metadataFlag(f, "table of the pictures (default: sample_set.csv beside the triplets)")
	o.imagesFlag(f, "folder of the pictures: look whether all that are used are there")
	f.BoolVar(&o.deep, "deep", false, "read and decode the pictures too (default folder: images beside the metadata or one level up)")
	f.StringVar(&o.fix, "fix", "", "write the triplets without defects to this file")
	f.BoolVar(&o.strict, "strict", false, "warnings must be mended too (exit code 3)")
	f.BoolVar(&o.all, "all", false, fmt.Sprintf("show all lines of each defect, not the first %d", audit.Shown))
	f.IntRange(&o.threads, "threads", 0, 0, 1024, "threads; 0 is one a CPU")
	f.BoolVar(&o.quiet, "quiet", false, "no progress")
	if err := f.Read(args, 0, stdout); err != nil {
		return nil, err
	}
	if o.triplets == "" {
		return nil, cli.Usagef("--triplets FILE is missing: the triplets to check")
	}
	if f.Changed("fix") {
		if err := cli.CheckTarget("--fix", o.fix, "file"); err != nil {
			return nil, err
		}
	}
	return &o, nil
}

// sameFile gives the path of the one of the files to read that a path to write leads to, or "".
func sameFile(out string, read ...string) string {
	info, err := os.Stat(out)
	if err != nil {
		return "" // it is not there: nothing can be lost
	}
	for _, path := range read {
		if other, err := os.Stat(path); err == nil && os.SameFile(info, other) {
			return path
		}
	}
	return ""
}

// check looks for defects.
func check(ctx context.Context, args []string, stdout, stderr io.Writer) (any, error) {
	o, err := readCheckOptions(args, stdout)
	if err != nil {
		return nil, err
	}
	if o.metadata == "" {
		if o.metadata, err = data.FindMetadata(o.triplets); err != nil {
			return nil, err
		}
	}
	if read := sameFile(o.fix, o.triplets, o.val, o.metadata); read != "" {
		return nil, cli.Usagef("--fix would write over %s, which is read; name another file", read)
	}
	if o.deep {
		if err := o.findImages(); err != nil {
			return nil, err
		}
	}
	report := progress.New(stderr, nil, progress.Options{Quiet: o.quiet})
	defer func() { _ = report.Close() }() // there is no log file
	report.Status("reading")
	r, err := audit.Run(ctx, audit.Options{
		Triplets: o.triplets, Val: o.val, Metadata: o.metadata, Images: o.images, Deep: o.deep, Workers: o.threads,
		Progress: countPictures(report, "looking at pictures", time.Now),
	})
	if err != nil {
		return nil, err
	}
	report.Status("")
	if err := r.Write(stdout, o.all); err != nil {
		return nil, fmt.Errorf("writing the report: %w", err)
	}
	result := o.result(r)
	mend := []audit.Severity{audit.Error}
	if o.strict {
		mend = append(mend, audit.Warning)
	}
	val := 0
	if r.Val != nil {
		val = r.Val.With(mend...)
	}
	if o.fix == "" {
		return result, refuseDefects(r, r.Train.With(mend...), val)
	}
	kept, dropped, err := r.Fix(o.fix)
	if err != nil {
		return result, err
	}
	result.Fixed, result.Kept, result.Dropped = o.fix, &kept, &dropped
	report.Printf("fixed       %s: %d lines, %d left out", o.fix, kept, dropped)
	return result, refuseDefects(r, 0, val)
}

// refuseDefects is the error where so many lines of both files are left to mend.
func refuseDefects(r *audit.Report, train, val int) error {
	switch {
	case train > 0:
		return &data.Refused{
			Path: r.Train.Path, Reason: fmt.Sprintf("%d of %d lines must be mended", train, r.Train.Len()),
			Remedy: "--fix OUT writes the file without them",
		}
	case val > 0:
		return &data.Refused{
			Path: r.Val.Path, Reason: fmt.Sprintf("%d of %d lines must be mended", val, r.Val.Len()),
			Remedy: "give this file as --triplets, with --fix OUT",
		}
	}
	return nil
}

// countPictures shows progress: on a terminal as it goes, elsewhere a line every ten seconds.
func countPictures(report *progress.Reporter, what string, clock func() time.Time) func(done, total int) {
	last := clock()
	return func(done, total int) {
		report.Status("%s: %d of %d", what, done, total)
		if now := clock(); now.Sub(last) >= 10*time.Second {
			last = now
			report.Printf("%s: %d of %d", what, done, total)
		}
	}
}

func (o *checkOptions) result(r *audit.Report) *checkResult {
	result := &checkResult{Triplets: r.Train.Path, Metadata: r.Metadata.Path, checkedLines: countLines(r.Train)}
	if r.Val != nil {
		val, leaks := countLines(r.Val), r.Leaks()
		result.Val, result.ValLines, result.Leaks = r.Val.Path, &val, &leaks
	}
	if r.Images != "" {
		result.Pictures, result.Bad = &r.Pictures, &r.Bad
	}
	return result
}

func countLines(f *audit.File) checkedLines {
	c := checkedLines{Lines: f.Len(), Errors: f.With(audit.Error), Defects: map[audit.Defect]int{}, Kinds: []kindShare{}}
	c.Warnings = f.With(audit.Error, audit.Warning) - c.Errors
	for d, n := range f.Counts {
		c.Defects[audit.Defect(d)] = n
	}
	total := 0
	for _, row := range f.Kinds {
		for _, n := range row {
			total += n
		}
	}
	for p, row := range f.Kinds {
		for n, lines := range row {
			if lines > 0 {
				c.Kinds = append(c.Kinds, kindShare{data.PositiveKind(p).String(), data.NegativeKind(n).String(), lines, float64(lines) / float64(total)})
			}
		}
	}
	return c
}
