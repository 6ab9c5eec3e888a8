package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"deeprank/checkpoints"
	"deeprank/configs"
	"deeprank/data"
	"deeprank/internal/cli"
	"deeprank/internal/kernel"
	"deeprank/internal/sheet"
	"deeprank/internal/shop"
	"deeprank/model"
)

// testRun is a run's folder on a small drawn shop. Its checkpoints were not trained but drawn.
type testRun struct {
	shop, run string
	config    configs.Config
	spec      model.Spec
	best      map[string][]float32 // the parameters of the checkpoint with the best score, by name
}

func newTestRun(t *testing.T, change func(c *configs.Config)) *testRun {
	t.Helper()
	r := &testRun{shop: filepath.Join(t.TempDir(), "shop"), run: filepath.Join(t.TempDir(), "run")}
	o := shop.FolderOptions{Options: shop.Options{Products: 40, Views: 3, Size: 16, Seed: 3}, Triplets: 60, ValTriplets: 60, Threads: 2}
	if _, err := shop.WriteFolder(t.Context(), r.shop, o); err != nil {
		t.Fatal(err)
	}
	// Few categories and colours, so that products share both.
	path := filepath.Join(r.shop, "csv/sample_set.csv")
	m, err := data.ReadMetadata(path)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]string{}
	for i, c := range m.Category {
		if kinds[c] == "" {
			kinds[c] = fmt.Sprintf("kind%d", len(kinds)%5)
		}
		m.Category[i], m.Color[i] = kinds[c], "red"
		if i/3%4 == 0 {
			m.Color[i] = "blue"
		}
	}
	if err := data.WriteMetadata(path, m); err != nil {
		t.Fatal(err)
	}
	c := configs.Default()
	c.Triplets, c.ValTriplets = filepath.Join(r.shop, "csv/triplets.csv"), filepath.Join(r.shop, "csv/val_triplets.csv")
	c.Metadata, c.Images, c.Cache = filepath.Join(r.shop, "csv/sample_set.csv"), filepath.Join(r.shop, "images"), "none"
	c.Size, c.Width, c.FCDim, c.EmbedDim, c.Head, c.Seed, c.Batch = 32, 0.03, 6, 5, "gap", 5, 4
	if change != nil {
		change(&c)
	}
	r.config = c
	r.spec = model.Spec{Size: c.Size, Width: c.Width, FCDim: c.FCDim, EmbedDim: c.EmbedDim, Head: c.Head, Dropout: c.Dropout}
	text, err := c.YAML()
	if err == nil {
		err = errors.Join(os.MkdirAll(r.run, 0o777), os.WriteFile(filepath.Join(r.run, "config.yaml"), text, 0o666))
	}
	if err != nil {
		t.Fatal(err)
	}
	r.save(t, 10, 0.6)
	r.best = r.save(t, 20, 0.9)
	r.save(t, 30, 0.7)
	return r
}

// save writes a checkpoint with parameters drawn for the step.
func (r *testRun) save(t *testing.T, step int, score float64) map[string][]float32 {
	t.Helper()
	store, err := checkpoints.OpenStore(filepath.Join(r.run, "checkpoints"), 5)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(uint64(step), 0))
	f := &checkpoints.File{Metadata: map[string]string{}}
	values := map[string][]float32{}
	for _, p := range r.spec.Parameters() {
		v := make([]float32, p.Len())
		for i := range v {
			v[i] = float32(random.NormFloat64() / math.Sqrt(float64(max(p.FanIn, 4))))
		}
		values[p.Name] = v
		f.Tensors = append(f.Tensors, checkpoints.Tensor{Name: p.Name, Shape: p.Shape, Data: v},
			checkpoints.Tensor{Name: "optimizer.momentum_buffer." + p.Name, Shape: p.Shape, Data: v})
	}
	text, err := r.config.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if err := (&checkpoints.State{Step: step, Config: string(text)}).Encode(f.Metadata); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Save(step, f, score, true); err != nil {
		t.Fatal(err)
	}
	return values
}

// call runs the program and returns its last line. The sheet is small where the arguments do not say how large.
func call(t *testing.T, args ...string) (code int, line result, stderr string) {
	t.Helper()
	if args[0] == "sheet" && !slices.Contains(args, "--cell") {
		args = append(slices.Clone(args), "--cell", "16", "--queries", "2", "--top", "3")
	}
	var out, messages bytes.Buffer
	code = run(t.Context(), args, &out, &messages)
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("stdout %q: %v; stderr %q", out.String(), err, messages.String())
	}
	return code, line, messages.String()
}

