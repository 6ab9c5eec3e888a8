package inventory

import (
	"fmt"
	"io"
	"strings"

	"deeprank/data"
)

// WriteOptions say how an inventory is written.
type WriteOptions struct {
	Columns int  // of the terminal
	All     bool // lists are not cut
}

// What is left of lists that are cut.
const (
	mostValues = 60
	mostLines  = 10
	mostTable  = 40 // categories of the table
)

// WriteText writes an inventory as tables. f may be nil.
func WriteText(w io.Writer, m *data.Metadata, v *Inventory, f *Files, o WriteOptions) error {
	t := &writer{Writer: w, o: o}
	t.line("rows       %s, each a picture", Number(v.Rows))
	products := Number(v.Products)
	if v.Products > 0 {
		products += fmt.Sprintf(", %s with a single picture (%s)", Number(len(v.Single)), Share(len(v.Single), v.Products))
	}
	t.line("products   %s", products)
	if v.WithoutProduct > 0 {
		t.line("           %s rows name no product (%s)", Number(v.WithoutProduct), Share(v.WithoutProduct, v.Rows))
	}
	if v.Repeated > 0 {
		t.line("           %s rows name a picture that a row before names", Number(v.Repeated))
	}
	t.perProduct(v)
	t.values("categories", v.Categories, v.Rows)
	t.values("colours", v.Colours, v.Rows)
	t.values("genders", v.Genders, v.Rows)
	t.table(v)
	t.single(m, v)
	if f != nil {
		t.files(m, f)
	}
	return t.err
}

// writer keeps the first error.
type writer struct {
	io.Writer
	o   WriteOptions
	err error
}

func (t *writer) line(format string, a ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintln(t.Writer, strings.TrimRight(fmt.Sprintf(format, a...), " "))
	}
}

// most is how many of n are written.
func (t *writer) most(n, most int) int {
	if t.o.All {
		return n
	}
	return min(n, most)
}

// values writes a column's values side by side, to be read downwards.
func (t *writer) values(what string, values []Value, rows int) {
	t.line("\n%s: %s", what, Number(Known(values)))
	shown := values[:t.most(len(values), mostValues)]
	const share, gap = len(">99.9 %"), 3
	name, count := 1, 1
	for _, v := range shown {
		name, count = max(name, width(Label(v.Name))), max(count, len(Number(v.Rows)))
	}
	name = max(8, min(name, 28, t.o.Columns-count-share-6))
	entry := name + count + share + 4
	across := max(1, (t.o.Columns-2+gap)/(entry+gap))
	down := (len(shown) + across - 1) / across
	for y := range down {
		var b strings.Builder
		for i := y; i < len(shown); i += down {
			fmt.Fprintf(&b, "%s  %s  %s%*s", left(Label(shown[i].Name), name), right(Number(shown[i].Rows), count), right(Share(shown[i].Rows, rows), share), gap, "")
		}
		t.line("  %s", b.String())
	}
	rest := 0
	for _, v := range values[len(shown):] {
		rest += v.Rows
	}
	if rest > 0 {
		t.line("  and %s more with %s rows (%s); --all shows them", Number(len(values)-len(shown)), Number(rest), Share(rest, rows))
	}
}

// single lists products with one picture.
func (t *writer) single(m *data.Metadata, v *Inventory) {
	if len(v.Single) == 0 {
		return
	}
	t.line("\nproducts with a single picture, which cannot be a query with a positive of its own product: %s", Number(len(v.Single)))
	for _, row := range v.Single[:t.most(len(v.Single), mostLines)] {
		t.line("  %s", clip(fmt.Sprintf("row %d  %s  %s", row, Label(m.ID[row]), Label(m.Name[row])), t.o.Columns-2))
	}
	t.more(len(v.Single), mostLines)
}

// more says how many of n are left out.
func (t *writer) more(n, most int) {
	if n -= t.most(n, most); n > 0 {
		t.line("  and %s more; --all shows them", Number(n))
	}
}

// files writes what the pictures' files are.
func (t *writer) files(m *data.Metadata, f *Files) {
	if len(f.Bad) == 0 {
		t.line("\nrows without a picture: none of %s", Number(f.Looked))
	} else {
		t.line("\nrows without a picture: %s of %s (%s); %s have no such file", Number(len(f.Bad)), Number(f.Looked), Share(len(f.Bad), f.Looked), Number(f.Missing))
	}
	for _, b := range f.Bad[:t.most(len(f.Bad), mostLines)] {
		t.line("  %s", clip(fmt.Sprintf("row %d  %s: %s", b.Row, Label(m.Name[b.Row]), Label(b.Reason)), t.o.Columns-2))
	}
	t.more(len(f.Bad), mostLines)
	if !f.Deep {
		return
	}
	d := f.CountDuplicates()
	if d.Groups == 0 {
		t.line("\npictures whose files are the same: none")
		return
	}
	t.line("\npictures whose files are the same: %s, in %s rows", Number(d.Groups), Number(d.Rows))
	t.line("  of them in different products: %s, in %s rows", Number(d.GroupsAcross), Number(d.RowsAcross))
	// Those in different products first: they contradict the table.
	groups := make([]Group, 0, len(f.Duplicates))
	for _, across := range []bool{true, false} {
		for _, g := range f.Duplicates {
			if g.AcrossProducts == across {
				groups = append(groups, g)
			}
		}
	}
	for _, g := range groups[:t.most(len(groups), mostLines)] {
		var b strings.Builder
		for i, row := range g.Rows {
			if !t.o.All && i == 4 {
				fmt.Fprintf(&b, ", and %s more", Number(len(g.Rows)-i))
				break
			}
			if i > 0 {
				b.WriteString(" = ")
			}
			fmt.Fprintf(&b, "%s (row %d)", Label(m.Name[row]), row)
		}
		text := b.String()
		if g.AcrossProducts {
			text = "different products: " + text
		}
		if !t.o.All {
			text = clip(text, t.o.Columns-2)
		}
		t.line("  %s", text)
	}
	t.more(len(groups), mostLines)
}

// DuplicateCounts sum up Files.Duplicates.
type DuplicateCounts struct {
	Groups, Rows             int // pictures that occur several times, and the rows in which they do
	GroupsAcross, RowsAcross int // of these, those in different products
}

// CountDuplicates sums up.
func (f *Files) CountDuplicates() (d DuplicateCounts) {
	for _, g := range f.Duplicates {
		d.Groups++
		d.Rows += len(g.Rows)
		if g.AcrossProducts {
			d.GroupsAcross++
			d.RowsAcross += len(g.Rows)
		}
	}
	return d
}
