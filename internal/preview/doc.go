// Package preview shows triplets to people: which ones, their pictures, and a page of them as PNG or as one HTML file.
//
//	triplets ── Choose ──> numbers ── Load ──> Page ── DrawPNG ──> sheet.png
//	                                             └── WriteHTML ──> sheet.html
//
// A picture that cannot be read keeps its place, with the reason in it.
//
// Start with page.go.
package preview
