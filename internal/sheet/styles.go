package sheet

import "deeprank/internal/lettering"

// styles are the sheet's four.
type styles struct{ title, strong, text, small lettering.Style }

// newStyles returns fonts in sizes that grow a little with the cells.
func newStyles(cell int) styles {
	small := min(max(float64(cell)/6.5, 9), 14)
	return styles{
		title:  lettering.Bold(2 * small),
		strong: lettering.Bold(1.4 * small),
		text:   lettering.Regular(1.4 * small),
		small:  lettering.Regular(small),
	}
}
