package sheet

import (
	"fmt"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
)

const ellipsis = "…"

// styles are the sheet's four.
type styles struct{ title, strong, text, small style }

// newStyles returns the Go fonts, in sizes that grow a little with the cells.
func newStyles(cell int) styles {
	regular, bold := parse(goregular.TTF), parse(gobold.TTF)
	small := min(max(float64(cell)/6.5, 9), 14)
	return styles{
		title:  newStyle(face(bold, 2*small)),
		strong: newStyle(face(bold, 1.4*small)),
		text:   newStyle(face(regular, 1.4*small)),
		small:  newStyle(face(regular, small)),
	}
}

// parse reads a font that is compiled in, so that it cannot fail.
func parse(ttf []byte) *opentype.Font {
	f, err := opentype.Parse(ttf)
	if err != nil {
		panic(fmt.Sprintf("sheet: the built-in font: %v", err))
	}
	return f
}

func face(f *opentype.Font, size float64) font.Face {
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		panic(fmt.Sprintf("sheet: the built-in font: %v", err))
	}
	return face
}
