package model_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"deeprank/model"
)

// TestParameters compares with the lists of PyTorch's Tower, which testdata/parameters.py writes.
func TestParameters(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("testdata", "parameters.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Width      float64             `json:"width"`
		Size       int                 `json:"size"`
		FCDim      int                 `json:"fc_dim"`
		EmbedDim   int                 `json:"embed_dim"`
		Head       string              `json:"head"`
		Count      int                 `json:"count"`
		Parameters [][]json.RawMessage `json:"parameters"`
	}
	if err := json.Unmarshal(b, &cases); err != nil || len(cases) == 0 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	for _, c := range cases {
		s := model.Spec{Size: c.Size, Width: c.Width, FCDim: c.FCDim, EmbedDim: c.EmbedDim, Head: c.Head}
		t.Run(fmt.Sprint(s), func(t *testing.T) {
			if err := s.Check(); err != nil {
				t.Fatal(err)
			}
			if s.Count() != c.Count {
				t.Errorf("%d values, PyTorch has %d", s.Count(), c.Count)
			}
			got := s.Parameters()
			if len(got) != len(c.Parameters) {
				t.Fatalf("%d parameters, PyTorch has %d", len(got), len(c.Parameters))
			}
			for i, p := range c.Parameters {
				var name string
				var shape []int
				if err := json.Unmarshal(p[0], &name); err != nil {
					t.Fatal(err)
				}
				if err := json.Unmarshal(p[1], &shape); err != nil {
					t.Fatal(err)
				}
				if got[i].Name != name || !slices.Equal(got[i].Shape, shape) {
					t.Errorf("parameter %d is %s %v, PyTorch's %s %v", i, got[i].Name, got[i].Shape, name, shape)
				}
			}
		})
	}
}

func TestSpecCheck(t *testing.T) {
	for name, change := range map[string]func(*model.Spec){
		"size 0":        func(s *model.Spec) { s.Size = 0 },
		"size 48":       func(s *model.Spec) { s.Size = 48 },
		"size -32":      func(s *model.Spec) { s.Size = -32 },
		"width 0":       func(s *model.Spec) { s.Width = 0 },
		"width NaN":     func(s *model.Spec) { s.Width = math.NaN() },
		"width +Inf":    func(s *model.Spec) { s.Width = math.Inf(1) },
		"fc_dim 0":      func(s *model.Spec) { s.FCDim = 0 },
		"embed_dim -1":  func(s *model.Spec) { s.EmbedDim = -1 },
		"head mean":     func(s *model.Spec) { s.Head = "mean" },
		"dropout 1":     func(s *model.Spec) { s.Dropout = 1 },
		"dropout -0.1":  func(s *model.Spec) { s.Dropout = -0.1 },
		"dropout NaN":   func(s *model.Spec) { s.Dropout = math.NaN() },
		"nothing wrong": nil,
	} {
		s := small
		if change != nil {
			change(&s)
		}
		_, err := model.NewWeights(s)
		if (err == nil) != (change == nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
