package inventory

import (
	"fmt"

	"deeprank/internal/chart"
)

// What a page shows one by one; the rest is one bar, row or column.
const (
	chartCategories = 40
	chartColours    = 60
	chartGenders    = 10
	mapCategories   = 40
	mapColours      = 50
)

// Charts gives an inventory as a page: bars of the categories, colours, genders and of pictures per product, and categories by colours.
func Charts(title string, v *Inventory) chart.Page {
	ranges := chart.Bars{Title: "pictures per product"}
	for _, r := range v.Ranges() {
		ranges.Bars = append(ranges.Bars, chart.Bar{Label: r.Label, Count: r.Products, Text: counted(r.Products, v.Products)})
	}
	if v.Products > 0 {
		ranges.Note = fmt.Sprintf("median %s, mean %.1f, at most %s", Number(v.Quantile(0.5)), v.Mean(), Number(v.Quantile(1)))
	}
	return chart.Page{
		Title: title,
		Subtitle: fmt.Sprintf("%s pictures of %s products, %s categories, %s colours",
			Number(v.Rows), Number(v.Products), Number(Known(v.Categories)), Number(Known(v.Colours))),
		Bars: [][]chart.Bars{
			{bars("categories", v.Categories, v.Rows, chartCategories)},
			{bars("colours", v.Colours, v.Rows, chartColours)},
			{ranges, bars("genders", v.Genders, v.Rows, chartGenders)},
		},
		Maps: []chart.HeatMap{heatMap(v)},
	}
}

func counted(n, of int) string { return Number(n) + "  " + Share(n, of) }

func bars(title string, values []Value, rows, most int) chart.Bars {
	b := chart.Bars{Title: title}
	rest := 0
	for i, x := range values {
		if i < most {
			b.Bars = append(b.Bars, chart.Bar{Label: Label(x.Name), Count: x.Rows, Text: counted(x.Rows, rows), Faint: x.Name == ""})
		} else {
			rest += x.Rows
		}
	}
	if rest > 0 {
		b.Bars = append(b.Bars, chart.Bar{Label: others(len(values) - most), Count: rest, Text: counted(rest, rows), Faint: true})
	}
	return b
}

func others(n int) string { return Number(n) + " others" }

func heatMap(v *Inventory) chart.HeatMap {
	m := chart.HeatMap{Title: "categories x colours, in pictures"}
	names := func(values []Value, most int) (list []string) {
		for _, x := range values[:min(len(values), most)] {
			list = append(list, Label(x.Name))
		}
		if n := len(values) - most; n > 0 {
			list = append(list, others(n))
		}
		return list
	}
	m.Rows, m.Columns = names(v.Categories, mapCategories), names(v.Colours, mapColours)
	for range m.Rows {
		m.Counts = append(m.Counts, make([]int, len(m.Columns)))
	}
	for _, p := range v.Pairs {
		m.Counts[min(p.Category, mapCategories)][min(p.Colour, mapColours)] += p.Rows
	}
	return m
}
