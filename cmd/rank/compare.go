package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"deeprank/configs"
	"deeprank/data"
	"deeprank/internal/atomicfile"
	"deeprank/internal/cli"
	"deeprank/internal/curves"
	"deeprank/internal/history"
	"deeprank/internal/inventory"
	"deeprank/internal/metrics"
	"deeprank/internal/progress"
	"deeprank/internal/restore"
	"deeprank/internal/sheet"
)

// compareOptions are the flags of the command compare.
type compareOptions struct {
	runs      []string
	by, out   string
	jsonAlone bool
}

// compareResult is what the command tells on stdout.
type compareResult struct {
	By      string        `json:"by"`
	Winner  string        `json:"winner,omitempty"` // none where the first two are equal, or nothing was measured
	Runs    []comparedRun `json:"runs"`             // the best one first
	LeftOut []leftOut     `json:"left_out,omitempty"`
	Out     string        `json:"out,omitempty"`
}

// comparedRun is a run in a few numbers; those that were never measured are left out.
type comparedRun struct {
	Run          string            `json:"run"`
	State        history.State     `json:"status"`
	Steps        int               `json:"steps"`
	PlannedSteps int               `json:"planned_steps,omitempty"`
	BestAccuracy *float64          `json:"best_accuracy,omitempty"`
	BestStep     int               `json:"best_step,omitempty"`
	BestRecall   *float64          `json:"best_recall_at_1,omitempty"`
	RecallStep   int               `json:"recall_step,omitempty"`
	BestValLoss  *float64          `json:"best_val_loss,omitempty"`
	ValLossStep  int               `json:"val_loss_step,omitempty"`
	Loss         *float64          `json:"loss,omitempty"` // mean over the last loss_steps steps
	LossSteps    int               `json:"loss_steps"`
	ImagesPerS   *float64          `json:"images_per_s,omitempty"`
	Seconds      float64           `json:"seconds"`          // in the steps
	Config       map[string]string `json:"config,omitempty"` // the settings in which the runs differ

	run     *history.Run
	summary history.Summary
}

// byValLoss ranks by the smallest loss of the validation triplets, which --best-by loss of train goes by; configs.ByLoss here by that of the training.
const byValLoss = "val_loss"

// leftOut is a run that cannot be compared.
type leftOut struct {
	Run    string `json:"run"`
	Reason string `json:"reason"`
}

func readCompareOptions(args []string, stdout io.Writer) (*compareOptions, error) {
	var o compareOptions
	f := cli.NewFlags("rank compare", "RUN…", `Puts runs in a table, the best one first: steps, best validation accuracy and its step, loss (mean of the last
tenth of the steps, from 10 to 100), images a second and time (in the steps, without evaluations and pauses), and the
settings in which they differ, as flags, but for those that change no result, such as --threads. A run that is still going on can be among them. A folder without usable metrics is left out with a warning.`)
	f.StringVar(&o.by, "by", "", "what the best run is best in: accuracy, recall@1, val_loss (of the validation triplets) or loss (of the training); default: what all runs took for the best (--best-by), else accuracy")
	f.StringVar(&o.out, "out", "", "a picture of their validation accuracy and loss over the steps, .svg or .png")
	f.BoolVar(&o.jsonAlone, "json", false, "no table, the JSON line alone")
	if err := f.ReadSome(args, 1, stdout); err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"", configs.ByAccuracy, byValLoss, configs.ByLoss, configs.ByRecall}, o.by) {
		return nil, cli.Usagef("--by %s: it must be accuracy, recall@1, val_loss or loss", o.by)
	}
	o.runs = f.Args()
	if !f.Changed("out") {
		return &o, nil
	}
	if kind := strings.ToLower(filepath.Ext(o.out)); o.out != "" && kind != ".svg" && kind != ".png" {
		return nil, cli.Usagef("--out %s: its name must end in .svg or .png", o.out)
	}
	return &o, cli.CheckTarget("--out", o.out, "picture")
}

