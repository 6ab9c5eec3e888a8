package model_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"deeprank/model"
)

// wide has a parameter of more values than one random stream fills.
var wide = model.Spec{Size: 32, Width: 0.25, FCDim: 384, EmbedDim: 64, Head: model.HeadFC}

func initialised(t *testing.T, s model.Spec, threads int, seed uint64, skip func(string) bool) *model.Weights {
	t.Helper()
	w, err := model.NewWeights(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range w.List { // as a network that is initialised again
		for i := range p.Data {
			p.Data[i] = 7
		}
	}
	w.Init(newTeam(t, threads), seed, skip)
	return w
}

// TestInit: each weight is normal with variance 2/fan_in, each bias 0. The bounds are five standard deviations of what is estimated.
func TestInit(t *testing.T) {
	for _, p := range initialised(t, wide, 2, 3, nil).List {
		if strings.HasSuffix(p.Name, ".bias") {
			if slices.ContainsFunc(p.Data, func(v float32) bool { return v != 0 }) {
				t.Errorf("%s is not 0", p.Name)
			}
			continue
		}
		fan := 1
		for _, d := range p.Shape[1:] {
			fan *= d
		}
		n, deviation := float64(len(p.Data)), math.Sqrt(2/float64(fan))
		var sum, squares, fourth, beyond float64
		for _, v := range p.Data {
			z := float64(v) / deviation
			sum += z
			squares += z * z
			fourth += z * z * z * z
			if math.Abs(z) > 1 {
				beyond++
			}
		}
		for _, m := range []struct {
			name              string
			got, want, spread float64
		}{
			{"mean", sum / n, 0, 1},
			{"variance", squares / n, 1, math.Sqrt(2)},
			{"fourth moment", fourth / n, 3, math.Sqrt(96)},
			{"share beyond one deviation", beyond / n, 0.3173, math.Sqrt(0.3173 * 0.6827)},
		} {
			if d := math.Abs(m.got - m.want); !(d <= 5*m.spread/math.Sqrt(n)) {
				t.Errorf("%s: %s %v in units of sqrt(2/%d), want %v", p.Name, m.name, m.got, fan, m.want)
			}
		}
	}
}

// TestInitStreams: the numbers depend on seed, name and place, not on the threads, and no stream is used twice.
func TestInitStreams(t *testing.T) {
	one := initialised(t, wide, 1, 3, nil)
	wantSame(t, "three threads", copyWeights(initialised(t, wide, 3, 3, nil)), copyWeights(one))

	wider := wide
	wider.EmbedDim = 80
	for _, p := range initialised(t, wider, 1, 3, nil).List {
		if want := one.Get(p.Name); p.Name != "embed.weight" && p.FanIn > 0 && !sameBits(p.Data, want.Data) {
			t.Errorf("%s changes with the length of the embedding", p.Name)
		}
	}

	// Equal first values anywhere would mean a stream used twice.
	const block = 1 << 16
	seen := map[float64]string{}
	for _, seed := range []uint64{3, 4} {
		for _, p := range initialised(t, wide, 2, seed, nil).List {
			for at := 0; p.FanIn > 0 && at < len(p.Data); at += block {
				z := math.Round(float64(p.Data[at])*math.Sqrt(float64(p.FanIn))*1e5) / 1e5
				if other, ok := seen[z]; ok {
					t.Errorf("seed %d: %s begins a block as %s", seed, p.Name, other)
				}
				seen[z] = p.Name
			}
		}
	}
	if n := len(one.Get("classifier.3.weight").Data); n <= block {
		t.Fatalf("classifier.3.weight has %d values: too few for two blocks", n)
	}
}

func TestInitSkip(t *testing.T) {
	all := initialised(t, small, 2, 3, nil)
	some := initialised(t, small, 2, 3, func(name string) bool { return strings.HasPrefix(name, "features.") })
	for _, p := range some.List {
		if strings.HasPrefix(p.Name, "features.") {
			if slices.ContainsFunc(p.Data, func(v float32) bool { return v != 7 }) {
				t.Errorf("%s was skipped and changed", p.Name)
			}
		} else if !sameBits(p.Data, all.Get(p.Name).Data) {
			t.Errorf("%s depends on what is skipped", p.Name)
		}
	}
}

// file is what Load reads from.
type file map[string]struct {
	shape []int
	data  []float32
}

func (f file) load(w *model.Weights) (model.Loaded, error) {
	var names []string
	for n := range f {
		names = append(names, n)
	}
	slices.Sort(names)
	return w.Load(names, func(n string) ([]int, []float32) { return f[n].shape, f[n].data })
}

func (f file) put(name string, value float32, shape ...int) {
	n := 1
	for _, d := range shape {
		n *= d
	}
	data := make([]float32, n)
	for i := range data {
		data[i] = value + float32(i)
	}
	f[name] = struct {
		shape []int
		data  []float32
	}{shape, data}
}

func TestLoad(t *testing.T) {
	w := initialised(t, small, 1, 3, nil)
	before := copyWeights(w)
	f := file{}
	f.put("features.0.weight", 100, 8, 3, 3, 3)
	f.put("features.0.bias", 500, 8)
	f.put("classifier.6.bias", 1, 1000)
	f.put("classifier.6.weight", 1, 1000, 4)
	l, err := f.load(w)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"features.0.weight", "features.0.bias"}; !slices.Equal(l.Taken, want) {
		t.Errorf("taken %v, want %v", l.Taken, want)
	}
	if want := []string{"classifier.6.bias", "classifier.6.weight"}; !slices.Equal(l.Unused, want) {
		t.Errorf("unused %v, want %v", l.Unused, want)
	}
	if len(l.Missing) != len(w.List)-2 || l.Missing[0] != "features.2.weight" || l.Missing[len(l.Missing)-1] != "embed.bias" {
		t.Errorf("missing %v", l.Missing)
	}
	for _, p := range w.List {
		want := before[p.Name]
		if v, ok := f[p.Name]; ok {
			want = v.data
		}
		if !sameBits(p.Data, want) {
			t.Errorf("%s has other values than the file, or than before where the file has none", p.Name)
		}
	}
	f["features.0.bias"].data[0] = -1
	if w.Get("features.0.bias").Data[0] != 500 {
		t.Error("the parameter shares the file's memory")
	}
}