// result is the last line as a script reads it.
type result struct {
	Status, Sheet, Run, Checkpoint, Triplets, Error string
	Pictures                                        int
	BadPictures                                     int `json:"bad_pictures"`
	Shown                                           []int32
	Before, After                                   struct {
		Queries, Triplets int
		Recall1           float64 `json:"recall_at_1"`
		RPrecision        float64 `json:"r_precision"`
		TripletAccuracy   float64 `json:"triplet_accuracy"`
	}
}

// oracle ranks in the plainest way, in float64, with embeddings computed one picture at a time.
type oracle struct {
	meta    *data.Metadata
	rows    []int32
	vectors map[int32][]float64
}

// newOracle embeds the rows with the given parameters, or with those that the config's seed draws.
func newOracle(t *testing.T, r *testRun, rows []int32, parameters map[string][]float32) *oracle {
	t.Helper()
	m, err := data.ReadMetadata(filepath.Join(r.shop, "csv/sample_set.csv"))
	if err != nil {
		t.Fatal(err)
	}
	pictures, err := data.OpenPictures(m, filepath.Join(r.shop, "images"), data.PictureOptions{Size: r.config.Size})
	if err != nil {
		t.Fatal(err)
	}
	defer pictures.Close()
	team := kernel.NewTeam(1)
	defer team.Close()
	w, err := model.NewWeights(r.spec)
	if err != nil {
		t.Fatal(err)
	}
	w.Init(team, r.config.Seed, nil)
	for _, p := range w.List {
		if parameters != nil {
			copy(p.Data, parameters[p.Name])
		}
	}
	e, err := model.NewEmbedder(team, w, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	o := &oracle{m, rows, map[int32][]float64{}}
	v := make([]float32, e.Dim())
	for _, row := range rows {
		pixels, err := pictures.Load(int(row))
		if err == nil {
			err = e.Embed(pixels, 1, v)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range v {
			o.vectors[row] = append(o.vectors[row], float64(x))
		}
	}
	return o
}

func (o *oracle) distance(a, b int32) float64 {
	d := 0.0
	for i, x := range o.vectors[a] {
		y := x - o.vectors[b][i]
		d += y * y
	}
	return d
}

// rank counts the pictures that come before row in the answer to query.
func (o *oracle) rank(query, row int32) int {
	n := 0
	for _, other := range o.rows {
		if other == query || other == row {
			continue
		}
		if a, b := o.distance(query, other), o.distance(query, row); a < b || a == b && other < row {
			n++
		}
	}
	return n
}

func (o *oracle) scores() (recall, precision float64) {
	queries := 0.0
	for _, q := range o.rows {
		same, first, within := 0, 0, 0
		for _, row := range o.rows {
			if row != q && o.meta.ID[row] == o.meta.ID[q] {
				same++
			}
		}
		if same == 0 {
			continue
		}
		for _, row := range o.rows {
			if row != q && o.meta.ID[row] == o.meta.ID[q] {
				if o.rank(q, row) == 0 {
					first++
				}
				if o.rank(q, row) < same {
					within++
				}
			}
		}
		queries++
		recall += float64(first)
		precision += float64(within) / float64(same)
	}
	return recall / queries, precision / queries
}

func (o *oracle) accuracy(ts []data.Triplet) float64 {
	right := 0
	for _, t := range ts {
		if o.distance(t.Query, t.Positive) < o.distance(t.Query, t.Negative) {
			right++
		}
	}
	return float64(right) / float64(len(ts))
}

// triplets reads a table of the shop and the rows that it names, ascending.
func (r *testRun) triplets(t *testing.T, name string) ([]data.Triplet, []int32) {
	t.Helper()
	ts, err := data.ReadTriplets(filepath.Join(r.shop, "csv", name), 120)
	if err != nil {
		t.Fatal(err)
	}
	var rows []int32
	for _, x := range ts {
		rows = append(rows, x.Query, x.Positive, x.Negative)
	}
	slices.Sort(rows)
	return ts, slices.Compact(rows)
}

func checkScores(t *testing.T, line result, before, after *oracle, ts []data.Triplet) {
	t.Helper()
	for name, c := range map[string]struct {
		o                           *oracle
		recall, precision, accuracy float64
	}{
		"before": {before, line.Before.Recall1, line.Before.RPrecision, line.Before.TripletAccuracy},
		"after":  {after, line.After.Recall1, line.After.RPrecision, line.After.TripletAccuracy},
	} {
		recall, precision := c.o.scores()
		if accuracy := c.o.accuracy(ts); !(math.Abs(c.recall-recall)+math.Abs(c.precision-precision)+math.Abs(c.accuracy-accuracy) <= 1e-12) {
			t.Errorf("%s: recall %v, R-precision %v, accuracy %v; want %v, %v, %v", name, c.recall, c.precision, c.accuracy, recall, precision, accuracy)
		}
	}
	if line.Before == line.After {
		t.Error("training changed nothing: the test cannot tell before from after")
	}
	if line.After.Triplets != len(ts) || line.Pictures != len(after.rows) {
		t.Errorf("%d triplets and %d pictures, want %d and %d", line.After.Triplets, line.Pictures, len(ts), len(after.rows))
	}
}

// TestSheet holds numbers and picture against the oracle.
func TestSheet(t *testing.T) {
	t.Parallel()
	r := newTestRun(t, nil)
	out := filepath.Join(t.TempDir(), "sheet.png")
	const cell, queries, top = 48, 5, 7
	code, line, stderr := call(t, "sheet", "--run", r.run, "--out", out, "--threads", "2",
		"--cell", fmt.Sprint(cell), "--queries", fmt.Sprint(queries), "--top", fmt.Sprint(top))
	if code != 0 || line.Status != "done" || line.Sheet != out || line.Run != r.run || line.BadPictures != 0 ||
		filepath.Base(line.Checkpoint) != "step-00000020.safetensors" || line.Triplets != r.config.ValTriplets {
		t.Fatalf("exit code %d, %+v, %s", code, line, stderr)
	}
	ts, rows := r.triplets(t, "val_triplets.csv")
	before, after := newOracle(t, r, rows, nil), newOracle(t, r, rows, r.best)
	checkScores(t, line, before, after, ts)
	if want := fmt.Sprintf("recall@1) %.1f %% -> %.1f %%", 100*line.Before.Recall1, 100*line.After.Recall1); !strings.Contains(stderr, want) {
		t.Errorf("stderr %q, want %q", stderr, want)
	}

	im := readPNG(t, out)
	frames := findFrames(im, cell)
	if len(frames) != 2*queries*top || len(line.Shown) != queries {
		t.Fatalf("%d frames and %d queries, want %d and %d", len(frames), len(line.Shown), 2*queries*top, queries)
	}
	pictures, err := data.OpenPictures(after.meta, filepath.Join(r.shop, "images"), data.PictureOptions{Size: cell, Fit: "pad"})
	if err != nil {
		t.Fatal(err)
	}
	defer pictures.Close()
	categories, colors := map[string]bool{}, map[color.Color]bool{}
	for i, f := range frames {
		q, column := line.Shown[i/(2*top)], i%(2*top)
		o := before
		if column >= top {
			o, column = after, column-top
		}
		categories[o.meta.Category[q]] = true
		var row int32 = -1
		for _, other := range rows {
			if other != q && o.rank(q, other) == column {
				row = other
			}
		}
		m, want := o.meta, sheet.Wrong()
		switch {
		case m.ID[row] == m.ID[q]:
			want = sheet.Right()
		case m.Category[row] == m.Category[q] && m.Color[row] == m.Color[q]:
			want = sheet.Near()
		}
		colors[want] = true
		if f.color != want {
			t.Errorf("query %d, answer %d: frame %v, want %v", q, column+1, f.color, want)
		}
		pixels, err := pictures.Load(int(row))
		if err != nil {
			t.Fatal(err)
		}
		inner := image.Pt(f.at.X+(f.side-cell)/2, f.at.Y+(f.side-cell)/2)
		if !shows(im, inner, pixels, cell) {
			t.Errorf("query %d, answer %d does not show row %d", q, column+1, row)
		}
		if column == 0 { // the query stands left of its answers
			if pixels, err = pictures.Load(int(q)); err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(make([]int, 2*cell), func(int) bool { inner.X--; return shows(im, inner, pixels, cell) }) {
				t.Errorf("the query %d is not left of its first answer", q)
			}
		}
	}
	if len(colors) != 3 {
		t.Errorf("only the frames %v occur: the test sees too little", colors)
	}
	if len(categories) != queries {
		t.Errorf("the queries are of %d categories: %v", len(categories), line.Shown)
	}
	if b := im.Bounds(); b.Dx() < 2*(top+1)*cell || b.Dy() < queries*cell || b.Dx() > 4*(top+1)*cell || b.Dy() > 3*queries*cell {
		t.Errorf("the sheet has %v pixels", b.Size())
	}

	// The same bits again, with other threads.
	first, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	call(t, "sheet", "--run", r.run, "--out", out, "--threads", "1", "--cell", "48", "--queries", "5", "--top", "7", "--quiet")
	if again, err := os.ReadFile(out); err != nil || !bytes.Equal(first, again) {
		t.Errorf("one thread draws another sheet (%v)", err)
	}
}

// TestTwin: the network before training has the weights of the config's init file.
func TestTwin(t *testing.T) {
	t.Parallel()
	weights := filepath.Join(t.TempDir(), "pretrained.safetensors")
	r := newTestRun(t, func(c *configs.Config) { c.Init = weights })
	b, err := os.ReadFile(filepath.Join(r.run, "checkpoints/step-00000010.safetensors"))
	if err == nil {
		err = os.WriteFile(weights, b, 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "sheet.png")
	last := filepath.Join(r.run, "checkpoints/step-00000030.safetensors")
	_, line, _ := call(t, "sheet", "--run", r.run, "--out", out, "--checkpoint", last)
	ts, rows := r.triplets(t, "val_triplets.csv")
	checkScores(t, line, newOracle(t, r, rows, r.save(t, 10, 0)), newOracle(t, r, rows, r.save(t, 30, 0)), ts)
	if line.Checkpoint != last {
		t.Errorf("checkpoint %s", line.Checkpoint)
	}

	moved := weights + ".moved"
	if err := os.Rename(weights, moved); err != nil {
		t.Fatal(err)
	}
	if code, line, _ := call(t, "sheet", "--run", r.run, "--out", out); code != 2 || !strings.Contains(line.Error, "--init") {
		t.Errorf("exit code %d, %s", code, line.Error)
	}
	if code, line, _ := call(t, "sheet", "--run", r.run, "--out", out, "--init", moved); code != 0 {
		t.Errorf("exit code %d, %s", code, line.Error)
	}
}

// TestBadPictures: a picture that cannot be read is left out with its triplets.
func TestBadPictures(t *testing.T) {
	t.Parallel()
	r := newTestRun(t, nil)
	ts, rows := r.triplets(t, "val_triplets.csv")
	m, err := data.ReadMetadata(filepath.Join(r.shop, "csv/sample_set.csv"))
	if err != nil {
		t.Fatal(err)
	}
	bad := []int32{ts[0].Query, ts[0].Negative}
	if err := errors.Join(os.WriteFile(filepath.Join(r.shop, "images", m.Name[bad[0]]), []byte("no picture"), 0o666),
		os.Remove(filepath.Join(r.shop, "images", m.Name[bad[1]]))); err != nil {
		t.Fatal(err)
	}
	code, line, stderr := call(t, "sheet", "--run", r.run, "--out", filepath.Join(t.TempDir(), "sheet.png"))
	if code != 0 || line.BadPictures != 2 || !strings.Contains(stderr, "2 of") || !strings.Contains(stderr, m.Name[bad[0]]) {
		t.Fatalf("exit code %d, %+v, %s", code, line, stderr)
	}
	isBad := func(row int32) bool { return slices.Contains(bad, row) }
	rows = slices.DeleteFunc(rows, isBad)
	ts = slices.DeleteFunc(ts, func(x data.Triplet) bool { return isBad(x.Query) || isBad(x.Positive) || isBad(x.Negative) })
	checkScores(t, line, newOracle(t, r, rows, nil), newOracle(t, r, rows, r.best), ts)
}

// TestNoValidation: without validation triplets those of the training serve, and the user is told.
func TestNoValidation(t *testing.T) {
	t.Parallel()
	r := newTestRun(t, func(c *configs.Config) { c.ValTriplets = "" })
	code, line, stderr := call(t, "sheet", "--run", r.run, "--out", filepath.Join(t.TempDir(), "sheet.png"), "--gallery", "20", "--top", "100", "--queries", "200", "--cell", "16")
	if code != 0 || line.Triplets != r.config.Triplets || line.Pictures > 20 || line.Pictures < 18 {
		t.Errorf("exit code %d, %+v", code, line)
	}
	for _, want := range []string{"no validation triplets", "triplets, so that there are at most 20 pictures", "can be queries"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("stderr %q, want %q", stderr, want)
		}
	}
}

// TestMoved: a shop that lies elsewhere now is found by flags.
func TestMoved(t *testing.T) {
	t.Parallel()
	r := newTestRun(t, nil)
	out := filepath.Join(t.TempDir(), "sheet.png")
	_, before, _ := call(t, "sheet", "--run", r.run, "--out", out)
	moved := r.shop + " moved"
	if err := os.Rename(r.shop, moved); err != nil {
		t.Fatal(err)
	}
	args := []string{"sheet", "--run", r.run, "--out", out}
	for _, c := range []struct{ flag, value, want string }{
		{"--metadata", "csv/sample_set.csv", "config.yaml; --metadata names another one"},
		{"--triplets", "csv/val_triplets.csv", "config.yaml; --triplets names another one"},
	} {
		code, line, _ := call(t, args...)
		if code != 3 || !strings.Contains(line.Error, c.want) {
			t.Errorf("before %s: exit code %d, %s", c.flag, code, line.Error)
		}
		args = append(args, c.flag, filepath.Join(moved, c.value))
	}
	code, line, _ := call(t, args...) // images are found beside the metadata's folder
	if code != 0 || line.After != before.After {
		t.Errorf("exit code %d, %+v, want %+v", code, line, before)
	}
	pictures := filepath.Join(t.TempDir(), "pictures")
	if err := os.Rename(filepath.Join(moved, "images"), pictures); err != nil {
		t.Fatal(err)
	}
	if code, line, _ := call(t, args...); code != 3 || !strings.Contains(line.Error, "--images") {
		t.Errorf("exit code %d, %s", code, line.Error)
	}
	if code, line, _ := call(t, append(args, "--images", pictures)...); code != 0 || line.After != before.After {
		t.Errorf("exit code %d, %+v, want %+v", code, line, before)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	r := newTestRun(t, nil)
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(text), 0o666)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	config, err := os.ReadFile(filepath.Join(r.run, "config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	write("fresh/config.yaml", string(config))
	write("broken/config.yaml", string(config))
	damaged := write("broken/checkpoints/step-00000010.safetensors", "cut off")
	write("odd/config.yaml", "triplet: x")
	larger := newTestRun(t, func(c *configs.Config) { c.FCDim = 7 })
	foreign := filepath.Join(larger.run, "checkpoints/step-00000010.safetensors")
	pairs := write("pairs.csv", "q\tp\tn\n0\t3\t6\n")
	empty := filepath.Join(dir, "empty")
	if err := os.Mkdir(empty, 0o777); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "sheet.png")
	base := []string{"sheet", "--run", r.run, "--out", out}
	for _, c := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no run", []string{"sheet"}, 2, "--run DIR is missing"},
		{"run missing", []string{"sheet", "--run", dir + "/none", "--out", out}, 2, "there is no such folder"},
		{"no run in it", []string{"sheet", "--run", empty, "--out", out}, 2, "holds no run"},
		{"odd config", []string{"sheet", "--run", dir + "/odd", "--out", out}, 2, `unknown key "triplet"`},
		{"no checkpoint", []string{"sheet", "--run", dir + "/fresh", "--out", out}, 2, "has no checkpoint yet"},
		{"all damaged", []string{"sheet", "--run", dir + "/broken", "--out", out}, 3, "none of its 1 checkpoints can be read"},
		{"checkpoint missing", append(base, "--checkpoint", dir+"/none"), 2, "no such file"},
		{"checkpoint damaged", append(base, "--checkpoint", damaged), 3, damaged + ": cannot be used as a checkpoint"},
		{"another network", append(base, "--checkpoint", foreign), 3, "is not of the network that the run's config.yaml describes"},
		{"images missing", append(base, "--images", dir+"/none"), 3, "name the pictures' folder with --images"},
		{"no picture there", append(base, "--images", empty), 3, "none of the"},
		{"no pairs", append(base, "--triplets", pairs), 3, "no product has two pictures"},
		{"triplets are none", append(base, "--triplets", damaged), 3, damaged},
		{"out is a folder", append(base, "--out", dir), 2, "is not a file"},
		{"out's folder is missing", append(base, "--out", dir+"/none/sheet.png"), 2, "there is no folder"},
		{"out's folder is a file", append(base, "--out", pairs+"/sheet.png"), 2, "no folder"},
		{"out is a device", append(base, "--out", "/dev/null"), 2, "is not a file"},
		{"out is empty", append(base, "--out", ""), 2, "--out is empty"},
		{"out is read-only", append(base, "--out", "/proc/sheet.png"), 1, "cannot be written"},
		{"no queries", append(base, "--cell", "16", "--queries", "0"), 2, "--queries is 0; it must be from 1"},
		{"too large", append(base, "--queries", "200", "--top", "100", "--cell", "512"), 2, "would be too large"},
		{"unknown flag", append(base, "--querys", "3"), 2, "unknown flag: --querys"},
		{"argument", append(base, "x"), 2, `"x" is too much`},
		{"unknown command", []string{"sheets"}, 2, "unknown command"},
	} {
		if _, err := os.Stat("/proc"); c.name == "out is read-only" && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		code, line, stderr := call(t, c.args...)
		if code != c.code || line.Status != "failed" || !strings.Contains(line.Error, c.want) || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit code %d, want %d: %q, want %q", c.name, code, c.code, line.Error, c.want)
		}
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a sheet was written")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.part")); left != nil {
		t.Errorf("%v are left", left)
	}
}

