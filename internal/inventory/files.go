package inventory

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"slices"
	"sync"
	"sync/atomic"

	"deeprank/data"
)

// Files is what the pictures' files of a table are.
type Files struct {
	Looked     int // rows looked at
	Missing    int // rows whose picture does not exist
	Bad        []BadFile
	Deep       bool    // the files were compared; else Duplicates is not known
	Duplicates []Group // files of the same content, in the order of their first rows
}

// BadFile is a row whose picture does not exist, or is none that can be read.
type BadFile struct {
	Row    int32
	Reason string
}

// Group is rows, ascending, whose files have the same content.
type Group struct {
	Rows           []int32
	AcrossProducts bool // their known products are not all the same
}

// LookOptions say how to look at files.
type LookOptions struct {
	Deep     bool // find files of the same content
	Threads  int  // at least 1
	Progress func(what string, done, total int)
}

// tail is the part of a file, in bytes, that is compared before the whole is.
const tail = 4096

// Look looks at the file of each row of m, in p. With Deep it reads those that have the length of another: their last bytes, and where these
// are equal, all. The errors are ctx's and the machine's.
func Look(ctx context.Context, m *data.Metadata, p *data.Pictures, o LookOptions) (*Files, error) {
	f := &Files{Looked: m.Rows(), Deep: o.Deep}
	l := looker{LookOptions: o, files: f, pictures: p}
	rows := make([]int32, m.Rows())
	for i := range rows {
		rows[i] = int32(i)
	}
	sizes := make([]uint64, len(rows))
	err := l.each(ctx, "looking for pictures", rows, sizes, func(row int32) (uint64, error) {
		n, err := p.FileSize(int(row))
		return uint64(n), err
	})
	defer l.finish()
	if err != nil || !o.Deep {
		return f, err
	}
	rows, sizes = alike(rows, sizes)
	// The first 8 bytes of a SHA-256 tell files apart that differ, not yet that others are equal.
	short := func(row int32, tail int64) (uint64, error) {
		sum, err := p.Digest(int(row), tail)
		return binary.LittleEndian.Uint64(sum[:]), err
	}
	ends := make([]uint64, len(rows))
	if err := l.each(ctx, "comparing pictures", rows, ends, func(row int32) (uint64, error) { return short(row, tail) }); err != nil {
		return f, err
	}
	for i := range ends {
		if ends[i] == none {
			continue
		}
		ends[i] ^= sizes[i] * 0x9e3779b97f4a7c15
	}
	rows, _ = alike(rows, ends)
	f.Duplicates, err = l.equal(ctx, m, rows)
	return f, err
}

// equal groups rows by their files' whole content.
func (l *looker) equal(ctx context.Context, m *data.Metadata, rows []int32) ([]Group, error) {
	sums := make([][32]byte, len(rows))
	at := make(map[int32]int, len(rows))
	for i, row := range rows {
		at[row] = i
	}
	unused := make([]uint64, len(rows))
	err := l.each(ctx, "reading pictures that look alike", rows, unused, func(row int32) (uint64, error) {
		sum, err := l.pictures.Digest(int(row), 0)
		sums[at[row]] = sum
		return 0, err
	})
	if err != nil {
		return nil, err
	}
	failed := make(map[int32]bool, len(l.files.Bad))
	for _, b := range l.files.Bad {
		failed[b.Row] = true
	}
	slices.Sort(rows)
	place := make(map[[32]byte]int)
	var all []Group
	for _, row := range rows {
		if failed[row] {
			continue
		}
		sum := sums[at[row]]
		g, ok := place[sum]
		if !ok {
			g = len(all)
			place[sum] = g
			all = append(all, Group{})
		}
		all[g].Rows = append(all[g].Rows, row)
	}
	all = slices.DeleteFunc(all, func(g Group) bool { return len(g.Rows) < 2 })
	for i, g := range all {
		first := ""
		for _, row := range g.Rows {
			id := m.ID[row]
			all[i].AcrossProducts = all[i].AcrossProducts || first != "" && id != "" && id != first
			first = cmp.Or(first, id)
		}
	}
	return all, nil
}

// alike keeps the rows whose key another row has too, together with it.
func alike(rows []int32, keys []uint64) ([]int32, []uint64) {
	sorted := slices.Clone(keys)
	slices.Sort(sorted)
	kept := 0
	for i, key := range keys {
		at, _ := slices.BinarySearch(sorted, key)
		if key != none && at+1 < len(sorted) && sorted[at+1] == key {
			rows[kept], keys[kept] = rows[i], key
			kept++
		}
	}
	return rows[:kept], keys[:kept]
}

// none is the key of a row that has no file.
const none = 1<<64 - 1

// looker collects what is found out by several goroutines.
type looker struct {
	LookOptions
	files    *Files
	pictures *data.Pictures
	mu       sync.Mutex
}

// each calls look for each row and keeps its number at the row's place in numbers; none where the file is refused, which it notes.
func (l *looker) each(ctx context.Context, what string, rows []int32, numbers []uint64, look func(row int32) (uint64, error)) error {
	const part = 512 // rows that a goroutine takes at once
	var next, done atomic.Int64
	var failed error
	var wg sync.WaitGroup
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for range max(1, l.Threads) {
		wg.Go(func() {
			for {
				from := int(next.Add(part)) - part
				to := min(from+part, len(rows))
				if from >= len(rows) {
					return
				}
				for i := from; i < to; i++ {
					if ctx.Err() != nil {
						return
					}
					n, err := look(rows[i])
					if err != nil {
						n = none
						if err = l.note(rows[i], err); err != nil {
							l.mu.Lock()
							failed = err
							l.mu.Unlock()
							stop()
							return
						}
					}
					numbers[i] = n
				}
				if n := int(done.Add(int64(to - from))); l.Progress != nil {
					l.Progress(what, n, len(rows))
				}
			}
		})
	}
	wg.Wait()
	if failed != nil {
		return failed
	}
	return ctx.Err()
}

// note keeps a refused file, or gives back an error of the machine.
func (l *looker) note(row int32, err error) error {
	r, ok := errors.AsType[*data.Refused](err)
	if !ok {
		return err
	}
	reason := r.Reason
	if r.Err != nil && !errors.Is(r, fs.ErrNotExist) {
		reason += ": " + r.Err.Error()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if errors.Is(r, fs.ErrNotExist) {
		l.files.Missing++
	}
	l.files.Bad = append(l.files.Bad, BadFile{row, reason})
	return nil
}

// finish puts what was noted in order, whichever goroutine came first.
func (l *looker) finish() {
	slices.SortFunc(l.files.Bad, func(a, b BadFile) int { return int(a.Row - b.Row) })
}
