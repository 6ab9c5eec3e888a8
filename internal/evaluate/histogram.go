package evaluate

import (
	"fmt"
	"io"
	"strings"
)

// bins and binWidth cut [0, 4], where the squared distances of embeddings of length 1 lie.
const (
	bins     = 20
	binWidth = 0.2
)

// Histogram counts squared distances: Counts[i] those in [i*Width, (i+1)*Width). The last one has also those from its end on.
type Histogram struct {
	Width  float64 `json:"width"`
	Counts []int   `json:"counts"`
}

func newHistogram() Histogram { return Histogram{binWidth, make([]int, bins)} }

func (h *Histogram) add(d float64) { h.Counts[min(bins-1, max(0, int(d/h.Width)))]++ }

// writeHistograms draws both side by side, from the first to the last bin in use.
func writeHistograms(w io.Writer, pos, neg *Histogram) {
	first, last, most := bins, -1, 1
	for i := range bins {
		if n := max(pos.Counts[i], neg.Counts[i]); n > 0 {
			first, last, most = min(first, i), i, max(most, n)
		}
	}
	const width = 30
	bar := func(n int) string {
		if n == 0 {
			return ""
		}
		return strings.Repeat("#", max(1, (n*width+most/2)/most))
	}
	fmt.Fprintf(w, "  distance     %8s %-*s %8s\n", "D(q,p)", width, "", "D(q,n)")
	for i := first; i <= last; i++ {
		fmt.Fprintf(w, "  %4.1f to %3.1f  %8d %-*s %8d %s\n", float64(i)*pos.Width, float64(i+1)*pos.Width,
			pos.Counts[i], width, bar(pos.Counts[i]), neg.Counts[i], bar(neg.Counts[i]))
	}
}
