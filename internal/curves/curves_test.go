package curves

import (
	"encoding/xml"
	"errors"
	"fmt"
	"image/color"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deeprank/internal/lettering"
)

func TestAxis(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		n         int
		round     bool
		percent   bool
		want      string
	}{
		{0, 1, 5, true, false, "0.0 0.2 0.4 0.6 0.8 1.0"},
		{0, 1000, 5, false, false, "0 200 400 600 800 1000"},
		{1, 997, 5, false, false, "200 400 600 800"},
		{0.71, 0.814, 4, true, true, "70 % 75 % 80 % 85 %"},
		{0.8, 0.8, 4, true, true, "70 % 75 % 80 % 85 % 90 %"},
		{0, 0.003, 3, true, false, "0.000 0.001 0.002 0.003"},
		{-1, 1, 4, true, false, "-1.0 -0.5 0.0 0.5 1.0"},
		{0, 2.5e7, 3, true, false, "0 1e+07 2e+07 3e+07"},
		{0, 0.00002, 2, true, false, "0 1e-05 2e-05"},
	} {
		a := newAxis(c.low, c.high, c.n, c.round)
		var got []string
		for _, v := range a.ticks {
			got = append(got, a.label(v, c.percent))
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%g to %g: %s, want %s", c.low, c.high, s, c.want)
		}
		if !(a.low <= c.low && a.high >= c.high) {
			t.Errorf("%g to %g: the axis is from %g to %g", c.low, c.high, a.low, a.high)
		}
	}
}

func figure() Figure {
	return Figure{
		Title: "A & <b>", Names: []string{"first <script>", "second \x01"}, Width: 302, Height: 100,
		Panels: []Panel{
			{Title: "loss", X: "step", Y: "loss", Zero: true, Lines: []Line{
				{Series: 0, X: []float64{0, 5, 10}, Y: []float64{1, 0.5, 0}},
				{Series: 1, X: []float64{0, 1, 2, 4, 10}, Y: []float64{0, math.NaN(), 1, 1, math.Inf(1)}},
			}},
			{Title: "accuracy", X: "step", Percent: true},
		},
	}
}

// TestSVG: the lines are where the numbers say, by the layout's measures: the plot is 200 wide from 78 on, 100 high from 74 on.
func TestSVG(t *testing.T) {
	text := File(figure())
	for _, want := range []string{
		`class="l s0" points="78,74 178,124 278,174"`, `<circle class="d1" cx="78" cy="174" r="3"/>`, `class="l s1" points="118,74 158,74"`,
		"A &amp; &lt;b&gt;", "first &lt;script&gt;", "second ?", "nothing was measured", ">10<", ">1.0<",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
		t.Error("numbers that are none")
	}
	for _, svg := range []string{text, SVG(figure())} {
		d := xml.NewDecoder(strings.NewReader(svg))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := strings.Count(text, "<polyline"); n != 2+2 {
		t.Errorf("%d lines with the legend's, want 4", n)
	}
}

// TestDraw: the PNG has each series' colour where its line is, and no other ink between the lines.
func TestDraw(t *testing.T) {
	im := Draw(figure())
	for _, c := range []struct {
		x, y float64
		want color.Color
	}{{128, 99, seriesColour(0)}, {228, 149, seriesColour(0)}, {138, 74, seriesColour(1)}, {78, 174, seriesColour(1)}, {200, 90, color.White}} {
		got, want := color.RGBAModel.Convert(im.At(int(scale*c.x), int(scale*c.y))), color.RGBAModel.Convert(c.want)
		if diff := cmp.Diff(fmt.Sprint(want), fmt.Sprint(got)); diff != "" {
			t.Errorf("at (%g, %g): %s", c.x, c.y, diff)
		}
	}
	// Dashes leave gaps.
	f := figure()
	f.Names = make([]string, 9)
	f.Panels[0].Zero = false // from 0.45 to 0.55
	f.Panels[0].Lines = []Line{{Series: 8, X: []float64{0, 10}, Y: []float64{0.5, 0.5}}}
	im, ground, inked := Draw(f), 0, 0
	for x := range 390 {
		switch c := color.RGBAModel.Convert(im.At(scale*78+4+x, int(scale*124))); c {
		case color.RGBAModel.Convert(seriesColour(8)):
			inked++
		default:
			ground++
		}
	}
	if inked < 200 || ground < 80 {
		t.Errorf("dashes: %d pixels of the line, %d between", inked, ground)
	}
}

// TestEmpty: nothing to draw is no error.
func TestEmpty(t *testing.T) {
	for _, f := range []Figure{{}, {Panels: []Panel{{}}}, {Panels: []Panel{{Lines: []Line{{X: []float64{1}, Y: []float64{5}}}}}}} {
		if s := SVG(f); strings.Contains(s, "NaN") {
			t.Error(s)
		}
		Draw(f)
	}
}

// TestLegendRoom: names in the legend of an SVG do not run into one another with a browser's font, DejaVu Sans for one, which is a quarter
// wider than ours.
func TestLegendRoom(t *testing.T) {
	f := Figure{Names: []string{strings.Repeat("long ", 60)}, Panels: []Panel{{}}}
	for range 6 {
		f.Names = append(f.Names, "gap=0.5,lr=0.001,optimizer=adamw")
	}
	l, text := newLayout(f), lettering.Regular(fontSize)
	several := false
	for i, e := range l.legend {
		room := float64(l.width)
		if i+1 < len(l.legend) && l.legend[i+1].p.y == e.p.y {
			room, several = l.legend[i+1].p.x, true
		}
		if end := e.p.x + legendMark + 1.25*float64(text.Width(e.name)); end > room {
			t.Errorf("%q ends at %v, there is room up to %v", e.name, end, room)
		}
	}
	if !several {
		t.Error("no row has several names")
	}
}
