package onnx

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"deeprank/internal/kernel"
	"deeprank/model"
)

// drawn is a network with drawn weights, biases too.
func drawn(t *testing.T, team *kernel.Team, s model.Spec) *model.Weights {
	t.Helper()
	w, err := model.NewWeights(s)
	if err != nil {
		t.Fatal(err)
	}
	w.Init(team, 3, nil)
	for k, p := range w.List {
		if p.FanIn == 0 {
			for i := range p.Data {
				p.Data[i] = float32(math.Sin(float64(i+k))) / 10
			}
		}
	}
	return w
}

// fields reads a message: the values of each field in order, varints as their number.
func fields(t *testing.T, b []byte) map[protowire.Number][][]byte {
	t.Helper()
	f := map[protowire.Number][][]byte{}
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		b = b[n:]
		if n = protowire.ConsumeFieldValue(number, kind, b); n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		v := b[:n]
		switch kind {
		case protowire.BytesType:
			v, _ = protowire.ConsumeBytes(v)
		case protowire.VarintType:
			u, _ := protowire.ConsumeVarint(v)
			v = strconv.AppendUint(nil, u, 10)
		}
		f[number] = append(f[number], v)
		b = b[n:]
	}
	return f
}

// The file, read field by field, holds every parameter once, in it or at its place in the second file.
func TestWrite(t *testing.T) {
	team := kernel.NewTeam(1)
	defer team.Close()
	w := drawn(t, team, model.Spec{Size: 32, Width: 0.03, FCDim: 5, EmbedDim: 4, Head: model.HeadFC})
	for _, limit := range []int64{maxMessage, 1000} {
		path := filepath.Join(t.TempDir(), "m.onnx")
		dataPath, err := Tower(w, true).write(path, limit)
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var data []byte
		if external := limit == 1000; external != (dataPath == path+".data") {
			t.Errorf("limit %d: second file %q", limit, dataPath)
		} else if external {
			if data, err = os.ReadFile(dataPath); err != nil {
				t.Fatal(err)
			}
		}
		got := map[string][]byte{}
		shapes := map[string][]string{}
		graph := fields(t, fields(t, b)[7][0])
		for _, raw := range graph[5] {
			f := fields(t, raw)
			name := string(f[8][0])
			for _, d := range f[1] {
				shapes[name] = append(shapes[name], string(d))
			}
			if data == nil {
				got[name] = f[9][0]
				continue
			}
			place := map[string]string{}
			for _, p := range f[13] {
				e := fields(t, p)
				place[string(e[1][0])] = string(e[2][0])
			}
			from, _ := strconv.Atoi(place["offset"])
			n, _ := strconv.Atoi(place["length"])
			if place["location"] != "m.onnx.data" || from%4096 != 0 || from+n > len(data) {
				t.Fatalf("%s lies at %v", name, place)
			}
			got[name] = data[from : from+n]
		}
		for _, p := range w.List {
			var want []byte
			for _, v := range p.Data {
				want = binary.LittleEndian.AppendUint32(want, math.Float32bits(v))
			}
			var shape []string
			for _, side := range p.Shape {
				shape = append(shape, strconv.Itoa(side))
			}
			if !bytes.Equal(got[p.Name], want) || !slices.Equal(shapes[p.Name], shape) {
				t.Errorf("limit %d: %s of shape %v differs", limit, p.Name, shapes[p.Name])
			}
		}
		const others = 4 // 255, mean, deviation, epsilon
		if len(got) != len(w.List)+others || len(graph[5]) != len(got) {
			t.Errorf("limit %d: %d tensors, %d names", limit, len(graph[5]), len(got))
		}
		// Each input of a node is the graph's input, a tensor, or made by a node before it.
		known := map[string]bool{"pixels": true}
		for name := range got {
			known[name] = true
		}
		for _, raw := range graph[1] {
			f := fields(t, raw)
			for _, in := range f[1] {
				if !known[string(in)] {
					t.Errorf("node %s takes %s, which nothing gives", f[3][0], in)
				}
			}
			if known[string(f[2][0])] {
				t.Errorf("%s is made twice", f[2][0])
			}
			known[string(f[2][0])] = true
		}
		if !known["embedding"] {
			t.Error("nothing makes the embedding")
		}
		left, err := os.ReadDir(filepath.Dir(path))
		if want := 1 + min(1, len(data)); err != nil || len(left) != want {
			t.Errorf("%d files are left, want %d (%v)", len(left), want, err)
		}
	}
}
