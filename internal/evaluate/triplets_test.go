package evaluate

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deeprank/data"
	"deeprank/internal/kernel"
	"deeprank/internal/retrieval"
)

// expected is what testdata/make.py wrote.
type expected struct {
	Dim                       int
	Gap                       float64
	Values                    []uint32
	Bad                       []int
	Triplets                  [][3]int32
	Product, Category, Colour []int
	Used, Right               int
	Interval                  [2]float64
	Kinds                     map[string][2]int
	DPos                      float64 `json:"d_pos"`
	DNeg                      float64 `json:"d_neg"`
	Loss, Active              float64
	Top                       Top
	HistogramPos              []int `json:"histogram_pos"`
	HistogramNeg              []int `json:"histogram_neg"`
	Intervals                 [][4]float64
}

func readExpected(t *testing.T) (e expected, m *data.Metadata, ts []data.Triplet, v retrieval.Matrix, place []int32) {
	t.Helper()
	text, err := os.ReadFile("testdata/triplets.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatal(err)
	}
	m = &data.Metadata{}
	for i := range e.Product {
		m.Name, m.ID = append(m.Name, strconv.Itoa(i)), append(m.ID, strconv.Itoa(e.Product[i]))
		m.Category, m.Color, m.Gender = append(m.Category, strconv.Itoa(e.Category[i])), append(m.Color, strconv.Itoa(e.Colour[i])), append(m.Gender, "")
	}
	v.Columns = e.Dim
	for i := range m.Rows() {
		if len(e.Bad) > 0 && (i == e.Bad[0] || i == e.Bad[1]) {
			place = append(place, -1)
			continue
		}
		place = append(place, int32(v.Rows()))
		for _, b := range e.Values[i*e.Dim : (i+1)*e.Dim] {
			v.Values = append(v.Values, math.Float32frombits(b))
		}
	}
	for _, t := range e.Triplets {
		ts = append(ts, data.Triplet{Query: t[0], Positive: t[1], Negative: t[2]})
	}
	return e, m, ts, v, place
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-9) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func TestTripletsEqualNumpys(t *testing.T) {
	want, m, ts, v, place := readExpected(t)
	team := kernel.NewTeam(2)
	defer team.Close()
	r, err := Triplets(t.Context(), team, m, ts, v, place, want.Gap)
	if err != nil {
		t.Fatal(err)
	}
	if r.Share.Triplets != want.Used || r.Right != want.Right || r.Skipped != len(ts)-want.Used {
		t.Errorf("%d right of %d, %d skipped; want %d of %d", r.Right, r.Share.Triplets, r.Skipped, want.Right, want.Used)
	}
	near(t, "low", r.Interval[0], want.Interval[0])
	near(t, "high", r.Interval[1], want.Interval[1])
	near(t, "accuracy", r.Accuracy, float64(want.Right)/float64(want.Used))
	near(t, "D(q,p)", r.DPos, want.DPos)
	near(t, "D(q,n)", r.DNeg, want.DNeg)
	near(t, "loss", r.Loss, want.Loss)
	near(t, "active", r.Active, want.Active)
	kinds := map[string][2]int{}
	for _, k := range r.Kinds {
		kinds[k.Positive+"/"+k.Negative] = [2]int{k.Triplets, k.Right}
		near(t, "a kind's accuracy", k.Accuracy, float64(k.Right)/float64(k.Triplets))
	}
	want.Top.K = TopK
	for what, d := range map[string]string{
		"kinds": cmp.Diff(want.Kinds, kinds), "top": cmp.Diff(&want.Top, r.Top),
		"histogram of D(q,p)": cmp.Diff(want.HistogramPos, r.HistogramPos.Counts), "of D(q,n)": cmp.Diff(want.HistogramNeg, r.HistogramNeg.Counts),
	} {
		if d != "" {
			t.Errorf("%s: %s", what, d)
		}
	}
	var b bytes.Buffer
	r.Write(&b)
	for _, text := range []string{strconv.Itoa(want.Right) + " in the right order", "same category and colour", "score", "D(q,n)", "have a picture that cannot be read"} {
		if !strings.Contains(b.String(), text) {
			t.Errorf("the report lacks %q:\n%s", text, b.String())
		}
	}
}

func TestFewPicturesHaveNoTop(t *testing.T) {
	want, m, _, v, place := readExpected(t)
	team := kernel.NewTeam(1)
	defer team.Close()
	v.Values = v.Values[:20*v.Columns]
	r, err := Triplets(t.Context(), team, m, []data.Triplet{{Query: 0, Positive: 1, Negative: 2}}, v, place, want.Gap)
	if err != nil || r.Top != nil {
		t.Errorf("top %+v, %v", r.Top, err)
	}
}

func TestIntervalEqualsScipys(t *testing.T) {
	want, _, _, _, _ := readExpected(t)
	for _, c := range want.Intervals {
		got := Interval(int(c[0]), int(c[1]))
		near(t, "low", got[0], c[2])
		near(t, "high", got[1], c[3])
	}
	if got := Interval(0, 0); got != [2]float64{0, 1} {
		t.Errorf("of nothing: %v", got)
	}
}
