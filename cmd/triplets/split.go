package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"deeprank/data"
	"deeprank/internal/cli"
	"deeprank/internal/progress"
)

// splitOptions are the flags of the command split.
type splitOptions struct {
	input
	by                  string
	val                 float64
	seed                uint64
	count, valCount     int
	sameColour, inClass float64
	fixedColour         bool // the flag was given
	fixedClass          bool
	out                 string
	quiet               bool
}

// splitResult is what the command tells on stdout.
type splitResult struct {
	Metadata        string `json:"metadata"`       // whose rows both files of triplets name
	Triplets        string `json:"triplets"`       // for train --triplets
	ValTriplets     string `json:"val_triplets"`   // for train --val-triplets
	TrainMetadata   string `json:"train_metadata"` // the rows of one side alone, numbered anew
	ValMetadata     string `json:"val_metadata"`
	Products        int    `json:"products"`
	ValProducts     int    `json:"val_products"`
	TrainCategories int    `json:"train_categories"`
	ValCategories   int    `json:"val_categories"`
	Pictures        int    `json:"pictures"`
	ValPictures     int    `json:"val_pictures"`
	TrainCount      int    `json:"train_count"` // triplets
	ValCount        int    `json:"val_count"`
	Dropped         int    `json:"dropped"` // of --triplets, with pictures of both sides
}

// The files that a split writes.
const (
	splitTriplets      = "train_triplets.tsv"
	splitValTriplets   = "val_triplets.tsv"
	splitTrainMetadata = "train_set.csv"
	splitValMetadata   = "val_set.csv"
)

// maxDefaultVal bounds the validation triplets that are drawn when --val-count is not given: train goes through them at each evaluation.
const maxDefaultVal = 10_000

func readSplitOptions(args []string, stdout io.Writer) (*splitOptions, error) {
	var o splitOptions
	f := cli.NewFlags("triplets split", "--metadata FILE --val SHARE", fmt.Sprintf(`Parts the products in two, so that what is validated on was never trained on, and draws triplets of each part.

It writes four files, over those of an earlier split:
  %-19s triplets for train --triplets
  %-19s triplets for train --val-triplets
  %-19s the metadata's lines of the products for training alone
  %-19s the metadata's lines of the products for validation alone
The triplets name rows of the whole metadata, which is what train reads. The last two files number their rows anew, so these
triplets do not belong to them: they are for whatever works on one part by itself.

All pictures of a product are on one side; a picture without a product is a product of its own. Each category is split in
proportion. Instead of drawing triplets, --triplets parts those of a file; triplets with pictures of both sides are left out.`,
		splitTriplets, splitValTriplets, splitTrainMetadata, splitValMetadata))
	o.metadataFlag(f, "table of the pictures (default: sample_set.csv beside --triplets)")
	f.StringVar(&o.by, "by", "product", "what is not to be on both sides: product, or category (whole categories with their products)")
	f.Float64Var(&o.val, "val", 0.1, "share of the products (or categories) for validation, between 0 and 1")
	f.Uint64Var(&o.seed, "seed", 1, "the same seed gives the same files")
	f.StringVar(&o.out, "out", "", "folder to write into, made if it is not there (default: the metadata's)")
	o.tripletsFlag(f, "part the triplets of this file instead of drawing")
	f.IntRange(&o.count, "count", 0, 0, 1_000_000_000, "triplets to draw for training; 0 is one for each picture")
	f.IntRange(&o.valCount, "val-count", 0, 0, 1_000_000_000, fmt.Sprintf("triplets to draw for validation; 0 is one for each picture, at most %d", maxDefaultVal))
	f.Float64Var(&o.sameColour, "same-colour", data.DefaultSameColour, "share of positives that are another product of the query's category and colour (by default 0 where there are none)")
	f.Float64Var(&o.inClass, "in-class", data.DefaultInClass, "share of negatives that are of the query's category and another colour (by default 0 where there are none)")
	f.BoolVar(&o.quiet, "quiet", false, "say nothing but warnings and errors")
	if err := f.Read(args, 0, stdout); err != nil {
		return nil, err
	}
	if o.by != "product" && o.by != "category" {
		return nil, cli.Usagef("--by %s is not known; it must be product or category", o.by)
	}
	if !(o.val > 0 && o.val < 1) {
		return nil, cli.Usagef("--val is %v; it must be a share between 0 and 1, such as 0.1", o.val)
	}
	for _, x := range []struct {
		name  string
		share float64
	}{{"same-colour", o.sameColour}, {"in-class", o.inClass}} {
		if !(x.share >= 0 && x.share <= 1) {
			return nil, cli.Usagef("--%s is %v; it must be a share from 0 to 1", x.name, x.share)
		}
	}
	if o.triplets != "" {
		for _, name := range []string{"count", "val-count", "same-colour", "in-class"} {
			if f.Changed(name) {
				return nil, cli.Usagef("--%s is for drawing, but --triplets parts the triplets of a file; leave one of them out", name)
			}
		}
	}
	if f.Changed("out") && o.out == "" {
		return nil, cli.Usagef("--out is empty; name the folder to write into")
	}
	o.fixedColour, o.fixedClass = f.Changed("same-colour"), f.Changed("in-class")
	return &o, nil
}

