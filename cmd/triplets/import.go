package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"deeprank/internal/cli"
	"deeprank/internal/datasets"
	"deeprank/internal/progress"
)

// importOptions are the flags of the command import.
type importOptions struct {
	from, root, images, split, pictures, out string
	crop, skipBad, quiet                     bool
	threads                                  int
}

// importResult is what the command tells on stdout.
type importResult struct {
	From     string `json:"from"`
	Folder   string `json:"folder"`
	RecallAt []int  `json:"recall_at,omitempty"` // the k at which papers report recall on this set
	datasets.Report
}

func readImportOptions(args []string, stdout io.Writer) (*importOptions, error) {
	var o importOptions
	f := cli.NewFlags("triplets import", "--from SET --root DIR --out DIR", `Turns a public set, or a folder that has a folder for each class, into the usual folder.

  SET      archive                                --root holds
  inshop   DeepFashion In-shop Clothes Retrieval  Eval/list_eval_partition.txt, Img/img/ (or img/); for --crop Anno/list_bbox_inshop.txt
  sop      Stanford Online Products               Ebay_train.txt, Ebay_test.txt, bicycle_final/ ...
  cub      CUB-200-2011                           images.txt, image_class_labels.txt, classes.txt, images/; for --crop bounding_boxes.txt
  folder   pictures sorted into folders           CLASS/picture.jpg, or CATEGORY/CLASS/picture.jpg; below train/ and test/,
                                                  or train/, query/ and gallery/, if these are there

--out gets csv/sample_set.csv (the pictures to train on), csv/query.csv and csv/gallery.csv (the set's standard lists to evaluate on),
images/, and import.json (where it came from). images/ is a link to where the pictures are: nothing is copied, and they have to
stay there; --pictures copy and --crop write files of their own.

The column _id holds what the set counts as the same: the item, the product, the kind of bird, the class's folder. _category is
one step above: the kind of garment or product, the last word of the bird's name (Albatross), the folder above the class. No
set knows colours; _color stays empty.`)
	f.StringVar(&o.from, "from", "", "the set: "+strings.Join(datasets.Names(), ", "))
	f.StringVar(&o.root, "root", "", "the folder that its archive was unpacked into")
	f.StringVar(&o.out, "out", "", "a new or empty folder to write to")
	f.StringVar(&o.images, "images", "", "the folder that the listed pictures are below, if they are not with the lists")
	f.StringVar(&o.pictures, "pictures", "link", "link: images/ is a link to the set's pictures; copy: they are copied")
	f.BoolVar(&o.crop, "crop", false, "cut the pictures to their boxes and write the cuts (inshop, cub; most published figures are on whole pictures; inshop's boxes are not of img_highres)")
	f.StringVar(&o.split, "split", datasets.ZeroShot, "of cub: zero-shot, the first half of the classes to train on, as papers on retrieval do; official, train_test_split.txt")
	f.BoolVar(&o.skipBad, "skip-bad", false, "leave out listed pictures that are missing or cannot be cut, instead of refusing the set")
	f.IntRange(&o.threads, "threads", 0, 0, 1024, "pictures handled at once; 0 is one a CPU")
	f.BoolVar(&o.quiet, "quiet", false, "say nothing but warnings and errors")
	if err := f.Read(args, 0, stdout); err != nil {
		return nil, err
	}
	for _, c := range []struct{ name, value, what string }{
		{"from", o.from, "one of " + strings.Join(datasets.Names(), ", ")},
		{"root", o.root, "the folder that the set's archive was unpacked into"},
		{"out", o.out, "a new or empty folder to write to"},
	} {
		if c.value == "" {
			return nil, cli.Usagef("--%s is missing: %s", c.name, c.what)
		}
	}
	switch {
	case !slices.Contains(datasets.Names(), o.from):
		return nil, cli.Usagef("--from is %q; it must be one of %s", o.from, strings.Join(datasets.Names(), ", "))
	case o.pictures != "link" && o.pictures != "copy":
		return nil, cli.Usagef("--pictures is %q; it must be link or copy", o.pictures)
	case o.split != datasets.ZeroShot && o.split != datasets.Official:
		return nil, cli.Usagef("--split is %q; it must be %s or %s", o.split, datasets.ZeroShot, datasets.Official)
	case f.Changed("split") && o.from != datasets.CUB:
		return nil, cli.Usagef("--split is for --from cub; %s has one split of its own", o.from)
	case o.crop && !datasets.HasBoxes(o.from):
		return nil, cli.Usagef("--crop needs boxes, and %s has none", o.from)
	case o.crop && f.Changed("pictures"):
		return nil, cli.Usagef("--crop writes pictures of its own; leave --pictures out")
	case o.images != "" && o.from == datasets.Folder:
		return nil, cli.Usagef("--images does not go with --from folder: --root is the folder of the pictures")
	}
	if o.threads == 0 {
		o.threads = runtime.GOMAXPROCS(0)
	}
	o.out = filepath.Clean(o.out)
	return &o, usageOfOut(datasets.CheckOut(o.out, o.from, o.root))
}

