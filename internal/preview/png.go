package preview

import (
	"fmt"
	"image"
	"image/color"
	"math"

	"deeprank/data"
	"deeprank/internal/inventory"
	"deeprank/internal/sheet"
)

// Triplets in a row of the sheet: so many that it is about one and a half times as high as wide.
func across(count int) int {
	return max(1, int(math.Round(math.Sqrt(float64(count)*0.53/1.5))))
}

// Pixels estimates the pixels of a sheet of count triplets with pictures of a side.
func Pixels(count, side int) int {
	n := across(count)
	down := (count + n - 1) / n
	return (n*(4*side) + 2*side) * (down*(side*13/10+80) + 300)
}

// roomForProduct is the side of a picture below which a caption has no room for the word product before a long number.
const roomForProduct = 120

// The frames' colours by kind.
func positiveFrame(k data.PositiveKind) color.Color {
	return [...]color.Color{sheet.Right(), sheet.Near(), color.NRGBA{150, 100, 190, 255}}[k]
}

func negativeFrame(k data.NegativeKind) color.Color {
	return [...]color.Color{sheet.Wrong(), color.NRGBA{232, 130, 40, 255}, color.NRGBA{24, 24, 24, 255}}[k]
}

// DrawPNG draws the page as a sheet.
func DrawPNG(p *Page) *image.RGBA {
	n := across(len(p.Items))
	blocks := make([]sheet.Block, n)
	for b := range blocks {
		blocks[b].Columns = []string{"query", "positive", "negative"}
	}
	var positives [3]bool
	var negatives [3]bool
	for i, item := range p.Items {
		b := &blocks[i%n]
		b.Above = append(b.Above, fmt.Sprintf("%d  %v", item.Number, item.Kind))
		row := make([]sheet.Cell, 3)
		for j, picture := range item.Pictures {
			of := picture.Of()
			if p.Side < roomForProduct {
				of = inventory.Label(picture.Product) // the number says more than the word
			}
			row[j].Caption = picture.What() + "\n" + of
			if picture.Image != nil {
				row[j].Picture = picture.Image
			} else {
				row[j].Bad = picture.Bad
			}
		}
		row[1].Frame, row[2].Frame = positiveFrame(item.Kind.Positive), negativeFrame(item.Kind.Negative)
		b.Rows = append(b.Rows, row)
		positives[item.Kind.Positive], negatives[item.Kind.Negative] = true, true
	}
	o := sheet.Options{Cell: p.Side, Apart: 1, Subtitle: p.Subtitle}
	for k, there := range positives {
		if there {
			k := data.PositiveKind(k)
			o.Legend = append(o.Legend, sheet.Mark{Frame: positiveFrame(k), Text: "positive: " + k.String()})
		}
	}
	for k, there := range negatives {
		if there {
			k := data.NegativeKind(k)
			o.Legend = append(o.Legend, sheet.Mark{Frame: negativeFrame(k), Text: "negative: " + k.String()})
		}
	}
	return sheet.Draw(p.Title, blocks, o)
}
