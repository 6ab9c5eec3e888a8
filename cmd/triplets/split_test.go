package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deeprank/data"
)

// shopTable has 60 products with three pictures each, of five categories and three colours, as a shop may write it: with commas, a byte order mark, an
// index, CRLF and a column of its own.
func shopTable() string {
	var b strings.Builder
	b.WriteString("\ufeff,_category,_color,_id,_gender,_name,price\r\n")
	for i := range 180 {
		p := i / 3
		fmt.Fprintf(&b, "%d,category %d,colour %d,P%d,f,%d.jpg,\"%d,50\"\r\n", i, p%5, p/5%3, p, i, p)
	}
	return b.String()
}

func TestSplit(t *testing.T) {
	dir := files(t, map[string]string{"csv/sample_set.csv": shopTable()})
	code, line, text := runIn(t, dir, "split --metadata DIR/csv/sample_set.csv --val 0.2")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, text)
	}
	for key, want := range map[string]any{
		"products": 60.0, "val_products": 12.0, "pictures": 180.0, "val_pictures": 36.0, "train_count": 144.0, "val_count": 36.0, "dropped": 0.0,
		"triplets": dir + "/csv/train_triplets.tsv", "val_triplets": dir + "/csv/val_triplets.tsv",
		"train_metadata": dir + "/csv/train_set.csv", "val_metadata": dir + "/csv/val_set.csv", "metadata": dir + "/csv/sample_set.csv",
	} {
		if line[key] != want {
			t.Errorf("%s is %v, want %v", key, line[key], want)
		}
	}
	if want := "train --triplets csv/train_triplets.tsv --val-triplets csv/val_triplets.tsv\n"; !strings.Contains(text, want) {
		t.Errorf("%q is missing in %s", want, text)
	}
	// What train reads: the triplets against the whole table, no product on both sides.
	if code, line, text = runIn(t, dir, "check --triplets DIR/csv/train_triplets.tsv --val-triplets DIR/csv/val_triplets.tsv"); code != 0 || line["leaks"] != 0.0 {
		t.Errorf("check: exit code %d\n%s", code, text)
	}
	// The tables of the sides: their lines are those of the table, and the pictures those that the triplets may use.
	whole := shopTable()
	var sides [2]*data.Metadata
	ids := [2]map[string]bool{{}, {}}
	for i, name := range []string{"train_set.csv", "val_set.csv"} {
		text, err := os.ReadFile(filepath.Join(dir, "csv", name))
		if err != nil {
			t.Fatal(err)
		}
		for l := range strings.Lines(string(text)) {
			if !strings.Contains(whole, l) {
				t.Errorf("%s has a line that is not the table's: %q", name, l)
			}
		}
		if sides[i], err = data.ReadMetadata(filepath.Join(dir, "csv", name)); err != nil {
			t.Fatal(err)
		}
		for _, id := range sides[i].ID {
			ids[i][id] = true
		}
	}
	if sides[0].Rows() != 144 || sides[1].Rows() != 36 {
		t.Errorf("the sides have %d and %d rows", sides[0].Rows(), sides[1].Rows())
	}
	m, err := data.ReadMetadata(filepath.Join(dir, "csv/sample_set.csv"))
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"train_triplets.tsv", "val_triplets.tsv"} {
		ts, err := data.ReadTriplets(filepath.Join(dir, "csv", name), m.Rows())
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range data.UsedRows(ts, m.Rows()) {
			if id := m.ID[row]; !ids[i][id] || ids[1-i][id] {
				t.Errorf("%s uses product %s of the other side", name, id)
			}
		}
	}
}

func read(t *testing.T, dir string) map[string]string {
	t.Helper()
	content := map[string]string{}
	for _, name := range []string{"train_triplets.tsv", "val_triplets.tsv", "train_set.csv", "val_set.csv"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		content[name] = string(b)
	}
	return content
}