// split parts the products.
func split(ctx context.Context, args []string, stdout, stderr io.Writer) (any, error) {
	o, err := readSplitOptions(args, stdout)
	if err != nil {
		return nil, err
	}
	report := progress.New(stderr, nil, progress.Options{Quiet: o.quiet})
	defer func() { _ = report.Close() }() // there is no log file
	report.Status("reading")
	m, err := o.readMetadata()
	if err != nil {
		return nil, err
	}
	out, err := o.outFiles()
	if err != nil {
		return nil, err
	}
	parts, err := data.SplitProducts(m, data.SplitOptions{Val: o.val, ByCategory: o.by == "category", Seed: o.seed})
	if err != nil {
		return nil, err
	}
	out.Products, out.ValProducts = parts.TrainProducts+parts.ValProducts, parts.ValProducts
	out.TrainCategories, out.ValCategories = parts.TrainCategories, parts.ValCategories
	out.Pictures, out.ValPictures = m.Rows(), len(parts.Val)
	report.Printf("metadata    %s: %d pictures of %d products", m.Path, out.Pictures, out.Products)
	train, val, err := o.parted(m, parts, out, report)
	if err != nil {
		return nil, err
	}
	out.TrainCount, out.ValCount = len(train), len(val)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err := o.write(m, parts, train, val, out); err != nil {
		return nil, err
	}
	report.Printf("training    %s: %d triplets; %s: %d pictures of %d products, %d categories", out.Triplets, len(train), out.TrainMetadata, len(parts.Train), parts.TrainProducts, parts.TrainCategories)
	report.Printf("validation  %s: %d triplets; %s: %d pictures of %d products, %d categories", out.ValTriplets, len(val), out.ValMetadata, len(parts.Val), parts.ValProducts, parts.ValCategories)
	if o.triplets != "" {
		report.Printf("left out    %d of %d triplets, with pictures of both sides", out.Dropped, out.Dropped+len(train)+len(val))
	}
	report.Printf("next        %s", o.trainLine(out))
	return out, nil
}

// outFiles names the files to write. None may be a file that is read.
func (o *splitOptions) outFiles() (*splitResult, error) {
	if o.out == "" {
		o.out = filepath.Dir(o.metadata)
	}
	r := &splitResult{
		Metadata:      o.metadata,
		Triplets:      filepath.Join(o.out, splitTriplets),
		ValTriplets:   filepath.Join(o.out, splitValTriplets),
		TrainMetadata: filepath.Join(o.out, splitTrainMetadata),
		ValMetadata:   filepath.Join(o.out, splitValMetadata),
	}
	if info, err := os.Stat(o.out); err == nil && !info.IsDir() {
		return nil, cli.Usagef("--out %s is not a folder", o.out)
	}
	for _, path := range []string{r.Triplets, r.ValTriplets, r.TrainMetadata, r.ValMetadata} {
		if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
			return nil, cli.Usagef("%s is not a file, so it cannot be written; name another folder with --out", path)
		}
		if read := sameFile(path, o.metadata, o.triplets); read != "" {
			return nil, cli.Usagef("the split would write over %s, which it reads; name another folder with --out", read)
		}
	}
	return r, nil
}

