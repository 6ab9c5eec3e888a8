package architecture

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

// TestTree checks this module's own tree.
func TestTree(t *testing.T) {
	const root = "../.."
	if _, err := os.Stat(root + "/go.mod"); err != nil {
		t.Fatalf("the module's root is not at %s: %v", root, err)
	}
	broken, err := Check(os.DirFS(root), "deeprank")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range broken {
		t.Error(line)
	}
}

// tree returns a small tree that keeps every rule, with some files replaced or added.
func tree(change map[string]string) fstest.MapFS {
	files := map[string]string{
		"go.mod":                       "module deeprank\n",
		"cmd/train/doc.go":             "// Train trains.\npackage main\n",
		"cmd/train/main.go":            "package main\n\nimport (\n\t\"os\"\n\n\t\"deeprank/checkpoints\"\n\t\"deeprank/data\"\n\t\"deeprank/internal/kernel\"\n\t\"deeprank/model\"\n)\n",
		"model/doc.go":                 "// Package model is the network.\npackage model\n",
		"model/tower.go":               "package model\n\nimport (\n\t\"deeprank/checkpoints\"\n\t\"deeprank/internal/op\"\n\t\"deeprank/loss\"\n\n\t\"gorgonia.org/gorgonia\"\n)\n",
		"loss/doc.go":                  "// Package loss is the hinge.\npackage loss\n",
		"data/doc.go":                  "// Package data reads.\npackage data\n",
		"data/data_test.go":            "package data_test\n\nimport \"deeprank/internal/shop\"\n",
		"checkpoints/doc.go":           "// Package checkpoints saves.\npackage checkpoints\n",
		"internal/shop/doc.go":         "// Package shop draws.\npackage shop\n",
		"internal/op/doc.go":           "// Package op joins.\npackage op\n",
		"internal/op/op.go":            "package op\n\nimport (\n\t\"deeprank/internal/kernel\"\n\n\t\"gorgonia.org/gorgonia\"\n)\n",
		"internal/op/op_test.go":       "package op\n\nimport \"deeprank/internal/reference\"\n",
		"internal/kernel/doc.go":       "// Package kernel computes.\npackage kernel\n",
		"internal/kernel/k_test.go":    "package kernel_test\n\nimport (\n\t\"path/filepath\"\n\n\t\"deeprank/internal/kernel\"\n\t\"deeprank/internal/reference\"\n)\n",
		"internal/kernel/tile/doc.go":  "// Package tile cuts.\npackage tile\n",
		"internal/kernel/gemm.go":      "package kernel\n\nimport \"deeprank/internal/kernel/tile\"\n",
		"internal/kernel/_asm/gen.go":  "package main\n\nimport \"deeprank/cmd/train\"\n",
		"internal/reference/doc.go":    "// Package reference defines.\npackage reference\n",
		"tools/go.mod":                 "module deeprank/tools\n",
		"tools/tools.go":               "package utils\n\nimport \"deeprank/cmd/train\"\n",
		"data/testdata/broken.go":      "this is not Go",
		".venv/lib/site-packages/x.go": "this is not Go either",
	}
	for name, content := range change {
		files[name] = content
	}
	fs := fstest.MapFS{}
	for name, content := range files {
		if content != "" {
			fs[name] = &fstest.MapFile{Data: []byte(content)}
		}
	}
	return fs
}

