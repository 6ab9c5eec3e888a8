package inventory

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"deeprank/data"
)

func TestNumber(t *testing.T) {
	for n, want := range map[int]string{0: "0", 7: "7", 999: "999", 1000: "1,000", 665000: "665,000", 10_000_000: "10,000,000", -1234: "-1,234", -123: "-123"} {
		if got := Number(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestShare(t *testing.T) {
	for c, want := range map[[2]int]string{{0, 10}: "0.0 %", {10, 10}: "100.0 %", {1, 3}: "33.3 %", {1, 1_000_000}: "<0.1 %", {999_999, 1_000_000}: ">99.9 %", {0, 0}: "-"} {
		if got := Share(c[0], c[1]); got != want {
			t.Errorf("%v: %q, want %q", c, got, want)
		}
	}
}

func TestLabel(t *testing.T) {
	for value, want := range map[string]string{"": "(none)", "a b": "a b", "\x1b[2Jx": "?[2Jx", "é黒": "é黒", "a\u202eb": "a?b", "a\nb": "a?b", "\xff": "?", "a\u00a0b": "a\u00a0b"} {
		if got := Label(value); got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
}

// TestClip: a letter of two columns is not cut in half.
func TestClip(t *testing.T) {
	for _, c := range []struct {
		text    string
		columns int
		want    string
	}{{"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"黒黒", 4, "黒黒"}, {"黒黒", 3, "黒…"}, {"a黒黒", 3, "a…"}, {"e\u0301e\u0301e\u0301", 2, "e\u0301…"}} {
		if got := clip(c.text, c.columns); got != c.want {
			t.Errorf("%q in %d: %q, want %q", c.text, c.columns, got, c.want)
		}
	}
	if got := left("黒", 4) + "|" + right("黒x", 4) + "|"; got != "黒  | 黒x|" {
		t.Errorf("padded: %q", got)
	}
}

// columnsOf counts a line's columns apart from the code under test: letters of East Asia take two.
func columnsOf(line string) (n int) {
	for _, r := range line {
		n++
		if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) || r == 'ー' {
			n++
		}
	}
	return n
}

// wide makes a table of many values, with long and foreign names.
func wide(categories, colours int) *data.Metadata {
	var rows [][4]string
	for c := range categories {
		for k := range colours {
			for range 1 + (categories-c)*(colours-k)%9 {
				name := fmt.Sprintf("category %d", c)
				switch c % 5 {
				case 1:
					name = fmt.Sprintf("トレーナー%d", c)
				case 2:
					name = strings.Repeat("very long ", 5) + fmt.Sprint(c)
				}
				colour := fmt.Sprintf("colour %d", k)
				if k%4 == 1 {
					colour = fmt.Sprintf("黒%d", k)
				}
				if k == 3 {
					colour = ""
				}
				rows = append(rows, [4]string{name, colour, fmt.Sprint(len(rows) / 3), ""})
			}
		}
	}
	return table(rows...)
}

// TestWidth: no line is wider than the terminal, whatever the table holds.
func TestWidth(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {2, 3}, {25, 47}, {120, 70}} {
		m := wide(size[0], size[1])
		v := Count(m)
		for _, columns := range []int{60, 80, 100, 200} {
			for _, all := range []bool{false, true} {
				var b bytes.Buffer
				if err := WriteText(&b, m, v, nil, WriteOptions{Columns: columns, All: all}); err != nil {
					t.Fatal(err)
				}
				for line := range strings.Lines(b.String()) {
					line = strings.TrimSuffix(line, "\n")
					if got := columnsOf(line); got > columns && strings.HasPrefix(line, "  ") || strings.HasSuffix(line, " ") {
						t.Errorf("%v in %d columns: %d in %q", size, columns, got, line)
					}
				}
			}
		}
	}
}

// TestTable: each row of the table adds up to its total, and with All every count is there.
func TestTable(t *testing.T) {
	m := wide(45, 20)
	v := Count(m)
	text := func(all bool) []string {
		var b bytes.Buffer
		w := &writer{Writer: &b, o: WriteOptions{Columns: 100, All: all}}
		w.table(v)
		return strings.Split(strings.TrimSpace(b.String()), "\n")
	}
	number := func(field string) (n int) {
		if field == "·" {
			return 0
		}
		if _, err := fmt.Sscan(strings.ReplaceAll(field, ",", ""), &n); err != nil {
			t.Fatalf("%q: %v", field, err)
		}
		return n
	}
	short := text(false)
	if got := len(short); got != 3+mostTable+2 {
		t.Fatalf("%d lines:\n%s", got, strings.Join(short, "\n"))
	}
	for _, line := range short[3:] {
		fields := strings.Fields(string([]rune(line)[22-strings.Count(line, "ー")-4*strings.Count(line, "トレ"):]))
		sum := 0
		for _, f := range fields[:len(fields)-1] {
			sum += number(f)
		}
		if want := number(fields[len(fields)-1]); sum != want || sum == 0 {
			t.Errorf("the row adds up to %d, not %d: %s", sum, want, line)
		}
	}
	whole := strings.Join(text(true), "\n")
	for _, c := range []string{"黒17", "(none)", " 19 ", "category 40", "very long very long very long ve… "} {
		if !strings.Contains(whole, c) {
			t.Errorf("%s is missing:\n%s", c, whole)
		}
	}
}

// TestText compares a small inventory with what a person wrote down.
func TestText(t *testing.T) {
	m := table([4]string{"dress", "Red", "1", "f"}, [4]string{"dress", "", "1", "f"}, [4]string{"上着", "Red", "2", ""})
	var b bytes.Buffer
	if err := WriteText(&b, m, Count(m), nil, WriteOptions{Columns: 100}); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/small.txt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestCut(t *testing.T) {
	var rows [][4]string
	for i := range 100 {
		rows = append(rows, [4]string{fmt.Sprint("c", i), "Red", fmt.Sprint(i), ""})
	}
	m := table(rows...)
	for all, want := range map[bool][]string{
		false: {"  and 40 more with 40 rows (40.0 %); --all shows them\n", "  and 90 more; --all shows them\n", "other categories"},
		true:  {"  c99 ", "  row 99  99  99.png\n"},
	} {
		var b bytes.Buffer
		if err := WriteText(&b, m, Count(m), nil, WriteOptions{Columns: 100, All: all}); err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if !strings.Contains(b.String(), w) {
				t.Errorf("all %v: %q is not in\n%s", all, w, b.String())
			}
		}
		if all && strings.Contains(b.String(), "--all") {
			t.Error("--all cuts a list")
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestWriteFails(t *testing.T) {
	m := table([4]string{"a", "b", "c", "d"})
	if err := WriteText(full{}, m, Count(m), nil, WriteOptions{Columns: 100}); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("got %v", err)
	}
}

// TestEndless: thousands of categories and colours are no table, with All neither.
func TestEndless(t *testing.T) {
	var rows [][4]string
	for i := range 2000 {
		rows = append(rows, [4]string{fmt.Sprint("c", i), fmt.Sprint("k", i), "1", ""})
	}
	v := Count(table(rows...))
	var b bytes.Buffer
	w := &writer{Writer: &b, o: WriteOptions{Columns: 100, All: true}}
	if w.table(v); strings.Count(b.String(), "\n") > 60 || !strings.Contains(b.String(), "of 2,000 colours; --json has all") {
		t.Errorf("%d lines: %.300s", strings.Count(b.String(), "\n"), b.String())
	}
}