func TestSplitRepeats(t *testing.T) {
	dir := files(t, map[string]string{"sample_set.csv": shopTable()})
	for name, more := range map[string]string{"a": "", "b": "", "c": "--seed 2"} {
		if code, _, text := runIn(t, dir, "split --metadata DIR/sample_set.csv --count 500 --val-count 70 --out DIR/deep/"+name+" "+more); code != 0 {
			t.Fatal(text)
		}
	}
	a := read(t, dir+"/deep/a")
	if d := cmp.Diff(a, read(t, dir+"/deep/b")); d != "" {
		t.Errorf("the same seed gives other files: %s", d)
	}
	for name, content := range read(t, dir+"/deep/c") {
		if content == a[name] {
			t.Errorf("another seed gives the same %s", name)
		}
	}
	if n := strings.Count(a["train_triplets.tsv"], "\n"); n != 501 {
		t.Errorf("%d lines of 500 triplets", n)
	}
	if n := strings.Count(a["val_triplets.tsv"], "\n"); n != 71 {
		t.Errorf("%d lines of 70 triplets", n)
	}
}

// Triplets of a file are parted, none drawn: each stays or goes as a whole, in order.
func TestSplitTriplets(t *testing.T) {
	var b strings.Builder
	b.WriteString("q,p,n\n")
	for i := range 3000 {
		fmt.Fprintf(&b, "%d,%d,%d\n", i*7%180, i*11%180, i*13%180)
	}
	dir := files(t, map[string]string{"sample_set.csv": shopTable(), "all.csv": b.String()})
	code, line, text := runIn(t, dir, "split --triplets DIR/all.csv --val 0.5 --out DIR/out") // the metadata lies beside
	if code != 0 {
		t.Fatal(text)
	}
	if line["train_count"].(float64)+line["val_count"].(float64)+line["dropped"].(float64) != 3000 {
		t.Errorf("the counts do not add up: %v", line)
	}
	got := read(t, dir+"/out")
	val := map[string]bool{} // pictures
	for i, l := range strings.Split(strings.TrimSpace(got["val_set.csv"]), "\r\n") {
		if i > 0 {
			val[strings.SplitN(l, ",", 2)[0]] = true
		}
	}
	want := [2]string{"q\tp\tn\n", "q\tp\tn\n"}
	for l := range strings.Lines(b.String()) {
		f := strings.Split(strings.TrimSpace(l), ",")
		if a := val[f[0]]; f[0] != "q" && a == val[f[1]] && a == val[f[2]] {
			side := map[bool]int{false: 0, true: 1}[a]
			want[side] += strings.Join(f, "\t") + "\n"
		}
	}
	if d := cmp.Diff(want, [2]string{got["train_triplets.tsv"], got["val_triplets.tsv"]}); d != "" {
		t.Error(d)
	}
}

