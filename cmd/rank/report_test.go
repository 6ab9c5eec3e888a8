package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"deeprank/configs"
	"deeprank/data"
	"deeprank/internal/cli"
	"deeprank/internal/history"
	"deeprank/internal/lettering"
	"deeprank/internal/metrics"
)

const handMetrics = `{"step":1,"epoch":1,"loss":0.75,"d_pos":0.5,"d_neg":0.25,"active":1,"lr":0.001,"grad_norm":1,"images_per_s":24,"wait":0.5,"val_accuracy":0.625}
{"step":2,"epoch":1,"loss":0.25,"d_pos":0.5,"d_neg":1.5,"active":0.5,"lr":0.001,"grad_norm":2,"images_per_s":8,"wait":0,"val_accuracy":0.5,"val_recall_at_1":0.375}
{"step":3,"ep`

func (r *testRun) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(r.run, name), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// TestReport: the page has the run's numbers, computed by hand, the hardest triplets by the oracle's distances, and the queries that the sheet shows.
func TestReport(t *testing.T) {
	t.Parallel()
	r := newTestRun(t, nil)
	r.write(t, "metrics.jsonl", handMetrics)
	r.write(t, "log", "2026-01-02 03:04:05 step 2/7, epoch 1: loss 0.25\n2026-01-02 03:04:05 step 1: validation accuracy 0.6250 on 40 triplets, loss 0.5\n")
	code, line, _, stderr := callFor[reportResult](t, "report", "--run", r.run, "--hardest", "5", "--queries", "3", "--top", "4", "--cell", "16")
	page := filepath.Join(r.run, "report.html")
	if code != 0 || line.Report != page || line.Checkpoint != r.bestPath() || line.Steps != 2 || line.LeftOut != nil {
		t.Fatalf("code %d, %+v, %s", code, line, stderr)
	}
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for what, n := range map[string]int{
		"unfinished": 1, ">2 of 7<": 1, ">62.50 %<": 1, "95 % interval 47.03 to 75.78 %, of 40 triplets; at step 1; last 50.00 %": 1, ">0.5000<": 1, ">37.50 %<": 1, "at step 2, on the validation pictures": 1, ">12.0<": 1, ">2s<": 1, "<svg ": 8, "<img ": 3*(1+4+4) + 5*3,
		`<tr class="changed"><td>embed_dim</td><td>5</td><td><span class="soft">4096</span></td></tr>`: 1, "Left out": 0,
	} {
		if got := strings.Count(text, what); got != n {
			t.Errorf("%q is in it %d times, want %d", what, got, n)
		}
	}

	ts, rows := r.triplets(t, "val_triplets.csv")
	o := newOracle(t, r, rows, r.best)
	m, err := data.ReadMetadata(r.config.Metadata)
	if err != nil {
		t.Fatal(err)
	}
	ofProduct := map[string][]float64{}
	seen := map[string]bool{}
	for _, x := range ts {
		if key := fmt.Sprint(x); !seen[key] {
			seen[key] = true
			id := m.ID[x.Query]
			ofProduct[id] = append(ofProduct[id], max(0, r.config.Gap+o.distance(x.Query, x.Positive)-o.distance(x.Query, x.Negative)))
		}
	}
	var hinges []float64
	for _, all := range ofProduct {
		slices.Sort(all)
		hinges = append(hinges, all[max(0, len(all)-2):]...)
	}
	slices.Sort(hinges)
	slices.Reverse(hinges)
	if len(line.Hardest) != 5 {
		t.Fatalf("%d triplets", len(line.Hardest))
	}
	shown := regexp.MustCompile(`<h3>(\d+): `).FindAllStringSubmatch(text, -1)
	for i, h := range line.Hardest {
		x := ts[h.Number-1]
		if d := h.Hinge - hinges[i]; d > 1e-4 || d < -1e-4 {
			t.Errorf("triplet %d: hinge %v, want %v", i, h.Hinge, hinges[i])
		}
		if d := h.DPos - o.distance(x.Query, x.Positive); d > 1e-4 || d < -1e-4 {
			t.Errorf("triplet %d of the file has not this distance", h.Number)
		}
		if len(shown) != 5 || shown[i][1] != fmt.Sprint(h.Number) || !strings.Contains(text, fmt.Sprintf("hinge %.3f", h.Hinge)) {
			t.Errorf("the page shows %v, not %+v", shown, h)
		}
	}
	_, sheet, _, _ := callFor[sheetResult](t, "sheet", "--run", r.run, "--queries", "3", "--cell", "16", "--out", filepath.Join(t.TempDir(), "s.png"))
	if !slices.Equal(sheet.Shown, line.Shown) || *line.Before != sheet.Before || *line.After != sheet.After {
		t.Errorf("%+v, the sheet %+v", line, sheet)
	}
	for _, v := range []float64{sheet.Before.Recall1, sheet.After.RPrecision} {
		if !strings.Contains(text, fmt.Sprintf(">%.1f %%<", 100*v)) {
			t.Errorf("the page lacks %v", v)
		}
	}
}

