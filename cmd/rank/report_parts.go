package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"deeprank/configs"
	"deeprank/data"
	"deeprank/internal/curves"
	"deeprank/internal/embed"
	"deeprank/internal/evaluate"
	"deeprank/internal/history"
	"deeprank/internal/metrics"
	"deeprank/internal/preview"
	"deeprank/internal/runpage"
)

func settingsOf(c *configs.Config) (all []runpage.Setting) {
	usual := configs.Default()
	defaults := usual.Settings()
	for i, s := range c.Settings() {
		all = append(all, runpage.Setting{Key: s.Key, Value: s.Value, Default: cmp.Or(defaults[i].Value, "(empty)"), Changed: s != defaults[i]})
	}
	return all
}

func numbersOf(r *history.Run, s *history.Summary) []runpage.Number {
	steps, epoch := fmt.Sprint(s.Steps), fmt.Sprintf("epoch %d", r.Records[len(r.Records)-1].Epoch)
	if r.Planned > s.Steps {
		steps = fmt.Sprintf("%d of %d", s.Steps, r.Planned)
	}
	accuracy := "never measured"
	if s.BestStep > 0 {
		accuracy = fmt.Sprintf("at step %d; last %.2f %%", s.BestStep, 100*s.LastAccuracy)
		if n := r.Triplets[s.BestStep]; n > 0 {
			i := evaluate.Interval(int(math.Round(s.BestAccuracy*float64(n))), n)
			accuracy = fmt.Sprintf("95 %% interval %.2f to %.2f %%, of %d triplets; %s", 100*i[0], 100*i[1], n, accuracy)
		}
	}
	numbers := []runpage.Number{
		{Name: "status", Value: string(r.State)},
		{Name: "steps", Value: steps, More: epoch},
		{Name: "best validation accuracy", Value: numeral(100*s.BestAccuracy, "%.2f %%"), More: accuracy},
		{Name: "loss", Value: numeral(s.Loss, "%.4f"), More: fmt.Sprintf("mean of the last %d steps", s.LossSteps)},
		{Name: "images a second", Value: numeral(s.ImagesPerS, "%.1f"), More: "in the steps"},
		{Name: "time", Value: s.Time.Round(time.Second).String(), More: "without evaluations and pauses"},
	}
	if s.RecallStep > 0 {
		recall := runpage.Number{Name: "best recall@1", Value: fmt.Sprintf("%.2f %%", 100*s.BestRecall), More: fmt.Sprintf("at step %d, on the validation pictures", s.RecallStep)}
		numbers = slices.Insert(numbers, 3, recall)
	}
	return numbers
}

// chartsOf draws a run's measures. Those of every step are averaged over a few.
func chartsOf(r *history.Run) (all []curves.Figure) {
	type series struct {
		name string
		of   func(*metrics.Record) float64
		eval bool // measured by evaluations alone
	}
	last := r.Records[len(r.Records)-1].Step
	width := history.Width(last)
	for _, c := range []struct {
		title, y      string
		percent, zero bool
		series        []series
	}{
		{"Loss", "hinge", false, true, []series{
			{"training", func(m *metrics.Record) float64 { return m.Loss }, false},
			{"validation", history.ValLoss, true},
		}},
		{"Validation accuracy", "share", true, false, []series{
			{"triplets in the right order", history.ValAccuracy, true},
			{"recall@1", history.ValRecall, true},
			{"mAP@R", history.ValMAPAtR, true},
		}},
		{"Distances", "squared distance", false, true, []series{
			{"D(q,p)", func(m *metrics.Record) float64 { return m.DPos }, false},
			{"D(q,n)", func(m *metrics.Record) float64 { return m.DNeg }, false},
		}},
		{"Active share: hinge above 0", "share", true, true, []series{{"active", func(m *metrics.Record) float64 { return m.Active }, false}}},
		{"Images a second", "images/s", false, true, []series{{"images/s", func(m *metrics.Record) float64 { return m.ImagesPerS }, false}}},
		{"Waiting for data", "share of the step", true, true, []series{{"wait", func(m *metrics.Record) float64 { return m.Wait }, false}}},
		{"Gradient norm, before clipping", "norm", false, true, []series{{"norm", func(m *metrics.Record) float64 { return m.GradNorm }, false}}},
		{"Learning rate", "rate", false, true, []series{{"lr", func(m *metrics.Record) float64 { return m.LR }, false}}},
	} {
		f := curves.Figure{End: float64(last), Width: 600, Height: 200, Panels: []curves.Panel{{Title: c.title, X: "step", Y: c.y, Percent: c.percent, Zero: c.zero}}}
		p := &f.Panels[0]
		for i, one := range c.series {
			s := r.Series(one.of)
			if len(s.Steps) == 0 && i > 0 {
				continue
			}
			if !one.eval {
				p.Title = smoothed(c.title, width)
				s = s.Smooth(width)
			}
			p.Lines = append(p.Lines, curves.Line{Series: len(f.Names), X: s.Steps, Y: s.Values, Dots: one.eval && len(s.Steps) <= 40})
			f.Names = append(f.Names, one.name)
		}
		all = append(all, f)
	}
	return all
}

