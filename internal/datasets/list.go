package datasets

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"deeprank/data"
	"deeprank/internal/fserror"
)

// maxLine bounds a line of a list, in bytes.
const maxLine = 64 << 10

// list reads a set's list: lines of fields that runs of spaces or tabs part. UTF-8 with or without BOM, LF or CRLF; empty lines are skipped.
type list struct {
	path string
	in   *bufio.Reader
	line int // the line last read, from 1
}

// withList opens a list for do. A file that is not there or not a file is a *data.Refused.
func withList(path string, do func(*list) error) error {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		return &data.Refused{Path: path, Reason: "is not a file", Remedy: "unpack the set again"}
	}
	var f *os.File
	if err == nil {
		f, err = os.Open(path)
	}
	if err != nil {
		return &data.Refused{Path: path, Reason: "cannot open the list", Remedy: "unpack the set again, and check --root", Err: fserror.Cause(err)}
	}
	defer f.Close()
	return do(newList(path, f))
}

func newList(path string, r io.Reader) *list {
	return &list{path: path, in: bufio.NewReaderSize(r, maxLine)}
}

// next gives the next line that is not empty, without spaces around it, or io.EOF.
func (l *list) next() (string, error) {
	for {
		line, err := l.in.ReadSlice('\n')
		if len(line) == 0 && err == io.EOF {
			return "", io.EOF
		}
		l.line++
		if errors.Is(err, bufio.ErrBufferFull) {
			return "", l.refuse("check that the file is the set's list", "the line is longer than %d bytes", maxLine)
		}
		if err != nil && err != io.EOF {
			return "", fmt.Errorf("read %s: %w", l.path, fserror.Cause(err))
		}
		if l.line == 1 {
			line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
		}
		if !utf8.Valid(line) || bytes.IndexByte(line, 0) >= 0 {
			return "", l.refuse("unpack the file, or save it as UTF-8 text", "the line is not text: %s", quote(string(line)))
		}
		if text := strings.TrimSpace(string(line)); text != "" {
			return text, nil
		}
	}
}

// header reads the header, which must name these columns in this order.
func (l *list) header(line string, columns ...string) error {
	if fields := strings.Fields(line); strings.Join(fields, " ") != strings.Join(columns, " ") {
		return l.refuse("check that the file is the set's list", "the header is %s, not %q", quote(line), strings.Join(columns, " "))
	}
	return nil
}

// refuse makes the error for the line last read.
func (l *list) refuse(remedy, format string, a ...any) error {
	return &data.Refused{Path: l.path, Line: l.line, Reason: fmt.Sprintf(format, a...), Remedy: remedy}
}

// empty makes the error for a list without rows.
func (l *list) empty() error {
	return &data.Refused{Path: l.path, Reason: "the list holds no pictures", Remedy: "unpack the set again"}
}

// number reads decimal digits, and nothing else.
func (l *list) number(what, s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return 0, l.refuse("mend the line", "%s is %s, not a whole number", what, quote(s))
	}
	return int(n), nil
}

// picture checks a picture's name.
func (l *list) picture(name string) error {
	if wrong := checkName(name); wrong != "" {
		return l.refuse("mend the line: a picture's path below the images folder", "the picture %s %s", quote(name), wrong)
	}
	return nil
}

// front cuts the first n fields off a line; rest, which may hold spaces, is "" where there are no more. ok: there are n.
func front(line string, n int) (fields []string, rest string, ok bool) {
	rest = line
	for range n {
		i := strings.IndexFunc(rest, unicode.IsSpace)
		if i < 0 {
			i = len(rest)
		}
		if i == 0 {
			return nil, "", false
		}
		fields = append(fields, rest[:i])
		rest = strings.TrimLeftFunc(rest[i:], unicode.IsSpace)
	}
	return fields, rest, true
}

// back cuts the last n fields off a line; rest is what stands before them.
func back(line string, n int) (rest string, fields []string, ok bool) {
	fields = make([]string, n)
	rest = line
	for k := n - 1; k >= 0; k-- {
		i := strings.LastIndexFunc(rest, unicode.IsSpace)
		_, width := utf8.DecodeRuneInString(rest[max(i, 0):])
		if i < 0 {
			i, width = 0, 0
		}
		if fields[k] = rest[i+width:]; fields[k] == "" {
			return "", nil, false
		}
		rest = strings.TrimRightFunc(rest[:i], unicode.IsSpace)
	}
	return rest, fields, true
}

// once remembers which pictures were listed, and where.
type once struct {
	at       map[string]int // the index in pictures
	repeated int
	first    string // the first repetition, for a note
}

// add appends a picture that is new. One that is listed twice with the same words counts once; with others, it is refused.
func (o *once) add(l *list, pictures []Picture, p Picture) ([]Picture, error) {
	if o.at == nil {
		o.at = map[string]int{}
	}
	i, known := o.at[p.Name]
	if !known {
		o.at[p.Name] = len(pictures)
		return append(pictures, p), nil
	}
	q := pictures[i]
	if q.ID != p.ID || q.Part != p.Part || q.Category != p.Category {
		return nil, l.refuse("keep one of the two lines", "%s is listed already, as something else, in line %d of %s", quote(p.Name), q.Line, q.List)
	}
	if o.repeated++; o.repeated == 1 {
		o.first = fmt.Sprintf("%s:%d", l.path, l.line)
	}
	return pictures, nil
}

// note tells of repetitions.
func (o *once) note() []string {
	if o.repeated == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%s: the line repeats an earlier one and does not count; such lines: %d", o.first, o.repeated)}
}

// quote writes a text for a message: quoted, shortened, safe for a terminal.
func quote(s string) string {
	if len(s) > 80 {
		s = s[:80] + "..."
	}
	return strconv.Quote(s)
}
