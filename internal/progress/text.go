package progress

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/schollz/progressbar/v3"
)

// StepInfo is what one step did.
type StepInfo struct {
	Step, Epoch int // both from 1
	Loss        float64
	DPos, DNeg  float64 // mean squared distances D(q,p) and D(q,n)
	Active      float64 // share of triplets with a loss
	LR          float64
	ImagesPerS  float64
}

// plainLine is a step in the log, and where there is no terminal.
func plainLine(s StepInfo, total int, left string) string {
	text := fmt.Sprintf("step %s, epoch %d: loss %.4f, D(q,p) %.3f, D(q,n) %.3f, active %.0f %%, lr %.3g, %s images/s",
		count(s.Step, total), s.Epoch, s.Loss, s.DPos, s.DNeg, 100*s.Active, s.LR, rate(s.ImagesPerS))
	return text + left
}

// barLine is a step at the bottom of a terminal with this many columns; the bar takes what the text
// leaves, or goes away.
func barLine(s StepInfo, total int, left string, columns int) string {
	text := fmt.Sprintf("step %s, epoch %d, loss %.4f, active %.0f %%, %s images/s%s",
		count(s.Step, total), s.Epoch, s.Loss, 100*s.Active, rate(s.ImagesPerS), left)
	const edges = len("100% || ") + 1 // one column stays free: some terminals wrap when the last is filled
	if width := min(40, columns-utf8.RuneCountInString(text)-edges); width >= 5 && total > 0 {
		return bar(s.Step, total, width) + " " + text
	}
	return clip(text, columns)
}

// bar draws "  8% |███     |".
func bar(step, total, width int) string {
	p := progressbar.NewOptions(total,
		progressbar.OptionSetWriter(io.Discard), // only its text is wanted
		progressbar.OptionSetWidth(width),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionSetElapsedTime(false))
	if err := p.Set(min(step, total)); err != nil {
		return ""
	}
	return fmt.Sprintf("%*s", len("100% |")+width+len("|"), strings.TrimSpace(p.String()))
}

func count(step, total int) string {
	if total > 0 {
		return fmt.Sprintf("%d/%d", step, total)
	}
	return fmt.Sprint(step)
}

func rate(v float64) string {
	if v < 10 {
		return fmt.Sprintf("%.2g", v)
	}
	return fmt.Sprintf("%.0f", v)
}

// duration writes the two largest units: 3d04h, 2h05m, 12m30s, 45s.
func duration(d time.Duration) string {
	d = max(d, 0).Round(time.Second)
	days, h, m, s := int(d.Hours())/24, int(d.Hours())%24, int(d.Minutes())%60, int(d.Seconds())%60
	switch {
	case days > 0:
		return fmt.Sprintf("%dd%02dh", days, h)
	case h > 0:
		return fmt.Sprintf("%dh%02dm", h, m)
	case m > 0:
		return fmt.Sprintf("%dm%02ds", m, s)
	}
	return fmt.Sprintf("%ds", s)
}

// clip cuts a line so that it fits a terminal's row.
func clip(text string, columns int) string {
	runes := []rune(text)
	if columns > 1 && len(runes) > columns-1 {
		return string(runes[:columns-1])
	}
	return text
}

// printable replaces what a terminal would obey: a picture's name may hold any bytes.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || (unicode.IsPrint(r) && r != utf8.RuneError) {
			return r
		}
		return '?'
	}, text)
}
