package data

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"deeprank/internal/fserror"
)

// maxRecord bounds one record of a table (bytes, with its line ends), so that a file without line ends or with a quote that is never
// closed is refused and not read into memory.
const maxRecord = 1 << 20

// reserveAfter is the number of records after which the length of one is known well enough to reserve memory for the rest.
const reserveAfter = 4096

// table streams the records of a tab- or comma-separated text file. A record's fields are views into buffers that the next
// record overwrites; nothing is allocated per record.
//
// Accepted: UTF-8 with or without BOM, LF or CRLF, no line end after the last record, quoted fields as pandas and RFC 4180 write them
// ("" is a quote; separators and line ends inside), a quote in the middle of an unquoted field (taken as it is).
// Empty lines are skipped, as pandas skips them.
type table struct {
	path      string
	file      *os.File
	size      int64 // of the file, bytes
	in        *bufio.Reader
	separator byte
	header    []string
	line      int   // where the record last read starts, from 1
	lines     int   // lines read so far
	read      int64 // bytes read so far
	fields    [][]byte
	unquoted  []byte // text of a record that holds quotes
	ends      []int  // where its fields end in unquoted
}

// openTable opens a table and reads its header. what names the file in messages, such as "the metadata".
func openTable(path, what string) (*table, error) {
	f, info, err := openRegular(path, what)
	if err != nil {
		return nil, err
	}
	t := &table{path: path, file: f, size: info.Size(), in: bufio.NewReaderSize(f, int(min(maxRecord, max(info.Size()+1, 4096))))}
	if err := t.readHeader(what); err != nil {
		f.Close()
		return nil, err
	}
	return t, nil
}

func (t *table) Close() error { return t.file.Close() }

// refuse makes the error for the record last read.
func (t *table) refuse(remedy, format string, a ...any) error {
	return &Refused{Path: t.path, Line: t.line, Reason: fmt.Sprintf(format, a...), Remedy: remedy}
}

// foreign tells the usual files that are not text by their first bytes.
func foreign(head []byte) string {
	for _, k := range []struct{ magic, name string }{
		{"\x1f\x8b", "a gzip file"}, {"PK\x03\x04", "a zip or Excel file"}, {"\xff\xfe", "UTF-16 text"}, {"\xfe\xff", "UTF-16 text"},
		{"PAR1", "a Parquet file"}, {"\x89PNG", "a picture"}, {"\xff\xd8\xff", "a picture"}, {"\x28\xb5\x2f\xfd", "a zstd file"},
	} {
		if bytes.HasPrefix(head, []byte(k.magic)) {
			return k.name
		}
	}
	return ""
}

func (t *table) readHeader(what string) error {
	const remedy = "save it as UTF-8 text, tab-separated, with a header line"
	head, err := t.in.Peek(4)
	if err != nil && err != io.EOF {
		return &Refused{Path: t.path, Reason: "cannot read " + what, Err: fserror.Cause(err)}
	}
	if len(head) == 0 {
		return &Refused{Path: t.path, Reason: "the file is empty", Remedy: remedy}
	}
	if kind := foreign(head); kind != "" {
		return &Refused{Path: t.path, Reason: "is " + kind, Remedy: remedy}
	}
	if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) {
		n, err := t.in.Discard(3)
		if err != nil {
			return fmt.Errorf("read %s: %w", t.path, fserror.Cause(err))
		}
		t.read = int64(n)
	}
	// The header's first line decides on the separator.
	line, _ := t.in.Peek(min(maxRecord, int(t.size-t.read)))
	if i := bytes.IndexByte(line, '\n'); i >= 0 {
		line = line[:i]
	}
	if t.separator = '\t'; bytes.IndexByte(line, '\t') < 0 && bytes.IndexByte(line, ',') >= 0 {
		t.separator = ','
	}
	fields, err := t.next()
	if err == io.EOF {
		return &Refused{Path: t.path, Reason: "the file has no header", Remedy: remedy}
	}
	if err != nil {
		return err
	}
	for _, f := range fields {
		if i := bytes.IndexFunc(f, func(r rune) bool { return r < ' ' && r != '\n' || r == utf8.RuneError }); i >= 0 {
			return t.refuse(remedy, "the header holds bytes that are not text: %s", quote(f))
		}
		t.header = append(t.header, string(f))
	}
	return nil
}

