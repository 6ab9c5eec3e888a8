package restore

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"deeprank/checkpoints"
	"deeprank/configs"
	"deeprank/data"
	"deeprank/internal/kernel"
	"deeprank/model"
)

// config is a network of a few thousand parameters.
func config() *configs.Config {
	c := configs.Default()
	c.Size, c.Width, c.FCDim, c.EmbedDim, c.Head, c.Seed = 32, 0.03, 5, 4, "gap", 7
	return &c
}

func weights(t *testing.T) *model.Weights {
	t.Helper()
	w, err := model.NewWeights(Spec(config()))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func team(t *testing.T) *kernel.Team {
	team := kernel.NewTeam(1)
	t.Cleanup(team.Close)
	return team
}

// numbered is a file that holds the named parameters, the value i at place i, and others.
func numbered(w *model.Weights, keep func(name string) bool, others ...checkpoints.Tensor) *checkpoints.File {
	f := &checkpoints.File{Tensors: others}
	for _, p := range w.List {
		if keep(p.Name) {
			v := make([]float32, p.Len())
			for i := range v {
				v[i] = float32(i)
			}
			f.Tensors = append(f.Tensors, checkpoints.Tensor{Name: p.Name, Shape: p.Shape, Data: v})
		}
	}
	return f
}

func isNumbered(v []float32) bool {
	for i := range v {
		if v[i] != float32(i) {
			return false
		}
	}
	return true
}

func all(string) bool { return true }

func TestInitial(t *testing.T) {
	drawn, w := weights(t), weights(t)
	drawn.Init(team(t), 7, nil)
	l, err := Initial(team(t), w, config())
	if err != nil || len(l.Taken)+len(l.Missing)+len(l.Unused) > 0 {
		t.Fatalf("%v, %v", l, err)
	}
	for i, p := range w.List {
		if !slices.Equal(p.Data, drawn.List[i].Data) {
			t.Errorf("%s is not what the seed draws", p.Name)
		}
	}

	// A file with the convolutions and a tensor too much: the rest is as drawn.
	isFeature := func(name string) bool { return strings.HasPrefix(name, "features.") }
	c := config()
	c.Init = filepath.Join(t.TempDir(), "vgg.safetensors")
	extra := checkpoints.Tensor{Name: "classifier.6.bias", Shape: []int{2}, Data: []float32{1, 2}}
	slot := checkpoints.Tensor{Name: "optimizer.momentum_buffer.embed.bias", Shape: []int{4}, Data: make([]float32, 4)}
	if err := checkpoints.Write(c.Init, numbered(w, isFeature, extra, slot)); err != nil {
		t.Fatal(err)
	}
	l, err = Initial(team(t), w, c)
	if err != nil || len(l.Taken) != 26 || len(l.Missing) != len(w.List)-26 || !slices.Equal(l.Unused, []string{"classifier.6.bias"}) {
		t.Fatalf("%+v, %v", l, err)
	}
	for i, p := range w.List {
		if isFeature(p.Name) && !isNumbered(p.Data) || !isFeature(p.Name) && !slices.Equal(p.Data, drawn.List[i].Data) {
			t.Errorf("%s is %v", p.Name, p.Data[:min(5, len(p.Data))])
		}
	}
}

// TestInitialOtherHead gives a network with the head gap a file whose fc6 belongs to the head fc: all but fc6 is taken.
func TestInitialOtherHead(t *testing.T) {
	c := config()
	c.Init = filepath.Join(t.TempDir(), "vgg.safetensors")
	w, drawn := weights(t), weights(t)
	drawn.Init(team(t), c.Seed, nil)
	columns := 49 * w.Get("classifier.0.weight").Shape[1]
	fc6 := checkpoints.Tensor{Name: "classifier.0.weight", Shape: []int{5, columns}, Data: make([]float32, 5*columns)}
	if err := checkpoints.Write(c.Init, numbered(w, func(name string) bool { return name != fc6.Name }, fc6)); err != nil {
		t.Fatal(err)
	}
	l, err := Initial(team(t), w, c)
	if err != nil || !slices.Equal(l.Missing, []string{"classifier.0.weight", "classifier.0.bias"}) || !slices.Equal(l.Unused, l.Missing) {
		t.Fatalf("%+v, %v", l, err)
	}
	for i, p := range w.List {
		is := isNumbered(p.Data)
		if slices.Contains(l.Missing, p.Name) {
			is = slices.Equal(p.Data, drawn.List[i].Data)
		}
		if !is {
			t.Errorf("%s is %v", p.Name, p.Data[:min(5, len(p.Data))])
		}
	}
}

func TestInitialRefused(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, f *checkpoints.File) {
		if err := checkpoints.Write(filepath.Join(dir, name), f); err != nil {
			t.Fatal(err)
		}
	}
	w := weights(t)
	write("other", &checkpoints.File{Tensors: []checkpoints.Tensor{{Name: "conv1", Shape: []int{1}, Data: []float32{1}}}})
	write("shape", &checkpoints.File{Tensors: []checkpoints.Tensor{{Name: "embed.bias", Shape: []int{2, 2}, Data: make([]float32, 4)}}})
	write("nan", &checkpoints.File{Tensors: []checkpoints.Tensor{{Name: "embed.bias", Shape: []int{4}, Data: []float32{1, 2, float32(math.NaN()), 4}}}})
	write("infinite", &checkpoints.File{Tensors: []checkpoints.Tensor{{Name: "embed.bias", Shape: []int{4}, Data: []float32{1, 2, 3, float32(math.Inf(-1))}}}})
	if err := os.WriteFile(filepath.Join(dir, "damaged"), []byte("no weights at all"), 0o666); err != nil {
		t.Fatal(err)
	}
	header := `{"embed.bias":{"dtype":"I32","shape":[4],"data_offsets":[0,16]}}    `
	if err := os.WriteFile(filepath.Join(dir, "integers"), append([]byte{byte(len(header)), 0, 0, 0, 0, 0, 0, 0}, header+strings.Repeat("\x00", 16)...), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		file, want string
		refused    bool // as data; else as a setting
	}{
		{"none", "no such file", false},
		{"other", "holds none of the network's parameters; its tensors are conv1", false},
		{"shape", "embed.bias is [2 2], the network wants [4]", false},
		{"integers", "embed.bias holds values of type I32", false},
		{"damaged", "cannot be read as weights", true},
		{"nan", "embed.bias holds values that are infinite or no numbers", true},
		{"infinite", "embed.bias holds values that are infinite or no numbers", true},
	} {
		cfg := config()
		cfg.Init = filepath.Join(dir, c.file)
		_, err := Initial(team(t), w, cfg)
		var refused *data.Refused
		var setting *configs.Error
		if errors.As(err, &refused) != c.refused || errors.As(err, &setting) == c.refused {
			t.Errorf("%s: %T %v", c.file, err, err)
			continue
		}
		if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), cfg.Init) {
			t.Errorf("%s: %q, want %q and the path", c.file, err, c.want)
		}
	}
}

