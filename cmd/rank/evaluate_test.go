package main

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"deeprank/checkpoints"
	"deeprank/configs"
	"deeprank/data"
)

// callFor runs the program and decodes its last line into T; text is what stood above it.
func callFor[T any](t *testing.T, args ...string) (code int, line T, text, stderr string) {
	t.Helper()
	var out, messages bytes.Buffer
	code = run(t.Context(), args, &out, &messages)
	lines := strings.TrimRight(out.String(), "\n")
	at := strings.LastIndexByte(lines, '\n') + 1
	if err := json.Unmarshal([]byte(lines[at:]), &line); err != nil {
		t.Fatalf("stdout %q: %v; stderr %q", out.String(), err, messages.String())
	}
	return code, line, lines[:at], messages.String()
}

func (r *testRun) bestPath() string {
	return filepath.Join(r.run, "checkpoints", "step-00000020.safetensors")
}

func (r *testRun) metadata() string { return filepath.Join(r.shop, "csv/sample_set.csv") }

// allRows are the rows of the shop.
func allRows() []int32 {
	var rows []int32
	for i := range int32(120) {
		rows = append(rows, i)
	}
	return rows
}

func nearly(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-6) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func TestEvaluateTriplets(t *testing.T) {
	t.Parallel()
	r := newTestRun(t, nil)
	// By the run, which names its validation triplets, of few pictures, and by a checkpoint alone.
	for _, c := range []struct {
		args []string
		path string
		top  bool
	}{
		{[]string{"--run", r.run, "--untrained"}, r.config.ValTriplets, false},
		{[]string{"--checkpoint", r.bestPath(), "--triplets", r.config.Triplets, "--untrained"}, r.config.Triplets, true},
	} {
		args := c.args
		ts, rows := r.triplets(t, filepath.Base(c.path))
		trained, untrained := newOracle(t, r, rows, r.best), newOracle(t, r, rows, nil)
		code, line, text, stderr := callFor[evaluateResult](t, append([]string{"evaluate"}, args...)...)
		if code != 0 || len(line.Networks) != 2 || line.Networks[0].Network != "trained" || line.Networks[1].Network != "untrained" {
			t.Fatalf("%v: exit code %d, %+v, %s", args, code, line, stderr)
		}
		if line.Checkpoint != r.bestPath() || line.Step != 20 || line.Triplets != c.path || line.Pictures != len(rows) {
			t.Errorf("%v: %+v", args, line)
		}
		for i, o := range []*oracle{trained, untrained} {
			n := line.Networks[i].Triplets
			if n.Share.Triplets != len(ts) || (n.Top != nil) != c.top || n.Gap != r.config.Gap {
				t.Fatalf("%+v", n)
			}
			nearly(t, "accuracy", n.Accuracy, o.accuracy(ts))
			pos, right, within := 0.0, 0, 0
			for _, x := range ts {
				pos += o.distance(x.Query, x.Positive) / float64(len(ts))
				if o.rank(x.Query, x.Positive) < 30 || o.rank(x.Query, x.Negative) < 30 {
					within++
					if o.distance(x.Query, x.Positive) < o.distance(x.Query, x.Negative) {
						right++
					}
				}
			}
			nearly(t, "D(q,p)", n.DPos, pos)
			if c.top && (n.Top.Right != right || n.Top.Triplets != within || n.Top.Score != 2*right-within) {
				t.Errorf("top %+v, want %d right of %d", n.Top, right, within)
			}
		}
		if !strings.Contains(text, "UNTRAINED") || !strings.Contains(text, "in the right order") {
			t.Errorf("text %q", text)
		}
	}
}

