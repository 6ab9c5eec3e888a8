// Package inventory counts what a table of pictures holds, and what its pictures' files do.
//
//	data.Metadata ── Count ──> Inventory ── WriteText ──> tables for a terminal
//	data.Pictures ── Look  ──> Files     ──┘        └──> charts, in package chart
//
// An unknown (empty) value is counted as such, and is neither a category, nor a colour, nor a product. Lists are in the order of falling counts,
// then of the values, so that the same table gives the same lists.
//
// Start with count.go.
package inventory
