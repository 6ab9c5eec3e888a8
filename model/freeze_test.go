package model_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestFrozenPatterns(t *testing.T) {
	for _, c := range []struct {
		patterns []string
		want     string // the frozen parameters; "..." ends a beginning
		wrong    string // what the error says instead
	}{
		{nil, "", ""},
		{[]string{"features.0"}, "features.0.weight features.0.bias", ""},
		{[]string{"features.0."}, "features.0.weight features.0.bias", ""},
		{[]string{"features.2"}, "features.2.weight features.2.bias", ""}, // not features.21 and others
		{[]string{"shallow4", "embed.bias"}, "shallow4.weight shallow4.bias embed.bias", ""},
		{[]string{"classifier"}, "classifier.0.weight classifier.0.bias classifier.3.weight classifier.3.bias", ""},
		{[]string{"features.?.bias"}, "features.0.bias features.2.bias features.5.bias features.7.bias", ""},
		{[]string{"shallow[48].weight"}, "shallow4.weight shallow8.weight", ""},
		{[]string{"features"}, "features.0.weight features.0.bias ...", ""},
		{[]string{"features.1"}, "", `"features.1" names no parameter`},
		{[]string{"features.0", "fc6"}, "", `"fc6" names no parameter`},
		{[]string{"feature"}, "", `"feature" names no parameter`},
		{[]string{""}, "", "names no parameter"},
		{[]string{"features.[0"}, "", "syntax error"},
		{[]string{"*"}, "", "leave nothing to train"},
		{[]string{"features", "classifier", "shallow4", "shallow8", "embed"}, "", "leave nothing to train"},
	} {
		frozen, err := small.Frozen(c.patterns)
		if c.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("%q: error %v, want %q", c.patterns, err, c.wrong)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", c.patterns, err)
			continue
		}
		var names []string
		for _, p := range small.Parameters() {
			if frozen(p.Name) {
				names = append(names, p.Name)
			}
		}
		got := strings.Join(names, " ")
		if beginning, more := strings.CutSuffix(c.want, "..."); more && len(names) == 26 && strings.HasPrefix(got, beginning) {
			continue
		}
		if got != c.want {
			t.Errorf("%q freeze %q, want %q", c.patterns, got, c.want)
		}
	}
}

// TestFreeze: a network with frozen parameters has the losses and, for the others, the gradients of one without, in every bit;
// steps leave the frozen ones as they are. A frozen layer takes no memory for gradients (a weight under a trained bias does).
func TestFreeze(t *testing.T) {
	team, b := newTeam(t, 2), newBatch(small.Size, 3, 1)
	w := newWeights(t, small)
	whole := newSiamese(t, team, w, nil, 3)
	loss := step(t, whole, b, 3, false).Loss
	gradients := snapshot(whole)
	if len(gradients) != len(w.List) || loss == 0 {
		t.Fatalf("%d gradients of %d parameters, loss %v", len(gradients), len(w.List), loss)
	}
	for _, patterns := range [][]string{
		{"features"}, {"features.0"}, {"features.0.bias"}, {"features.28"}, {"*.bias"}, {"*.weight"}, {"features.1?.*"}, {"classifier"}, {"classifier.3"},
		{"shallow4"}, {"shallow8"}, {"shallow4", "shallow8"}, {"embed"}, {"embed.weight"}, {"features", "classifier"},
		{"features", "classifier", "shallow4", "shallow8"}, {"shallow4", "shallow8", "embed"},
		{"features", "classifier", "shallow4.weight", "shallow8", "embed"},
	} {
		t.Run(fmt.Sprint(patterns), func(t *testing.T) {
			w := newWeights(t, small)
			frozen, err := small.Frozen(patterns)
			if err != nil {
				t.Fatal(err)
			}
			s := newSiamese(t, team, w, frozen, 3)
			if got := step(t, s, b, 3, false).Loss; got != loss {
				t.Errorf("loss %v, without freezing %v", got, loss)
			}
			var names []string
			for name, g := range snapshot(s) {
				names = append(names, name)
				if !sameBits(g, gradients[name]) {
					t.Errorf("the gradient of %s differs from the one without freezing", name)
				}
			}
			var spared int64
			for _, p := range w.List {
				if bias := strings.TrimSuffix(p.Name, ".weight") + ".bias"; frozen(p.Name) && frozen(bias) {
					spared += 4 * int64(p.Len())
				}
			}
			if s.Bytes() > whole.Bytes()-spared {
				t.Errorf("%d bytes, without freezing %d: want at least %d less", s.Bytes(), whole.Bytes(), spared)
			}
			before := copyWeights(w)
			opt := newSGD(s)
			for range 2 {
				step(t, s, b, 3, false)
				opt.Step(team, s.Params(), 0.01, 1)
			}
			for _, p := range w.List {
				if frozen(p.Name) == slices.Contains(names, p.Name) {
					t.Errorf("%s: frozen %v, and in the list to train %v", p.Name, frozen(p.Name), !frozen(p.Name))
				}
				if same := sameBits(p.Data, before[p.Name]); same != frozen(p.Name) {
					t.Errorf("%s: frozen %v, unchanged %v", p.Name, frozen(p.Name), same)
				}
			}
		})
	}
}