// A state dict that PyTorch wrote is taken like a safetensors file: testdata/init.pth holds embed.bias and one more.
func TestInitialTorch(t *testing.T) {
	c := config()
	w, drawn := weights(t), weights(t)
	drawn.Init(team(t), c.Seed, nil)
	for _, name := range []string{"init.pth", "init-legacy.pth"} {
		c.Init = filepath.Join("testdata", name)
		l, err := Initial(team(t), w, c)
		if err != nil || !slices.Equal(l.Taken, []string{"embed.bias"}) || !slices.Equal(l.Unused, []string{"classifier.6.bias"}) {
			t.Fatalf("%s: %+v, %v", name, l, err)
		}
		if got := w.Get("embed.bias").Data; !slices.Equal(got, []float32{0.5, 1, 1.5, 2}) {
			t.Errorf("%s: embed.bias is %v", name, got)
		}
		for i, p := range w.List {
			if p.Name != "embed.bias" && !slices.Equal(p.Data, drawn.List[i].Data) {
				t.Errorf("%s: %s is not what the seed draws", name, p.Name)
			}
		}
	}
	for _, r := range []struct {
		name, want string
		refused    bool
	}{
		{"shape.pth", "embed.bias is [5], the network wants [4]", false},
		{"integers.pth", "embed.bias holds values of type I64", false},
		{"model.pth", "it names the Python object torch.nn.modules.linear.Linear", true},
	} {
		c.Init = filepath.Join("testdata", r.name)
		_, err := Initial(team(t), w, c)
		var refused *data.Refused
		if err == nil || !strings.Contains(err.Error(), r.want) || !strings.Contains(err.Error(), c.Init) || errors.As(err, &refused) != r.refused {
			t.Errorf("%s: %T %v", r.name, err, err)
		}
	}
}

func TestCheckpoint(t *testing.T) {
	slot := checkpoints.Tensor{Name: "optimizer.momentum_buffer.embed.bias", Shape: []int{4}, Data: make([]float32, 4)}
	w := weights(t)
	if err := Checkpoint(w, numbered(w, all, slot)); err != nil {
		t.Fatal(err)
	}
	for _, p := range w.List {
		if !isNumbered(p.Data) {
			t.Errorf("%s was not set", p.Name)
		}
	}
	for _, c := range []struct {
		name, want string
		file       *checkpoints.File
	}{
		{"missing", "lacks 1 parameters of the network (embed.bias) and has 0 others", numbered(w, func(n string) bool { return n != "embed.bias" })},
		{"more", "has 1 others (x)", numbered(w, all, checkpoints.Tensor{Name: "x", Shape: []int{1}, Data: []float32{1}})},
		{"shape", "embed.bias is [3]", numbered(w, func(n string) bool { return n != "embed.bias" }, checkpoints.Tensor{Name: "embed.bias", Shape: []int{3}, Data: make([]float32, 3)})},
		{"type", "embed.bias holds values of type BOOL", numbered(w, func(n string) bool { return n != "embed.bias" }, checkpoints.Tensor{Name: "embed.bias", Shape: []int{4}, DType: "BOOL"})},
	} {
		if err := Checkpoint(w, c.file); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

func TestList(t *testing.T) {
	for _, c := range []struct {
		names string
		want  string
	}{
		{"", "none"},
		{"a b", "a, b"},
		{"a b c d e f g h i j", "a, b, c, d, e, f, g, h, i, j"},
		{"a\x1b[2Jb", "a?[2Jb"},
		{"a b c d e f g h i j k l", "a, b, c, d, e, f, g, h, i, j and 2 more"},
	} {
		if got := List(strings.Fields(c.names)); got != c.want {
			t.Errorf("List(%s) is %q, want %q", c.names, got, c.want)
		}
	}
}