// usageOfOut makes an output folder that holds something a matter of the command line.
func usageOfOut(err error) error {
	var out *datasets.OutError
	if errors.As(err, &out) {
		return &cli.UsageError{Err: fmt.Errorf("--out %w", err)}
	}
	return err
}

// importCommand imports a set.
func importCommand(ctx context.Context, args []string, stdout, stderr io.Writer) (any, error) {
	o, err := readImportOptions(args, stdout)
	if err != nil {
		return nil, err
	}
	report := progress.New(stderr, nil, progress.Options{Quiet: o.quiet})
	defer func() { _ = report.Close() }() // there is no log file
	report.Status("reading the lists of %s", o.root)
	s, err := datasets.Read(o.from, datasets.ReadOptions{Root: o.root, Images: o.images, Split: o.split, Boxes: o.crop})
	if err != nil {
		return nil, err
	}
	for _, note := range s.Notes {
		report.Warnf("%s", note)
	}
	report.Printf("set       %s in %s: %d pictures, in %s", s.From, s.Root, len(s.Pictures), s.Images)
	shown := 0
	r, err := datasets.Write(ctx, s, datasets.WriteOptions{
		Out: o.out, Copy: o.pictures == "copy", Crop: o.crop, SkipBad: o.skipBad, Threads: o.threads,
		Progress: func(what string, done, total int) {
			report.Status("%s pictures: %d of %d", what, done, total)
			if what == "looking for" || done == total {
				shown = 0
			} else if done-shown >= 10_000 {
				shown = done
				report.Printf("          %s: %d of %d", what, done, total)
			}
		},
	})
	if err != nil {
		return nil, usageOfOut(err)
	}
	tellImport(report, s, r, o)
	return importResult{o.from, o.out, s.Recall, r}, nil
}

// tellImport says what was written, what may be wrong with it, and what to do next.
func tellImport(report *progress.Reporter, s *datasets.Set, r datasets.Report, o *importOptions) {
	if r.Skipped > 0 {
		report.Warnf("%d pictures were left out, the first: %s", r.Skipped, r.FirstSkipped)
	}
	if r.Uncut > 0 {
		report.Warnf("%d pictures have no usable box and stay whole, the first: %s", r.Uncut, r.FirstUncut)
	}
	if r.Unanswered > 0 {
		report.Warnf("%d queries have no other picture of their product in the gallery, and no search can find one", r.Unanswered)
	}
	if r.Metadata != "" {
		report.Printf("training  %s: %d pictures of %d products", r.Metadata, r.TrainPictures, r.TrainProducts)
	}
	if r.Query != "" {
		report.Printf("queries   %s: %d pictures of %d products", r.Query, r.QueryPictures, r.QueryProducts)
		report.Printf("gallery   %s: %d pictures of %d products", r.Gallery, r.GalleryPictures, r.GalleryProducts)
	}
	how := "a link to the set's pictures, which have to stay where they are"
	switch {
	case o.crop:
		how = "cut to their boxes"
	case o.pictures == "copy":
		how = "copies"
	}
	report.Printf("pictures  %s: %s", r.Images, how)
	if len(s.Recall) > 0 {
		standard := "these are the published counts"
		if !r.AsPublished {
			standard = fmt.Sprintf("the whole set has %d, %d and %d pictures: figures on this one cannot be put beside published ones",
				s.Published.TrainPictures, s.Published.QueryPictures, s.Published.GalleryPictures)
		}
		report.Printf("protocol  recall@%s; %s", strings.Trim(strings.Join(strings.Fields(fmt.Sprint(s.Recall)), ", "), "[]"), standard)
	}
	if r.Metadata != "" {
		negatives := "--in-class-negative product"
		switch inClass, outOfClass := datasets.Negatives(s.Pictures); {
		case !inClass:
			negatives = "--in-class 0"
		case !outOfClass:
			negatives = "--in-class 1 " + negatives
		}
		report.Printf("next      triplets sample --metadata %s --same-colour 0 %s --count 100000 --out %s",
			r.Metadata, negatives, filepath.Join(filepath.Dir(r.Metadata), "triplets.tsv"))
	}
}
