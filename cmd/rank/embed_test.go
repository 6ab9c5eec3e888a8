package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"deeprank/configs"
	"deeprank/internal/vectors"
)

// embedded are the embeddings of a folder.
func embedded(t *testing.T, dir string) (*vectors.Folder, []float32) {
	t.Helper()
	e, err := vectors.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	v, err := e.Read(0, e.Rows(), make([]float32, e.Rows()*e.Dim()))
	if err != nil {
		t.Fatal(err)
	}
	return e, v
}

func TestEmbed(t *testing.T) {
	t.Parallel()
	r := newTestRun(t, nil)
	o := newOracle(t, r, allRows(), r.best)
	names := o.meta.Name
	if err := os.WriteFile(filepath.Join(r.shop, "images", names[5]), []byte("no picture at all"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(r.shop, "images", names[119])); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []struct {
		flags []string
		near  float64
	}{{nil, 0}, {[]string{"--float16"}, 6e-4}} {
		dir := filepath.Join(t.TempDir(), "e")
		args := append([]string{"embed", "--checkpoint", r.bestPath(), "--metadata", r.metadata(), "--out", dir}, kind.flags...)
		code, line, _, stderr := callFor[embedResult](t, args...)
		if code != 0 || line.Rows != 118 || line.Skipped != 2 || line.Dim != 5 || line.Resumed != 0 {
			t.Fatalf("exit code %d, %+v, %s", code, line, stderr)
		}
		e, v := embedded(t, dir)
		row := 0
		for i := range names {
			if i == 5 || i == 119 {
				continue
			}
			if e.Meta.Name[row] != names[i] {
				t.Fatalf("embedding %d is of %s, want %s", row, e.Meta.Name[row], names[i])
			}
			for j, want := range o.vectors[int32(i)] {
				if got := float64(v[row*5+j]); !(math.Abs(got-want) <= kind.near) {
					t.Fatalf("%v: row %d is %v, want %v", kind.flags, i, v[row*5:row*5+5], o.vectors[int32(i)])
				}
			}
			row++
		}
		skipped, err := os.ReadFile(filepath.Join(dir, "skipped.tsv"))
		if err != nil {
			t.Fatal(err)
		}
		if s := string(skipped); !strings.Contains(s, "5\t"+names[5]+"\t") || !strings.Contains(s, "119\t"+names[119]+"\t") {
			t.Errorf("skipped %q", s)
		}
		if !strings.Contains(stderr, "2 of 120 pictures cannot be read") {
			t.Errorf("stderr %q", stderr)
		}
		projector := filepath.Join(t.TempDir(), "p")
		if code, line, _, _ := callFor[embedResult](t, append(args, "--projector", projector)...); code != 0 || line.Rows != 118 || line.Resumed != 120 || line.Projector != projector {
			t.Errorf("again: exit code %d, %+v", code, line)
		}
		if b, err := os.ReadFile(filepath.Join(projector, "tensors.tsv")); err != nil || bytes.Count(b, []byte("\n")) != 118 {
			t.Errorf("the projector has %d lines, %v", bytes.Count(b, []byte("\n")), err)
		}
		// The folder itself, by its name, from here, or by a link; and while it is not there yet.
		link, here := filepath.Join(t.TempDir(), "link"), filepath.Join(t.TempDir(), "here")
		relative, err := filepath.Rel(mustGetwd(t), here)
		if err := errors.Join(err, os.Symlink(dir, link)); err != nil {
			t.Fatal(err)
		}
		for code, more := range map[int][]string{2: {"--projector", dir + "/."}, 3: {"--projector", link}, -2: {"--out", here, "--projector", relative}} {
			got, _, _, stderr := callFor[embedResult](t, append(slices.Clone(args), more...)...)
			if got != max(code, -code) || !strings.Contains(stderr, "name another folder") {
				t.Errorf("one folder for both, %v: exit code %d, %s", more, got, stderr)
			}
		}
		if e, err := vectors.OpenFolder(dir); err != nil {
			t.Errorf("the folder is spoilt: %v", err)
		} else if err := e.Close(); err != nil {
			t.Error(err)
		}
		code, _, _, stderr = callFor[embedResult](t, append(args, "--flip")...)
		if code != 3 || !strings.Contains(stderr, "--flip was false") {
			t.Errorf("with other options: exit code %d, %s", code, stderr)
		}
	}
}

// makeInfinite makes a number infinite in a row of the shop's embeddings, of float32.
func makeInfinite(t *testing.T, path string, row int) {
	t.Helper()
	numbers, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	binary.LittleEndian.PutUint32(numbers[len(numbers)-(120-row)*5*4:], math.Float32bits(float32(math.Inf(1))))
	if err := os.WriteFile(path, numbers, 0o666); err != nil {
		t.Fatal(err)
	}
}

func mustGetwd(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestEmbedStopped stops the program over and over until it is through, and compares with one that was not.
func TestEmbedStopped(t *testing.T) {
	t.Parallel()
	r := newTestRun(t, nil)
	whole, parts := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "parts")
	args := func(dir string) []string {
		return []string{"embed", "--run", r.run, "--metadata", r.metadata(), "--flip", "--out", dir}
	}
	if code, _, _, stderr := callFor[embedResult](t, args(whole)...); code != 0 {
		t.Fatal(stderr)
	}
	stopped := 0
	for {
		ctx, cancel := context.WithCancel(t.Context())
		var out bytes.Buffer
		// At any time after the folder was begun.
		go func() {
			for ctx.Err() == nil {
				if info, err := os.Stat(filepath.Join(parts, "embeddings.npy.part")); err == nil && info.Size() >= 128 {
					cancel()
				}
			}
		}()
		code := run(ctx, args(parts), &out, &out)
		cancel()
		if code == 0 {
			break
		}
		if stopped++; stopped > 1000 {
			t.Fatalf("never through: %s", out.String())
		}
		if stopped == 3 { // let it end
			if code, line, _, stderr := callFor[embedResult](t, args(parts)...); code != 0 || line.Rows != 120 {
				t.Fatalf("exit code %d, %+v, %s", code, line, stderr)
			}
			break
		}
	}
	_, a := embedded(t, whole)
	_, b := embedded(t, parts)
	if len(a) != len(b) {
		t.Fatalf("%d and %d numbers", len(a), len(b))
	}
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("number %d is %v and %v", i, a[i], b[i])
		}
	}
}

