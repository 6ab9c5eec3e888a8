package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deeprank/data"
)

// shop is a table of eight pictures:
//
//	row  category  colour  product
//	0    shoe      red     1
//	1    shoe      red     1
//	2    shoe      red     2
//	3    bag       red     3
//	4    shoe      blue    4
//	5    bag       blue    unknown
//	6    bag       blue    unknown, the picture of row 5
//	7    hat       blue    unknown
const shop = "_category\t_color\t_id\t_gender\t_name\n" +
	"shoe\tred\t1\t\t0.png\nshoe\tred\t1\t\t1.png\nshoe\tred\t2\t\t2.png\nbag\tred\t3\t\t3.png\n" +
	"shoe\tblue\t4\t\t4.png\nbag\tblue\t\t\tsame.png\nbag\tblue\t\t\tsame.png\nhat\tblue\t\t\t7.png\n"

// folder writes files and gives their paths, by name.
func folder(t testing.TB, files map[string]string) func(name string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return func(name string) string {
		if name == "" {
			return ""
		}
		return filepath.Join(dir, name)
	}
}

// found lists a file's defects as "line defect".
func found(f *File) []string {
	var list []string
	for i, x := range f.flags {
		for d := range defects {
			if x.has(d) {
				list = append(list, fmt.Sprintf("%d %s", f.Line(i), d))
			}
		}
	}
	return list
}

