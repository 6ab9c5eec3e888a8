package data

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// described puts what was read into lines: the record's line, and the triplet or what is wrong.
func described(l *TripletLines) []string {
	var out []string
	broken := l.Broken
	for i, t := range l.Triplets {
		text := fmt.Sprintf("%d: %d %d %d", l.Line(i), t.Query, t.Positive, t.Negative)
		if len(broken) > 0 && broken[0].Record == i {
			text = fmt.Sprintf("%d: %s", l.Line(i), broken[0].Reason)
			if broken[0].Number {
				text += " (number)"
			}
			broken = broken[1:]
		}
		out = append(out, text)
	}
	return out
}

func TestReadTripletLines(t *testing.T) {
	long := strings.Repeat("7", maxRecord+10)
	for _, c := range []struct {
		name, content string
		want          []string
	}{
		{"good", "q\tp\tn\n0\t1\t2\n3\t4\t5\n", []string{"2: 0 1 2", "3: 3 4 5"}},
		{"no line end", "q\tp\tn\n0\t1\t2", []string{"2: 0 1 2"}},
		{"blank lines", "\n\nq\tp\tn\n\n0\t1\t2\n\r\n\n3\t4\t5\n", []string{"5: 0 1 2", "8: 3 4 5"}},
		{"BOM, CRLF, commas, index", "\ufeff,q,p,n\r\n0,0,1,2\r\n1,x,1,2\r\n2,3,4\r\n3,6,7,8", []string{
			"2: 0 1 2", `3: q is "x" (number)`, "4: 3 columns, but the header has 4", "5: 6 7 8"}},
		{"no numbers", "q\tp\tn\n-1\t1.0\t \n\t2147483647\t2147483646\n", []string{
			`2: q is "-1", p is "1.0", n is " " (number)`, `3: q is "", p is "2147483647" (number)`}},
		{"columns in another order", "n\tx\tq\tp\n0\ta\t1\t2\n0\ta\tb\t2\n", []string{"2: 1 2 0", `3: q is "b" (number)`}},
		{"too many columns", "q\tp\tn\n0\t1\t2\t3\n0\t1\t2\n", []string{"2: 4 columns, but the header has 3", "3: 0 1 2"}},
		{"quotes", "q,p,n,x\n\"0\",1,2,\"a\nb\"\n3,4,5,\"c\"d\n6,7,8,e\n", []string{
			"2: 0 1 2", `4: text after the closing quote of a field: "d"`, "5: 6 7 8"}},
		{"a quote that does not end", "q,p,n,x\n0,1,2,\"a\n3,4,5,b\n6,7,8,c\n", []string{
			"2: a quoted field that starts here does not end", "3: 3 4 5", "4: 6 7 8"}},
		{"a quote that swallows a line", "q,p,n,x\n0,1,2,\"a\n3,4,5,\"b\n6,7,8,c\n", []string{
			`2: text after the closing quote of a field: "b"`, "3: a quoted field that starts here does not end", "4: 6 7 8"}},
		{"blank lines in and before quotes", "q,p,n,x\n\n\n0,1,2,\"a\n\n\"\n\n6,7,8,\"c\n\n9,9,9,d", []string{
			"4: 0 1 2", "8: a quoted field that starts here does not end", "10: 9 9 9"}},
		{"too long", "q\tp\tn\n0\t1\t2\n" + long + "\n3\t4\t5\n", []string{
			"2: 0 1 2", fmt.Sprintf("3: the line is longer than %d bytes", maxRecord), "4: 3 4 5"}},
		{"too long inside of a quote", "q,p,n,x\n0,1,2,\"a\n" + long + "\n3,4,5,b\n", []string{
			"2: a quoted field that starts here does not end", fmt.Sprintf("3: the line is longer than %d bytes", maxRecord), "4: 3 4 5"}},
		{"too long at the end", "q\tp\tn\n0\t1\t2\n" + long, []string{"2: 0 1 2", fmt.Sprintf("3: the line is longer than %d bytes", maxRecord)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := ReadTripletLines(write(t, c.content))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, described(l)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestReadTripletLinesRefuses(t *testing.T) {
	for _, c := range []struct {
		content string
		line    int
		want    string
	}{
		{"", 0, "empty"},
		{"q\tp\n0\t1\n", 1, "no column n"},
		{"q\tp\tn\tq\n", 1, "twice"},
		{"\x1f\x8b1234", 0, "gzip"},
	} {
		path := write(t, c.content)
		_, err := ReadTripletLines(path)
		wantRefused(t, err, path, c.line, c.want)
	}
}

func TestRecordsCopy(t *testing.T) {
	odd := func(i int) bool { return i%2 == 1 }
	for _, c := range []struct{ name, content, want string }{
		{"plain", "q\tp\tn\n0\t1\t2\n3\t4\t5\n6\t7\t8\n", "q\tp\tn\n3\t4\t5\n"},
		{"no line end after what goes", "q\tp\tn\n0\t1\t2\n3\t4\t5\n6\t7\t8", "q\tp\tn\n3\t4\t5\n"},
		{"no line end after what stays", "q\tp\tn\n0\t1\t2\n3\t4\t5", "q\tp\tn\n3\t4\t5"},
		{"as it is", "\ufeff\"\",\"q\",p,n\r\n7,0,1,2\r\n8,\"3\",4,5\r\n9,6,7,8\r\n", "\ufeff\"\",\"q\",p,n\r\n8,\"3\",4,5\r\n"},
		{"blank lines stay", "\nq\tp\tn\n\n0\t1\t2\n\n3\t4\t5\n\n", "\nq\tp\tn\n\n\n3\t4\t5\n\n"},
		{"records of several lines", "q,p,n,x\n0,1,2,\"a\n\nb\"\n3,4,5,\"c\nd\"\n6,7,8,\"\n\"", "q,p,n,x\n3,4,5,\"c\nd\"\n"},
		{"broken records", "q,p,n,x\n0,1,2,\"a\n3,4,5,b\n6\n7,8,9,c\n", "q,p,n,x\n3,4,5,b\n7,8,9,c\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := ReadTripletLines(write(t, c.content))
			if err != nil {
				t.Fatal(err)
			}
			out := filepath.Join(t.TempDir(), "out.tsv")
			asked := 0
			err = l.Copy(out, func(i int) bool {
				if i != asked {
					t.Errorf("asked for record %d, want %d", i, asked)
				}
				asked++
				return odd(i)
			})
			if err != nil {
				t.Fatal(err)
			}
			if asked != l.Len() {
				t.Errorf("asked %d times for %d records", asked, l.Len())
			}
			if d := cmp.Diff(c.want, fileText(t, out)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestRecordsCopyOfAChangedFile(t *testing.T) {
	path := write(t, "q\tp\tn\n0\t1\t2\n")
	l, err := ReadTripletLines(path)
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out.tsv")
	for _, c := range []struct {
		content string
		later   time.Duration
	}{
		{"q\tp\tn\n0\t1\t2\n3\t4\t5\n", 0},
		{"q\tp\tn\n0\t2\t1\n", time.Second},
	} {
		put(t, path, []byte(c.content))
		if err := os.Chtimes(path, time.Time{}, before.ModTime().Add(c.later)); err != nil {
			t.Fatal(err)
		}
		wantRefused(t, l.Copy(out, func(int) bool { return true }), path, 0, "was changed")
		if left, _ := filepath.Glob(filepath.Dir(out) + "/*"); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

func TestReadRecords(t *testing.T) {
	path := write(t, "note\t"+header+"\"one\ntwo\n\"\tshoes\tred\t1\tf\ta/1.jpg\n\n\t\tbags\t2\tm\t2.jpg\nx\tbags\t\t2\tm\t3.jpg\n")
	r, err := ReadRecords(path)
	if err != nil {
		t.Fatal(err)
	}
	if r.Len() != 3 || r.Line(0) != 2 || r.Line(1) != 6 || r.Line(2) != 7 {
		t.Errorf("%d records on lines %d, %d, %d; want 3 on 2, 6, 7", r.Len(), r.Line(0), r.Line(1), r.Line(2))
	}
	path = write(t, header+"a\tb\n")
	_, err = ReadRecords(path)
	wantRefused(t, err, path, 2, "2 columns")
}

// FuzzReadTripletLines compares with ReadTriplets: both read the same where it refuses nothing; where it does, the first broken record is on the line that
// it names; and a copy without the broken records is what it reads.
func FuzzReadTripletLines(f *testing.F) {
	f.Add([]byte("q\tp\tn\n0\t1\t2\n"))
	f.Add([]byte("\ufeff,q,p,n\r\n0,\"1\",2,3\n\n,,\n0,\"1\"\"\n\",4,5"))
	f.Add([]byte("q,p,n,x\n0,1,2,\"a\n3,4,5,b\n6\n7,8,9,c\n"))
	f.Add([]byte("q,p,n,x\n0,1,2,a\"\n,\"\n,\"3,4,5,\"\"\n"))
	dir := f.TempDir()
	path, out := filepath.Join(dir, "table.csv"), filepath.Join(dir, "out.csv")
	const rows = 1<<31 - 1
	f.Fuzz(func(t *testing.T, content []byte) {
		put(t, path, content)
		l, err := ReadTripletLines(path)
		ts, strict := ReadTriplets(path, rows)
		if err != nil {
			if strict == nil || strict.Error() != err.Error() {
				t.Fatalf("refused with %v, ReadTriplets with %v", err, strict)
			}
			return
		}
		if len(l.Triplets) != l.Len() {
			t.Fatalf("%d triplets of %d records", len(l.Triplets), l.Len())
		}
		if len(l.Broken) == 0 {
			if strict == nil && !cmp.Equal(ts, l.Triplets) || strict != nil && l.Len() > 0 {
				t.Fatalf("read %v, ReadTriplets %v, %v", l.Triplets, ts, strict)
			}
			return
		}
		if strict == nil {
			t.Fatalf("record %d is broken, but ReadTriplets takes it: %s", l.Broken[0].Record, l.Broken[0].Reason)
		}
		isBroken := make([]bool, l.Len())
		for _, b := range l.Broken {
			isBroken[b.Record] = true
		}
		var want []Triplet
		last := 0
		for i, t0 := range l.Triplets {
			if line := l.Line(i); line <= last {
				t.Fatalf("record %d is on line %d, the one before on %d", i, line, last)
			} else {
				last = line
			}
			if !isBroken[i] {
				want = append(want, t0)
			}
		}
		if err := l.Copy(out, func(i int) bool { return !isBroken[i] }); err != nil {
			t.Fatal(err)
		}
		got, err := ReadTriplets(out, rows)
		if len(want) == 0 && err != nil {
			return // a table without records is refused
		}
		if err != nil || !cmp.Equal(got, want) {
			text, _ := os.ReadFile(out)
			t.Fatalf("the copy %q reads as %v, %v; want %v", text, got, err, want)
		}
	})
}
