package inventory

import (
	"fmt"
	"strings"
)

// perProduct writes how many pictures products have, as bars.
func (t *writer) perProduct(v *Inventory) {
	if v.Products == 0 {
		return
	}
	t.line("\npictures per product: from %d to %s, median %d, mean %.1f, nine of ten products have at most %s",
		v.Quantile(0), Number(v.Quantile(1)), v.Quantile(0.5), v.Mean(), Number(v.Quantile(0.9)))
	ranges := v.Ranges()
	name, count, most := 0, 0, 0
	for _, r := range ranges {
		name, count, most = max(name, width(r.Label)), max(count, len(Number(r.Products))), max(most, r.Products)
	}
	room := min(40, t.o.Columns-name-count-15)
	for _, r := range ranges {
		bar := ""
		if room > 0 {
			eighths := r.Products * room * 8 / most
			bar = strings.Repeat("█", eighths/8) + [...]string{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"}[eighths%8]
		}
		t.line("  %s  %s  %s  %s", right(r.Label, name), right(Number(r.Products), count), right(Share(r.Products, v.Products), 7), bar)
	}
}

// Range is the products that have from so many to so many pictures.
type Range struct {
	Label    string
	Products int
}

// Ranges gives PerProduct in few steps: 1 to 10 one by one, then 11-20, 21-50, 51-100 and so on, without empty ones at the end.
func (v *Inventory) Ranges() []Range {
	var list []Range
	bins := v.PerProduct
	low, high := 1, 1
	for len(bins) > 0 {
		r := Range{Label: fmt.Sprint(low)}
		if high > low {
			r.Label = Number(low) + "–" + Number(high)
		}
		for len(bins) > 0 && bins[0].Pictures <= high {
			r.Products += bins[0].Products
			bins = bins[1:]
		}
		list = append(list, r)
		low = high + 1
		switch {
		case high < 10:
			high++
		case strings.HasPrefix(fmt.Sprint(high), "2"):
			high = high / 2 * 5
		default:
			high *= 2
		}
	}
	return list
}

// table writes categories by colours: the most frequent colours that the terminal has room for, then all others as one. With All
// the rest follows in further tables.
func (t *writer) table(v *Inventory) {
	if len(v.Categories) == 0 || len(v.Colours) == 0 {
		return
	}
	// A table of every name against every other one would have no end.
	const mostCells = 100_000
	all := t.o.All && len(v.Categories)*len(v.Colours) <= mostCells
	remedy := "--all shows all"
	if t.o.All {
		remedy = "--json has all"
	}
	rows := v.Categories
	if !all {
		rows = rows[:min(len(rows), mostTable)]
	}
	most := 20
	if all {
		most = t.o.Columns / 3
	}
	name := max(len("other categories"), min(longest(rows), most))
	const least, widest = 3, 9 // of a column, without the gap before it
	columns := func(from, room int) (widths []int) {
		for _, c := range v.Colours[from:] {
			w := 2 + max(least, len(Number(c.Rows)), min(widest, longestWord(Label(c.Name))))
			if room -= w; room < 0 {
				break
			}
			widths = append(widths, w)
		}
		return widths
	}
	total := 2 + max(len("total"), len(Number(v.Rows)))
	for from := 0; from < len(v.Colours); {
		room := t.o.Columns - 2 - name - total
		widths := columns(from, room)
		rest := 0 // width of the column of the other colours
		if from+len(widths) < len(v.Colours) && !all {
			rest = 2 + max(len("others"), len(Number(v.Rows)))
			widths = columns(from, room-rest)
		}
		if len(widths) == 0 {
			widths = []int{2 + widest}
		}
		to := from + len(widths)
		switch {
		case from == 0 && to == len(v.Colours):
			t.line("\ncategories x colours, in rows")
		case rest > 0:
			t.line("\ncategories x colours, in rows: the %d most frequent of %s colours; %s", to, Number(len(v.Colours)), remedy)
		default:
			t.line("\ncategories x colours, in rows: colours %d to %d of %s", from+1, to, Number(len(v.Colours)))
		}
		t.part(v, rows, name, total, from, widths, rest)
		if rest > 0 {
			return
		}
		from = to
	}
}

// part writes a table of some colours.
func (t *writer) part(v *Inventory, rows []Value, name, total, from int, widths []int, rest int) {
	t.heading(v.Colours[from:from+len(widths)], name, total, widths, rest)
	counts := make([]int, len(widths)+1)
	write := func(label string, sum int) {
		var b strings.Builder
		for i, w := range widths {
			b.WriteString(right(cell(counts[i]), w))
		}
		if rest > 0 {
			b.WriteString(right(cell(counts[len(widths)]), rest))
		}
		t.line("  %s%s%s", left(label, name), b.String(), right(Number(sum), total))
		clear(counts)
	}
	add := func(p Pair) {
		switch at := p.Colour - from; {
		case at >= len(widths):
			counts[len(widths)] += p.Rows
		case at >= 0:
			counts[at] += p.Rows
		}
	}
	pairs := v.Pairs
	for c, category := range rows {
		for len(pairs) > 0 && pairs[0].Category == c {
			add(pairs[0])
			pairs = pairs[1:]
		}
		write(Label(category.Name), category.Rows)
	}
	if len(pairs) > 0 {
		sum := 0
		for _, p := range pairs {
			add(p)
			sum += p.Rows
		}
		write("other categories", sum)
	}
	for _, p := range v.Pairs {
		add(p)
	}
	write("total", v.Rows)
}

// heading writes the colours' names, in lines that stand on the table.
func (t *writer) heading(colours []Value, name, total int, widths []int, rest int) {
	lines := make([][]string, len(colours))
	height := 1
	for i, c := range colours {
		lines[i] = wrap(Label(c.Name), widths[i]-2)
		height = max(height, len(lines[i]))
	}
	for y := range height {
		var b strings.Builder
		for i, w := range widths {
			text := ""
			if at := y - height + len(lines[i]); at >= 0 {
				text = lines[i][at]
			}
			b.WriteString(right(text, w))
		}
		last := [2]string{}
		if y == height-1 {
			last = [2]string{"others", "total"}
		}
		if rest > 0 {
			b.WriteString(right(last[0], rest))
		}
		t.line("  %s%s%s", left("", name), b.String(), right(last[1], total))
	}
}

// wrap breaks a name at its spaces into at most three lines.
func wrap(name string, columns int) (lines []string) {
	const most = 3
	for _, word := range strings.Fields(name) {
		n := len(lines)
		switch {
		case n > 0 && width(lines[n-1]+" "+word) <= columns:
			lines[n-1] += " " + word
		case n == most:
			lines[n-1] = clip(lines[n-1]+" "+word, columns)
			return lines
		default:
			lines = append(lines, clip(word, columns))
		}
	}
	return lines
}

func longestWord(name string) (w int) {
	for _, word := range strings.Fields(name) {
		w = max(w, width(word))
	}
	return w
}

func longest(values []Value) (w int) {
	for _, v := range values {
		w = max(w, width(Label(v.Name)))
	}
	return w
}

// cell is a count in a table; none is a dot, so that what is there can be seen.
func cell(n int) string {
	if n == 0 {
		return "·"
	}
	return Number(n)
}
