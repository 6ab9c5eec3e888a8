package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"deeprank/internal/cli"
)

// smallSOP is a set of two products to train on and one to test on, in the format of Stanford Online Products.
func smallSOP(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	files := map[string]string{
		"Ebay_train.txt": "image_id class_id super_class_id path\n1 1 1 mug_final/1_0.JPG\n2 1 1 mug_final/1_1.JPG\n3 2 1 mug_final/2_0.JPG\n",
		"Ebay_test.txt":  "image_id class_id super_class_id path\n4 3 1 mug_final/3_0.JPG\n5 3 1 mug_final/3_1.JPG\n",
	}
	for _, name := range []string{"1_0", "1_1", "2_0", "3_0", "3_1"} {
		files["mug_final/"+name+".JPG"] = "picture"
	}
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(content), 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestImportCommandLine(t *testing.T) {
	root := smallSOP(t)
	out := filepath.Join(t.TempDir(), "out")
	sop := "import --from sop --root " + root
	for _, c := range []struct {
		args string
		code int
		want string // in stderr, or in stdout for help
	}{
		{"import --help", 0, "Eval/list_eval_partition.txt"},
		{"import", 2, "--from is missing: one of inshop, sop, cub, folder"},
		{"import --from sop --out " + out, 2, "--root is missing"},
		{sop, 2, "--out is missing"},
		{sop + " --out " + out + " more", 2, `"more" is too much`},
		{"import --from cars --root x --out " + out, 2, `--from is "cars"; it must be one of inshop, sop, cub, folder`},
		{sop + " --pictures move --out " + out, 2, "it must be link or copy"},
		{sop + " --split official --out " + out, 2, "--split is for --from cub"},
		{"import --from cub --split half --root x --out " + out, 2, "it must be zero-shot or official"},
		{sop + " --crop --out " + out, 2, "sop has none"},
		{"import --from cub --crop --pictures copy --root x --out " + out, 2, "leave --pictures out"},
		{"import --from folder --images x --root x --out " + out, 2, "--images does not go with"},
		{sop + " --threads -1 --out " + out, 2, "--threads is -1"},
		{sop + " --out " + root, 2, "--out " + root + " holds files already"},
		{sop + " --out /dev/null", 2, "is not a folder"},
		{"import --from folder --root " + root + " --out " + root + "/new", 2, "lies within"},
		{"import --from cub --root " + root + " --out " + out, 3, "holds no list of CUB-200-2011"},
		{"import --from sop --root nowhere --out " + out, 3, "nowhere: cannot open the set's folder"},
		{sop + " --images /dev --out " + out, 3, "Ebay_train.txt:2: none of the first 5 listed pictures is in /dev"},
	} {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), strings.Fields(c.args), &stdout, &stderr)
		text := stderr.String()
		if c.code == 0 {
			text = stdout.String()
		} else {
			var line struct{ Status, Error string }
			if err := json.Unmarshal(stdout.Bytes(), &line); err != nil || line.Status != "failed" || line.Error == "" {
				t.Errorf("%q: stdout %q: %v", c.args, stdout.String(), err)
			}
		}
		if code != c.code || !strings.Contains(text, c.want) {
			t.Errorf("%q: exit code %d, want %d; %q, want %q", c.args, code, c.code, text, c.want)
		}
	}
	if _, err := os.Lstat(out); err == nil {
		t.Error("a refused import made the folder")
	}
}

