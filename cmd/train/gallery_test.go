package main

import (
	"bytes"
	"context"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"deeprank/checkpoints"
	"deeprank/configs"
	"deeprank/data"
	"deeprank/internal/cli"
	"deeprank/internal/embed"
	"deeprank/internal/kernel"
	"deeprank/internal/progress"
	"deeprank/internal/restore"
	"deeprank/model"
)

// recallOf is the share of the table's pictures whose nearest other one shows the same product, by comparing all pairs. Pictures whose product has no other one are left out.
func recallOf(t *testing.T, run, checkpoint, table, images string) float64 {
	t.Helper()
	r, err := restore.OpenRun(run)
	if err != nil {
		t.Fatal(err)
	}
	f, err := checkpoints.Read(checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	w, err := model.NewWeights(restore.Spec(&r.Config))
	if err == nil {
		err = restore.Checkpoint(w, f)
	}
	if err != nil {
		t.Fatal(err)
	}
	team := kernel.NewTeam(1)
	defer team.Close()
	e, err := model.NewEmbedder(team, w, 8)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	m, err := data.ReadMetadata(table)
	if err != nil {
		t.Fatal(err)
	}
	p, err := data.OpenPictures(m, images, data.PictureOptions{Size: r.Config.Size, Fit: r.Config.Fit})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	rows, vectors := make([]int32, m.Rows()), make([][]float32, m.Rows())
	for i := range rows {
		rows[i] = int32(i)
	}
	err = embed.Rows(t.Context(), e, p, r.Config.Size, rows, 1, func(i int, v []float32) error {
		vectors[i] = append([]float32(nil), v...)
		return nil
	}, func(_ int, err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	queries, right := 0, 0
	for q := range vectors {
		nearest, least, answers := -1, math.Inf(1), 0
		for g := range vectors {
			if g == q {
				continue
			}
			if m.ID[g] == m.ID[q] {
				answers++
			}
			if d := embed.SquaredDistance(vectors[q], vectors[g]); d < least {
				nearest, least = g, d
			}
		}
		if answers > 0 {
			queries++
			if m.ID[nearest] == m.ID[q] {
				right++
			}
		}
	}
	return float64(right) / float64(queries)
}

func TestGallery(t *testing.T) {
	dir := tinyShop(t)
	out, table := filepath.Join(dir, "run"), filepath.Join(dir, "csv", "sample_set.csv")
	o := trained(t, tinyArgs(dir, out, "--val-metadata", table, "--keep", "5", "--eval-every", "4")...)
	records := wantSteps(t, out, 16)
	best, bestStep := -1.0, 0
	for _, r := range records {
		if (r.ValRecall1 != nil) != (r.Step%4 == 0) || r.ValAccuracy != nil {
			t.Errorf("step %d: recall %v, accuracy %v", r.Step, r.ValRecall1, r.ValAccuracy)
		}
		if r.ValRecall1 != nil && *r.ValRecall1 > best {
			best, bestStep = *r.ValRecall1, r.Step
		}
	}
	if o.BestBy != configs.ByRecall || o.Best == nil || *o.Best != best || o.BestStep == nil || *o.BestStep != bestStep || o.BestAccuracy != nil {
		t.Errorf("outcome %+v, want the best %v of step %d", o, best, bestStep)
	}
	if want := recallOf(t, out, o.Checkpoint, table, filepath.Join(dir, "images")); o.ValRecall1 == nil || math.Abs(*o.ValRecall1-want) > 1e-12 {
		t.Errorf("recall@1 %v, want %v", o.ValRecall1, want)
	}
	// TensorBoard shows the nearest pictures of the gallery, at each evaluation.
	paths, err := filepath.Glob(filepath.Join(out, "events.out.tfevents.*"))
	if err != nil || len(paths) != 1 {
		t.Fatal(paths, err)
	}
	if b, err := os.ReadFile(paths[0]); err != nil || bytes.Count(b, []byte("val_nearest")) != 4 {
		t.Errorf("%d sheets of the gallery, want 4 (%v)", bytes.Count(b, []byte("val_nearest")), err)
	}
	// Going on by another criterion would compare what cannot be compared.
	code, _, said := start(context.Background(), t, tinyArgs(dir, out, "--val-triplets", filepath.Join(dir, "csv", "val_triplets.csv"), "--resume", "last", "--epochs", "3")...)
	if code == cli.Done || !strings.Contains(said, "best_by: recall@1 in the checkpoint, accuracy now") {
		t.Errorf("exit code %d: %s", code, said)
	}
}

// The memory that a run needs counts what an evaluation holds, and --micro-batch auto makes room for it.
func TestEvaluationBytes(t *testing.T) {
	cfg := configs.Default()
	cfg.EmbedDim = 1000
	in := &input{meta: &data.Metadata{Name: make([]string, 9)}}
	if n := in.evaluationBytes(&cfg); n != 0 {
		t.Errorf("%d bytes where nothing is measured", n)
	}
	in.val = []data.Triplet{{Query: 1, Positive: 2, Negative: 3}, {Query: 1, Positive: 4, Negative: 8}}
	if n := in.evaluationBytes(&cfg); n != 5*4000 {
		t.Errorf("%d bytes for 5 pictures of triplets", n)
	}
	in.gallery = &gallery{label: make([]int32, 30)} // each finds 29, which take twice 8 bytes or more, and of the others 20
	in.gallery.label[0], in.gallery.label[1] = 1, 1
	if n := in.evaluationBytes(&cfg); n != 5*4000+30*4000+16*(28*28+2*20) {
		t.Errorf("%d bytes for a gallery of 30 too", n)
	}

	dir := tinyShop(t)
	for _, more := range [][]string{nil, {"--val-metadata", filepath.Join(dir, "csv", "sample_set.csv")}} {
		_, _, said := start(context.Background(), t, tinyArgs(dir, filepath.Join(dir, "run"), append(more, "--dry-run")...)...)
		if strings.Contains(said, "embeddings of the evaluation") != (more != nil) {
			t.Errorf("%v: %s", more, said)
		}
	}
	cfg.Batch, cfg.MicroBatch, cfg.Memory = 4, configs.Auto, "200MB"
	cfg.Size, cfg.Width, cfg.FCDim, cfg.Head = 32, 0.05, 8, "gap"
	for pictures, want := range map[int]int{30: 4, 100_000: 1} { // 400 MB
		in.gallery.label = make([]int32, pictures)
		for i := range in.gallery.label {
			in.gallery.label[i] = int32(i)
		}
		n, err := buildNetwork(&cfg, in, false, progress.New(io.Discard, nil, progress.Options{}))
		if err != nil {
			t.Fatal(err)
		}
		if n.micro != want {
			t.Errorf("%d triplets at once with a gallery of %d, want %d", n.micro, pictures, want)
		}
		n.close()
	}
}

func TestBestByLoss(t *testing.T) {
	dir := tinyShop(t)
	out := filepath.Join(dir, "run")
	o := trained(t, tinyArgs(dir, out, "--val-triplets", filepath.Join(dir, "csv", "val_triplets.csv"), "--best-by", "loss", "--eval-every", "2")...)
	least, step := math.Inf(1), 0
	for _, r := range wantSteps(t, out, 16) {
		if r.ValLoss != nil && *r.ValLoss < least {
			least, step = *r.ValLoss, r.Step
		}
	}
	if o.BestBy != configs.ByLoss || o.Best == nil || *o.Best != least || *o.BestStep != step || o.BestAccuracy != nil {
		t.Errorf("outcome %+v, want the loss %v of step %d", o, least, step)
	}
	store, err := checkpoints.OpenStore(filepath.Join(out, "checkpoints"), 3)
	if err != nil {
		t.Fatal(err)
	}
	_, f, err := store.Best(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := checkpoints.DecodeState(f.Metadata); err != nil || s.Step != step {
		t.Errorf("the best checkpoint is of %+v, want step %d (%v)", s, step, err)
	}
}

func TestGalleryRefused(t *testing.T) {
	dir := tinyShop(t)
	table := filepath.Join(dir, "csv", "sample_set.csv")
	m, err := data.ReadMetadata(table)
	if err != nil {
		t.Fatal(err)
	}
	alone := filepath.Join(dir, "alone.csv")
	for i := range m.ID {
		m.ID[i] = m.Name[i]
	}
	if err := data.WriteMetadata(alone, m); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(dir, "empty.csv")
	if err := os.WriteFile(empty, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for i := range m.ID {
		m.ID[i] = []string{"a", "b"}[i%2]
		if i > 1 {
			m.Name[i] = "gone/" + m.Name[i]
		}
	}
	gone := filepath.Join(dir, "gone.csv") // one picture of each product is left
	if err := data.WriteMetadata(gone, m); err != nil {
		t.Fatal(err)
	}
	for path, part := range map[string]string{gone: "no product has two that can", alone: "no product with two pictures", empty: "empty.csv", filepath.Join(dir, "none.csv"): "none.csv"} {
		code, o, said := start(context.Background(), t, tinyArgs(dir, filepath.Join(dir, "run"), "--val-metadata", path)...)
		if code != cli.Data || !strings.Contains(o.Error, part) {
			t.Errorf("%s: exit code %d, %q\n%s", path, code, o.Error, said)
		}
		if path != gone {
			continue
		}
		// Some of the pictures are named, each once.
		if first := m.Name[2]; strings.Count(said, "cannot be used") < 2 || strings.Count(said, "/"+first+":") != 1 {
			t.Errorf("%s is not named: %s", first, said)
		}
	}
}
