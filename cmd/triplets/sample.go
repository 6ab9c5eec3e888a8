package main

import (
	"bytes"
	"context"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"deeprank/data"
	"deeprank/internal/cli"
	"deeprank/internal/progress"
)

// sampleOptions are the flags of the command sample.
type sampleOptions struct {
	in              input
	out             string
	strategy, query string
	negatives       string
	rule            data.Rule
	relevance       data.RelevanceRule
	list            data.GenerateOptions
	quiet           bool
}

// sampleResult is what the command tells on stdout.
type sampleResult struct {
	Triplets string         `json:"triplets"` // the file
	Metadata string         `json:"metadata"`
	Count    int            `json:"count"`
	Strategy string         `json:"strategy"`
	Seed     uint64         `json:"seed"`
	Rows     int            `json:"rows"`
	Products int            `json:"products"`
	Kinds    map[string]int `json:"kinds"`
	Seconds  float64        `json:"seconds"`
}

// Values of flags.
const (
	byKinds     = "kinds"
	byRelevance = "relevance"
)

func readSampleOptions(args []string, stdout io.Writer) (*sampleOptions, error) {
	o := &sampleOptions{}
	f := cli.NewFlags("triplets sample", "--metadata FILE --count N", `Draws triplets from a table of pictures.

Strategy kinds: the query's category and colour are each drawn by their frequency, then a picture of both. The positive is another
picture of its product or, in the share --same-colour, another product of its category and colour. The negative is of another
category or, in the share --in-class, of the same one. The four kinds come in just these shares, up to chance; a query that has no
picture for its kind is drawn again.

Strategy relevance (Wang et al. 2014, section 4): two pictures of a category are as relevant to each other as the weights of what they
have in common; positives and in-class negatives are drawn by relevance from buffers, one a category.

The same seed gives the same file, whatever the threads.`)
	o.in.metadataFlag(f, "the table of pictures")
	f.StringVar(&o.out, "out", "triplets.tsv", "the table of triplets to write; one that is there is replaced")
	f.IntRange(&o.list.Count, "count", 0, 0, 10_000_000_000, "triplets to draw; needed")
	f.Uint64Var(&o.list.Seed, "seed", 1, "the same seed draws the same triplets")
	f.StringVar(&o.strategy, "strategy", byKinds, "kinds or relevance")
	f.Float64Var(&o.rule.InClass, "in-class", data.DefaultInClass, "share of the negatives that are of the query's category")
	f.StringVar(&o.query, "query", "pairs", "kinds: pairs draws category and colour by frequency, rows draws pictures evenly")
	f.Float64Var(&o.rule.SameColour, "same-colour", data.DefaultSameColour, "kinds: share of the positives that are another product of the query's category and colour")
	f.StringVar(&o.negatives, "in-class-negative", "colour", "kinds: in-class negatives are of another colour (colour) or any other product of the category (product)")
	w := data.DefaultWeights()
	f.Float64Var(&o.relevance.Weights.Product, "weight-product", w.Product, "relevance: weight of the same product")
	f.Float64Var(&o.relevance.Weights.Category, "weight-category", w.Category, "relevance: weight of the same category")
	f.Float64Var(&o.relevance.Weights.Colour, "weight-colour", w.Colour, "relevance: weight of the same colour")
	f.Float64Var(&o.relevance.Weights.Gender, "weight-gender", w.Gender, "relevance: weight of the same gender")
	f.Float64Var(&o.relevance.Margin, "margin", data.DefaultMargin, "relevance: an in-class negative is less relevant than the positive by so much or more")
	f.IntRange(&o.relevance.Buffer, "buffer", data.DefaultBuffer, 2, 10_000_000, "relevance: pictures in each category's buffer")
	f.BoolVar(&o.list.Unique, "unique", false, "no triplet twice; takes 18 bytes of memory a triplet")
	f.IntRange(&o.list.Balance, "balance", 0, 0, math.MaxInt32, "a picture occurs at most so often; 0 is no limit")
	f.IntRange(&o.list.Threads, "threads", 0, 0, 1024, "threads; 0 is one a CPU")
	f.BoolVar(&o.quiet, "quiet", false, "say nothing but warnings and errors")
	if err := f.Read(args, 0, stdout); err != nil {
		return nil, err
	}
	switch {
	case o.in.metadata == "":
		return nil, cli.Usagef("--metadata FILE is missing: the table of pictures")
	case o.list.Count == 0:
		return nil, cli.Usagef("--count N is missing: how many triplets to draw")
	}
	for _, c := range []struct {
		flag, value string
		values      []string
	}{
		{"strategy", o.strategy, []string{byKinds, byRelevance}},
		{"query", o.query, []string{"pairs", "rows"}},
		{"in-class-negative", o.negatives, []string{"colour", "product"}},
	} {
		if !slices.Contains(c.values, c.value) {
			return nil, cli.Usagef("--%s is %q; it must be %s", c.flag, c.value, strings.Join(c.values, " or "))
		}
	}
	for flag, share := range map[string]float64{"same-colour": o.rule.SameColour, "in-class": o.rule.InClass} {
		if !(share >= 0 && share <= 1) {
			return nil, cli.Usagef("--%s is %v; it must be from 0 to 1", flag, share)
		}
	}
	other := []string{"weight-product", "weight-category", "weight-colour", "weight-gender", "margin", "buffer"}
	for _, name := range other[:5] {
		if v, err := f.GetFloat64(name); err != nil || !(v >= 0 && v <= 1e12) {
			return nil, cli.Usagef("--%s is %v; it must be from 0 to 1e12", name, v)
		}
	}
	if o.strategy == byRelevance {
		other = []string{"query", "same-colour", "in-class-negative"}
	}
	for _, name := range other {
		if f.Changed(name) {
			return nil, cli.Usagef("--%s has no meaning with --strategy %s", name, o.strategy)
		}
	}
	if o.rule.InClass == 0 {
		for _, name := range []string{"in-class-negative", "margin"} {
			if f.Changed(name) {
				return nil, cli.Usagef("--%s has no meaning with --in-class 0", name)
			}
		}
	}
	if o.query == "rows" {
		o.rule.Query = data.QueryRows
	}
	if o.negatives == "product" {
		o.rule.Negatives = data.OtherProduct
	}
	o.relevance.InClass = o.rule.InClass
	if o.list.Threads == 0 {
		o.list.Threads = runtime.GOMAXPROCS(0)
	}
	return o, checkTripletsOut(o.out)
}