// TestHardestOf: the largest hinge first, equal ones as in the file, one that stands in it twice once, none below 0; of a query's product
// two at most, of pictures whose product is unknown two of each.
func TestHardestOf(t *testing.T) {
	g := &gallery{
		rows: []int32{3, 5, 8, 9}, triplets: []data.Triplet{{Query: 3, Positive: 5, Negative: 8}, {Query: 3, Positive: 8, Negative: 5}, {Query: 5, Positive: 3, Negative: 8}, {Query: 3, Positive: 8, Negative: 5}, {Query: 3, Positive: 5, Negative: 9}},
		numbers: []int{1, 2, 4, 6, 7}, // 3 and 5 could not be read
		meta:    &data.Metadata{ID: make([]string, 10)},
	}
	vectors := [][]float32{{0}, {1}, {2}, {10}} // squared distances 1, 4, 1, 100
	type row struct {
		number int
		hinge  float64
	}
	for _, c := range []struct {
		id5  string
		want []row
	}{
		{"other", []row{{2, 0.5 + 4 - 1}, {4, 0.5 + 1 - 1}, {1, 0}}},
		{"", []row{{2, 0.5 + 4 - 1}, {4, 0.5 + 1 - 1}, {1, 0}}},
		{"one", []row{{2, 0.5 + 4 - 1}, {4, 0.5 + 1 - 1}}}, // of 3 too
	} {
		g.meta.ID[5], g.meta.ID[3] = c.id5, strings.TrimSuffix(c.id5, "other")
		for n := range 5 {
			var got []row
			for _, h := range hardestOf(g, vectors, 0.5, n) {
				got = append(got, row{h.Number, h.Hinge})
			}
			if !slices.Equal(got, c.want[:min(n, len(c.want))]) {
				t.Errorf("%q, %d: %v", c.id5, n, got)
			}
		}
	}
}

// TestChartTitles: the titles of a long run are not wider than their charts.
func TestChartTitles(t *testing.T) {
	for _, f := range chartsOf(&history.Run{Records: []metrics.Record{{Step: 10_000_000}}}) {
		const left = 78 // of the plot
		for _, p := range f.Panels {
			if w := lettering.Bold(13).Width(p.Title) * 5 / 4; w > f.Width-left { // browsers' fonts are that much wider
				t.Errorf("%q takes %d of %d pixels", p.Title, w, f.Width-left)
			}
		}
	}
}

// TestReportLeavesOut: what is missing is left out, and the page says so; what a flag names must be there.
func TestReportLeavesOut(t *testing.T) {
	t.Parallel()
	none := filepath.Join(t.TempDir(), "none")
	for _, c := range []struct {
		what     string
		change   func(*configs.Config)
		after    func(r *testRun) error
		parts    []string
		sections []string
	}{
		{"pictures", func(c *configs.Config) { c.Images = none }, nil, []string{"queries and hardest triplets"}, []string{"curves", "config"}},
		{"checkpoints", nil, func(r *testRun) error { return os.RemoveAll(filepath.Join(r.run, "checkpoints")) }, []string{"queries and hardest triplets"}, []string{"curves", "config"}},
		{"metrics", nil, func(r *testRun) error { return os.Remove(filepath.Join(r.run, "metrics.jsonl")) }, []string{"curves and numbers"}, []string{"retrieval", "hardest", "config"}},
		{"validation triplets", func(c *configs.Config) { c.ValTriplets = "" }, nil, nil, []string{"curves", "retrieval", "hardest", "config"}},
	} {
		r := newTestRun(t, c.change)
		r.write(t, "metrics.jsonl", handMetrics)
		if c.after != nil {
			if err := c.after(r); err != nil {
				t.Fatal(err)
			}
		}
		out := filepath.Join(t.TempDir(), "page.html")
		code, line, _, stderr := callFor[reportResult](t, "report", "--run", r.run, "--out", out)
		raw, err := os.ReadFile(out)
		if code != 0 || err != nil {
			t.Errorf("%s: code %d, %v, %s", c.what, code, err, stderr)
			continue
		}
		var parts, sections []string
		for _, l := range line.LeftOut {
			parts = append(parts, l.Part)
			if !strings.Contains(string(raw), "Left out: "+l.Part) || !strings.Contains(stderr, l.Part+" left out") {
				t.Errorf("%s: %q is not said", c.what, l.Part)
			}
		}
		for _, m := range regexp.MustCompile(`<section id="(\w+)"`).FindAllStringSubmatch(string(raw), -1) {
			sections = append(sections, m[1])
		}
		if !slices.Equal(parts, c.parts) || !slices.Equal(sections, c.sections) {
			t.Errorf("%s: left out %v, the page has %v", c.what, parts, sections)
		}
		if training := strings.Contains(string(raw), "training triplets, as the run has no validation triplets"); training != (c.what == "validation triplets") {
			t.Errorf("%s: of training triplets %v", c.what, training)
		}
	}

	r := newTestRun(t, nil)
	dir := t.TempDir()
	out := filepath.Join(dir, "page.html")
	for _, c := range []struct {
		args []string
		code int
	}{
		{[]string{"--run", r.run, "--out", out, "--images", none}, cli.Data},
		{[]string{"--run", r.run, "--out", out, "--checkpoint", none}, cli.Usage},
		{[]string{"--run", none}, cli.Usage}, {nil, cli.Usage},
		{[]string{"--run", r.run, "--out", filepath.Join(none, "x.html")}, cli.Usage},
		{[]string{"--run", r.run, "--hardest", "0"}, cli.Usage},
	} {
		if code, _, _, stderr := callFor[reportResult](t, append([]string{"report"}, c.args...)...); code != c.code {
			t.Errorf("%v: code %d, want %d: %s", c.args, code, c.code, stderr)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cli.StopSignal{Signal: syscall.SIGTERM})
	var sink strings.Builder
	if code := run(ctx, []string{"report", "--run", r.run, "--out", out}, &sink, &sink); code != cli.Terminated {
		t.Errorf("stopped: code %d", code)
	}
	if _, err := os.Stat(out); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a page was written: %v", err)
	}
}
