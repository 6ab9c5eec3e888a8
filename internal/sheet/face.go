package sheet

import (
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/font/inconsolata"
)

const ellipsis = ".."

// styles are the sheet's four.
type styles struct{ title, strong, text, small style }

// newStyles returns bitmap fonts of fixed sizes, which need no font parser.
func newStyles() styles {
	regular, bold := newStyle(inconsolata.Regular8x16), newStyle(inconsolata.Bold8x16)
	return styles{title: bold, strong: bold, text: regular, small: newStyle(basicfont.Face7x13)}
}
