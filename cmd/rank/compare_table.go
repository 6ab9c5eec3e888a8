package main

import (
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"
	"time"

	"github.com/rivo/uniseg"

	"deeprank/internal/history"
	"deeprank/internal/inventory"
)

// writeComparison writes the table: numbers to the right, texts to the left.
func writeComparison(w io.Writer, runs []comparedRun, differences []history.Difference, by string) {
	searched := measures(runs, recallOf)
	rows := [][]string{{"run", "status", "steps", "best accuracy", "at step"}}
	if searched {
		rows[0] = append(rows[0], "best recall@1", "at step")
	}
	if by == byValLoss {
		rows[0] = append(rows[0], "best val loss", "at step")
	}
	rows[0] = append(rows[0], "loss", "images/s", "time")
	numbers := len(rows[0]) // from the third column on
	for _, d := range differences {
		rows[0] = append(rows[0], "--"+strings.ReplaceAll(d.Key, "_", "-")) // no column is named twice: steps are also a setting
	}
	for i := range runs {
		r := &runs[i]
		row := []string{inventory.Label(r.Run), string(r.State), steps(r), numeral(100*r.summary.BestAccuracy, "%.2f %%"), atStep(r.BestStep)}
		if searched {
			row = append(row, numeral(100*r.summary.BestRecall, "%.2f %%"), atStep(r.RecallStep))
		}
		if by == byValLoss {
			row = append(row, numeral(r.summary.BestValLoss, "%.4f"), atStep(r.ValLossStep))
		}
		row = append(row, numeral(r.summary.Loss, "%.4f"), numeral(r.summary.ImagesPerS, "%.1f"), r.summary.Time.Round(time.Second).String())
		for _, d := range differences {
			row = append(row, short(d.Key, r.Config[d.Key]))
		}
		rows = append(rows, row)
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for c, text := range row {
			widths[c] = max(widths[c], uniseg.StringWidth(text))
		}
	}
	for _, row := range rows {
		var b strings.Builder
		for c, text := range row {
			room := strings.Repeat(" ", widths[c]-uniseg.StringWidth(text))
			if c >= 2 && c < numbers {
				b.WriteString(room + text)
			} else {
				b.WriteString(text + room)
			}
			b.WriteString("  ")
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
}

// atStep is a step, "-" where there is none.
func atStep(step int) string {
	if step == 0 {
		return "-"
	}
	return fmt.Sprint(step)
}

// steps are the steps done, and those planned where they are more.
func steps(r *comparedRun) string {
	if r.PlannedSteps > r.Steps {
		return fmt.Sprintf("%d of %d", r.Steps, r.PlannedSteps)
	}
	return fmt.Sprint(r.Steps)
}

// numeral writes a number that may never have been measured.
func numeral(v float64, format string) string {
	if math.IsNaN(v) {
		return "-"
	}
	return fmt.Sprintf(format, v)
}

// short is a setting for the table: of a path the end, which tells files apart.
func short(key, value string) string {
	if value == "" {
		return "-"
	}
	value = inventory.Label(value)
	const most = 28
	letters := []rune(value)
	if len(letters) <= most {
		return value
	}
	switch key {
	case "triplets", "metadata", "images", "val_triplets", "val_metadata", "cache", "init":
		if base := filepath.Base(value); len([]rune(base)) <= most-2 {
			return "…/" + base
		}
		return "…" + string(letters[len(letters)-most+1:])
	}
	return string(letters[:most-1]) + "…"
}