func TestSplitCommandLine(t *testing.T) {
	one := "_category\t_color\t_id\t_gender\t_name\nshoe\tred\t1\t\t0.png\nshoe\tred\t1\t\t1.png\n"
	dir := files(t, map[string]string{
		"sample_set.csv": shopTable(), "one.csv": one, "small.csv": table, "train_set.csv": table, "file": "", "out/val_set.csv/x": "",
		"t.tsv": "q\tp\tn\n0\t1\t3\n", "bad.tsv": "q\tp\tn\n0\t0\n",
	})
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"", 2, "name the table of pictures with --metadata"},
		{"--metadata DIR/sample_set.csv --val 0", 2, "--val is 0; it must be a share between 0 and 1"},
		{"--metadata DIR/sample_set.csv --val 1", 2, "--val is 1"},
		{"--metadata DIR/sample_set.csv --val -0.5", 2, "--val is -0.5"},
		{"--metadata DIR/sample_set.csv --val NaN", 2, "--val is NaN"},
		{"--metadata DIR/sample_set.csv --val many", 2, "many"},
		{"--metadata DIR/sample_set.csv --by colour", 2, "--by colour is not known; it must be product or category"},
		{"--metadata DIR/sample_set.csv --in-class 2", 2, "--in-class is 2"},
		{"--metadata DIR/sample_set.csv --same-colour NaN", 2, "--same-colour is NaN"},
		{"--metadata DIR/sample_set.csv --count -1", 2, "--count is -1"},
		{"--metadata DIR/sample_set.csv --triplets DIR/t.tsv --val-count 3", 2, "--val-count is for drawing"},
		{"--metadata DIR/sample_set.csv --out=", 2, "--out is empty"},
		{"--metadata DIR/sample_set.csv --out DIR/file", 2, "file is not a folder"},
		{"--metadata DIR/sample_set.csv --out DIR/out", 2, "out/val_set.csv is not a file"},
		{"--metadata DIR/train_set.csv", 2, "would write over train_set.csv, which it reads; name another folder with --out"},
		{"--metadata DIR/gone.csv", 3, "gone.csv"},
		{"--metadata DIR/one.csv --out DIR/x", 3, "all pictures are of one product"},
		{"--metadata DIR/one.csv --by category --out DIR/x", 3, "all pictures are of one product"},
		{"--metadata DIR/sample_set.csv --by category --out DIR/x", 3, "triplets for validation: none of the"}, // one category has no other
		{"--metadata DIR/small.csv --out DIR/x", 3, "triplets for "},
		{"--metadata DIR/sample_set.csv --triplets DIR/bad.tsv --out DIR/x", 3, "bad.tsv:2: 2 columns"},
		{"--metadata DIR/sample_set.csv --triplets DIR/t.tsv --out DIR/x", 3, "both sides need some"},
	} {
		code, _, text := runIn(t, dir, "split "+c.args)
		if code != c.code || !strings.Contains(text, c.want) {
			t.Errorf("%s: exit code %d, want %d; %q is missing in\n%s", c.args, code, c.code, c.want, text)
		}
	}
	if _, err := os.Stat(dir + "/x"); err == nil {
		t.Error("a refused split made its folder")
	}
}

// A share that the data cannot give is 0 where it is the default, and refused where it was asked for.
func TestSplitShares(t *testing.T) {
	plain := "_category\t_color\t_id\t_gender\t_name\n" // no two products of a category share a colour
	for i := range 120 {
		plain += fmt.Sprintf("c%d\tcolour%d\t%d\t\t%d.png\n", i/3%4, i/12, i/3, i)
	}
	dir := files(t, map[string]string{"sample_set.csv": plain})
	code, _, text := runIn(t, dir, "split --metadata DIR/sample_set.csv --val 0.3")
	if code != 0 || !strings.Contains(text, "warning: --same-colour is 0 for training") || !strings.Contains(text, "warning: --same-colour is 0 for validation") {
		t.Errorf("exit code %d: %s", code, text)
	}
	code, _, text = runIn(t, dir, "split --metadata DIR/sample_set.csv --val 0.3 --same-colour 0.2")
	if code != 3 || !strings.Contains(text, "triplets for training: none of the") {
		t.Errorf("exit code %d: %s", code, text)
	}
	if code, _, text = runIn(t, dir, "split --metadata DIR/sample_set.csv --val 0.3 --same-colour 0 --quiet"); code != 0 || text != "" {
		t.Errorf("exit code %d: %s", code, text)
	}
}

func TestSplitByCategory(t *testing.T) {
	dir := files(t, map[string]string{"sample_set.csv": shopTable()})
	code, line, text := runIn(t, dir, "split --metadata DIR/sample_set.csv --val 0.4 --by category")
	if code != 0 || line["val_categories"] != 2.0 || line["train_categories"] != 3.0 || line["val_pictures"] != 72.0 {
		t.Errorf("exit code %d: %v\n%s", code, line, text)
	}
	if code, _, text = runIn(t, dir, "check --triplets DIR/train_triplets.tsv --val-triplets DIR/val_triplets.tsv"); code != 0 {
		t.Error(text)
	}
}

func TestTrainLine(t *testing.T) {
	for _, c := range []struct{ metadata, out, want string }{
		{"a/it's.csv", "b c", `train --triplets 'b c/t' --val-triplets 'b c/v' --metadata 'a/it'\''s.csv'`},
		{"a/m.csv", "b", "train --triplets b/t --val-triplets b/v --metadata a/m.csv"},
	} {
		o := splitOptions{input: input{metadata: c.metadata}}
		if got := o.trainLine(&splitResult{Triplets: c.out + "/t", ValTriplets: c.out + "/v"}); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}
