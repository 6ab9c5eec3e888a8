package main

import (
	"bytes"
	"encoding/json"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deeprank/internal/shop"
)

// drawnShop draws a small shop: 25 products with 2 pictures each.
func drawnShop(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "shop")
	o := shop.FolderOptions{Options: shop.Options{Products: 25, Views: 2, Size: 16, Seed: 3}, Triplets: 60, ValTriplets: 5, Threads: 2}
	if _, err := shop.WriteFolder(t.Context(), dir, o); err != nil {
		t.Fatal(err)
	}
	return dir
}

// call runs the program; line is the last line of stdout, the text what stands before it.
func call(t *testing.T, args ...string) (code int, line map[string]any, text, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = run(t.Context(), args, &out, &err)
	whole := strings.TrimSuffix(out.String(), "\n")
	at := strings.LastIndexByte(whole, '\n') + 1
	if e := json.Unmarshal([]byte(whole[at:]), &line); e != nil {
		t.Fatalf("%q: the last line of stdout is %q: %v", args, whole[at:], e)
	}
	return code, line, whole[:at], err.String()
}

func write(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

const smallTable = "_category\t_color\t_id\t_gender\t_name\n" +
	"dress\tRed\t1\tf\ta.jpg\ndress\tRed\t1\tf\tb.jpg\nshoe\t\t2\tm\tc.jpg\n\tBlue\t\t\td.jpg\ndress\tRed\t3\tf\te.jpg\n"

func TestStats(t *testing.T) {
	dir := t.TempDir()
	table := write(t, filepath.Join(dir, "sample_set.csv"), smallTable)
	images := filepath.Join(dir, "images")
	if err := os.Mkdir(images, 0o777); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"a.jpg": "one", "b.jpg": "one", "c.jpg": "one", "e.jpg": ""} {
		write(t, filepath.Join(images, name), content)
	}
	plot := filepath.Join(dir, "stats.png")
	common := map[string]any{
		"status": "done", "metadata": table, "rows": 5.0, "products": 3.0, "rows_without_product": 1.0, "single_picture_products": 2.0,
		"categories": 2.0, "colours": 2.0, "genders": 2.0, "rows_that_repeat_a_picture": 0.0,
	}
	with := func(more map[string]any) map[string]any {
		all := map[string]any{}
		for _, m := range []map[string]any{common, more} {
			for k, v := range m {
				all[k] = v
			}
		}
		return all
	}

	code, line, text, stderr := call(t, "stats", "--metadata", table, "--plot", plot)
	if diff := cmp.Diff(with(map[string]any{"plot": plot}), line); diff != "" || code != 0 {
		t.Errorf("code %d, %s", code, diff)
	}
	for _, want := range []string{"rows       5", "products   3, 2 with a single picture (66.7 %)", "1 rows name no product", "categories x colours", "(none)"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if !strings.Contains(stderr, plot) {
		t.Errorf("stderr %q", stderr)
	}
	f, err := os.Open(plot)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if im, err := png.Decode(f); err != nil || im.Bounds().Dx() < 1000 {
		t.Errorf("the picture: %v", err)
	}

	// --deep finds the folder beside the table.
	deep := map[string]any{
		"images": images, "rows_without_picture": 2.0, "missing_files": 1.0, "duplicate_pictures": 1.0, "duplicate_rows": 3.0,
		"duplicate_pictures_across_products": 1.0, "duplicate_rows_across_products": 3.0,
	}
	if code, line, text, _ = call(t, "stats", "--metadata", table, "--deep"); code != 0 || !strings.Contains(text, "different products: a.jpg (row 0) = b.jpg (row 1) = c.jpg (row 2)") {
		t.Errorf("code %d:\n%s", code, text)
	}
	if diff := cmp.Diff(with(deep), line); diff != "" {
		t.Error(diff)
	}

	// --json holds all of it, and no tables come before it.
	_, line, text, stderr = call(t, "stats", "--metadata", table, "--deep", "--images", images, "--json", "--threads", "3")
	if text != "" || stderr != "" {
		t.Errorf("before the object: %q, stderr %q", text, stderr)
	}
	full := with(deep)
	picture := func(row float64, product, name string) map[string]any {
		return map[string]any{"row": row, "product": product, "name": name}
	}
	value := func(v string, rows, share float64) map[string]any {
		return map[string]any{"value": v, "rows": rows, "share": share}
	}
	pair := func(category, colour string, rows float64) map[string]any {
		return map[string]any{"category": category, "colour": colour, "rows": rows}
	}
	missing, empty := picture(3, "", "d.jpg"), picture(4, "3", "e.jpg")
	missing["reason"], empty["reason"] = "there is no such picture", "the file is empty"
	for k, v := range map[string]any{
		"pictures_per_product": map[string]any{"min": 1.0, "median": 1.0, "mean": 4.0 / 3, "p90": 1.0, "max": 2.0, "products": []any{
			map[string]any{"pictures": 1.0, "products": 2.0}, map[string]any{"pictures": 2.0, "products": 1.0}}},
		"category_rows":        []any{value("dress", 3, 0.6), value("", 1, 0.2), value("shoe", 1, 0.2)},
		"colour_rows":          []any{value("Red", 3, 0.6), value("", 1, 0.2), value("Blue", 1, 0.2)},
		"gender_rows":          []any{value("f", 3, 0.6), value("", 1, 0.2), value("m", 1, 0.2)},
		"category_colour_rows": []any{pair("dress", "Red", 3), pair("", "Blue", 1), pair("shoe", "", 1)},
		"single_pictures":      []any{picture(2, "2", "c.jpg"), picture(4, "3", "e.jpg")},
		"bad_pictures":         []any{missing, empty},
		"duplicates":           []any{map[string]any{"across_products": true, "pictures": []any{picture(0, "1", "a.jpg"), picture(1, "1", "b.jpg"), picture(2, "2", "c.jpg")}}},
	} {
		full[k] = v
	}
	if diff := cmp.Diff(full, line); diff != "" {
		t.Error(diff)
	}

	if _, _, _, stderr = call(t, "stats", "--metadata", table, "--images", t.TempDir()); !strings.Contains(stderr, "warning: none of the 5 pictures is in") {
		t.Errorf("all missing: stderr %q", stderr)
	}
}

func TestLookRefuses(t *testing.T) {
	dir := t.TempDir()
	table := write(t, filepath.Join(dir, "t.csv"), smallTable)
	broken := write(t, filepath.Join(dir, "broken.csv"), "_category\t_color\n1\t2\n")
	few := write(t, filepath.Join(dir, "few.tsv"), "q\tp\tn\n0\t1\t2\n")
	wrong := write(t, filepath.Join(dir, "wrong.tsv"), "q\tp\tn\n0\t1\t5\n")
	out := filepath.Join(dir, "x.png")
	show := "show --triplets " + few + " --metadata " + table + " --images " + dir + " --out " + out + " "
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"stats", 2, "name the table of pictures with --metadata"},
		{"stats x", 2, `"x" is too much`},
		{"stats --metadata " + dir + "/none.csv", 3, "none.csv: cannot open the metadata"},
		{"stats --metadata " + broken, 3, "broken.csv:1: no column _id, _gender, _name"},
		{"stats --metadata " + table + " --plot x.jpg", 2, `--plot is "x.jpg"; name a file that ends in .png`},
		{"stats --metadata " + table + " --plot=", 2, "--plot is"},
		{"stats --metadata " + table + " --plot " + dir + "/none/x.png", 2, "there is no folder"},
		{"stats --metadata " + table + " --images=", 2, "--images is empty"},
		{"stats --metadata " + table + " --images " + dir + "/none", 3, "cannot open the images folder"},
		{"stats --metadata " + table + " --images " + table, 3, "not a folder"},
		{"stats --metadata " + table + " --deep", 3, "no folder images beside it"},
		{"stats --metadata " + table + " --threads -1", 2, "--threads is -1"},
		{"show", 2, "name the triplets with --triplets"},
		{"show --triplets " + few, 2, "name the file to write with --out"},
		{"show --triplets " + few + " --out " + out, 3, "no metadata beside the triplets"},
		{"show --triplets " + few + " --out x.gif", 2, "ends in .png or .html"},
		{"show --triplets " + few + " --out " + dir, 2, "ends in .png or .html"},
		{"show --triplets " + dir + "/none.tsv --metadata " + table + " --out " + out, 3, "cannot open the triplets"},
		{"show --triplets " + wrong + " --metadata " + table + " --out " + out, 3, `wrong.tsv:2: n is "5"`},
		{show + "--images " + dir + "/none", 3, "cannot open the images folder"},
		{show + "--kind x", 2, `--kind: "x" is no kind of triplets; there are same-product`},
		{show + "--kind same-product/own-product", 3, "has no triplets of the kinds of --kind"},
		{show + "--count 0", 2, "--count is 0"},
		{show + "--cell 8", 2, "--cell is 8"},
		{show + "--first --seed 2", 2, "leave one of the two out"},
		{show + "--seed -1", 2, "seed"},
	} {
		code, line, text, stderr := call(t, strings.Fields(c.args)...)
		if code != c.code || !strings.Contains(stderr, c.want) || line["status"] != "failed" || text != "" {
			t.Errorf("%s: code %d, stderr %q, want %d, %q", c.args, code, stderr, c.code, c.want)
		}
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a refused command wrote a file")
	}
}