// compareCommand compares.
func compareCommand(ctx context.Context, args []string, stdout, stderr io.Writer) (any, error) {
	o, err := readCompareOptions(args, stdout)
	if err != nil {
		return nil, err
	}
	report := progress.New(stderr, nil, progress.Options{})
	defer func() { _ = report.Close() }() // there is no log file
	result := compareResult{Runs: []comparedRun{}}
	runs, err := readRuns(ctx, o.runs, &result, report)
	if err != nil {
		return nil, err
	}
	differences := history.Differences(runs)
	for i, r := range runs {
		result.Runs = append(result.Runs, compared(r, i, differences))
	}
	result.By = o.criterion(result.Runs)
	warnUnlike(result.Runs, result.By, report)
	warnUnknown(runs, report)
	slices.SortStableFunc(result.Runs, func(a, b comparedRun) int { return better(result.By, &a.summary, &b.summary) })
	verdict := result.judge()
	if o.out != "" {
		if err := writeCurves(o.out, result.Runs, result.By); err != nil {
			return nil, err
		}
		result.Out = o.out
	}
	if !o.jsonAlone {
		writeComparison(stdout, result.Runs, differences, result.By)
		fmt.Fprintf(stdout, "\n%s\n", verdict)
	}
	return result, nil
}

// criterion is what the best run is best in.
func (o *compareOptions) criterion(runs []comparedRun) string {
	if o.by != "" {
		return o.by
	}
	by := runs[0].run.Config.Criterion()
	same := !slices.ContainsFunc(runs, func(r comparedRun) bool { return r.run.Config.Criterion() != by })
	switch {
	case same && by == configs.ByLoss && measures(runs, valLossOf):
		return byValLoss
	case same && by == configs.ByRecall && measures(runs, recallOf):
		return configs.ByRecall
	case measures(runs, accuracyOf) || !measures(runs, recallOf):
		return configs.ByAccuracy
	}
	return configs.ByRecall
}

// measures says whether one of the runs has measured something.
func measures(runs []comparedRun, what func(*history.Summary) float64) bool {
	return slices.ContainsFunc(runs, func(r comparedRun) bool { return !math.IsNaN(what(&r.summary)) })
}

func accuracyOf(s *history.Summary) float64 { return s.BestAccuracy }

func valLossOf(s *history.Summary) float64 { return s.BestValLoss }

func lossOf(s *history.Summary) float64 { return s.Loss }

func recallOf(s *history.Summary) float64 { return s.BestRecall }

// readRuns reads the runs, each once, and tells of those that are left out.
func readRuns(ctx context.Context, dirs []string, result *compareResult, report *progress.Reporter) (runs []*history.Run, _ error) {
	seen := map[string]bool{}
	usage := true
	for _, dir := range dirs {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		key := place(dir)
		if seen[key] {
			report.Warnf("%s is named twice; it is compared once", dir)
			continue
		}
		seen[key] = true
		r, err := history.Read(dir)
		if err != nil {
			var wrong *configs.Error
			usage = usage && errors.As(err, &wrong)
			reason := strings.TrimPrefix(err.Error(), "--run ")
			report.Warnf("left out: %s", reason)
			result.LeftOut = append(result.LeftOut, leftOut{dir, reason})
			continue
		}
		runs = append(runs, r)
	}
	switch {
	case len(runs) > 0:
		return runs, nil
	case usage:
		return nil, cli.Usagef("no run is left to compare; name the folders of runs, made by train")
	}
	return nil, &data.Refused{Reason: "no run is left to compare: none has usable metrics"}
}

