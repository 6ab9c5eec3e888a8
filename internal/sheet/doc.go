// Package sheet lays pictures out on one large picture, with frames, captions
// and headings: a contact sheet on which search results can be compared by eye.
//
//	title
//	subtitle
//	block title             block title
//	query   1   2   3 ..    query   1   2   3 ..      column headings
//	[   ]  [ ] [ ] [ ]      [   ]  [ ] [ ] [ ]        a row of cells
//	       caption ..              caption ..
//	legend
//
// Blocks stand side by side and share their rows' heights. Start with Draw.
package sheet
