package main

import (
	"cmp"
	"slices"
)

// chooseQueries returns up to n places of the gallery to show: pictures that have another one of their product in it,
// from as many categories, colours and products as there are. They are ordered by category. The choice follows from
// the gallery's table alone, so that no result can bend it.
func chooseQueries(g *gallery, n int) []int {
	// The candidates of each category, in the order of their rows.
	byCategory := map[string][]int{}
	var categories []string
	for i, row := range g.rows {
		if g.relevant[i] == 0 {
			continue
		}
		c := g.meta.Category[row]
		if byCategory[c] == nil {
			categories = append(categories, c)
		}
		byCategory[c] = append(byCategory[c], i)
	}
	slices.Sort(categories)

	var shown []int
	taken := map[int]bool{}
	// how often each product, each pair of category and colour, and each colour was taken
	products, looks, colors := map[int32]int{}, map[[2]string]int{}, map[string]int{}
	take := func(category string) bool {
		best := -1
		for _, i := range byCategory[category] {
			if taken[i] {
				continue
			}
			if best < 0 {
				best = i
				continue
			}
			a, b := g.meta.Color[g.rows[i]], g.meta.Color[g.rows[best]]
			if cmp.Or(cmp.Compare(products[g.product[i]], products[g.product[best]]),
				cmp.Compare(looks[[2]string{category, a}], looks[[2]string{category, b}]),
				cmp.Compare(colors[a], colors[b])) < 0 {
				best = i
			}
		}
		if best < 0 {
			return false
		}
		taken[best] = true
		c := g.meta.Color[g.rows[best]]
		products[g.product[best]]++
		looks[[2]string{category, c}]++
		colors[c]++
		shown = append(shown, best)
		return true
	}
	for len(shown) < n {
		some := false
		round := min(n-len(shown), len(categories)) // in the last round, categories at equal distances
		for k := range round {
			some = take(categories[k*len(categories)/round]) || some
		}
		if !some { // those have no picture left
			for _, c := range categories {
				for len(shown) < n && take(c) {
					some = true
				}
			}
			if !some {
				break
			}
		}
	}
	slices.SortStableFunc(shown, func(a, b int) int {
		return cmp.Compare(g.meta.Category[g.rows[a]], g.meta.Category[g.rows[b]])
	})
	return shown
}