func TestDamagedBest(t *testing.T) {
	t.Parallel()
	r := newTestRun(t, nil)
	if err := os.Truncate(filepath.Join(r.run, "checkpoints/step-00000020.safetensors"), 1000); err != nil {
		t.Fatal(err)
	}
	code, line, stderr := call(t, "sheet", "--run", r.run, "--out", filepath.Join(t.TempDir(), "sheet.png"))
	if code != 0 || filepath.Base(line.Checkpoint) != "step-00000030.safetensors" || !strings.Contains(stderr, "step-00000020.safetensors cannot be used") {
		t.Errorf("exit code %d, %+v, %s", code, line, stderr)
	}
}

func TestStopped(t *testing.T) {
	t.Parallel()
	r := newTestRun(t, nil)
	for signal, want := range map[os.Signal]int{os.Interrupt: 130, syscall.SIGTERM: 143} {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(cli.StopSignal{Signal: signal})
		var stdout, stderr bytes.Buffer
		out := filepath.Join(t.TempDir(), "sheet.png")
		if code := run(ctx, []string{"sheet", "--run", r.run, "--out", out}, &stdout, &stderr); code != want || !strings.Contains(stdout.String(), `"stopped"`) {
			t.Errorf("exit code %d, want %d; %s", code, want, stdout.String())
		}
	}
}

