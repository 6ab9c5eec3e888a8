package data

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"deeprank/internal/fserror"
)

// Records knows on which lines of a table's file its records stand: record i is the i-th after the header, from 0. Most tables have a record a
// line without a gap, so that only what breaks this rule takes memory.
type Records struct {
	Path  string
	n     int
	runs  []recordRun
	long  map[int]int // number of lines of the records that take more than one
	size  int64       // of the file, when it was read
	mtime time.Time
}

// recordRun says that record i from first on stands on line + (i-first).
type recordRun struct{ first, line int }

func newRecords(t *table) (*Records, error) {
	info, err := t.file.Stat()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", t.path, fserror.Cause(err))
	}
	return &Records{Path: t.path, size: info.Size(), mtime: info.ModTime()}, nil
}

// Len gives the number of records.
func (r *Records) Len() int { return r.n }

// add notes the next record.
func (r *Records) add(line, lines int) {
	next := -1
	if k := len(r.runs) - 1; k >= 0 {
		next = r.runs[k].line + r.n - r.runs[k].first
	}
	if line != next {
		r.runs = append(r.runs, recordRun{r.n, line})
	}
	if lines > 1 {
		if r.long == nil {
			r.long = make(map[int]int)
		}
		r.long[r.n] = lines
	}
	r.n++
}

// Line gives the line on which record i begins, from 1.
func (r *Records) Line(i int) int {
	low, high := 0, len(r.runs) // the run is in [low, high)
	for high-low > 1 {
		if mid := (low + high) / 2; r.runs[mid].first <= i {
			low = mid
		} else {
			high = mid
		}
	}
	return r.runs[low].line + i - r.runs[low].first
}

// ReadRecords reads a metadata table only to find its records, each a row.
func ReadRecords(path string) (*Records, error) {
	t, err := openTable(path, "the metadata")
	if err != nil {
		return nil, err
	}
	defer t.Close()
	r, err := newRecords(t)
	if err != nil {
		return nil, err
	}
	for {
		if _, err := t.next(); err == io.EOF {
			return r, nil
		} else if err != nil {
			return nil, err
		}
		r.add(t.line, t.lines-t.line+1)
	}
}

// Copy writes the table without some of its records, byte for byte: its header, columns, quotes, line ends and order stay. keep
// is asked once for each record, in order. The file is there whole or, after an error, as it was before.
func (r *Records) Copy(path string, keep func(i int) bool) error {
	f, info, err := openRegular(r.Path, "the table")
	if err != nil {
		return err
	}
	defer f.Close()
	if err := r.unchanged(info); err != nil {
		return err
	}
	return writeTable(path, func(w *bufio.Writer) error {
		if err := r.copyLines(w, f, keep); err != nil {
			return err
		}
		info, err := f.Stat()
		if err != nil {
			return err
		}
		return r.unchanged(info)
	})
}

// unchanged refuses a file that is not the one whose records were counted.
func (r *Records) unchanged(info fs.FileInfo) error {
	if info.Size() != r.size || !info.ModTime().Equal(r.mtime) {
		return &Refused{Path: r.Path, Reason: "the file was changed while it was read", Remedy: "start again when nothing writes to it"}
	}
	return nil
}

func (r *Records) copyLines(w *bufio.Writer, f *os.File, keep func(i int) bool) error {
	in := bufio.NewReaderSize(f, 1<<18)
	run, next := 0, 0 // the next record and its run
	from, to := 0, 0  // lines of the current record
	kept := true
	for line := 1; ; line++ {
		if line >= to { // the record has ended; does the next one begin here?
			kept = true
			if next < r.n {
				if run+1 < len(r.runs) && r.runs[run+1].first == next {
					run++
				}
				if from = r.runs[run].line + next - r.runs[run].first; line == from {
					to = from + max(1, r.long[next])
					kept = keep(next)
					next++
				}
			}
		}
		for {
			text, err := in.ReadSlice('\n')
			if kept {
				w.Write(text)
			}
			if errors.Is(err, bufio.ErrBufferFull) {
				continue
			}
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			break
		}
	}
}