// columns gives the position of each wanted column in the header.
func (t *table) columns(wanted ...string) ([]int, error) {
	var at []int
	var missing []string
	for _, w := range wanted {
		i := slices.Index(t.header, w)
		if i < 0 {
			missing = append(missing, w)
			continue
		}
		if slices.Index(t.header[i+1:], w) >= 0 {
			return nil, t.refuse("keep one of them", "the header names the column %s twice", w)
		}
		at = append(at, i)
	}
	if missing == nil {
		return at, nil
	}
	found := make([]string, 0, len(t.header))
	for _, h := range t.header {
		if len(found) == 20 {
			found = append(found, fmt.Sprintf("and %d more", len(t.header)-20))
			break
		}
		found = append(found, quote([]byte(h)))
	}
	return nil, t.refuse("the first line must name the columns "+strings.Join(wanted, " ")+", separated by tabs",
		"no column %s in the header; found: %s", strings.Join(missing, ", "), strings.Join(found, " "))
}

// next gives the fields of the next record, as many as the header has, or io.EOF.
func (t *table) next() ([][]byte, error) {
	for {
		line, err := t.readLine()
		if err != nil {
			return nil, err
		}
		t.line = t.lines
		if len(line) == 0 {
			continue
		}
		if bytes.IndexByte(line, '"') >= 0 {
			err = t.splitQuoted(line)
		} else {
			t.split(line)
		}
		if err != nil {
			return nil, err
		}
		if t.header != nil && len(t.fields) != len(t.header) {
			return nil, t.refuse("mend the line", "%d columns, but the header has %d", len(t.fields), len(t.header))
		}
		return t.fields, nil
	}
}

// remaining estimates how many records are still to come after n were read, by their mean length; it is bounded, so that a strange file
// cannot make a reader reserve more memory than a usual machine has.
func (t *table) remaining(n int) int {
	const most = 1 << 27
	return int(min(most, float64(t.size-t.read)*float64(n)/float64(t.read)*1.02))
}

// readLine gives the next line without its line end, or io.EOF.
func (t *table) readLine() ([]byte, error) {
	line, err := t.in.ReadSlice('\n')
	t.read += int64(len(line))
	if len(line) > 0 || err == nil {
		t.lines++
	}
	switch {
	case err == nil:
		line = line[:len(line)-1]
	case err == io.EOF && len(line) > 0:
	case err == io.EOF:
		return nil, io.EOF
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, &Refused{Path: t.path, Line: t.lines, Reason: fmt.Sprintf("the line is longer than %d bytes", maxRecord), Remedy: "check that the file is a table with one record a line"}
	default:
		return nil, fmt.Errorf("read %s: %w", t.path, fserror.Cause(err))
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line, nil
}

func (t *table) split(line []byte) {
	t.fields = t.fields[:0]
	for {
		i := bytes.IndexByte(line, t.separator)
		if i < 0 {
			t.fields = append(t.fields, line)
			return
		}
		t.fields = append(t.fields, line[:i])
		line = line[i+1:]
	}
}

// splitQuoted splits a record with quotes in it; a quoted field may run on over further lines.
func (t *table) splitQuoted(line []byte) error {
	t.unquoted, t.ends, t.fields = t.unquoted[:0], t.ends[:0], t.fields[:0]
	total := len(line)
	for start, quoted := true, false; ; {
		switch {
		case quoted:
			i := bytes.IndexByte(line, '"')
			if i < 0 { // the field goes on in the next line
				t.unquoted = append(append(t.unquoted, line...), '\n')
				next, err := t.readLine()
				if err != nil && err != io.EOF {
					return err
				}
				if total += len(next) + 1; err == io.EOF || total > maxRecord {
					return t.refuse(`close the quote, or write "" for a quote inside of one`, "a quoted field that starts here does not end")
				}
				line = next
				continue
			}
			t.unquoted = append(t.unquoted, line[:i]...)
			line = line[i+1:]
			if len(line) > 0 && line[0] == '"' {
				t.unquoted, line = append(t.unquoted, '"'), line[1:]
				continue
			}
			if len(line) > 0 && line[0] != t.separator {
				return t.refuse(`write "" for a quote inside of a quoted field`, "text after the closing quote of a field: %s", quote(line))
			}
			quoted = false
		case start && len(line) > 0 && line[0] == '"':
			quoted, start, line = true, false, line[1:]
			continue
		default:
			i := bytes.IndexByte(line, t.separator)
			if i < 0 {
				i = len(line)
			}
			t.unquoted = append(t.unquoted, line[:i]...)
			line = line[i:]
		}
		// Here a field has ended: at a separator or at the end of the line.
		t.ends = append(t.ends, len(t.unquoted))
		if len(line) == 0 {
			break
		}
		start, line = true, line[1:]
	}
	from := 0
	for _, to := range t.ends {
		t.fields = append(t.fields, t.unquoted[from:to])
		from = to
	}
	return nil
}

// quote writes a field for a message: quoted, shortened, safe for a terminal.
func quote(b []byte) string {
	if len(b) > 60 {
		b = append(slices.Clone(b[:60]), "..."...)
	}
	return fmt.Sprintf("%q", b)
}
