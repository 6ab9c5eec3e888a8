// Package chart draws counts: pages of horizontal bars and of heat maps, with the numbers in them, in the sizes that long lists need. It has no axes, scales or
// curves; package curves has those.
//
//	title
//	subtitle
//	bars        bars          a row of bar charts side by side
//	label ▇▇▇▇ 12  3.0 %
//
//	heat map    column
//	row          [ ] [ ]
//
// Start with Draw.
package chart
