package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"deeprank/checkpoints"
	"deeprank/internal/cli"
)

// edit replaces a file's content; nil removes it.
func edit(t *testing.T, path string, content []byte) {
	t.Helper()
	if content == nil {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		return
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// withName sets the picture's path of a metadata row, counted from 0.
func withName(table []byte, row int, name string) []byte {
	lines := strings.Split(string(table), "\n")
	cells := strings.Split(lines[row+1], "\t")
	cells[len(cells)-1] = name
	lines[row+1] = strings.Join(cells, "\t")
	return []byte(strings.Join(lines, "\n"))
}

// hugePNG is a picture of 50,000 x 50,000 pixels by its header.
func hugePNG() []byte {
	var b bytes.Buffer
	b.WriteString("\x89PNG\r\n\x1a\n")
	header := []byte("IHDR\x00\x00\xc3\x50\x00\x00\xc3\x50\x08\x02\x00\x00\x00")
	_ = binary.Write(&b, binary.BigEndian, uint32(len(header)-4))
	b.Write(header)
	_ = binary.Write(&b, binary.BigEndian, crc32.ChecksumIEEE(header))
	return b.Bytes()
}

// TestRefuse gives the program what it cannot use: one message that names the file, the line and what to do, the exit code of
// the contract, and no run left behind where the data was refused.
func TestRefuse(t *testing.T) {
	triplets := func(content string) func(*testing.T, string) []string {
		return func(t *testing.T, dir string) []string {
			edit(t, filepath.Join(dir, "csv", "triplets.csv"), []byte(content))
			return nil
		}
	}
	picture := func(content []byte, flags ...string) func(*testing.T, string) []string {
		return func(t *testing.T, dir string) []string {
			edit(t, filepath.Join(dir, "csv", "triplets.csv"), []byte("q\tp\tn\n0\t1\t2\n"))
			table := filepath.Join(dir, "csv", "sample_set.csv")
			edit(t, table, withName(read(t, table), 0, "bad.jpg"))
			edit(t, filepath.Join(dir, "images", "bad.jpg"), content)
			return flags
		}
	}
	name := func(name string) func(*testing.T, string) []string {
		return func(t *testing.T, dir string) []string {
			table := filepath.Join(dir, "csv", "sample_set.csv")
			edit(t, table, withName(read(t, table), 2, name))
			return nil
		}
	}
	flags := func(f ...string) func(*testing.T, string) []string {
		return func(*testing.T, string) []string { return f }
	}
	config := func(yaml string) func(*testing.T, string) []string {
		return func(t *testing.T, dir string) []string {
			path := filepath.Join(dir, "my.yaml")
			edit(t, path, []byte(yaml))
			return []string{"--config", path}
		}
	}
	for _, c := range []struct {
		name string
		make func(t *testing.T, dir string) (flags []string)
		code int
		says []string
	}{
		{"no triplets file", func(t *testing.T, dir string) []string {
			edit(t, filepath.Join(dir, "csv", "triplets.csv"), nil)
			return nil
		}, cli.Data, []string{"triplets.csv"}},
		{"no metadata", func(t *testing.T, dir string) []string {
			edit(t, filepath.Join(dir, "csv", "sample_set.csv"), nil)
			return nil
		}, cli.Data, []string{"sample_set.csv", "--metadata"}},
		{"no images", func(t *testing.T, dir string) []string {
			if err := os.Rename(filepath.Join(dir, "images"), filepath.Join(dir, "elsewhere")); err != nil {
				t.Fatal(err)
			}
			return nil
		}, cli.Data, []string{"images", "--images"}},
		{"empty triplets", triplets(""), cli.Data, []string{"triplets.csv"}},
		{"no header", triplets("0\t1\t2\n3\t4\t5\n"), cli.Data, []string{"triplets.csv:1", "q", "p", "n"}},
		{"wrong columns", triplets("q\tp\n0\t1\n"), cli.Data, []string{"triplets.csv:1"}},
		{"header only", triplets("q\tp\tn\n"), cli.Data, []string{"triplets.csv"}},
		{"a fraction", triplets("q\tp\tn\n0\t1\t2\n1.0\t2\t3\n"), cli.Data, []string{"triplets.csv:3", "1.0"}},
		{"a negative", triplets("q\tp\tn\n-1\t1\t2\n"), cli.Data, []string{"triplets.csv:2", "-1"}},
		{"beyond the metadata", triplets("q\tp\tn\n0\t1\t40\n"), cli.Data, []string{"triplets.csv:2", "40", "39"}},
		{"2^63", triplets("q\tp\tn\n0\t9223372036854775808\t2\n"), cli.Data, []string{"triplets.csv:2", "9223372036854775808"}},
		{"too few cells", triplets("q\tp\tn\n0\t1\n"), cli.Data, []string{"triplets.csv:2"}},

		{"absolute name", name("/etc/passwd"), cli.Data, []string{"sample_set.csv:4", "/etc/passwd"}},
		{"name that leaves", name("../csv/sample_set.csv"), cli.Data, []string{"sample_set.csv:4", ".."}},
		{"empty name", name(""), cli.Data, []string{"sample_set.csv:4"}},
		{"link that leaves", func(t *testing.T, dir string) []string {
			picture([]byte("x"))(t, dir)
			path := filepath.Join(dir, "images", "bad.jpg")
			edit(t, path, nil)
			if err := os.Symlink(filepath.Join("..", "csv", "sample_set.csv"), path); err != nil {
				t.Fatal(err)
			}
			return nil
		}, cli.Data, []string{"bad.jpg", "--max-bad"}},

		{"empty picture", picture([]byte{}), cli.Data, []string{"bad.jpg", "--max-bad"}},
		{"no picture", picture([]byte("not a picture at all")), cli.Data, []string{"bad.jpg"}},
		{"huge picture", picture(hugePNG()), cli.Data, []string{"bad.jpg", "50000"}},
		{"every triplet bad, all allowed", picture([]byte{}, "--max-bad", "1"), cli.Data, []string{"triplets.csv"}},
		{"folder as a picture", func(t *testing.T, dir string) []string {
			picture([]byte{})(t, dir)
			path := filepath.Join(dir, "images", "bad.jpg")
			edit(t, path, nil)
			if err := os.Mkdir(path, 0o755); err != nil {
				t.Fatal(err)
			}
			return nil
		}, cli.Data, []string{"bad.jpg"}},

		{"unknown flag", flags("--gapp", "1"), cli.Usage, []string{"--gapp", "--gap"}},
		{"negative gap", flags("--gap", "-1"), cli.Usage, []string{"--gap", "-1"}},
		{"gap that is no number", flags("--gap", "NaN"), cli.Usage, []string{"--gap", "NaN"}},
		{"size no multiple of 32", flags("--size", "100"), cli.Usage, []string{"--size", "32"}},
		{"a stray word", flags("oops"), cli.Usage, []string{"oops"}},
		{"freeze nothing", flags("--freeze", "feature"), cli.Usage, []string{"feature", "features"}},
		{"unknown key", config("gapp: 1\n"), cli.Usage, []string{"my.yaml:1", "gapp", "gap"}},
		{"wrong type", config("batch: many\n"), cli.Usage, []string{"my.yaml:1", "batch"}},
		{"no such config", flags("--config", "none.yaml"), cli.Usage, []string{"none.yaml"}},
		{"resume nothing", flags("--resume", "last"), cli.Usage, []string{"--resume auto"}},

		{"init that is missing", flags("--init", "none.safetensors"), cli.Usage, []string{"none.safetensors"}},
		{"init that is none", func(t *testing.T, dir string) []string {
			path := filepath.Join(dir, "junk.safetensors")
			edit(t, path, []byte("junk"))
			return []string{"--init", path}
		}, cli.Data, []string{"junk.safetensors"}},
		{"init of other shapes", func(t *testing.T, dir string) []string {
			path := filepath.Join(dir, "other.safetensors")
			f := &checkpoints.File{Tensors: []checkpoints.Tensor{{Name: "embed.bias", Shape: []int{9}, Data: make([]float32, 9)}}}
			if err := checkpoints.Write(path, f); err != nil {
				t.Fatal(err)
			}
			return []string{"--init", path}
		}, cli.Usage, []string{"other.safetensors", "embed.bias", "[9]", "[8]"}},

		{"run folder that cannot be made", func(t *testing.T, dir string) []string {
			return []string{"--out", filepath.Join(dir, "csv", "triplets.csv", "run")}
		}, cli.Failed, []string{"triplets.csv"}},
		{"learning rate that breaks everything", flags("--lr", "1e20"), cli.Failed, []string{"step", "--lr", "triplets.csv"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := tinyShop(t)
			out := filepath.Join(dir, "run")
			args := tinyArgs(dir, out)
			args = append(args, c.make(t, dir)...)
			code, o, said := start(context.Background(), t, args...)
			if code != c.code || o.Status != "failed" || o.Error == "" {
				t.Errorf("exit code %d, want %d; %+v", code, c.code, o)
			}
			for _, want := range c.says {
				if !strings.Contains(said, want) {
					t.Errorf("%q is missing in\n%s", want, said)
				}
			}
			if files, _ := filepath.Glob(filepath.Join(out, checkpointsName, "*")); len(files) > 0 {
				t.Errorf("left %v behind", files)
			}
			t.Log(o.Error)
		})
	}
}

// TestAccept takes tables as other programs write them.
func TestAccept(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(table string) string
	}{
		{"CRLF and BOM", func(s string) string { return "\ufeff" + strings.ReplaceAll(s, "\n", "\r\n") }},
		{"commas", func(s string) string { return strings.ReplaceAll(s, "\t", ",") }},
		{"an index column", func(s string) string {
			lines := strings.Split(strings.TrimSuffix(s, "\n"), "\n")
			for i := range lines {
				index := ""
				if i > 0 {
					index = string(rune('0' + i%10))
				}
				lines[i] = index + "\t" + lines[i]
			}
			return strings.Join(lines, "\n")
		}},
	} {
		dir := tinyShop(t)
		plain := trained(t, tinyArgs(dir, filepath.Join(dir, "plain"), "--steps", "2")...)
		for _, name := range []string{"sample_set.csv", "triplets.csv"} {
			path := filepath.Join(dir, "csv", name)
			edit(t, path, []byte(c.make(string(read(t, path)))))
		}
		o := trained(t, tinyArgs(dir, filepath.Join(dir, "run"), "--steps", "2")...)
		sameTensors(t, c.name, plain.Checkpoint, o.Checkpoint)
	}
}

// TestSkip leaves out the triplets of a picture that cannot be read, says which, and goes on.
func TestSkip(t *testing.T) {
	dir := tinyShop(t)
	table := filepath.Join(dir, "csv", "sample_set.csv")
	edit(t, filepath.Join(dir, "csv", "triplets.csv"), []byte("q\tp\tn\n0\t1\t2\n2\t3\t4\n4\t5\t6\n6\t7\t1\n"))
	edit(t, table, withName(read(t, table), 4, "gone.jpg"))
	out := filepath.Join(dir, "run")
	code, o, said := start(context.Background(), t, tinyArgs(dir, out, "--max-bad", "0.5", "--batch", "1", "--epochs", "2")...)
	if code != cli.Done || o.Step != 4 || o.Epoch != 2 {
		t.Fatalf("exit code %d, %+v\n%s", code, o, said)
	}
	if n := strings.Count(said, "gone.jpg"); n < 1 || !strings.Contains(string(read(t, filepath.Join(out, logFile))), "gone.jpg") {
		t.Errorf("the picture is named %d times in\n%s", n, said)
	}
	wantSteps(t, out, 4)
	again := trained(t, tinyArgs(dir, filepath.Join(dir, "again"), "--max-bad", "0.5", "--batch", "1", "--epochs", "2", "--workers", "8")...)
	sameTensors(t, "with other workers", o.Checkpoint, again.Checkpoint)
}

// TestDryRun checks everything, costs one step, and leaves no run.
func TestDryRun(t *testing.T) {
	dir := tinyShop(t)
	out := filepath.Join(dir, "run")
	code, o, said := start(context.Background(), t, tinyArgs(dir, out, "--dry-run")...)
	if code != cli.Done || o.Step != 1 || o.Loss == nil {
		t.Fatalf("exit code %d, %+v\n%s", code, o, said)
	}
	for _, want := range []string{"16 steps", "memory", "checkpoint"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is missing in\n%s", want, said)
		}
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a dry run left its folder")
	}
	table := filepath.Join(dir, "csv", "sample_set.csv")
	edit(t, table, withName(read(t, table), 0, "gone.jpg"))
	edit(t, filepath.Join(dir, "csv", "triplets.csv"), []byte("q\tp\tn\n0\t1\t2\n"))
	if code, _, said := start(context.Background(), t, tinyArgs(dir, out, "--dry-run")...); code != cli.Data || !strings.Contains(said, "gone.jpg") {
		t.Errorf("a missing picture: exit code %d\n%s", code, said)
	}
}
