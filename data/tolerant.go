package data

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"deeprank/internal/fserror"
)

// TripletLines is a triplets table as it is, defects included.
type TripletLines struct {
	*Records
	// Triplets has an entry for each record. Their rows are whole numbers that may be too large for the metadata; a broken record has
	// only rows of -1.
	Triplets []Triplet
	Broken   []BrokenRecord // by record
}

// BrokenRecord is a record that is no triplet.
type BrokenRecord struct {
	Record int
	Reason string // what was found
	Number bool   // it has its columns, but one of q, p, n is no whole number below 2^31-1
}

// ReadTripletLines reads a triplets table as ReadTriplets does, but goes on after a record that cannot be used: what ReadTriplets would refuse at a
// line is in Broken. A record that breaks the rules of quoting is taken to be one line. An error says that there is no such table.
func ReadTripletLines(path string) (*TripletLines, error) {
	t, err := openTable(path, "the triplets")
	if err != nil {
		return nil, err
	}
	defer t.Close()
	at, err := t.columns("q", "p", "n")
	if err != nil {
		return nil, err
	}
	r, err := newRecords(t)
	if err != nil {
		return nil, err
	}
	l := &TripletLines{Records: r}
	again := int64(maxReread) // bytes that may still be read again
	for {
		read, lines := t.read, t.lines
		fields, err := t.next()
		if err == io.EOF {
			return l, nil
		}
		broken := BrokenRecord{Record: r.n}
		triplet := Triplet{-1, -1, -1}
		switch refused, ok := errors.AsType[*Refused](err); {
		case ok:
			line := refused.Line
			if broken.Reason = refused.Reason; t.line > lines { // the record's first line was read
				line = t.line
				if line != refused.Line {
					broken.Reason = "a quoted field that starts here does not end"
				}
				if t.lines > line {
					again -= t.read - read + maxRecord
				}
				if again < 0 {
					refused.Reason = "too many broken quotes up to here, and then " + refused.Reason
					return nil, refused
				}
				err = t.backTo(line, read, lines)
			} else {
				err = t.skipRest()
			}
			if err != nil {
				return nil, err
			}
			r.add(line, 1)
		case err != nil:
			return nil, err
		default:
			triplet, broken.Reason = parseTriplet(t, fields, at)
			broken.Number = true
			r.add(t.line, t.lines-t.line+1)
		}
		if broken.Reason != "" {
			l.Broken = append(l.Broken, broken)
		}
		if len(l.Triplets) == reserveAfter {
			l.Triplets = slices.Grow(l.Triplets, t.remaining(reserveAfter))
		}
		l.Triplets = append(l.Triplets, triplet)
	}
}

// maxReread bounds how much is read a second time: a record may swallow maxRecord, and going back reads a buffer of maxRecord anew.
const maxReread = 1 << 31

// parseTriplet gives the triplet, or what is wrong with it.
func parseTriplet(t *table, fields [][]byte, at []int) (Triplet, string) {
	var v [3]int32
	var wrong []string
	for c, i := range at {
		row, ok := parseRow(fields[i], math.MaxInt32)
		if !ok {
			wrong = append(wrong, fmt.Sprintf("%s is %s", t.header[i], quote(fields[i])))
		}
		v[c] = row
	}
	if wrong != nil {
		return Triplet{-1, -1, -1}, strings.Join(wrong, ", ")
	}
	return Triplet{v[0], v[1], v[2]}, ""
}

// backTo goes on reading after a line, where a record with a broken quote has swallowed more. read and lines are how much the table had read before
// that record.
func (t *table) backTo(line int, read int64, lines int) error {
	if t.lines == line {
		return nil
	}
	if _, err := t.file.Seek(read, io.SeekStart); err != nil {
		return fmt.Errorf("read %s: %w", t.path, fserror.Cause(err))
	}
	t.in.Reset(t.file)
	for t.read, t.lines = read, lines; t.lines < line; {
		if _, err := t.readLine(); err != nil {
			return err
		}
	}
	return nil
}

// skipRest goes on reading after a line that is too long to be one.
func (t *table) skipRest() error {
	for {
		text, err := t.in.ReadSlice('\n')
		t.read += int64(len(text))
		switch {
		case err == nil || err == io.EOF:
			return nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return fmt.Errorf("read %s: %w", t.path, fserror.Cause(err))
		}
	}
}
