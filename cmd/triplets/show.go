package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"strings"

	"deeprank/data"
	"deeprank/internal/atomicfile"
	"deeprank/internal/cli"
	"deeprank/internal/inventory"
	"deeprank/internal/lettering"
	"deeprank/internal/preview"
	"deeprank/internal/progress"
	"deeprank/internal/sheet"
)

// showOptions are the flags of the command show.
type showOptions struct {
	input
	choice  preview.Choice
	out     string
	side    int
	threads int
	quiet   bool
}

// showResult is what the command tells on stdout.
type showResult struct {
	Out         string               `json:"out"`
	Triplets    string               `json:"triplets"`
	Metadata    string               `json:"metadata"`
	Images      string               `json:"images"`
	Shown       int                  `json:"shown"`
	Of          int                  `json:"of"` // triplets of the kinds that were asked for
	Total       int                  `json:"total"`
	Numbers     []int                `json:"numbers"` // of the shown triplets, from 1
	Kinds       map[string]int       `json:"kinds"`
	Pictures    int                  `json:"pictures"`
	BadPictures int                  `json:"bad_pictures"`
	Bad         []preview.BadPicture `json:"bad,omitempty"`
}

// mostPixels bounds a sheet, mostInPage the triplets of a page.
const (
	mostPixels = 100 << 20
	mostInPage = 10_000
)

func readShowOptions(args []string, stdout io.Writer) (*showOptions, error) {
	var o showOptions
	f := cli.NewFlags("triplets show", "--triplets FILE --out FILE", `Shows triplets: query, positive and negative side by side, with their category, colour and product, and what the
positive and the negative are to the query. As a PNG sheet, or as an HTML page to be filtered: one file that
holds its pictures and needs no network. A picture that cannot be read is marked in its place, and counted.`)
	o.tripletsFlag(f, "the triplets (needed)")
	o.metadataFlag(f, "their table of pictures (default: sample_set.csv beside them)")
	o.imagesFlag(f, "folder of the pictures (default: images beside the table or one level up)")
	f.StringVar(&o.out, "out", "", "the file to write; its ending says what: .png or .html (needed)")
	f.IntRange(&o.choice.Count, "count", 100, 1, mostInPage, "triplets to show")
	f.BoolVar(&o.choice.First, "first", false, "the first triplets of the file, not a random sample")
	f.Uint64Var(&o.choice.Seed, "seed", 1, "another seed draws another sample")
	kinds := f.String("kind", "", "only some kinds, separated by commas: "+preview.KindNames()+"; or both, such as same-product/in-class")
	f.IntRange(&o.side, "cell", 128, 32, 512, "side of each picture in pixels")
	f.IntRange(&o.threads, "threads", 0, 0, 1024, "pictures read at once; 0 is one a CPU")
	f.BoolVar(&o.quiet, "quiet", false, "say nothing but warnings and errors")
	if err := f.Read(args, 0, stdout); err != nil {
		return nil, err
	}
	switch {
	case o.triplets == "":
		return nil, cli.Usagef("name the triplets with --triplets")
	case o.out == "":
		return nil, cli.Usagef("name the file to write with --out: a .png or .html")
	case o.choice.First && f.Changed("seed"):
		return nil, cli.Usagef("--first shows the first triplets, which no --seed changes; leave one of the two out")
	}
	var err error
	if o.choice.Kinds, err = preview.ParseKinds(*kinds); err != nil {
		return nil, cli.Usagef("--kind: %w", err)
	}
	if err := checkPicture("out", o.out, ".png", ".html", ".htm"); err != nil {
		return nil, err
	}
	if o.threads == 0 {
		o.threads = runtime.GOMAXPROCS(0)
	}
	return &o, nil
}

// html says whether a page is wanted and not a sheet.
func (o *showOptions) html() bool { return !strings.EqualFold(filepath.Ext(o.out), ".png") }

