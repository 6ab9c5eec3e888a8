// Package runpage writes a page about a training run: one HTML file that needs no other and no network. It lays out what it is given; the curves
// are package curves'.
//
// Start with page.go; page.html is the template.
package runpage