func TestImport(t *testing.T) {
	root, parent := smallSOP(t), t.TempDir()
	if err := os.Remove(filepath.Join(root, "mug_final", "1_1.JPG")); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(parent, "out")
	args := []string{"import", "--from", "sop", "--root", root, "--out", out}
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), args, &stdout, &stderr); code != 3 || !strings.Contains(stderr.String(), "Ebay_train.txt:3: the picture "+filepath.Join(root, "mug_final", "1_1.JPG")+" is missing") {
		t.Errorf("exit code %d: %s", code, stderr.String())
	}
	stdout.Reset()
	stderr.Reset()
	if code := run(t.Context(), append(args, "--skip-bad"), &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	var line map[string]any
	if err := json.Unmarshal(stdout.Bytes(), &line); err != nil || strings.Count(stdout.String(), "\n") != 1 {
		t.Fatalf("stdout %q: %v", stdout.String(), err)
	}
	for key, want := range map[string]any{
		"status": "done", "from": "sop", "folder": out, "metadata": out + "/csv/sample_set.csv", "query": out + "/csv/query.csv", "gallery": out + "/csv/gallery.csv",
		"images": out + "/images", "pictures": 4.0, "train_pictures": 2.0, "train_products": 2.0, "query_pictures": 2.0, "gallery_products": 1.0, "skipped": 1.0, "as_published": false,
	} {
		if line[key] != want {
			t.Errorf("%s is %v, want %v", key, line[key], want)
		}
	}
	for _, want := range []string{
		"warning: 1 pictures were left out, the first: ", "recall@1, 10, 100, 1000; the whole set has 59551, 60502 and 60502 pictures",
		"triplets sample --metadata " + out + "/csv/sample_set.csv --same-colour 0 --in-class 1 --in-class-negative product",
	} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("stderr %q does not say %q", stderr.String(), want)
		}
	}
	stderr.Reset()
	args[len(args)-1] = filepath.Join(parent, "quiet")
	if code := run(t.Context(), append(args, "--skip-bad", "--quiet"), &stdout, &stderr); code != 0 || strings.Count(stderr.String(), "\n") != 1 || !strings.HasPrefix(stderr.String(), "warning: ") {
		t.Errorf("quiet: exit code %d: %s", code, stderr.String())
	}
}

func TestImportStopped(t *testing.T) {
	root, parent := smallSOP(t), t.TempDir()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cli.StopSignal{Signal: syscall.SIGTERM})
	var stdout, stderr bytes.Buffer
	code := run(ctx, []string{"import", "--from", "sop", "--root", root, "--out", filepath.Join(parent, "out"), "--pictures", "copy"}, &stdout, &stderr)
	if code != 143 || !strings.HasPrefix(stdout.String(), `{"status":"stopped",`) {
		t.Errorf("exit code %d, stdout %q", code, stdout.String())
	}
	if entries, _ := os.ReadDir(parent); len(entries) != 0 {
		t.Errorf("left behind: %v", entries)
	}
}

func TestDemoNoImages(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "shop")
	for _, c := range []struct {
		args string
		code int
		want string // in stderr
		line string // in stdout
	}{
		{"--size 64", 2, "--size is of pictures", ""},
		{"--views 1", 2, "--views is 1", ""},
		{"--products 100000000 --views 50", 2, "it must be at most", ""},
		{"--products 50 --views 3", 0, "writing 150 rows of 50 products into ", `"rows":150,"triplets":0,"val_triplets":0,"drawn":true`},
		{"--products 50 --views 3", 0, "holds this demo already", `"rows":150,"triplets":0,"val_triplets":0,"drawn":false`},
		{"--products 200 --views 3 --triplets 100", 0, "600 rows of 200 products, 100 triplets for training, 0 for validation", `"rows":600,"triplets":100,"val_triplets":0`},
		{"--products 200 --views 3 --triplets 0 --quiet", 0, "", `"rows":600,"triplets":0,"val_triplets":0`},
	} {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), append([]string{"demo", dir, "--no-images"}, strings.Fields(c.args)...), &stdout, &stderr)
		if code != c.code || !strings.Contains(stderr.String(), c.want) || c.want == "" && stderr.Len() > 0 || !strings.Contains(stdout.String(), c.line) {
			t.Errorf("%q: exit code %d, stderr %q, stdout %q", c.args, code, stderr.String(), stdout.String())
		}
	}
	if entries, err := os.ReadDir(filepath.Join(dir, "csv")); err != nil || len(entries) != 1 {
		t.Errorf("the tables are %v, %v", entries, err)
	}
}