func TestSearchCommand(t *testing.T) {
	t.Parallel()
	r := newTestRun(t, nil)
	o := newOracle(t, r, allRows(), r.best)
	dir := filepath.Join(t.TempDir(), "e")
	if code, _, _, stderr := callFor[embedResult](t, "embed", "--checkpoint", r.bestPath(), "--metadata", r.metadata(), "--out", dir); code != 0 {
		t.Fatal(stderr)
	}
	png := filepath.Join(t.TempDir(), "found.png")
	picture := filepath.Join(r.shop, "images", o.meta.Name[40])
	code, line, text, stderr := callFor[searchResult](t, "search", "--embeddings", dir, "--query", "7", "--query", picture, "--top", "5", "--sheet", png, "--cell", "32")
	if code != 0 || len(line.Queries) != 2 || line.Pictures != 120 || line.Sheet != png {
		t.Fatalf("exit code %d, %+v, %s", code, line, stderr)
	}
	page := filepath.Join(t.TempDir(), "found.html")
	if code, _, _, stderr := callFor[searchResult](t, "search", "--embeddings", dir, "--query", "7", "--query", picture, "--top", "5", "--sheet", page); code != 0 {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	if b, err := os.ReadFile(page); err != nil || bytes.Count(b, []byte("data:image/jpeg")) != 12 || !bytes.Contains(b, []byte(">"+filepath.Base(picture)+"<")) || !bytes.Contains(b, []byte(line.Queries[0].Hits[4].Name)) {
		t.Errorf("the page does not show the queries and five pictures each (%v)", err)
	}
	for _, h := range line.Queries[0].Hits {
		row := int32(h.Row)
		if o.rank(7, row) != h.Rank-1 || row == 7 || h.Name != o.meta.Name[row] || h.ID != o.meta.ID[row] {
			t.Errorf("%+v, want rank %d", h, o.rank(7, row)+1)
		}
		nearly(t, "the distance", h.Distance, o.distance(7, row))
	}
	// The picture itself is in the gallery and comes first.
	hits := line.Queries[1].Hits
	if len(hits) != 5 || hits[0].Row != 40 || hits[0].Distance != 0 || o.rank(40, int32(hits[1].Row)) != 0 {
		t.Errorf("%+v", hits)
	}
	if !strings.Contains(text, o.meta.Name[hits[1].Row]) {
		t.Errorf("text %q", text)
	}
	if frames := findFrames(readPNG(t, png), 32); len(frames) == 0 {
		t.Log("no query has its product among the first five") // frames mark those alone
	}
	if _, _, text, _ := callFor[searchResult](t, "search", "--embeddings", dir, "--query", "7", "--json"); text != "" {
		t.Errorf("with --json: %q", text)
	}
	// More than there are; a bare file by row.
	if _, line, _, _ := callFor[searchResult](t, "search", "--embeddings", filepath.Join(dir, "embeddings.npy"), "--query", "0", "--top", "1000"); len(line.Queries) != 1 || len(line.Queries[0].Hits) != 119 {
		t.Errorf("%+v", line)
	}
	code, evaluated, _, stderr := callFor[evaluateResult](t, "evaluate", "--embeddings", dir)
	if recall, _ := o.scores(); code != 0 || !(math.Abs(evaluated.Networks[0].Retrieval.Recall1-recall) <= 1e-6) {
		t.Errorf("exit code %d, %+v, %s; want recall %v", code, evaluated, stderr, recall)
	}

	// One whose row 3 is infinite.
	infinite := filepath.Join(t.TempDir(), "infinite.npy")
	numbers, err := os.ReadFile(filepath.Join(dir, "embeddings.npy"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(infinite, numbers, 0o666); err != nil {
		t.Fatal(err)
	}
	makeInfinite(t, infinite, 3)

	other := newTestRun(t, func(c *configs.Config) { c.EmbedDim = 7 })
	text2 := filepath.Join(t.TempDir(), "text.jpg")
	if err := os.WriteFile(text2, []byte("this is no picture"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{2, "--embeddings DIR is missing", []string{"--query", "1"}},
		{2, "--query is missing", []string{"--embeddings", dir}},
		{2, "--query is empty", []string{"--embeddings", dir, "--query", "1", "--query", ""}},
		{3, "row 3 holds numbers that are infinite", []string{"--embeddings", infinite, "--query", "1"}},
		{3, "row 3 holds numbers that are infinite", []string{"--embeddings", infinite, "--query", "1", "--query", "3"}}, // not that of the queries
		{2, "rows from 0 to 119", []string{"--embeddings", dir, "--query", "120"}},
		{2, "rows from 0 to 119", []string{"--embeddings", dir, "--query", "99999999999999999999"}},
		{2, "--top is 0", []string{"--embeddings", dir, "--query", "1", "--top", "0"}},
		{2, "there is no folder", []string{"--embeddings", dir, "--query", "1", "--sheet", "/nowhere/a.png"}},
		{2, "end in .png or .html", []string{"--embeddings", dir, "--query", "1", "--sheet", "a.jpg"}},
		{2, "--checkpoint is missing", []string{"--embeddings", filepath.Join(dir, "embeddings.npy"), "--query", picture}},
		{3, "holds embeddings of 5 numbers", []string{"--embeddings", filepath.Join(dir, "embeddings.npy"), "--query", picture, "--checkpoint", other.bestPath()}},
		{3, "is not the checkpoint", []string{"--embeddings", dir, "--query", picture, "--checkpoint", other.bestPath()}},
		{3, "text.jpg", []string{"--embeddings", dir, "--query", text2}},
		{3, "there is no such picture", []string{"--embeddings", dir, "--query", "none.jpg"}},
		{3, "no such embeddings", []string{"--embeddings", dir + "x", "--query", "1"}},
		{3, "holds no embeddings", []string{"--embeddings", r.shop, "--query", "1"}},
	} {
		code, line, _, stderr := callFor[struct{ Status, Error string }](t, append([]string{"search"}, c.args...)...)
		if code != c.code || line.Status != "failed" || !strings.Contains(line.Error, c.want) || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit code %d, want %d; error %q, want %q", c.args, code, c.code, line.Error, c.want)
		}
		if strings.Contains(line.Error, "row 0 of") {
			t.Errorf("%v: %q", c.args, line.Error)
		}
	}
}

// TestSearchMoved: a run that lies elsewhere now is found by --run; another run is refused.
func TestSearchMoved(t *testing.T) {
	t.Parallel()
	r := newTestRun(t, nil)
	o := newOracle(t, r, allRows(), r.best)
	dir := filepath.Join(t.TempDir(), "e")
	if code, _, _, stderr := callFor[embedResult](t, "embed", "--checkpoint", r.bestPath(), "--metadata", r.metadata(), "--out", dir); code != 0 {
		t.Fatal(stderr)
	}
	moved := r.run + " moved"
	if err := os.Rename(r.run, moved); err != nil {
		t.Fatal(err)
	}
	picture := filepath.Join(r.shop, "images", o.meta.Name[40])
	code, line, _, stderr := callFor[searchResult](t, "search", "--embeddings", dir, "--query", picture, "--run", moved)
	if code != 0 || line.Queries[0].Hits[0].Row != 40 {
		t.Errorf("exit code %d, %+v, %s", code, line, stderr)
	}
	other := newTestRun(t, func(c *configs.Config) { c.Seed = 9 })
	if err := os.Remove(other.bestPath()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{2, "--checkpoint names another one", nil},
		{2, "--checkpoint names another one", []string{"--run", other.run}},
		{2, "there is no such folder", []string{"--run", r.run}},
	} {
		code, line, _, _ := callFor[struct{ Error string }](t, append([]string{"search", "--embeddings", dir, "--query", picture}, c.args...)...)
		if code != c.code || !strings.Contains(line.Error, c.want) {
			t.Errorf("%v: exit code %d, %q", c.args, code, line.Error)
		}
	}
	// A bare file names no path.
	code, bare, _, _ := callFor[struct{ Error string }](t, "search", "--embeddings", filepath.Join(dir, "embeddings.npy"), "--query", picture, "--run", r.run)
	if code != 2 || strings.Contains(bare.Error, "the path is from") {
		t.Errorf("exit code %d, %q", code, bare.Error)
	}
}

// TestRelativeCache: a cache that the run's config names relative to where training was started is not made anew elsewhere.
func TestRelativeCache(t *testing.T) {
	r := newTestRun(t, func(c *configs.Config) { c.Cache = "pixels" })
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	t.Chdir(t.TempDir())
	args := func(out string) []string {
		return []string{"embed", "--run", r.run, "--metadata", r.metadata(), "--out", out}
	}
	if code, _, _, stderr := callFor[embedResult](t, args("a")...); code != 0 {
		t.Fatal(stderr)
	}
	if _, err := os.Stat("pixels"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder pixels was made: %v", err)
	}
	// Where it is, it is used.
	if err := os.Mkdir("pixels", 0o777); err != nil {
		t.Fatal(err)
	}
	if code, _, _, stderr := callFor[embedResult](t, args("b")...); code != 0 {
		t.Fatal(stderr)
	}
	if entries, err := os.ReadDir("pixels"); err != nil || len(entries) == 0 {
		t.Errorf("the cache holds %v, %v", entries, err)
	}
}