// warnUnlike tells of settings that make the numbers of runs incomparable, where these have them.
func warnUnlike(runs []comparedRun, by string, report *progress.Reporter) {
	differ := func(key string, of func(*history.Summary) float64) bool {
		var with []*history.Run
		for i := range runs {
			if !math.IsNaN(of(&runs[i].summary)) {
				with = append(with, runs[i].run)
			}
		}
		return slices.ContainsFunc(history.Differences(with), func(d history.Difference) bool { return d.Key == key })
	}
	if differ("val_triplets", accuracyOf) {
		report.Warnf("the runs have different validation triplets: their accuracies do not compare")
	}
	if differ("val_metadata", recallOf) {
		report.Warnf("the runs have different validation pictures: their recalls do not compare")
	}
	if by == configs.ByLoss && differ("gap", lossOf) || by == byValLoss && differ("gap", valLossOf) {
		report.Warnf("the runs have different gaps: their losses do not compare")
	}
}

// warnUnknown tells of settings that are not compared.
func warnUnknown(runs []*history.Run, report *progress.Reporter) {
	in := map[string][]string{}
	for _, r := range runs {
		for _, key := range r.Unknown {
			in[key] = append(in[key], r.Dir)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(in)) {
		report.Warnf("the setting %s is not compared: this version of the program does not know it; it is in the config of %s", inventory.Label(key), restore.List(in[key]))
	}
}

// place is a folder by its one path; where that cannot be told, by the path that it was given.
func place(dir string) string {
	if p, err := filepath.EvalSymlinks(dir); err == nil {
		dir = p
	}
	if p, err := filepath.Abs(dir); err == nil {
		dir = p
	}
	return filepath.Clean(dir)
}

func compared(r *history.Run, place int, differences []history.Difference) comparedRun {
	s := r.Sum()
	c := comparedRun{
		Run: r.Dir, State: r.State, Steps: s.Steps, PlannedSteps: r.Planned, BestAccuracy: measured(s.BestAccuracy), BestStep: s.BestStep,
		BestRecall: measured(s.BestRecall), RecallStep: s.RecallStep, BestValLoss: measured(s.BestValLoss), ValLossStep: s.ValLossStep,
		Loss: measured(s.Loss), LossSteps: s.LossSteps, ImagesPerS: measured(s.ImagesPerS), Seconds: s.Time.Seconds(), run: r, summary: s,
	}
	for _, d := range differences {
		if c.Config == nil {
			c.Config = map[string]string{}
		}
		c.Config[d.Key] = d.Values[place]
	}
	return c
}

// measured is a number for JSON: nil for NaN.
func measured(v float64) *float64 {
	if math.IsNaN(v) {
		return nil
	}
	return &v
}

// measure is a number that runs are ranked by.
type measure struct {
	name string // in words
	of   func(*history.Summary) float64
	loss bool // the smallest is the best, and it is no share
}

// measureBy is what --by names.
func measureBy(by string) measure {
	switch by {
	case byValLoss:
		return measure{"validation loss", valLossOf, true}
	case configs.ByLoss:
		return measure{"loss", lossOf, true}
	case configs.ByRecall:
		return measure{"recall@1", recallOf, false}
	}
	return measure{"validation accuracy", accuracyOf, false}
}

// order has the better one first; what was never measured comes last.
func (m measure) order(a, b *history.Summary) int {
	x, y := m.of(a), m.of(b)
	if m.loss {
		x, y = -x, -y
	}
	return cmp.Compare(y, x) // NaN is below all numbers
}

func (m measure) text(v float64) string {
	if m.loss {
		return fmt.Sprintf("%.4f", v)
	}
	return fmt.Sprintf("%.2f %%", 100*v)
}

// better orders summaries, the best one first: by the criterion, then by the others.
func better(by string, a, b *history.Summary) int {
	return cmp.Or(measureBy(by).order(a, b), measureBy(configs.ByAccuracy).order(a, b), measureBy(configs.ByRecall).order(a, b), measureBy(configs.ByLoss).order(a, b))
}

// judge names the winner and says by how much it is ahead.
func (r *compareResult) judge() string {
	m := measureBy(r.By)
	first := &r.Runs[0]
	best := m.of(&first.summary)
	switch {
	case math.IsNaN(best):
		return fmt.Sprintf("No run has measured its %s; there is no winner.", m.name)
	case len(r.Runs) == 1:
		r.Winner = first.Run
		return fmt.Sprintf("One run: %s, %s %s.", first.Run, m.name, m.text(best))
	}
	second := &r.Runs[1]
	next := m.of(&second.summary)
	if next == best {
		equal := 2
		for equal < len(r.Runs) && m.of(&r.Runs[equal].summary) == best {
			equal++
		}
		return fmt.Sprintf("%d runs are equal: %s %s.", equal, m.name, m.text(best))
	}
	r.Winner = first.Run
	if math.IsNaN(next) {
		return fmt.Sprintf("Best: %s, %s %s; no other run has measured it.", first.Run, m.name, m.text(best))
	}
	return fmt.Sprintf("Best: %s, %s %s; next is %s with %s.", first.Run, m.name, m.text(best), second.Run, m.text(next))
}

// writeCurves draws the runs, in the order of the table.
func writeCurves(path string, runs []comparedRun, by string) error {
	figure := comparisonFigure(runs, by)
	if strings.EqualFold(filepath.Ext(path), ".png") {
		return sheet.WritePNG(path, curves.Draw(figure))
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := io.WriteString(w, curves.File(figure))
		return err
	})
}

