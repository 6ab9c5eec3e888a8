package audit

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode"

	"deeprank/data"
)

// Shown is the number of lines that a report shows of each defect unless all are asked for.
const Shown = 20

// finding is a line of a report.
type finding struct {
	record int
	text   string
}

// Write writes the report as text: of each defect how many lines have it, and the first of them, or all. Notes are counted, and their lines shown only with
// all.
func (r *Report) Write(w io.Writer, all bool) error {
	b := bufio.NewWriter(w)
	m := r.Metadata
	s := data.Summarize(m, nil)
	fmt.Fprintf(b, "metadata    %s: %d pictures of %d products, %d categories, %d colours\n", m.Path, s.Rows, s.Products, s.Categories, s.Colors)
	switch how := map[bool]string{false: "there", true: "readable"}[r.Deep]; {
	case r.Images == "":
		fmt.Fprintf(b, "pictures    not looked at\n")
	case r.Bad == 0:
		fmt.Fprintf(b, "pictures    %s: all %d in use are %s\n", r.Images, r.Pictures, how)
	default:
		fmt.Fprintf(b, "pictures    %s: %d of the %d in use are not %s\n", r.Images, r.Bad, r.Pictures, how)
	}
	for i, f := range r.files() {
		fmt.Fprintf(b, "\n%-11s %s: %s, %s\n", [...]string{"triplets", "validation"}[i], f.Path, lines(f.Len()), f.verdict())
		r.writeDefects(b, f, all)
		f.writeKinds(b)
	}
	return b.Flush()
}

// verdict says in short what was found.
func (f *File) verdict() string {
	errs, others := f.With(Error), f.With(Error, Warning)-f.With(Error)
	switch {
	case errs == 0 && others == 0:
		return "nothing to mend"
	case others == 0:
		return fmt.Sprintf("%d to mend", errs)
	}
	return fmt.Sprintf("%d to mend, %d more with warnings", errs, others)
}

func (r *Report) writeDefects(b *bufio.Writer, f *File, all bool) {
	for d := range defects {
		n := f.Counts[d]
		if n == 0 {
			continue
		}
		k := &kinds[d]
		number := ""
		switch d {
		case Leak:
			number = fmt.Sprintf("%d, in ", len(r.leaks))
		case BadPicture:
			number = fmt.Sprintf("%d, in ", len(f.bad))
		}
		fmt.Fprintf(b, "  %-9s %s: %s%s (%s)\n", k.severity, k.title, number, lines(n), k.why)
		show := Shown
		if all {
			show = math.MaxInt
		} else if k.severity == Note {
			continue
		}
		total := 0
		for x := range r.findings(f, d) {
			if total++; total <= show {
				fmt.Fprintf(b, "    %s:%d: %s\n", f.Path, f.Line(x.record), x.text)
			}
		}
		if total > show {
			fmt.Fprintf(b, "    and %d more; --all shows them\n", total-show)
		}
	}
	if n := f.Counts[NotARow]; 2*n > f.Len() {
		fmt.Fprintf(b, "  most lines name no row of the metadata: does %s belong to this file?\n", r.Metadata.Path)
	}
}

func lines(n int) string {
	if n == 1 {
		return "1 line"
	}
	return fmt.Sprintf("%d lines", n)
}

// writeKinds writes the shares of the kinds of triplets, the frequent ones of a sampler first.
func (f *File) writeKinds(b *bufio.Writer) {
	total := 0
	for _, row := range f.Kinds {
		for _, n := range row {
			total += n
		}
	}
	if total == 0 {
		return
	}
	fmt.Fprintf(b, "  %-32s%-20s%12s%9s\n", "positive", "negative", "lines", "share")
	for p, row := range f.Kinds {
		for n, count := range row {
			if count > 0 {
				fmt.Fprintf(b, "  %-32s%-20s%12d%7.2f %%\n", data.PositiveKind(p), data.NegativeKind(n), count, 100*float64(count)/float64(total))
			}
		}
	}
}

// findings gives what there is to say of a defect, in the order of the lines: of each product and picture once, of all else each line.
func (r *Report) findings(f *File, d Defect) func(yield func(finding) bool) {
	switch d {
	case Leak:
		return r.leakFindings
	case BadPicture:
		return f.pictureFindings
	}
	return func(yield func(finding) bool) {
		broken, repeats := f.Broken, f.repeats
		for i, x := range f.flags {
			for len(broken) > 0 && broken[0].Record < i {
				broken = broken[1:]
			}
			for len(repeats) > 0 && int(repeats[0].record) < i {
				repeats = repeats[1:]
			}
			if !x.has(d) {
				continue
			}
			var text string
			switch {
			case len(broken) > 0 && broken[0].Record == i:
				text = broken[0].Reason
			case d == Duplicate:
				text = fmt.Sprintf("as line %d", f.Line(int(repeats[0].first)))
			default:
				text = r.describe(f.Triplets[i], d)
			}
			if d == NotARow {
				text += fmt.Sprintf(", no row from 0 to %d", r.Metadata.Rows()-1)
			}
			if !yield(finding{i, text}) {
				return
			}
		}
	}
}

// describe says what is wrong with a triplet.
func (r *Report) describe(t data.Triplet, d Defect) string {
	m := r.Metadata
	if d == NotARow {
		var wrong []string
		for c, row := range [...]int32{t.Query, t.Positive, t.Negative} {
			if int(row) >= m.Rows() {
				wrong = append(wrong, fmt.Sprintf("%c is %d", "qpn"[c], row))
			}
		}
		return strings.Join(wrong, ", ")
	}
	text := fmt.Sprintf("q %d, p %d, n %d", t.Query, t.Positive, t.Negative)
	switch d {
	case SameProduct:
		text += fmt.Sprintf(": q and n are of product %q", m.ID[t.Query])
	case Unrelated:
		q, p := t.Query, t.Positive
		text += fmt.Sprintf(": q is %q %q, p %q %q", m.Category[q], m.Color[q], m.Category[p], m.Color[p])
	}
	return text
}

func (r *Report) leakFindings(yield func(finding) bool) {
	m := r.Metadata
	for _, l := range r.leaks {
		what := fmt.Sprintf("product %q", m.ID[l.row])
		if m.ID[l.row] == "" {
			what = fmt.Sprintf("picture %q, whose product is unknown,", m.Name[l.row])
		}
		if !yield(finding{l.train, fmt.Sprintf("%s is also in %s:%d; %s here", what, r.Val.Path, r.Val.Line(l.val), lines(l.lines))}) {
			return
		}
	}
}

func (f *File) pictureFindings(yield func(finding) bool) {
	for _, p := range f.bad {
		reason := p.err.Error()
		if refused, ok := errors.AsType[*data.Refused](p.err); ok { // without its remedy, which is for one picture
			short := *refused
			short.Remedy = ""
			reason = short.Error()
		}
		reason = strings.Map(func(r rune) rune { // it holds the picture's path as it is
			if !unicode.IsPrint(r) {
				return '?'
			}
			return r
		}, reason)
		if !yield(finding{p.first, fmt.Sprintf("%s; %s", reason, lines(p.lines))}) {
			return
		}
	}
}
