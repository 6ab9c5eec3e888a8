package data

import (
	"fmt"
	"strings"
)

// Summary counts what the data holds, for the lines at a program's start.
type Summary struct {
	Rows, Products, Categories, Colors int // rows of the metadata, and distinct known values in it
	Triplets                           int
	Pictures                           int // distinct pictures that the triplets use

	// The positive against the query; each triplet counts in one of the three.
	PositiveSameProduct       int // same id
	PositiveSameCategoryColor int // other product, same category and colour
	PositiveOther             int

	// The negative against the query; each triplet counts in one of the three.
	NegativeSameProduct int // same id: contradicts the triplet's purpose
	NegativeInClass     int // other product of the same category
	NegativeOutOfClass  int // other category

	// Triplets that name one picture twice, which teach nothing or the wrong thing.
	QueryIsPositive, QueryIsNegative, PositiveIsNegative int
}

// Summarize counts. An unknown (empty) id, category or colour equals no other. The triplets' rows must be rows of m.
func Summarize(m *Metadata, ts []Triplet) Summary {
	s := Summary{
		Rows: m.Rows(), Products: distinct(m.ID), Categories: distinct(m.Category), Colors: distinct(m.Color),
		Triplets: len(ts), Pictures: len(UsedRows(ts, m.Rows())),
	}
	for _, t := range ts {
		k := m.KindOf(t)
		*[...]*int{SameProduct: &s.PositiveSameProduct, SameColour: &s.PositiveSameCategoryColor, OtherPositive: &s.PositiveOther}[k.Positive]++
		*[...]*int{OutOfClass: &s.NegativeOutOfClass, InClass: &s.NegativeInClass, ProductInstead: &s.NegativeSameProduct}[k.Negative]++
		if t.Query == t.Positive {
			s.QueryIsPositive++
		}
		if t.Query == t.Negative {
			s.QueryIsNegative++
		}
		if t.Positive == t.Negative {
			s.PositiveIsNegative++
		}
	}
	return s
}

// UsedRows gives the distinct rows that the triplets name, in ascending order. rows is the number of rows of their metadata.
func UsedRows(ts []Triplet, rows int) []int32 {
	used, n := make([]bool, rows), 0
	mark := func(row int32) {
		if !used[row] {
			used[row] = true
			n++
		}
	}
	for _, t := range ts {
		mark(t.Query)
		mark(t.Positive)
		mark(t.Negative)
	}
	list := make([]int32, 0, n)
	for row, u := range used {
		if u {
			list = append(list, int32(row))
		}
	}
	return list
}

// distinct counts the distinct values of a column that are not empty.
func distinct(column []string) int {
	seen := make(map[string]struct{})
	last := ""
	for _, v := range column {
		if v != last && v != "" {
			seen[v] = struct{}{}
			last = v
		}
	}
	return len(seen)
}

// String gives the counts as four short lines without an end of line after the last.
func (s Summary) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "metadata   %d pictures of %d products, %d categories, %d colours\n", s.Rows, s.Products, s.Categories, s.Colors)
	fmt.Fprintf(&b, "triplets   %d on %d pictures\n", s.Triplets, s.Pictures)
	fmt.Fprintf(&b, "positives  %d same product, %d same category and colour, %d other\n", s.PositiveSameProduct, s.PositiveSameCategoryColor, s.PositiveOther)
	fmt.Fprintf(&b, "negatives  %d same category, %d other category, %d same product", s.NegativeInClass, s.NegativeOutOfClass, s.NegativeSameProduct)
	for _, twice := range []struct {
		n    int
		what string
	}{{s.QueryIsPositive, "q = p"}, {s.QueryIsNegative, "n = q"}, {s.PositiveIsNegative, "p = n"}} {
		if twice.n > 0 {
			fmt.Fprintf(&b, "\nwarning    %d triplets have %s", twice.n, twice.what)
		}
	}
	return b.String()
}
