package data

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"deeprank/internal/atomicfile"
)

// WriteTriplets writes a triplets table, tab-separated, that ReadTriplets reads. The file is there whole or, after an error,
// as it was before.
func WriteTriplets(path string, ts []Triplet) error {
	return writeTable(path, func(w *bufio.Writer) error {
		w.WriteString("q\tp\tn\n")
		var line []byte
		for _, t := range ts {
			line = strconv.AppendInt(line[:0], int64(t.Query), 10)
			line = strconv.AppendInt(append(line, '\t'), int64(t.Positive), 10)
			line = strconv.AppendInt(append(line, '\t'), int64(t.Negative), 10)
			w.Write(append(line, '\n'))
		}
		return nil
	})
}

// WriteMetadata writes a metadata table, tab-separated, that ReadMetadata reads; a row keeps its position. All that ReadMetadata gives
// can be written; another text, which no table can hold, is an error. The file is there whole or, after an error, as it was before.
func WriteMetadata(path string, m *Metadata) error {
	columns := [...][]string{m.Category, m.Color, m.ID, m.Gender, m.Name}
	for _, c := range columns {
		if len(c) != m.Rows() {
			return fmt.Errorf("data: WriteMetadata: columns of %d and %d rows", len(c), m.Rows())
		}
	}
	return writeTable(path, func(w *bufio.Writer) error {
		w.WriteString("_category\t_color\t_id\t_gender\t_name\n")
		for row := range m.Rows() {
			if wrong := checkName([]byte(m.Name[row])); wrong != "" {
				return fmt.Errorf("row %d: _name %s %s", row, quote([]byte(m.Name[row])), wrong)
			}
			for c := range columns {
				v := columns[c][row]
				if !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
					return fmt.Errorf("row %d: a table cannot hold the text %s", row, quote([]byte(v)))
				}
				if strings.ContainsAny(v, "\t\r\n\"") {
					// A reader takes a carriage return before a line's end for a part of it, also within quotes.
					v = `"` + strings.NewReplacer(`"`, `""`, "\r\n", "\r\r\n").Replace(v) + `"`
				}
				if c > 0 {
					w.WriteByte('\t')
				}
				w.WriteString(v)
			}
			w.WriteByte('\n')
		}
		return nil
	})
}

// writeTable writes a file whole or, after an error, not at all. What rows writes need not be checked: the first error stays.
func writeTable(path string, rows func(*bufio.Writer) error) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		b := bufio.NewWriter(w)
		return errors.Join(rows(b), b.Flush())
	})
}