// show draws triplets.
func show(ctx context.Context, args []string, stdout, stderr io.Writer) (any, error) {
	o, err := readShowOptions(args, stdout)
	if err != nil {
		return nil, err
	}
	report := progress.New(stderr, nil, progress.Options{Quiet: o.quiet})
	defer func() { _ = report.Close() }() // there is no log file
	report.Status("reading %s", o.triplets)
	m, err := o.readMetadata()
	if err != nil {
		return nil, err
	}
	ts, err := data.ReadTriplets(o.triplets, m.Rows())
	if err != nil {
		return nil, err
	}
	places, of := preview.Choose(m, ts, o.choice)
	if of == 0 {
		return nil, &data.Refused{Path: o.triplets, Reason: "has no triplets of the kinds of --kind", Remedy: "leave --kind out to see which there are"}
	}
	if !o.html() && preview.Pixels(len(places), o.side) > mostPixels {
		return nil, cli.Usagef("a sheet of %d triplets with pictures of %d x %d pixels would be too large to look at; lower --count or --cell, or write a page that ends in .html",
			len(places), o.side, o.side)
	}
	if err := o.findImages(); err != nil {
		return nil, err
	}
	pictures, err := data.OpenPictures(m, o.images, data.PictureOptions{Size: o.side, Fit: "pad"})
	if err != nil {
		return nil, err
	}
	defer pictures.Close()
	page, err := preview.Load(ctx, m, pictures, ts, places, o.threads, func(done, total int) {
		report.Status("reading pictures: %d of %d", done, total)
	})
	if err != nil {
		return nil, err
	}
	page.Title, page.Subtitle = "Triplets of "+inventory.Label(filepath.Base(o.triplets)), o.subtitle(page, of, len(ts))
	warnBad(report, page)
	report.Status("writing %s", o.out)
	if o.html() {
		err = atomicfile.Write(o.out, func(w io.Writer) error { return preview.WriteHTML(w, page) })
	} else {
		err = sheet.WritePNG(o.out, preview.DrawPNG(page))
	}
	if err != nil {
		return nil, err
	}
	if n := lettering.Lacks(page.Captions()...); n > 0 && !o.html() {
		report.Warnf("%d captions have letters that the sheet's font lacks (it has Latin, Greek and Cyrillic ones); a page that ends in .html has them", n)
	}
	report.Printf("%s: %s", o.out, page.Subtitle)
	r := &showResult{
		Out: o.out, Triplets: o.triplets, Metadata: o.metadata, Images: o.images, Shown: len(places), Of: of, Total: len(ts),
		Kinds: map[string]int{}, Pictures: page.Pictures, BadPictures: len(page.Bad), Bad: page.Bad,
	}
	for _, item := range page.Items {
		r.Numbers = append(r.Numbers, item.Number)
		r.Kinds[preview.KindName(item.Kind)]++
	}
	return r, nil
}

// subtitle says what is shown.
func (o *showOptions) subtitle(p *preview.Page, of, total int) string {
	n := inventory.Number
	which := "triplets"
	if of < total {
		which = "triplets of the kinds chosen, of " + n(total) + " in all"
	}
	var text string
	switch {
	case len(p.Items) == of:
		text = fmt.Sprintf("all %s %s", n(of), which)
	case o.choice.First:
		text = fmt.Sprintf("the first %s of %s %s", n(len(p.Items)), n(of), which)
	default:
		text = fmt.Sprintf("%s of %s %s, drawn with seed %d", n(len(p.Items)), n(of), which, o.choice.Seed)
	}
	if len(p.Bad) > 0 {
		text += fmt.Sprintf("; %s of %s pictures cannot be read", n(len(p.Bad)), n(p.Pictures))
	}
	return text
}

// warnBad names the pictures that cannot be read, the first ones.
func warnBad(report *progress.Reporter, p *preview.Page) {
	const most = 10
	for i, b := range p.Bad {
		if i == most {
			report.Warnf("and %d pictures more; all are in the JSON object on stdout", len(p.Bad)-most)
			return
		}
		report.Warnf("row %d, %s: %s", b.Row, b.Name, b.Why)
	}
}
