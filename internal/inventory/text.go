package inventory

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Unknown stands for an empty value in what people read.
const Unknown = "(none)"

// Label is a value as people read it: an empty one has a name, and what a terminal would obey is replaced.
func Label(value string) string {
	if value == "" {
		return Unknown
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) && r != utf8.RuneError {
			return r
		}
		return '?'
	}, value)
}

// Number writes a count with its thousands apart: 1,234,567.
func Number(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Share writes a part of a whole in percent, with enough digits to tell it from none and from all.
func Share(part, whole int) string {
	if whole == 0 {
		return "-"
	}
	switch p := 100 * float64(part) / float64(whole); {
	case part > 0 && p < 0.05:
		return "<0.1 %"
	case part < whole && p >= 99.95:
		return ">99.9 %"
	default:
		return fmt.Sprintf("%.1f %%", p)
	}
}

// width is the columns that a text takes in a terminal.
func width(text string) int { return uniseg.StringWidth(text) }

// clip shortens a text to a number of columns.
func clip(text string, columns int) string {
	if width(text) <= columns {
		return text
	}
	var b strings.Builder
	left := columns - 1
	for g := uniseg.NewGraphemes(text); g.Next(); {
		if left -= g.Width(); left < 0 {
			break
		}
		b.WriteString(g.Str())
	}
	return b.String() + "…"
}

// left and right pad a text to a number of columns.
func left(text string, columns int) string {
	text = clip(text, columns)
	return text + strings.Repeat(" ", max(0, columns-width(text)))
}

func right(text string, columns int) string {
	text = clip(text, columns)
	return strings.Repeat(" ", max(0, columns-width(text))) + text
}