func TestEvaluateRetrieval(t *testing.T) {
	t.Parallel()
	r := newTestRun(t, nil)
	o := newOracle(t, r, allRows(), r.best)
	recall, precision := o.scores()
	code, line, text, stderr := callFor[evaluateResult](t, "evaluate", "--checkpoint", r.bestPath(), "--metadata", r.metadata())
	if code != 0 || len(line.Networks) != 1 {
		t.Fatalf("exit code %d, %+v, %s", code, line, stderr)
	}
	n := line.Networks[0].Retrieval
	if n.Queries != 120 || n.Without != 0 || n.GalleryPictures != 120 {
		t.Errorf("%+v", n)
	}
	nearly(t, "recall@1", n.Recall1, recall)
	nearly(t, "precision@1", n.Precision1, recall)
	nearly(t, "R-precision", n.RPrecision, precision)
	queries, mean := 0, 0.0
	for _, c := range n.Categories {
		queries += c.Queries
		mean += c.Recall1 * float64(c.Queries)
	}
	if queries != n.Queries || len(n.Categories) < 2 {
		t.Errorf("%d queries in %d categories", queries, len(n.Categories))
	}
	nearly(t, "recall@1 over the categories", mean/float64(queries), n.Recall1)
	if !strings.Contains(text, "mAP@R") || !strings.Contains(text, "kind1") {
		t.Errorf("text %q", text)
	}

	// By category: the oracle with other labels.
	copy(o.meta.ID, o.meta.Category)
	_, precision = o.scores()
	_, line, _, _ = callFor[evaluateResult](t, "evaluate", "--run", r.run, "--metadata", r.metadata(), "--by", "category")
	nearly(t, "R-precision by category", line.Networks[0].Retrieval.RPrecision, precision)

	// Queries and a gallery of their own: the first view of each product is searched for among all; product 0 has no other picture there.
	m, err := data.ReadMetadata(r.metadata())
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(r.metadata())
	var q, g data.Metadata
	for i := range m.Rows() {
		add := func(to *data.Metadata) {
			to.Name, to.ID, to.Category = append(to.Name, m.Name[i]), append(to.ID, m.ID[i]), append(to.Category, m.Category[i])
			to.Color, to.Gender = append(to.Color, m.Color[i]), append(to.Gender, m.Gender[i])
		}
		if i%3 == 0 {
			add(&q)
		}
		if i >= 3 || i == 0 {
			add(&g)
		}
	}
	queryPath, galleryPath := filepath.Join(dir, "query.csv"), filepath.Join(dir, "gallery.csv")
	for path, m := range map[string]*data.Metadata{queryPath: &q, galleryPath: &g} {
		if err := data.WriteMetadata(path, m); err != nil {
			t.Fatal(err)
		}
	}
	code, line, _, stderr = callFor[evaluateResult](t, "evaluate", "--checkpoint", r.bestPath(), "--query", queryPath, "--gallery", galleryPath)
	if code != 0 {
		t.Fatalf("exit code %d, %s", code, stderr)
	}
	if n := line.Networks[0].Retrieval; n.Queries != 39 || n.Without != 1 || n.GalleryPictures != 118 || !strings.Contains(stderr, "1 of 40 queries have no right answer") {
		t.Errorf("%+v, %s", n, stderr)
	}
}

// TestEvaluateNamesBadPictures: a row number is that of the picture's own table, or there is none.
func TestEvaluateNamesBadPictures(t *testing.T) {
	t.Parallel()
	r := newTestRun(t, nil)
	m, err := data.ReadMetadata(r.metadata())
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, names ...string) string {
		text := "_category\t_color\t_id\t_gender\t_name\n"
		for _, n := range names {
			text += "hat\tred\t1\t\t" + n + "\n"
		}
		path := filepath.Join(filepath.Dir(r.metadata()), name)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	once := write("once.csv", m.Name[0], m.Name[1], "gone.png")
	twice := write("twice.csv", m.Name[0], m.Name[0], m.Name[1], "gone.png")
	for _, c := range []struct {
		args []string
		row  string
	}{
		{[]string{"--metadata", once}, "(row 2 of once.csv)"},
		{[]string{"--metadata", twice}, ""},
		{[]string{"--query", once, "--gallery", twice}, ""},
	} {
		code, line, _, stderr := callFor[evaluateResult](t, append([]string{"evaluate", "--run", r.run}, c.args...)...)
		if code != 0 || line.Pictures != 2 || line.BadPictures != 1 || !strings.Contains(stderr, "gone.png: there is no such picture") {
			t.Errorf("%v: exit code %d, %+v, %s", c.args, code, line, stderr)
		}
		if c.row == "" && strings.Contains(stderr, "(row ") || !strings.Contains(stderr, c.row) {
			t.Errorf("%v: %s", c.args, stderr)
		}
	}
}

// TestEvaluateMoved: what the run's config names may lie elsewhere now; the message says which flag names it.
func TestEvaluateMoved(t *testing.T) {
	t.Parallel()
	weights := filepath.Join(t.TempDir(), "pretrained.safetensors")
	r := newTestRun(t, func(c *configs.Config) { c.Init = weights })
	b, err := os.ReadFile(filepath.Join(r.run, "checkpoints/step-00000010.safetensors"))
	if err == nil {
		err = os.WriteFile(weights+".moved", b, 0o666)
	}
	moved := r.shop + " moved"
	if err == nil {
		err = os.Rename(r.shop, moved)
	}
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"evaluate", "--run", r.run}
	for _, c := range []struct {
		code  int
		want  string
		flags []string
	}{
		{3, "config.yaml; --triplets names another one", nil},
		{2, "--init names its file", []string{"--triplets", filepath.Join(moved, "csv/val_triplets.csv"), "--untrained"}},
		{2, "--init is for --untrained", []string{"--init", weights}},
	} {
		code, line, text, _ := callFor[struct{ Error string }](t, append(args, c.flags...)...)
		if code != c.code || !strings.Contains(line.Error, c.want) || text != "" {
			t.Errorf("%v: exit code %d, %q, %q", c.flags, code, line.Error, text)
		}
	}
	code, line, _, stderr := callFor[evaluateResult](t, append(args, "--triplets", filepath.Join(moved, "csv/val_triplets.csv"), "--untrained", "--init", weights+".moved")...)
	if code != 0 || len(line.Networks) != 3 || line.Networks[1].Network != "initial" {
		t.Fatalf("exit code %d, %+v, %s", code, line, stderr)
	}
	// The first checkpoint is what it "started" from.
	code, first, _, stderr := callFor[evaluateResult](t, append(args, "--triplets", filepath.Join(moved, "csv/val_triplets.csv"), "--checkpoint", filepath.Join(r.run, "checkpoints/step-00000010.safetensors"))...)
	if code != 0 || first.Networks[0].Triplets.DNeg != line.Networks[1].Triplets.DNeg || first.Networks[0].Triplets.DNeg == line.Networks[0].Triplets.DNeg {
		t.Errorf("exit code %d, %+v, %s", code, first, stderr)
	}
}