// checkTripletsOut finds out before the work whether a table of triplets can be written; it refuses to replace anything but such a table.
func checkTripletsOut(path string) error {
	if err := cli.CheckTarget("--out", path, "file"); err != nil {
		return err
	}
	if _, err := os.Stat(path); err == nil {
		old, err := os.Open(path)
		if err != nil {
			return cli.Usagef("--out %s is there and cannot be read: name another file", path)
		}
		defer old.Close()
		head := make([]byte, 64)
		n, _ := io.ReadFull(old, head)
		line, _, _ := bytes.Cut(head[:n], []byte("\n"))
		text := strings.Trim(strings.NewReplacer(",", " ", "\t", " ", "\"", "", "\r", "").Replace(strings.TrimPrefix(string(line), "\ufeff")), " ")
		if n > 0 && text != "q p n" {
			return cli.Usagef("--out %s is there and is no table of triplets; remove it or name another file", path)
		}
	}
	return nil
}

// sample draws triplets.
func sample(ctx context.Context, args []string, stdout, stderr io.Writer) (any, error) {
	o, err := readSampleOptions(args, stdout)
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	report := progress.New(stderr, nil, progress.Options{Quiet: o.quiet})
	defer func() { _ = report.Close() }() // there is no log file
	report.Status("reading %s", o.in.metadata)
	labels, err := data.ReadLabels(o.in.metadata)
	if err != nil {
		return nil, err
	}
	cli.LimitGarbage(80 * int64(labels.Rows()))
	report.Printf("metadata   %d pictures of %d products, %d categories, %d colours", labels.Rows(), labels.Products, labels.Categories, labels.Colors)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var source data.Source
	if o.strategy == byRelevance {
		source, err = data.NewRelevance(labels, o.relevance)
	} else {
		source, err = data.NewSampler(labels, o.rule)
	}
	if err != nil {
		return nil, err
	}
	result := sampleResult{
		Triplets: o.out, Metadata: o.in.metadata, Count: o.list.Count, Strategy: o.strategy, Seed: o.list.Seed,
		Rows: labels.Rows(), Products: labels.Products,
	}
	labels = nil // the source has its own tables
	o.list.Progress = sampleProgress(report, o.list.Count)
	tally, err := data.WriteGenerated(ctx, o.out, source, o.list)
	if err != nil {
		return nil, err
	}
	result.Kinds = map[string]int{}
	for _, p := range []data.PositiveKind{data.SameProduct, data.SameColour, data.OtherPositive} {
		for _, n := range []data.NegativeKind{data.OutOfClass, data.InClass} {
			k := data.Kind{Positive: p, Negative: n}
			if count := tally.Of(k); count > 0 || p != data.OtherPositive {
				result.Kinds[k.String()] = count
				report.Printf("%10d  %s (%.1f %%)", count, k, 100*float64(count)/float64(o.list.Count))
			}
		}
	}
	result.Seconds = math.Round(time.Since(begin).Seconds()*1000) / 1000
	report.Printf("%s: %d triplets in %.2f s", o.out, o.list.Count, result.Seconds)
	return result, nil
}

// sampleProgress shows ten times a second how far it is on a terminal, else a line every ten seconds.
func sampleProgress(report *progress.Reporter, count int) func(done int) {
	shown, said := time.Now(), time.Now()
	return func(done int) {
		now := time.Now()
		if now.Sub(shown) >= 100*time.Millisecond {
			shown = now
			report.Status("drawing triplets: %d of %d (%.0f %%)", done, count, 100*float64(done)/float64(count))
		}
		if now.Sub(said) >= 10*time.Second {
			said = now
			report.Printf("drawing triplets: %d of %d (%.0f %%)", done, count, 100*float64(done)/float64(count))
		}
	}
}