// hardest is a triplet and its hinge.
type hardest struct {
	Number  int     `json:"triplet"` // in the file, from 1
	Hinge   float64 `json:"hinge"`
	DPos    float64 `json:"d_pos"`
	DNeg    float64 `json:"d_neg"`
	triplet data.Triplet
}

// ofProduct is how many of the hardest triplets are shown of one product: a query that nothing finds would fill the page.
const ofProduct = 2

// hardestOf gives the n triplets with the largest hinge, equal ones as they stand in the file, of each query's product ofProduct at most. One
// that stands in the file twice counts once.
func hardestOf(g *gallery, vectors [][]float32, gap float64, n int) []hardest {
	place := g.places()
	var all []hardest
	seen := map[data.Triplet]bool{}
	for i, t := range g.triplets {
		if seen[t] {
			continue
		}
		seen[t] = true
		q, p, n := vectors[place[t.Query]], vectors[place[t.Positive]], vectors[place[t.Negative]]
		h := hardest{Number: g.numbers[i], DPos: embed.SquaredDistance(q, p), DNeg: embed.SquaredDistance(q, n), triplet: t}
		h.Hinge = max(0, gap+h.DPos-h.DNeg)
		all = append(all, h)
	}
	slices.SortStableFunc(all, func(a, b hardest) int { return cmp.Compare(b.Hinge, a.Hinge) })
	shown, of := all[:0], map[any]int{}
	for _, h := range all {
		var product any = g.meta.ID[h.triplet.Query]
		if product == "" { // unknown: each picture may be of another one
			product = h.triplet.Query
		}
		if of[product]++; of[product] <= ofProduct && len(shown) < n {
			shown = append(shown, h)
		}
	}
	return shown
}

// picture is the thumbnail of a place with its text.
func (t *thumbnails) picture(place int) (p runpage.Picture, err error) {
	about := preview.Describe(t.g.meta, t.g.rows[place])
	p = runpage.Picture{What: about.What(), Of: about.Of()}
	p.Image, err = t.load(place)
	return p, err
}

func hardestPart(t *thumbnails, all []hardest) (*runpage.Hardest, error) {
	place := t.g.places()
	part := &runpage.Hardest{}
	for _, h := range all {
		one := runpage.Triplet{Number: h.Number, Kind: t.g.meta.KindOf(h.triplet).String(), Hinge: h.Hinge, DPos: h.DPos, DNeg: h.DNeg}
		for i, row := range [...]int32{h.triplet.Query, h.triplet.Positive, h.triplet.Negative} {
			var err error
			if one.Pictures[i], err = t.picture(place[row]); err != nil {
				return nil, err
			}
		}
		part.Triplets = append(part.Triplets, one)
	}
	return part, nil
}

func retrievalPart(t *thumbnails, c *training) (*runpage.Retrieval, error) {
	percent := func(v float64) string { return fmt.Sprintf("%.1f %%", 100*v) }
	before, after := &c.before.scores, &c.after.scores
	part := &runpage.Retrieval{Numbers: [][3]string{
		{fmt.Sprintf("nearest picture of the same product (recall@1), %d queries", after.Queries), percent(before.Recall1), percent(after.Recall1)},
		{"R-precision", percent(before.RPrecision), percent(after.RPrecision)},
		{fmt.Sprintf("triplets in the right order, of %d", after.Triplets), percent(before.TripletAccuracy), percent(after.TripletAccuracy)},
	}}
	strip := func(query int, places []int) (list []runpage.Picture, err error) {
		for _, place := range places {
			p, err := t.picture(place)
			if err != nil {
				return nil, err
			}
			p.Class = [...]string{"wrong", "near", "right"}[t.g.kinship(query, place)]
			list = append(list, p)
		}
		return list, nil
	}
	for _, place := range c.shown {
		var q runpage.Query
		var err error
		if q.Picture, err = t.picture(place); err != nil {
			return nil, err
		}
		if q.Before, err = strip(place, c.before.nearest[place]); err != nil {
			return nil, err
		}
		if q.After, err = strip(place, c.after.nearest[place]); err != nil {
			return nil, err
		}
		part.Queries = append(part.Queries, q)
	}
	return part, nil
}