func readPNG(t *testing.T, path string) *image.NRGBA {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	im, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	flat := image.NewNRGBA(im.Bounds())
	draw.Draw(flat, flat.Bounds(), im, im.Bounds().Min, draw.Src)
	return flat
}

// frame is a square in one of the sheet's three colours.
type frame struct {
	at    image.Point
	side  int
	color color.Color
}

// findFrames returns the frames of at least that side, row by row.
func findFrames(im *image.NRGBA, least int) []frame {
	b := im.Bounds()
	var frames []frame
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			for _, c := range []color.Color{sheet.Right(), sheet.Near(), sheet.Wrong()} {
				is := func(x, y int) bool { return im.NRGBAAt(x, y) == c }
				if !is(x, y) || is(x-1, y) || is(x, y-1) {
					continue
				}
				w, h := 0, 0
				for is(x+w, y) {
					w++
				}
				for is(x, y+h) {
					h++
				}
				if w == h && w >= least && is(x+w-1, y+h-1) {
					frames = append(frames, frame{image.Pt(x, y), w, c})
				}
			}
		}
	}
	return frames
}

// shows says whether the picture has its upper left corner at a point of the sheet.
func shows(im *image.NRGBA, at image.Point, pixels []byte, size int) bool {
	for i := range size * size {
		c := im.NRGBAAt(at.X+i%size, at.Y+i/size)
		for k, v := range [...]uint8{c.R, c.G, c.B} {
			if d := int(v) - int(pixels[3*i+k]); d < -1 || d > 1 {
				return false
			}
		}
	}
	return true
}