func comparisonFigure(runs []comparedRun, by string) curves.Figure {
	longest := 0
	for i := range runs {
		longest = max(longest, runs[i].Steps)
	}
	width := history.Width(longest)
	accuracy := curves.Panel{Title: "Validation accuracy", X: "step", Y: "accuracy", Percent: true}
	recall := curves.Panel{Title: "Recall@1", X: "step", Y: "recall", Percent: true}
	valLoss := curves.Panel{Title: "Validation loss", X: "step", Y: "loss", Zero: true}
	loss := curves.Panel{Title: smoothed("Loss", width), X: "step", Y: "loss", Zero: true}
	common := commonFolder(runs)
	f := curves.Figure{Height: 260, End: float64(longest)}
	for i := range runs {
		r := &runs[i]
		f.Names = append(f.Names, strings.TrimPrefix(r.Run, common))
		evaluations := func(of func(*metrics.Record) float64) curves.Line {
			s := r.run.Series(of)
			return curves.Line{Series: i, X: s.Steps, Y: s.Values, Dots: len(s.Steps) <= 40}
		}
		accuracy.Lines = append(accuracy.Lines, evaluations(history.ValAccuracy))
		recall.Lines = append(recall.Lines, evaluations(history.ValRecall))
		valLoss.Lines = append(valLoss.Lines, evaluations(history.ValLoss))
		l := r.run.Series(func(m *metrics.Record) float64 { return m.Loss }).Smooth(width)
		loss.Lines = append(loss.Lines, curves.Line{Series: i, X: l.Steps, Y: l.Values})
	}
	f.Panels = []curves.Panel{accuracy}
	if measures(runs, recallOf) {
		f.Panels = append(f.Panels, recall)
	}
	if by == byValLoss {
		f.Panels = append(f.Panels, valLoss)
	}
	f.Panels = append(f.Panels, loss)
	return f
}

// commonFolder is the folder that all runs are in, with its separator; "" where there is none. The legend does without it: a long
// path would be cut where runs differ.
func commonFolder(runs []comparedRun) string {
	folder, _ := filepath.Split(runs[0].Run)
	for i := range runs {
		for !strings.HasPrefix(runs[i].Run, folder) {
			folder, _ = filepath.Split(strings.TrimSuffix(folder, string(filepath.Separator)))
		}
	}
	return folder
}

// smoothed says in a title what a curve's points are.
func smoothed(title string, width int) string {
	if width == 1 {
		return title
	}
	return fmt.Sprintf("%s (mean of each %d steps)", title, width)
}