func TestDefects(t *testing.T) {
	for _, c := range []struct {
		name, line string
		want       []string
	}{
		{"good", "0\t1\t3", nil},
		{"same category and colour", "0\t2\t3", nil},
		{"in class", "0\t1\t4", nil},
		{"q is p", "0\t0\t3", []string{"q_is_p"}},
		{"q is n", "0\t1\t0", []string{"q_is_n"}},
		{"p is n", "0\t3\t3", []string{"p_is_n", "unrelated"}},
		{"all one", "7\t7\t7", []string{"q_is_p", "q_is_n", "p_is_n"}},
		{"negative of the product", "0\t2\t1", []string{"same_id"}},
		{"p is n, of the product", "0\t1\t1", []string{"p_is_n", "same_id"}},
		{"unknown products are not one", "5\t6\t7", nil},
		{"unrelated by colour", "0\t4\t3", []string{"unrelated"}},
		{"unrelated by category", "0\t3\t4", []string{"unrelated"}},
		{"no row", "0\t1\t8", []string{"not_a_row"}},
		{"no row and one picture", "9\t9\t8", []string{"not_a_row"}},
		{"no number", "0\tx\t0", []string{"not_a_row"}},
		{"negative number", "-1\t0\t3", []string{"not_a_row"}},
		{"short", "0\t1", []string{"broken"}},
		{"long", "0\t1\t3\t", []string{"broken"}},
		{"quote", "0\t1\t\"3", []string{"broken"}},
		{"twice", "0\t1\t3\n0\t3\t1\n0\t1\t3\n0\t1\t3", []string{"3 unrelated", "3 same_id", "4 duplicate", "5 duplicate"}},
		{"no row, twice", "0\t1\t9\n0\t1\t9", []string{"2 not_a_row", "3 not_a_row", "3 duplicate"}},
		{"no number, twice", "0\t1\tx\n0\t1\tx", []string{"2 not_a_row", "3 not_a_row"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := folder(t, map[string]string{"m": shop, "t": "q\tp\tn\n" + c.line + "\n"})
			r, err := Run(t.Context(), Options{Triplets: path("t"), Metadata: path("m")})
			if err != nil {
				t.Fatal(err)
			}
			want := slices.Clone(c.want)
			for i, w := range want {
				if !strings.Contains(w, " ") {
					want[i] = "2 " + w
				}
			}
			got := found(r.Train)
			slices.Sort(got)
			slices.Sort(want)
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// One file with everything, in all accepted formats: the same defects on the lines where they are, and the same triplets left.
func TestFormats(t *testing.T) {
	const plain = "q\tp\tn\n0\t1\t3\n0\t0\t3\n\n0\t1\n0\t1\t99\n0\t2\t1\n0\t1\t3\n1\t0\t4\n"
	want := []string{"3 q_is_p", "5 broken", "6 not_a_row", "7 same_id", "8 duplicate"}
	var lines []string // with pandas' index
	for i, l := range strings.Split(strings.TrimSuffix(plain, "\n"), "\n") {
		switch {
		case i == 0:
			l = "\t" + l
		case l != "":
			l = fmt.Sprintf("%d\t%s", i-1, l)
		}
		lines = append(lines, l)
	}
	indexed := strings.Join(lines, "\n") + "\n"
	quoted := ""
	for l := range strings.Lines(plain) {
		if l = strings.TrimSuffix(l, "\n"); l != "" {
			l = `"` + strings.ReplaceAll(l, "\t", "\"\t\"") + `"`
		}
		quoted += l + "\n"
	}
	for _, c := range []struct{ name, content string }{
		{"plain", plain},
		{"no line end at the end", strings.TrimSuffix(plain, "\n")},
		{"commas", strings.ReplaceAll(plain, "\t", ",")},
		{"BOM and CRLF", "\ufeff" + strings.ReplaceAll(plain, "\n", "\r\n")},
		{"index", indexed},
		{"index, commas, BOM and CRLF", "\ufeff" + strings.ReplaceAll(strings.ReplaceAll(indexed, "\t", ","), "\n", "\r\n")},
		{"quotes", quoted},
		{"quotes and commas", strings.ReplaceAll(quoted, "\t", ",")},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := folder(t, map[string]string{"m": shop, "t": c.content})
			r, err := Run(t.Context(), Options{Triplets: path("t"), Metadata: path("m")})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, found(r.Train)); d != "" {
				t.Error(d)
			}
			kept, dropped, err := r.Fix(path("fixed"))
			if err != nil || kept != 2 || dropped != 5 {
				t.Fatalf("kept %d, dropped %d, %v; want 2 and 5", kept, dropped, err)
			}
			ts, err := data.ReadTriplets(path("fixed"), 8)
			if d := cmp.Diff([]data.Triplet{{Query: 0, Positive: 1, Negative: 3}, {Query: 1, Positive: 0, Negative: 4}}, ts); d != "" || err != nil {
				t.Error(d, err)
			}
			// What is left is left byte for byte.
			physical := strings.SplitAfter(c.content, "\n")
			text, err := os.ReadFile(path("fixed"))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(physical[0]+physical[1]+physical[3]+physical[8], string(text)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestLeaks(t *testing.T) {
	for _, c := range []struct {
		name, train, val string
		leaks            int
		want             []string
	}{
		{"none", "0\t1\t3\n", "2\t4\t7\n", 0, nil},
		{"a product, by another picture", "3\t4\t0\n", "1\t1\t2\n", 1, []string{"2 leak"}},
		{"as negative", "3\t4\t2\n0\t1\t3\n", "7\t7\t2\n", 1, []string{"2 leak"}},
		{"a product twice in a line counts once", "0\t1\t3\n", "1\t0\t2\n", 1, []string{"2 leak"}},
		{"two products in a line", "0\t1\t3\n", "1\t0\t3\n", 2, []string{"2 leak"}},
		{"unknown products are pictures", "5\t5\t3\n", "6\t6\t2\n", 1, []string{"2 leak"}}, // rows 5 and 6 name one picture
		{"other unknown products", "5\t6\t3\n", "7\t7\t2\n", 0, nil},
		{"in the order of the lines", "3\t4\t7\n0\t1\t4\n", "0\t2\t5\n2\t2\t3\n", 2, []string{"2 leak", "3 leak"}},
		{"what is no row leaks nothing", "0\t1\t3\n", "0\t1\t99\n4\t2\t7\n", 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := folder(t, map[string]string{"m": shop, "t": "q\tp\tn\n" + c.train, "v": "q\tp\tn\n" + c.val})
			r, err := Run(t.Context(), Options{Triplets: path("t"), Val: path("v"), Metadata: path("m")})
			if err != nil {
				t.Fatal(err)
			}
			got := slices.DeleteFunc(found(r.Train), func(s string) bool { return !strings.HasSuffix(s, "leak") })
			if d := cmp.Diff(c.want, got, cmp.Transformer("nil", func(s []string) []string { return append([]string{}, s...) })); d != "" {
				t.Error(d)
			}
			if r.Leaks() != c.leaks {
				t.Errorf("%d leaks, want %d", r.Leaks(), c.leaks)
			}
			last := 0
			for x := range r.findings(r.Train, Leak) {
				if x.record < last {
					t.Errorf("record %d comes after record %d", x.record, last)
				}
				last = x.record
			}
		})
	}
}

func TestPictures(t *testing.T) {
	var good bytes.Buffer
	if err := png.Encode(&good, image.NewGray(image.Rect(0, 0, 3, 3))); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"m": shop, "t": "q\tp\tn\n0\t1\t3\n2\t0\t3\n0\t1\t4\n0\t1\t2\n", "v": "q\tp\tn\n2\t2\t7\n", "images/4.png": "", "images/2.png": "no picture"}
	for _, name := range []string{"0", "1", "7", "same"} {
		files["images/"+name+".png"] = good.String()
	}
	path := folder(t, files)
	for _, c := range []struct {
		deep       bool
		bad        int
		train, val int
	}{
		{false, 2, 3, 0}, // 3 is missing, 4 is empty
		{true, 3, 4, 1},  // 2 is no picture
	} {
		for _, workers := range []int{1, 3} {
			r, err := Run(t.Context(), Options{Triplets: path("t"), Val: path("v"), Metadata: path("m"), Images: path("images"), Deep: c.deep, Workers: workers})
			if err != nil {
				t.Fatal(err)
			}
			if r.Bad != c.bad || r.Pictures != 6 || r.Train.Counts[BadPicture] != c.train || r.Val.Counts[BadPicture] != c.val {
				t.Errorf("deep %v: %d of %d pictures, %d and %d lines; want %d of 6, %d and %d", c.deep, r.Bad, r.Pictures,
					r.Train.Counts[BadPicture], r.Val.Counts[BadPicture], c.bad, c.train, c.val)
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, Options{Triplets: path("t"), Metadata: path("m"), Images: path("images")}); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	stop := func(int, int) { cancel() }
	if _, err := Run(ctx, Options{Triplets: path("t"), Metadata: path("m"), Images: path("images"), Progress: stop}); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped while looking at pictures: %v", err)
	}
}

func TestReport(t *testing.T) {
	var many strings.Builder
	many.WriteString("q\tp\tn\n0\t1\t3\n0\t4\t3\n0\t9\t8\n1\tx\t3\n1\t0\n2\t0\t1\n")
	for range 25 {
		many.WriteString("0\t1\t3\n")
	}
	path := folder(t, map[string]string{"m": shop, "t": many.String(), "v": "q\tp\tn\n7\t7\t3\n5\t6\t0\n", "images/x": ""})
	r, err := Run(t.Context(), Options{Triplets: path("t"), Val: path("v"), Metadata: path("m"), Images: path("images")})
	if err != nil {
		t.Fatal(err)
	}
	text := func(all bool) string {
		var b bytes.Buffer
		if err := r.Write(&b, all); err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(b.String(), path("x")[:len(path("x"))-1], "")
	}
	short := text(false)
	for _, want := range []string{
		"metadata    m: 8 pictures of 4 products, 3 categories, 2 colours\n",
		"pictures    images: 8 of the 8 in use are not there\n",
		"triplets    t: 31 lines, 31 to mend\n",
		"  error     no line of the table: 1 line (train refuses the file)\n    t:6: 2 columns, but the header has 3\n",
		"    t:4: p is 9, n is 8, no row from 0 to 7\n    t:5: p is \"x\", no row from 0 to 7\n",
		"  error     products that are also validated on: 2, in 28 lines (",
		"    t:2: product \"1\" is also in v:3; 28 lines here\n    t:2: product \"3\" is also in v:2; 27 lines here\n",
		"    t:2: images/3.png: there is no such picture (row 3 of m)",
		"  warning   repeats of an earlier triplet: 25 lines (they count twice)\n    t:8: as line 2\n",
		"    t:27: as line 2\n    and 5 more; --all shows them\n",
		"  note      positive of another product and of another category or colour: 1 line (may be meant)\n  positive",
		"  same product                    other category                26  92.86 %\n",
		"validation  v: 2 lines, 2 to mend\n",
	} {
		if !strings.Contains(short, want) {
			t.Errorf("%q is missing in\n%s", want, short)
		}
	}
	long := text(true)
	for _, want := range []string{"    t:32: as line 2\n", "    t:3: q 0, p 4, n 3: q is \"shoe\" \"red\", p \"shoe\" \"blue\"\n"} {
		if !strings.Contains(long, want) || strings.Contains(long, "--all") {
			t.Errorf("%q is missing in\n%s", want, long)
		}
	}
	if _, _, err := r.Fix(path("fixed")); err == nil || !strings.Contains(err.Error(), "none of the 31 lines") {
		t.Errorf("a file of which nothing is left: %v", err)
	}
	if _, err := os.Stat(path("fixed")); err == nil {
		t.Error("it was written all the same")
	}
}

func TestRunRefuses(t *testing.T) {
	path := folder(t, map[string]string{"m": shop, "t": "q\tp\tn\n0\t1\t3\n", "none": "q\tp\tn\n", "bad": "q\tp\n"})
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{Triplets: path("none"), Metadata: path("m")}, "no triplets"},
		{Options{Triplets: path("t"), Metadata: path("m"), Val: path("none")}, "no triplets"},
		{Options{Triplets: path("bad"), Metadata: path("m")}, "no column n"},
		{Options{Triplets: path("bad"), Metadata: path("t")}, "_category"}, // the metadata's error comes first
		{Options{Triplets: path("gone"), Metadata: path("m")}, "cannot open the triplets"},
		{Options{Triplets: path("t"), Metadata: path("m"), Images: path("gone")}, "images folder"},
	} {
		_, err := Run(t.Context(), c.o)
		if _, ok := errors.AsType[*data.Refused](err); !ok || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.o, err, c.want)
		}
	}
}

// FuzzFix mends random files: what is left has no errors and no warnings, is in order, and is all that has none by rules that are written
// out here once more.
func FuzzFix(f *testing.F) {
	f.Add(uint64(1), uint8(10), "")
	f.Add(uint64(2), uint8(90), "0,1,\"2")
	f.Add(uint64(3), uint8(200), "\n\"0\",5,6\n0,1\nx")
	dir := f.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	put := func(t *testing.T, name, content string) {
		if err := os.WriteFile(file(name), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, seed uint64, n uint8, tail string) {
		r := rand.New(rand.NewPCG(seed, 1))
		rows := 3 + r.IntN(30)
		table := "_category,_color,_id,_gender,_name\n"
		ids := make([]string, rows)
		for i := range rows {
			if r.IntN(5) > 0 {
				ids[i] = fmt.Sprint(r.IntN(12))
			}
			table += fmt.Sprintf("%d,%d,%s,,%d.jpg\n", r.IntN(3), r.IntN(2), ids[i], i)
		}
		lines, val := "q,p,n\n", "q,p,n\n0,0,0\n"
		for range n {
			lines += fmt.Sprintf("%d,%d,%d\n", r.IntN(rows+1), r.IntN(rows), r.IntN(rows))
		}
		put(t, "m", table)
		put(t, "t", lines+tail)
		put(t, "v", val)
		o := Options{Triplets: file("t"), Val: file("v"), Metadata: file("m"), Workers: 1 + int(seed%3)}
		report, err := Run(t.Context(), o)
		if err != nil {
			return
		}
		var want []data.Triplet
		seen := map[data.Triplet]bool{}
		for i, x := range report.Train.Triplets {
			if i >= int(n) {
				break // of tail, checked below by a second run
			}
			bad := seen[x]
			seen[x] = true
			list := []int32{x.Query, x.Positive, x.Negative}
			if int(x.Query) == rows || x.Query == x.Positive || x.Query == x.Negative || x.Positive == x.Negative {
				continue
			}
			for _, row := range list {
				bad = bad || row == 0 || ids[row] == ids[0] && ids[0] != ""
			}
			if !bad && (ids[x.Query] == "" || ids[x.Query] != ids[x.Negative]) {
				want = append(want, x)
			}
		}
		kept, dropped, err := report.Fix(file("fixed"))
		if err != nil {
			if kept != 0 || len(want) > 0 {
				t.Fatalf("not mended, though %d lines are good: %v", len(want), err)
			}
			return
		}
		got, err := data.ReadTriplets(file("fixed"), rows)
		if err != nil || len(got) != kept || kept+dropped != report.Train.Len() {
			t.Fatalf("%d lines kept and %d dropped of %d; %d can be read: %v", kept, dropped, report.Train.Len(), len(got), err)
		}
		if len(got) < len(want) || !slices.Equal(got[:len(want)], want) {
			t.Fatalf("left are %v, want %v", got, want)
		}
		o.Triplets = file("fixed")
		again, err := Run(t.Context(), o)
		if err != nil || again.Train.With(Error, Warning) != 0 {
			t.Fatalf("the mended file has defects: %v, %v", err, found(again.Train))
		}
	})
}
