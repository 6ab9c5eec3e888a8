package curves

import (
	"fmt"
	"html"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// colours of the series on light and on dark ground (after Okabe and Ito, whom colour-blind people can tell apart); further series
// repeat them with dashes.
func colours() (light, dark []string) {
	return []string{"#0072b2", "#d55e00", "#00805e", "#b0528a", "#8a6d00", "#3f3f9f", "#7a3b12", "#555555"},
		[]string{"#56b4e9", "#f08c4a", "#2fc79a", "#e394c3", "#e6c14a", "#a3a3f5", "#d09a72", "#bbbbbb"}
}

// dashes of a series: none for the first eight.
func dashes(series int) []float64 {
	light, _ := colours()
	return [][]float64{nil, {7, 4}, {2, 3}, {9, 3, 2, 3}}[series/len(light)%4]
}

// Style is the CSS of all figures of a page: light and dark.
func Style() string {
	var b strings.Builder
	light, dark := colours()
	write := func(indent, ink, faint, grid string, series []string) {
		fmt.Fprintf(&b, "%s.curves .t0 { fill: %s; } %s.curves .t1 { fill: %s; } .curves .r1 { stroke: %s; } .curves .r2 { stroke: %s; }\n", indent, ink, indent, faint, faint, grid)
		for i, c := range series {
			fmt.Fprintf(&b, "%s.curves .s%d { stroke: %s; } .curves .d%d { fill: %s; }\n", indent, i, c, i, c)
		}
	}
	b.WriteString(".curves { font: 13px system-ui, sans-serif; }\n.curves .b { font-weight: 600; }\n.curves .l { fill: none; stroke-width: 1.8; stroke-linejoin: round; stroke-linecap: round; }\n")
	write("", "#1a1a1a", "#555", "#dfe2e5", light)
	b.WriteString("@media (prefers-color-scheme: dark) {\n")
	write("  ", "#ececec", "#b0b4b8", "#383d42", dark)
	b.WriteString("}\n")
	return b.String()
}

// SVG returns the figure as an element for a page that has Style.
func SVG(f Figure) string { return svg(f, "", "") }

// File returns the figure as a file of its own.
func File(f Figure) string {
	style := "<style>\n" + Style() + ".ground { fill: #fff; }\n@media (prefers-color-scheme: dark) { .ground { fill: #16181a; } }\n</style>\n"
	return `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + svg(f, ` xmlns="http://www.w3.org/2000/svg"`, style+`<rect class="ground" width="100%" height="100%"/>`+"\n") + "\n"
}

func svg(f Figure, attributes, first string) string {
	l := newLayout(f)
	s := &svgPen{}
	name := f.Title
	for _, p := range f.Panels {
		if name == "" {
			name = p.Title
		}
	}
	fmt.Fprintf(&s.b, `<svg%s class="curves" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s">`+"\n%s", attributes, l.width, l.height, l.width, l.height, clean(name), first)
	l.draw(s)
	s.b.WriteString("</svg>")
	return s.b.String()
}

// clean escapes a text, without the letters that XML cannot hold.
func clean(s string) string {
	return html.EscapeString(strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsGraphic(r) {
			return '?'
		}
		return r
	}, s))
}

type svgPen struct{ b strings.Builder }

// number writes a coordinate with a tenth of a pixel.
func number(v float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0")
}

func (s *svgPen) text(p point, a anchor, strong, upright bool, l look, text string) {
	class, turn := fmt.Sprintf("t%d", l), ""
	if strong {
		class += " b"
	}
	if upright {
		turn = fmt.Sprintf(` transform="rotate(-90 %s %s)"`, number(p.x), number(p.y))
	}
	fmt.Fprintf(&s.b, `<text x="%s" y="%s" dy=".35em" text-anchor="%s" class="%s"%s>%s</text>`+"\n",
		number(p.x), number(p.y), [...]string{"start", "middle", "end"}[a], class, turn, clean(text))
}

func (s *svgPen) rule(from, to point, l look) {
	fmt.Fprintf(&s.b, `<path class="r%d" d="M%s %sL%s %s"/>`+"\n", l, number(from.x), number(from.y), number(to.x), number(to.y))
}

// colour is the number of a series' colour.
func colour(series int) int {
	light, _ := colours()
	return series % len(light)
}

func (s *svgPen) line(series int, points []point) {
	dash := ""
	if d := dashes(series); d != nil {
		dash = " stroke-dasharray=" + strconv.Quote(strings.Trim(fmt.Sprint(d), "[]"))
	}
	fmt.Fprintf(&s.b, `<polyline class="l s%d"%s points="`, colour(series), dash)
	for i, p := range points {
		if i > 0 {
			s.b.WriteByte(' ')
		}
		s.b.WriteString(number(p.x) + "," + number(p.y))
	}
	s.b.WriteString("\"/>\n")
}

func (s *svgPen) dot(series int, p point) {
	fmt.Fprintf(&s.b, `<circle class="d%d" cx="%s" cy="%s" r="3"/>`+"\n", colour(series), number(p.x), number(p.y))
}