// TestRules breaks each rule once, in a tree that is right but for that.
func TestRules(t *testing.T) {
	for _, c := range []struct {
		name   string
		change map[string]string
		want   []string // a part of each line, in order; none: the tree is right
	}{
		{"right", nil, nil},
		{"no rule for the rest", map[string]string{"internal/shop/s.go": "package shop\n\nimport \"deeprank/data\"\n"}, nil},
		{"command imported", map[string]string{"data/a.go": "package data\n\nimport \"deeprank/cmd/train\"\n"}, []string{"data/a.go imports deeprank/cmd/train"}},
		{"command imports command", map[string]string{"cmd/train/a.go": "package main\n\nimport \"deeprank/cmd/rank\"\n"}, []string{"cmd/train/a.go imports deeprank/cmd/rank"}},
		{"command imported by a test", map[string]string{"loss/a_test.go": "package loss\n\nimport \"deeprank/cmd/train\"\n"}, []string{"loss/a_test.go imports deeprank/cmd/train"}},
		{"data knows the model", map[string]string{"data/a.go": "package data\n\nimport \"deeprank/model\"\n"}, []string{"data/a.go imports deeprank/model"}},
		{"data knows the loss", map[string]string{"data/a.go": "package data\n\nimport l \"deeprank/loss\"\n"}, []string{"data/a.go imports deeprank/loss"}},
		{"data's test knows the ops", map[string]string{"data/a_test.go": "package data\n\nimport _ \"deeprank/internal/op\"\n"}, []string{"data/a_test.go imports deeprank/internal/op"}},
		{"checkpoints know gorgonia", map[string]string{"checkpoints/a.go": "package checkpoints\n\nimport \"gorgonia.org/tensor\"\n"}, []string{"checkpoints/a.go imports gorgonia.org/tensor"}},
		{"configs know the model", map[string]string{"configs/doc.go": "// Package configs is.\npackage configs\n\nimport \"deeprank/model\"\n"}, []string{"configs/doc.go imports deeprank/model"}},
		{"behind a build tag", map[string]string{"data/a_windows.go": "//go:build mpi && windows\n\npackage data\n\nimport \"deeprank/model\"\n"}, []string{"data/a_windows.go imports deeprank/model"}},
		{"model knows data", map[string]string{"model/a.go": "package model\n\nimport \"deeprank/data\"\n"}, []string{"model/a.go imports deeprank/data"}},
		{"model's test uses data", map[string]string{"model/a_test.go": "package model\n\nimport \"deeprank/data\"\n"}, nil},
		{"op knows data", map[string]string{"internal/op/a.go": "package op\n\nimport \"deeprank/data\"\n"}, []string{"internal/op/a.go imports deeprank/data"}},
		{"op uses the reference", map[string]string{"internal/op/a.go": "package op\n\nimport \"deeprank/internal/reference\"\n"},
			[]string{"internal/op/a.go imports deeprank/internal/reference: an op", "internal/op/a.go imports deeprank/internal/reference: the reference is"}},
		{"kernel imports ours", map[string]string{"internal/kernel/a.go": "package kernel\n\nimport \"deeprank/data\"\n"}, []string{"internal/kernel/a.go imports deeprank/data"}},
		{"a folder of the kernel imports ours", map[string]string{"internal/kernel/tile/a.go": "package tile\n\nimport \"deeprank/internal/shop\"\n"}, []string{"internal/kernel/tile/a.go imports deeprank/internal/shop"}},
		{"kernel knows files", map[string]string{"internal/kernel/a.go": "package kernel\n\nimport \"io/fs\"\n"}, []string{"internal/kernel/a.go imports io/fs"}},
		{"kernel knows gorgonia", map[string]string{"internal/kernel/a_test.go": "package kernel\n\nimport \"gorgonia.org/gorgonia\"\n"}, []string{"internal/kernel/a_test.go imports gorgonia.org/gorgonia"}},
		{"kernel imports the root", map[string]string{"internal/kernel/a.go": "package kernel\n\nimport \"deeprank\"\n"}, []string{"internal/kernel/a.go imports deeprank:"}},
		{"a name that only starts alike", map[string]string{"data/a.go": "package data\n\nimport \"deeprank/modelling\"\n"}, nil},
		{"utils", map[string]string{"internal/utils/doc.go": "// Package utils is.\npackage utils\n"}, []string{`internal/utils: a folder called "utils"`}},
		{"below common", map[string]string{"common/files/doc.go": "// Package files is.\npackage files\n"}, []string{`common/files: a folder called "common"`}},
		{"no doc.go", map[string]string{"loss/doc.go": "", "loss/a.go": "// Package loss is the hinge.\npackage loss\n"}, []string{"loss: no doc.go"}},
		{"doc.go without a comment", map[string]string{"loss/doc.go": "package loss\n"}, []string{`loss/doc.go: the package comment must start with "Package loss"`}},
		{"doc.go whose comment is detached", map[string]string{"loss/doc.go": "// Package loss is the hinge.\n\npackage loss\n"}, []string{"loss/doc.go: the package comment"}},
		{"command without its name", map[string]string{"cmd/train/doc.go": "// Package main trains.\npackage main\n"}, []string{`cmd/train/doc.go: the package comment must start with "Train"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Check(tree(c.change), "deeprank")
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != len(c.want) {
				t.Fatalf("got %d lines, want %d:\n%s", len(got), len(c.want), strings.Join(got, "\n"))
			}
			for i := range c.want {
				if !strings.Contains(got[i], c.want[i]) {
					t.Errorf("line %d is %q, want %q in it", i, got[i], c.want[i])
				}
			}
		})
	}
}

// TestUnreadable: a file that does not parse is an error, not a tree that keeps the rules.
func TestUnreadable(t *testing.T) {
	_, err := Check(tree(map[string]string{"data/a.go": "not Go"}), "deeprank")
	if err == nil || !strings.Contains(err.Error(), "data/a.go") {
		t.Fatalf("got %v, want an error that names data/a.go", err)
	}
}