func TestEvaluateRefuses(t *testing.T) {
	t.Parallel()
	r := newTestRun(t, nil)
	other := newTestRun(t, func(c *configs.Config) { c.EmbedDim = 7 })
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	bare := filepath.Join(dir, "bare.safetensors")
	f, err := checkpoints.Read(r.bestPath())
	if err == nil {
		f.Metadata = nil
		err = checkpoints.Write(bare, f)
	}
	if err != nil {
		t.Fatal(err)
	}
	m, err := data.ReadMetadata(r.metadata())
	if err != nil {
		t.Fatal(err)
	}
	const header = "_category\t_color\t_id\t_gender\t_name\n"
	lone := write("lone.csv", header+"hat\tred\t1\t\t"+m.Name[0]+"\nhat\tred\t2\t\t"+m.Name[1]+"\n")
	gone := write("gone.csv", header+"hat\tred\t1\t\ta.png\nhat\tred\t1\t\tb.png\n")
	images := filepath.Join(r.shop, "images")
	infinite := filepath.Join(dir, "infinite")
	if code, _, _, stderr := callFor[embedResult](t, "embed", "--run", r.run, "--metadata", r.metadata(), "--out", infinite); code != 0 {
		t.Fatal(stderr)
	}
	makeInfinite(t, filepath.Join(infinite, "embeddings.npy"), 3)
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{2, "name the trained network", nil},
		{2, "say on what", []string{"--checkpoint", r.bestPath()}},
		{2, "no such file", []string{"--checkpoint", dir + "/none", "--triplets", r.config.ValTriplets}},
		{2, "is a folder; name a checkpoint's file in it, or a run's folder with --run", []string{"--checkpoint", r.run, "--triplets", r.config.ValTriplets}},
		{2, "is not a regular file", []string{"--checkpoint", os.DevNull, "--triplets", r.config.ValTriplets}},
		{2, "--by colour", []string{"--run", r.run, "--metadata", lone, "--by", "colour"}},
		{2, "go together", []string{"--run", r.run, "--query", lone}},
		{2, "leave one of the three", []string{"--run", r.run, "--query", lone, "--gallery", lone, "--metadata", lone}},
		{2, "goes without", []string{"--run", r.run, "--triplets", r.config.ValTriplets, "--gallery", lone}},
		{3, "holds weights alone", []string{"--checkpoint", bare, "--triplets", r.config.ValTriplets}},
		{3, "is not of the network", []string{"--run", r.run, "--checkpoint", other.bestPath()}},
		{3, "none of the 2 queries has a right answer", []string{"--run", r.run, "--metadata", lone, "--images", images}},
		{3, "none of the 2 pictures can be used", []string{"--run", r.run, "--metadata", gone, "--images", images}},
		{3, "gone.csv: no picture of the queries can be used", []string{"--run", r.run, "--query", gone, "--gallery", lone, "--images", images}},
		{3, "lone.csv: none of the 2 queries has a right answer", []string{"--run", r.run, "--query", lone, "--gallery", lone, "--images", images}},
		{3, "gone.csv: no picture of the gallery can be used", []string{"--run", r.run, "--query", lone, "--gallery", gone, "--images", images}},
		{3, infinite + ": the embeddings cannot be searched: the gallery: row 3 holds numbers that are infinite", []string{"--embeddings", infinite}},
		{3, "no rows", []string{"--run", r.run, "--query", lone, "--gallery", write("empty.csv", header), "--images", images}},
		{3, "cannot be used as a checkpoint", []string{"--checkpoint", write("text", "a text of more than eight bytes"), "--metadata", lone}},
		{3, "no such embeddings", []string{"--embeddings", dir + "/none"}},
		{2, "goes without tables", []string{"--embeddings", dir, "--metadata", lone}},
	} {
		code, line, _, stderr := callFor[struct{ Status, Error string }](t, append([]string{"evaluate"}, c.args...)...)
		if code != c.code || line.Status != "failed" || !strings.Contains(line.Error, c.want) || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit code %d, want %d; error %q, want %q", c.args, code, c.code, line.Error, c.want)
		}
	}
}
