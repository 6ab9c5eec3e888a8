package model_test

import (
	"encoding/json"
	"fmt"
	"image/png"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"deeprank/checkpoints"
	"deeprank/data"
	"deeprank/internal/kernel"
	"deeprank/internal/optim"
	"deeprank/model"
)

// parityCase is a folder that bench/reference/deeprank.py exported: PyTorch's weights, pictures, triplets and
// numbers of the same network.
type parityCase struct {
	dir    string
	Config struct {
		Width       float64 `json:"width"`
		Size        int     `json:"size"`
		FCDim       int     `json:"fc_dim"`
		EmbedDim    int     `json:"embed_dim"`
		Head        string  `json:"head"`
		Gap         float64 `json:"gap"`
		Batch       int     `json:"batch"`
		LR          float64 `json:"lr"`
		Momentum    float64 `json:"momentum"`
		WeightDecay float64 `json:"weight_decay"`
	} `json:"config"`
	Embeddings [][]float64 `json:"embeddings"`
	Steps      []struct {
		Loss   float64 `json:"loss"`
		DPos   float64 `json:"d_pos"`
		DNeg   float64 `json:"d_neg"`
		Active float64 `json:"active"`
	} `json:"steps"`

	pixels   [][]byte
	triplets []data.Triplet
}

func readCase(t *testing.T, dir string) *parityCase {
	t.Helper()
	c := &parityCase{dir: dir}
	b, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, c); err != nil {
		t.Fatal(err)
	}
	for i := range c.Embeddings {
		c.pixels = append(c.pixels, readPNG(t, filepath.Join(dir, "images", fmt.Sprintf("%d.png", i))))
	}
	if c.triplets, err = data.ReadTriplets(filepath.Join(dir, "triplets.tsv"), len(c.Embeddings)); err != nil {
		t.Fatal(err)
	}
	return c
}

// readPNG returns RGB bytes.
func readPNG(t *testing.T, path string) []byte {
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
	b := im.Bounds()
	var out []byte
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, bl, _ := im.At(x, y).RGBA()
			out = append(out, byte(r>>8), byte(g>>8), byte(bl>>8))
		}
	}
	return out
}

func (c *parityCase) spec() model.Spec {
	return model.Spec{Size: c.Config.Size, Width: c.Config.Width, FCDim: c.Config.FCDim, EmbedDim: c.Config.EmbedDim, Head: c.Config.Head}
}

// rounding is by how much the bounds of mean distances and of parameters' movements are widened. The largest shape has so many ReLU inputs that
// one or another is next to zero, and PyTorch with other rounding is off from itself by up to 3e-4 and 3e-2 (bench/reference/spread.py).
func (c *parityCase) rounding() float64 {
	if c.Config.Width > 0.125 && c.Config.Size > 32 {
		return 3
	}
	return 1
}

// tensors reads a file that PyTorch wrote.
func (c *parityCase) tensors(t *testing.T, name string) map[string]checkpoints.Tensor {
	t.Helper()
	f, err := checkpoints.Read(filepath.Join(c.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]checkpoints.Tensor{}
	for _, v := range f.Tensors {
		byName[v.Name] = v
	}
	return byName
}

func (c *parityCase) weights(t *testing.T) *model.Weights {
	t.Helper()
	w, err := model.NewWeights(c.spec())
	if err != nil {
		t.Fatal(err)
	}
	byName := c.tensors(t, "init.safetensors")
	l, err := w.Load(slices.Sorted(maps.Keys(byName)), func(n string) ([]int, []float32) { return byName[n].Shape, byName[n].Data })
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Missing)+len(l.Unused) > 0 {
		t.Fatalf("PyTorch's file: missing %v, unused %v", l.Missing, l.Unused)
	}
	return w
}

// batch stacks the pictures of triplets.
func (c *parityCase) batch(ts []data.Triplet) model.Batch {
	b := model.Batch{Triplets: len(ts)}
	for _, v := range ts {
		b.Pixels = slices.Concat(b.Pixels, c.pixels[v.Query], c.pixels[v.Positive], c.pixels[v.Negative])
	}
	return b
}

// parityCases are the committed cases, and all cases of DEEPRANK_PARITY, a folder made by `make parity-data`.
func parityCases(t *testing.T) []string {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join("testdata", "parity", "*", "expected.json"))
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no cases in testdata/parity (%v)", err)
	}
	if more := os.Getenv("DEEPRANK_PARITY"); more != "" {
		extra, err := filepath.Glob(filepath.Join(more, "*", "expected.json"))
		if err != nil || len(extra) == 0 {
			t.Fatalf("no cases in DEEPRANK_PARITY=%s (%v)", more, err)
		}
		dirs = append(dirs, extra...)
	}
	for i := range dirs {
		dirs[i] = filepath.Dir(dirs[i])
	}
	return dirs
}

