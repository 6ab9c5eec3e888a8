package inventory

import (
	"bytes"
	"strings"
	"testing"
	"unicode"
)

// FuzzWriteText: no names make the tables panic, or bring into them what a terminal would obey.
func FuzzWriteText(f *testing.F) {
	f.Add("dress|Red|1|f\ndress||1|\n|Blue||m", 100)
	f.Add("トレーナー|黒|1|\u202e\n\x1b[2J|\xff|2|\u200d\n🧑‍🧑‍🧒|e\u0301|3|x", 60)
	f.Fuzz(func(t *testing.T, text string, columns int) {
		var rows [][4]string
		for line := range strings.SplitSeq(text, "\n") {
			var r [4]string
			copy(r[:], strings.Split(line, "|"))
			rows = append(rows, r)
		}
		m := table(rows...)
		v := Count(m)
		for _, all := range []bool{false, true} {
			var b bytes.Buffer
			if err := WriteText(&b, m, v, nil, WriteOptions{Columns: 60 + min(max(columns, 0), 180), All: all}); err != nil {
				t.Fatal(err)
			}
			for _, r := range b.String() {
				if r != '\n' && !unicode.IsGraphic(r) {
					t.Fatalf("%q is in %q", r, b.String())
				}
			}
		}
		Charts("x", v)
	})
}