// parted gives the triplets of both sides.
func (o *splitOptions) parted(m *data.Metadata, parts *data.Split, out *splitResult, report *progress.Reporter) (train, val []data.Triplet, err error) {
	if o.triplets != "" {
		all, err := data.ReadTriplets(o.triplets, m.Rows())
		if err != nil {
			return nil, nil, err
		}
		train, val, out.Dropped = parts.Sides(all)
		if len(train) == 0 || len(val) == 0 {
			return nil, nil, &data.Refused{
				Path: o.triplets, Reason: fmt.Sprintf("%d triplets are all for training, %d all for validation, and %d mixed; both sides need some", len(train), len(val), out.Dropped),
				Remedy: "leave --triplets out to draw triplets of each side, or try another --val or --seed",
			}
		}
		return train, val, nil
	}
	count, valCount := o.count, o.valCount
	if count == 0 {
		count = len(parts.Train)
	}
	if valCount == 0 {
		valCount = min(len(parts.Val), maxDefaultVal)
	}
	if train, err = o.draw(m, parts.Train, count, "training", report); err != nil {
		return nil, nil, err
	}
	val, err = o.draw(m, parts.Val, valCount, "validation", report)
	return train, val, err
}

// draw draws the triplets of one side. A share that was left at its default becomes 0 where the side has no such pictures.
func (o *splitOptions) draw(m *data.Metadata, rows []int32, count int, side string, report *progress.Reporter) ([]data.Triplet, error) {
	var first *data.Refused
	for _, try := range []struct{ noColour, noClass bool }{{false, false}, {true, false}, {false, true}, {true, true}} {
		s := data.SampleOptions{Count: count, SameColour: o.sameColour, InClass: o.inClass, Seed: o.seed, Rows: rows}
		var changed []string
		if try.noColour {
			s.SameColour = 0
			changed = append(changed, "--same-colour")
		}
		if try.noClass {
			s.InClass = 0
			changed = append(changed, "--in-class")
		}
		if try.noColour && o.fixedColour || try.noClass && o.fixedClass {
			continue
		}
		ts, err := data.Sample(m, s)
		if err == nil {
			if changed != nil {
				report.Warnf("%s is 0 for %s, whose products have no such pictures", strings.Join(changed, " and "), side)
			}
			return ts, nil
		}
		refused, ok := errors.AsType[*data.Refused](err)
		if !ok {
			return nil, err
		}
		if first == nil {
			first = refused
		}
	}
	named := *first
	named.Reason = "triplets for " + side + ": " + first.Reason
	named.Remedy = "fill in _category, _color and _id, change --val, or set --same-colour or --in-class to 0 or 1"
	return nil, &named
}

// write writes the files, triplets last: where they are, all is.
func (o *splitOptions) write(m *data.Metadata, parts *data.Split, train, val []data.Triplet, out *splitResult) error {
	if err := os.MkdirAll(o.out, 0o777); err != nil {
		return fmt.Errorf("making the folder %s: %w", o.out, err)
	}
	records, err := data.ReadRecords(o.metadata)
	if err != nil {
		return err
	}
	if records.Len() != m.Rows() {
		return &data.Refused{Path: o.metadata, Reason: "the file was changed while it was read", Remedy: "start again when nothing writes to it"}
	}
	for _, side := range []struct {
		path string
		rows []int32
	}{{out.TrainMetadata, parts.Train}, {out.ValMetadata, parts.Val}} {
		left := side.rows // ascending, as Copy asks
		err := records.Copy(side.path, func(row int) bool {
			keep := len(left) > 0 && int(left[0]) == row
			if keep {
				left = left[1:]
			}
			return keep
		})
		if err != nil {
			return err
		}
	}
	if err := data.WriteTriplets(out.Triplets, train); err != nil {
		return err
	}
	return data.WriteTriplets(out.ValTriplets, val)
}

// trainLine is the command that trains on the result: with --metadata and --images where train would not find them.
func (o *splitOptions) trainLine(out *splitResult) string {
	words := []string{"train", "--triplets", out.Triplets, "--val-triplets", out.ValTriplets}
	if path, err := data.FindMetadata(out.Triplets); err != nil || filepath.Clean(path) != filepath.Clean(o.metadata) {
		words = append(words, "--metadata", o.metadata)
	}
	for i, w := range words {
		if strings.ContainsFunc(w, func(r rune) bool { return !slices.Contains([]rune("-_./=+,:@%"), r) && !isWord(r) }) {
			words[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}

func isWord(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}