// TestParity holds the network, its gradients and the optimiser against PyTorch: embeddings within 1e-4, the losses of
// five steps within 1e-4 (relative), parameters after them within 1e-3.
func TestParity(t *testing.T) {
	for _, dir := range parityCases(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			c := readCase(t, dir)
			team := kernel.NewTeam(2)
			defer team.Close()
			w := c.weights(t)
			worst := checkEmbeddings(t, c, team, w)
			loss := checkSteps(t, c, team, w, c.Config.Batch)
			diff, moved := checkFinal(t, w, c.tensors(t, "init.safetensors"), c.tensors(t, "final.safetensors"), c.rounding())
			t.Logf("largest differences: embeddings %.1e, losses %.1e relative, parameters %.1e, movement of a parameter %.1e relative",
				worst, loss, diff, moved)
		})
	}
}

// TestParityMicroBatch does the same steps in parts: three triplets, then one.
func TestParityMicroBatch(t *testing.T) {
	c := readCase(t, parityCases(t)[0])
	team := kernel.NewTeam(2)
	defer team.Close()
	whole, parts := c.weights(t), c.weights(t)
	checkSteps(t, c, team, whole, c.Config.Batch)
	checkSteps(t, c, team, parts, c.Config.Batch-1)
	worst := 0.0
	for _, p := range whole.List {
		for i, v := range parts.Get(p.Name).Data {
			d := math.Abs(float64(v) - float64(p.Data[i]))
			if !(d <= 1e-5) {
				t.Fatalf("%s[%d] is %v in parts, %v as a whole", p.Name, i, v, p.Data[i])
			}
			worst = max(worst, d)
		}
	}
	t.Logf("largest difference of a parameter: %.1e", worst)
}

func checkEmbeddings(t *testing.T, c *parityCase, team *kernel.Team, w *model.Weights) (worst float64) {
	t.Helper()
	e, err := model.NewEmbedder(team, w, 5) // not a divisor of 12: a short batch comes at the end
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	out := make([]float32, 5*e.Dim())
	for start := 0; start < len(c.pixels); start += 5 {
		var pixels []byte
		n := min(5, len(c.pixels)-start)
		for _, p := range c.pixels[start : start+n] {
			pixels = append(pixels, p...)
		}
		if err := e.Embed(pixels, n, out); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			for k, want := range c.Embeddings[start+i] {
				d := math.Abs(float64(out[i*e.Dim()+k]) - want)
				if !(d <= 1e-4) {
					t.Fatalf("picture %d: embedding[%d] is %v, PyTorch has %v", start+i, k, out[i*e.Dim()+k], want)
				}
				worst = max(worst, d)
			}
		}
	}
	return worst
}

func checkSteps(t *testing.T, c *parityCase, team *kernel.Team, w *model.Weights, micro int) (worst float64) {
	t.Helper()
	s, err := model.NewSiamese(team, w, nil, micro, c.Config.Gap)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	opt := optim.NewSGD(s.Params(), c.Config.Momentum, c.Config.WeightDecay, false)
	for i, want := range c.Steps {
		batch := c.triplets[i*c.Config.Batch : (i+1)*c.Config.Batch]
		var loss, dp, dn, active float64
		for start := 0; start < len(batch); start += micro {
			part := batch[start:min(start+micro, len(batch))]
			r, err := s.Step(c.batch(part), len(batch), start > 0)
			if err != nil {
				t.Fatal(err)
			}
			loss += r.Loss
			for k := range part {
				dp += float64(r.DPos[k]) / float64(len(batch))
				dn += float64(r.DNeg[k]) / float64(len(batch))
				if r.Hinge[k] > 0 {
					active += 1 / float64(len(batch))
				}
			}
		}
		opt.Step(team, s.Params(), c.Config.LR, 1)
		distance := 1e-4 * c.rounding()
		for _, v := range []struct {
			name             string
			got, want, bound float64
		}{{"loss", loss, want.Loss, 1e-4}, {"d_pos", dp, want.DPos, distance}, {"d_neg", dn, want.DNeg, distance}, {"active", active, want.Active, 1e-4}} {
			d := math.Abs(v.got-v.want) / max(1e-2, math.Abs(v.want))
			if !(d <= v.bound) {
				t.Fatalf("step %d: %s is %v, PyTorch has %v", i+1, v.name, v.got, v.want)
			}
			worst = max(worst, d)
		}
	}
	return worst
}

// checkFinal compares parameters with PyTorch's after its steps: each value within 1e-3, and, since few steps move a
// parameter by little more than that, the way each parameter went, as the norm of the difference over the norm of
// PyTorch's movement, within 1e-2 (times rounding). Files may leave tensors out.
func checkFinal(t *testing.T, got *model.Weights, start, final map[string]checkpoints.Tensor, rounding float64) (worst, moved float64) {
	t.Helper()
	for name, want := range final {
		g, from := got.Get(name).Data, start[name].Data
		var off, way float64
		for i, v := range want.Data {
			d := math.Abs(float64(g[i]) - float64(v))
			if !(d <= 1e-3) {
				t.Fatalf("%s[%d] is %v, PyTorch has %v", name, i, g[i], v)
			}
			worst = max(worst, d)
			off += d * d
			way += (float64(v) - float64(from[i])) * (float64(v) - float64(from[i]))
		}
		r := math.Sqrt(off / way)
		if !(r <= 1e-2*rounding) {
			t.Errorf("%s went another way than in PyTorch: off by %.1e of its movement", name, r)
		}
		moved = max(moved, r)
	}
	return worst, moved
}
