// Package curves draws measures over steps: panels with axes, ticks and one line a series, as SVG or as PNG.
//
//	title
//	panel title
//	  1.0 |        __--     ticks at round numbers
//	  0.5 |   __---
//	      +------------
//	      0    50   100
//	          step
//	legend: -- a  -- b
//
// The same layout (layout.go) draws on two pens: svg.go, whose colours are CSS classes so that a page can be light or dark, and png.go.
//
// Start with figure.go.
package curves
