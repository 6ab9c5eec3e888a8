package audit

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"deeprank/data"
)

// Options say what to look at.
type Options struct {
	Triplets string // the file
	Val      string // validation triplets, for leaks; "" for none
	Metadata string // both files' metadata
	Images   string // the pictures' folder; "" does not look at pictures
	Deep     bool   // read and decode the pictures, not only look whether they are there
	Workers  int    // goroutines; at most 0 means one a CPU. The report does not depend on it

	Progress func(done, total int) // pictures; not called twice at once; may be nil
}

// Report is what was found.
type Report struct {
	Metadata *data.Metadata
	Train    *File
	Val      *File // nil without validation triplets
	Pictures int   // distinct pictures looked at, of both files
	Bad      int   // of them cannot be used
	Images   string
	Deep     bool

	leaks []leak
}

// File is what was found in one file of triplets.
type File struct {
	*data.TripletLines
	Counts [defects]int // lines with each defect
	Kinds  [3][3]int    // lines by their positive's and negative's kinds, of those that name rows of the metadata

	flags   []flags  // of each record
	repeats []repeat // by record
	bad     []badPicture
}

// With counts the lines that have a defect of some severity.
func (f *File) With(severities ...Severity) int {
	var mask flags
	for _, s := range severities {
		mask |= of(s)
	}
	n := 0
	for _, x := range f.flags {
		if x&mask != 0 {
			n++
		}
	}
	return n
}

// Run looks at the files. What is wrong with the triplets is in the report; an error says that a file is no such table at all, that the
// metadata or the images folder cannot be used, or that ctx has ended.
func Run(ctx context.Context, o Options) (*Report, error) {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	r := &Report{Images: o.Images, Deep: o.Deep}
	if err := r.read(o); err != nil {
		return nil, err
	}
	for _, f := range r.files() {
		f.classify(r.Metadata, o.Workers)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	if r.Val != nil {
		r.findLeaks()
	}
	if o.Images != "" {
		if err := r.lookAtPictures(ctx, o); err != nil {
			return nil, err
		}
	}
	for _, f := range r.files() {
		f.count()
	}
	return r, nil
}

func (r *Report) files() []*File {
	if r.Val == nil {
		return []*File{r.Train}
	}
	return []*File{r.Train, r.Val}
}

// read reads all tables at once, and finds the repeated triplets, which needs no metadata.
func (r *Report) read(o Options) error {
	var errs [3]error
	var wg sync.WaitGroup
	wg.Go(func() { r.Metadata, errs[0] = data.ReadMetadata(o.Metadata) })
	wg.Go(func() { r.Train, errs[1] = readFile(o.Triplets) })
	if o.Val != "" {
		wg.Go(func() { r.Val, errs[2] = readFile(o.Val) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func readFile(path string) (*File, error) {
	l, err := data.ReadTripletLines(path)
	if err != nil {
		return nil, err
	}
	if l.Len() == 0 {
		return nil, &data.Refused{Path: path, Reason: "the file has a header but no triplets", Remedy: "add lines of three rows of the metadata: q, p, n"}
	}
	f := &File{TripletLines: l, flags: make([]flags, l.Len())}
	for _, b := range l.Broken {
		if b.Number {
			f.flags[b.Record] = NotARow.flag()
		} else {
			f.flags[b.Record] = Broken.flag()
		}
	}
	f.repeats = findRepeats(l.Triplets)
	for _, x := range f.repeats {
		f.flags[x.record] |= Duplicate.flag()
	}
	return f, nil
}

// usable says whether a record names three rows of the metadata.
func (f *File) usable(record int) bool { return f.flags[record]&(Broken.flag()|NotARow.flag()) == 0 }

// classify finds what a line's rows tell by themselves.
func (f *File) classify(m *data.Metadata, workers int) {
	const chunk = 1 << 14
	var wg sync.WaitGroup
	counts := make([][3][3]int, workers)
	step := max(chunk, (len(f.Triplets)+workers-1)/workers)
	for w, from := 0, 0; from < len(f.Triplets); w, from = w+1, from+step {
		to := min(from+step, len(f.Triplets))
		wg.Go(func() {
			for i := from; i < to; i++ {
				f.classifyOne(m, i, &counts[w])
			}
		})
	}
	wg.Wait()
	for _, c := range counts {
		for p := range c {
			for n, k := range c[p] {
				f.Kinds[p][n] += k
			}
		}
	}
}

func (f *File) classifyOne(m *data.Metadata, i int, kinds *[3][3]int) {
	t := f.Triplets[i]
	if !f.usable(i) {
		return
	}
	if int(max(t.Query, t.Positive, t.Negative)) >= m.Rows() {
		f.flags[i] |= NotARow.flag()
		return
	}
	k := m.KindOf(t)
	kinds[k.Positive][k.Negative]++
	for _, x := range [...]struct {
		is     bool
		defect Defect
	}{
		{t.Query == t.Positive, QueryIsPositive},
		{t.Query == t.Negative, QueryIsNegative},
		{t.Positive == t.Negative, PositiveIsNegative},
		{k.Negative == data.ProductInstead && t.Query != t.Negative, SameProduct},
		{k.Positive == data.OtherPositive, Unrelated},
	} {
		if x.is {
			f.flags[i] |= x.defect.flag()
		}
	}
}

// count counts the lines of each defect.
func (f *File) count() {
	for _, x := range f.flags {
		if x == 0 {
			continue
		}
		for d := range defects {
			if x.has(d) {
				f.Counts[d]++
			}
		}
	}
}

// Fix writes the file of triplets without the lines that have an error or a warning, and counts the lines. All else stays as it
// is, byte for byte. The file is there whole or, after an error, as it was before. A file of which nothing would be left is a *data.Refused.
func (r *Report) Fix(path string) (kept, dropped int, err error) {
	f := r.Train
	dropped = f.With(Error, Warning)
	kept = f.Len() - dropped
	if kept == 0 {
		return 0, dropped, &data.Refused{Path: f.Path, Reason: fmt.Sprintf("none of the %d lines is free of defects, so nothing is written", dropped), Remedy: "check that the files belong together"}
	}
	mask := of(Error) | of(Warning)
	err = f.Copy(path, func(i int) bool { return f.flags[i]&mask == 0 })
	return kept, dropped, err
}