// TestLoadWrongShapes: all wrong tensors are named, and nothing is copied.
func TestLoadWrongShapes(t *testing.T) {
	w := initialised(t, small, 1, 3, nil)
	before := copyWeights(w)
	f := file{}
	f.put("features.0.weight", 1, 64, 3, 3, 3)
	f.put("features.2.weight", 1, 8, 8, 9)
	f.put("features.0.bias", 1, 8) // fits
	f.put("embed.bias", 1)
	f.put("classifier.0.bias", 1, 64, 1)
	f.put("classifier.3.bias", 1, 63)
	f.put("shallow4.bias", 1, 96)
	f.put("shallow8.bias", 1, 96)
	_, err := f.load(w)
	var wrong *model.ShapeError
	if !errors.As(err, &wrong) || len(wrong.Wrong) != 7 {
		t.Fatalf("want a ShapeError of 7 tensors, have %v", err)
	}
	all := strings.Join(wrong.Wrong, "\n")
	for _, want := range []string{
		"features.0.weight is [64 3 3 3], the network wants [8 3 3 3]", "features.2.weight is [8 8 9]", "embed.bias is []",
		"classifier.0.bias", "classifier.3.bias", "shallow4.bias", "shallow8.bias",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("%q does not say %q", all, want)
		}
	}
	if n := strings.Count(err.Error(), "the network wants"); n != 5 || !strings.HasSuffix(err.Error(), "; and 2 more") {
		t.Errorf("%q: want five tensors and the number of others", err)
	}
	wantSame(t, "after a refused file", copyWeights(w), before)
}
