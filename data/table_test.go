package data

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// write puts content into a new file of a test's folder.
func write(t testing.TB, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "table.csv")
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// wantRefused checks that err is a *Refused for the path and line, and that its message holds the texts.
func wantRefused(t *testing.T, err error, path string, line int, texts ...string) {
	t.Helper()
	r, ok := errors.AsType[*Refused](err)
	if !ok {
		t.Fatalf("got %v, want a *Refused", err)
	}
	if r.Path != path || r.Line != line {
		t.Errorf("refused at %s:%d, want %s:%d", r.Path, r.Line, path, line)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("the message %q does not say %q", err, text)
		}
	}
	if strings.Contains(err.Error(), "\n") || len(err.Error()) > 1200 {
		t.Errorf("the message is not one short line: %q", err)
	}
}

const header = "_category\t_color\t_id\t_gender\t_name\n"

func TestReadMetadata(t *testing.T) {
	two := &Metadata{
		Category: []string{"shoes", "bags"}, Color: []string{"red", ""}, ID: []string{"1", "2"}, Gender: []string{"f", "m"}, Name: []string{"a/1.jpg", "2.jpg"},
	}
	for _, c := range []struct{ name, content string }{
		{"plain", header + "shoes\tred\t1\tf\ta/1.jpg\nbags\t\t2\tm\t2.jpg\n"},
		{"no line end at the end", header + "shoes\tred\t1\tf\ta/1.jpg\nbags\t\t2\tm\t2.jpg"},
		{"CRLF and BOM", "\ufeff" + strings.ReplaceAll(header+"shoes\tred\t1\tf\ta/1.jpg\nbags\t\t2\tm\t2.jpg\n", "\n", "\r\n")},
		{"index, other columns, another order", "\t_name\textra\t_id\t_color\t_category\t_gender\n0\ta/1.jpg\tx\t1\tred\tshoes\tf\n1\t2.jpg\t\t2\t\tbags\tm\n"},
		{"commas", strings.ReplaceAll(header+"shoes\tred\t1\tf\ta/1.jpg\nbags\t\t2\tm\t2.jpg\n", "\t", ",")},
		{"quotes", header + "\"shoes\"\t\"red\"\t1\tf\t\"a/1.jpg\"\n\"bags\"\t\"\"\t2\tm\t\"2.jpg\""},
		{"quoted header with BOM", "\ufeff\"_category\",\"_color\",\"_id\",\"_gender\",\"_name\"\r\n\"shoes\",red,1,f,a/1.jpg\r\nbags,,2,m,2.jpg\r\n"},
		{"empty lines", "\n\n" + header + "\nshoes\tred\t1\tf\ta/1.jpg\n\r\n\nbags\t\t2\tm\t2.jpg\n\n"},
		{"other column with a line end in it", "note\t" + header + "\"one\ntwo\n\"\tshoes\tred\t1\tf\ta/1.jpg\n\"\t\"\tbags\t\t2\tm\t2.jpg\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := write(t, c.content)
			m, err := ReadMetadata(path)
			if err != nil {
				t.Fatal(err)
			}
			want := *two
			want.Path = path
			if d := cmp.Diff(&want, m); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestReadMetadataFields(t *testing.T) {
	path := write(t, header+
		"\"5\"\" heel\"\t5\" heel\tgrün\t\"a\tb\"\tback\\slash.jpg\n"+
		"\"two\nlines\"\tx\"y\"\t\"\"\"\"\t \t./a..b/..c.jpg\n"+
		"\t\t\t\tC:\\x.jpg\n")
	m, err := ReadMetadata(path)
	if err != nil {
		t.Fatal(err)
	}
	want := &Metadata{Path: path,
		Category: []string{`5" heel`, "two\nlines", ""}, Color: []string{`5" heel`, `x"y"`, ""}, ID: []string{"grün", `"`, ""},
		Gender: []string{"a\tb", " ", ""}, Name: []string{`back\slash.jpg`, "./a..b/..c.jpg", `C:\x.jpg`},
	}
	if d := cmp.Diff(want, m); d != "" {
		t.Error(d)
	}
}

// Many rows: over the blocks that names are packed in, and more distinct values than are remembered.
func TestReadMetadataLong(t *testing.T) {
	const rows = 40_000
	var b strings.Builder
	b.WriteString(header)
	for i := range rows {
		fmt.Fprintf(&b, "c%d\tcolour%d\tid%d\t\tfolder/of/pictures/%d.jpg\n", i%7, i*i%11, i/2, i)
	}
	m, err := ReadMetadata(write(t, b.String()))
	if err != nil {
		t.Fatal(err)
	}
	if m.Rows() != rows {
		t.Fatalf("%d rows, want %d", m.Rows(), rows)
	}
	for i := range rows {
		got := []string{m.Category[i], m.Color[i], m.ID[i], m.Gender[i], m.Name[i]}
		want := []string{fmt.Sprint("c", i%7), fmt.Sprint("colour", i*i%11), fmt.Sprint("id", i/2), "", fmt.Sprintf("folder/of/pictures/%d.jpg", i)}
		if !slices.Equal(got, want) {
			t.Fatalf("row %d is %q, want %q", i, got, want)
		}
	}
}

func TestReadMetadataRefuses(t *testing.T) {
	for _, c := range []struct {
		name, content string
		line          int
		want          []string
	}{
		{"empty", "", 0, []string{"empty"}},
		{"BOM alone", "\ufeff", 0, []string{"no header"}},
		{"empty lines alone", "\n\n\r\n", 0, []string{"no header"}},
		{"header alone", header, 0, []string{"no rows"}},
		{"no header", "shoes\tred\t1\tf\ta.jpg\n", 1, []string{"no column _category, _color, _id, _gender, _name", `"shoes" "red"`}},
		{"wrong columns", "_category\t_colour\t_id\t_name\na\tb\tc\td\n", 1, []string{"no column _color, _gender in", `"_category" "_colour" "_id" "_name"`}},
		{"semicolons", "_category;_color;_id;_gender;_name\n", 1, []string{"no column", "separated by tabs"}},
		{"column twice", "_id\t" + header + "1\ta\tb\tc\td\te\n", 1, []string{"_id", "twice"}},
		{"too few columns", header + "a\tb\tc\td\te.jpg\nshoes\tred\t1\ta.jpg\n", 3, []string{"4 columns", "has 5"}},
		{"too many columns", header + "shoes\tred\t1\tf\ta.jpg\tx\n", 2, []string{"6 columns"}},
		{"name empty", header + "a\tb\tc\td\te.jpg\na\tb\tc\td\t\n", 3, []string{"_name", "empty"}},
		{"name absolute", header + "a\tb\tc\td\t/etc/passwd\n", 2, []string{"/etc/passwd", "absolute"}},
		{"name leaves", header + "a\tb\tc\td\t../x.jpg\n", 2, []string{"../x.jpg", "leads out"}},
		{"name leaves in the middle", header + "a\tb\tc\td\ta/../../x.jpg\n", 2, []string{".."}},
		{"name leaves and comes back", header + "a\tb\tc\td\ta/../x.jpg\n", 2, []string{".."}},
		{"name is two dots", header + "a\tb\tc\td\ta/..\n", 2, []string{".."}},
		{"name of a folder", header + "a\tb\tc\td\ta/\n", 2, []string{"folder"}},
		{"name with NUL", header + "a\tb\tc\td\ta\x00.jpg\n", 2, []string{"not text"}},
		{"Latin-1", header + "a\tgr\xfcn\tc\td\ta.jpg\n", 2, []string{"_color is not text", "UTF-8"}},
		{"gzip", "\x1f\x8b\x08\x00rest", 0, []string{"gzip"}},
		{"Excel", "PK\x03\x04rest", 0, []string{"Excel"}},
		{"UTF-16", "\xff\xfe_\x00", 0, []string{"UTF-16"}},
		{"binary", "\x00\x01\x02\x03\xfe\xff\n\x00", 1, []string{"not text"}},
		{"old Mac line ends", strings.ReplaceAll(header+"a\tb\tc\td\te\n", "\n", "\r"), 1, []string{"not text"}},
		{"quote not closed", header + "a\tb\tc\td\te.jpg\n\"a\tb\tc\td\te\nf\n", 3, []string{"does not end"}},
		{"quote closed too late", header + "\"a" + strings.Repeat("x\n", maxRecord) + "\"\tb\tc\td\te.jpg\n", 2, []string{"does not end"}},
		{"text after a quote", header + "\"a\"b\tb\tc\td\te.jpg\n", 2, []string{"after the closing quote", `"b\tb`}},
		{"long line", header + "a\tb\tc\td\te.jpg\n" + strings.Repeat("x", maxRecord+1), 3, []string{"longer than"}},
		{"long header", strings.Repeat("x", 3*maxRecord), 1, []string{"longer than"}},
		{"many columns", strings.Repeat("column\t", 1000) + "\n", 1, []string{"and 981 more"}},
		{"terminal escapes", header + "a\tb\tc\td\t/\x1b[31m\u202e.jpg\n", 2, []string{`\x1b[31m\u202e`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := write(t, c.content)
			_, err := ReadMetadata(path)
			wantRefused(t, err, path, c.line, c.want...)
		})
	}
}

func TestReadTriplets(t *testing.T) {
	want := []Triplet{{0, 1, 2}, {9, 0, 0}}
	for _, c := range []struct{ name, content string }{
		{"plain", "q\tp\tn\n0\t1\t2\n9\t0\t0\n"},
		{"no line end at the end", "q\tp\tn\n0\t1\t2\n9\t0\t0"},
		{"CRLF and BOM", "\ufeffq\tp\tn\r\n0\t1\t2\r\n9\t0\t0\r\n"},
		{"pandas' index", "\tq\tp\tn\n0\t0\t1\t2\n1\t9\t0\t0\n"},
		{"another order", "n\tp\tq\n2\t1\t0\n0\t0\t9\n"},
		{"commas", "q,p,n\n0,1,2\n9,0,0\n"},
		{"quotes", "\"q\",\"p\",\"n\"\n\"0\",\"1\",\"2\"\n9,\"0\",0"},
		{"leading zeros", "q\tp\tn\n00\t01\t0000000000000000000000002\n09\t0\t0\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ReadTriplets(write(t, c.content), 10)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestReadTripletsLong(t *testing.T) {
	var b strings.Builder
	b.WriteString("q\tp\tn\n")
	const n = 30_000
	for i := range n {
		fmt.Fprintf(&b, "%d\t%d\t%d\n", i, n-i, i/3)
	}
	ts, err := ReadTriplets(write(t, b.String()), n+1)
	if err != nil {
		t.Fatal(err)
	}
	if len(ts) != n {
		t.Fatalf("%d triplets, want %d", len(ts), n)
	}
	for i, got := range ts {
		if want := (Triplet{int32(i), int32(n - i), int32(i / 3)}); got != want {
			t.Fatalf("triplet %d is %v, want %v", i, got, want)
		}
	}
}

func TestReadTripletsRefuses(t *testing.T) {
	const good = "q\tp\tn\n0\t1\t2\n"
	for _, c := range []struct {
		name, content string
		line          int
		want          []string
	}{
		{"empty", "", 0, []string{"empty"}},
		{"header alone", "q\tp\tn\n", 0, []string{"no triplets"}},
		{"no header", "0\t1\t2\n", 1, []string{"no column q, p, n", `found: "0" "1" "2"`}},
		{"wrong columns", "query\tp\tn\n0\t1\t2\n", 1, []string{"no column q in", `"query"`}},
		{"decimal point", good + "0\t1.0\t2\n", 3, []string{`p is "1.0"`, "from 0 to 9"}},
		{"negative", good + "0\t1\t-1\n", 3, []string{`n is "-1"`, "from 0 to 9"}},
		{"sign", good + "+1\t1\t1\n", 3, []string{`q is "+1"`}},
		{"space", good + " 3\t1\t2\n", 3, []string{`q is " 3"`}},
		{"space after", good + "3 \t1\t2\n", 3, []string{`q is "3 "`}},
		{"empty field", good + "0\t\t2\n", 3, []string{`p is ""`}},
		{"hexadecimal", good + "0\t0x1\t2\n", 3, []string{`p is "0x1"`}},
		{"beyond the metadata", good + "0\t1\t10\n", 3, []string{`n is "10"`, "from 0 to 9"}},
		{"2^63", good + "9223372036854775808\t1\t2\n", 3, []string{`q is "9223372036854775808"`, "from 0 to 9"}},
		{"2^64", good + "18446744073709551616\t1\t2\n", 3, []string{"from 0 to 9"}},
		{"2^32", good + "4294967296\t1\t2\n", 3, []string{"from 0 to 9"}},
		{"a thousand digits", good + strings.Repeat("9", 1000) + "\t1\t2\n", 3, []string{"999..."}},
		{"too few columns", good + "0\t1\n", 3, []string{"2 columns", "has 3"}},
		{"too many columns", good + "0\t1\t2\t3\n", 3, []string{"4 columns", "has 3"}},
		{"a word", good + "0\tone\t2\n", 3, []string{`p is "one"`}},
		{"other digits", good + "0\t\u0661\t2\n", 3, []string{"p is"}},
		{"long line", good + strings.Repeat("1", 2*maxRecord), 3, []string{"longer than"}},
		{"binary", "\x7fELF\x00\x00\x00\n", 1, []string{"not text"}},
		{"line after empty ones", "q\tp\tn\n\n\n0\t1\tx\n", 4, []string{`n is "x"`}},
		{"line after a field over lines", "q\tp\tn\tnote\n0\t1\t2\t\"a\nb\nc\"\n0\t1\tx\t\n", 5, []string{`n is "x"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := write(t, c.content)
			_, err := ReadTriplets(path, 10)
			wantRefused(t, err, path, c.line, c.want...)
		})
	}
}

// What is not a file is refused, by both readers and the fingerprint, without waiting for anything.
func TestNotAFile(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o666); err != nil {
		t.Skip(err)
	}
	for _, c := range []struct{ path, want string }{
		{filepath.Join(dir, "missing.csv"), "no such file"}, {dir, "is a folder"}, {fifo, "is a named pipe"}, {"/dev/null", "is a device"},
		{filepath.Join(dir, "missing", "x.csv"), "no such file"},
	} {
		_, err := ReadMetadata(c.path)
		wantRefused(t, err, c.path, 0, c.want)
		_, err = ReadTriplets(c.path, 10)
		wantRefused(t, err, c.path, 0, c.want)
		_, err = Fingerprint(c.path)
		wantRefused(t, err, c.path, 0, c.want)
	}
}

func FuzzReadMetadata(f *testing.F) {
	f.Add([]byte(header + "a\tb\tc\td\te.jpg\n"))
	f.Add([]byte("\ufeff\t_name,\"_id\"\r\n"))
	f.Add([]byte(header + "\"a\"\"\n\"\tb\tc\td\te.jpg"))
	path := filepath.Join(f.TempDir(), "table.csv")
	f.Fuzz(func(t *testing.T, content []byte) {
		put(t, path, content)
		sameByBlocks(t, path)
		var m *Metadata
		var err error
		// Twice the file, and what a row costs however short it is: five headers of strings, and as much that was outgrown.
		rows := bytes.Count(content, []byte("\n")) + 1
		if n := allocated(func() { m, err = ReadMetadata(path) }); n > 2*len(content)+400*rows+1<<18 {
			t.Fatalf("%d bytes allocated for a file of %d", n, len(content))
		}
		if err != nil {
			if _, ok := errors.AsType[*Refused](err); !ok {
				t.Fatalf("got %v, want a *Refused", err)
			}
			return
		}
		for _, column := range [][]string{m.Category, m.Color, m.ID, m.Gender, m.Name} {
			if len(column) != m.Rows() || len(column) == 0 {
				t.Fatalf("columns of %d and %d rows", len(column), m.Rows())
			}
		}
		for _, name := range m.Name {
			if !filepath.IsLocal(name) {
				t.Fatalf("accepted the path %q", name)
			}
		}
	})
}

func FuzzReadTriplets(f *testing.F) {
	f.Add([]byte("q\tp\tn\n0\t1\t2\n"))
	f.Add([]byte("\ufeff,q,p,n\r\n0,\"1\",2,3"))
	path := filepath.Join(f.TempDir(), "table.csv")
	f.Fuzz(func(t *testing.T, content []byte) {
		const rows = 5
		put(t, path, content)
		sameByBlocks(t, path)
		var ts []Triplet
		var err error
		if n := allocated(func() { ts, err = ReadTriplets(path, rows) }); n > 2*len(content)+60*(bytes.Count(content, []byte("\n"))+1)+1<<18 {
			t.Fatalf("%d bytes allocated for a file of %d", n, len(content))
		}
		if err != nil {
			if _, ok := errors.AsType[*Refused](err); !ok {
				t.Fatalf("got %v, want a *Refused", err)
			}
			return
		}
		for _, x := range ts {
			if min(x.Query, x.Positive, x.Negative) < 0 || max(x.Query, x.Positive, x.Negative) >= rows {
				t.Fatalf("accepted %v of %d rows", x, rows)
			}
		}
	})
}

func BenchmarkReadMetadata(b *testing.B) {
	var s strings.Builder
	s.WriteString("\t" + header)
	for i := range 665_000 {
		fmt.Fprintf(&s, "%d\tcategory%d\tcolour%d\t%d\tfemale\tfolder%d/%d_%d.jpg\n", i, i%47, i%31, 100_000+i/4, i%256, i, i%4)
	}
	path := write(b, s.String())
	b.SetBytes(int64(s.Len()))
	for b.Loop() {
		if _, err := ReadMetadata(path); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadTriplets(b *testing.B) {
	var s strings.Builder
	s.WriteString("\tq\tp\tn\n")
	for i := range 800_000 {
		fmt.Fprintf(&s, "%d\t%d\t%d\t%d\n", i, i*7%665_000, i*13%665_000, i*29%665_000)
	}
	path := write(b, s.String())
	b.SetBytes(int64(s.Len()))
	for b.Loop() {
		if _, err := ReadTriplets(path, 665_000); err != nil {
			b.Fatal(err)
		}
	}
}
