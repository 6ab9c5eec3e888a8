package data

import (
	"bytes"
	"io"
	"runtime"
	"sync"
	"unicode/utf8"
)

// A large table is read in blocks of whole lines, which all CPUs parse and one goroutine puts together in their order. A block that is not
// plain (quotes, a mistake, a line that is too long) ends that: from there on the table is read record by record, which knows
// all there is to know about quotes, and where a mistake is.

const (
	blockBytes = 256 << 10
	// blocksFrom is the length of a table from which on blocks are worth their memory.
	blocksFrom = 4 << 20
)

// block is some whole lines of a table.
type block[T any] struct {
	offset int64 // in the file
	text   []byte
	lines  int
	parsed T
	plain  bool
	done   chan struct{}
}

// inBlocks reads a table's records from where it stands, in blocks of some size: parse makes something of a block's text, which it must not
// keep, and says whether it is plain; take gets these in order and says whether it took them. Afterwards the table stands at its end, or
// before the first block that was not plain or not taken.
func inBlocks[T any](t *table, size int, parse func(text []byte) (T, bool), take func(T) bool) {
	threads := runtime.GOMAXPROCS(0)
	work, order := make(chan *block[T]), make(chan *block[T], threads+1)
	quit, free := make(chan struct{}), make(chan *block[T], threads+4)
	var wg sync.WaitGroup
	start, first := t.read, t.lines
	wg.Go(func() {
		defer close(work)
		defer close(order)
		var rest []byte // of the last block: the beginning of a line
		for offset := start; ; {
			b := &block[T]{}
			select {
			case b = <-free:
			default:
			}
			if cap(b.text) < size {
				b.text = make([]byte, size)
			}
			b.text, b.plain, b.lines, b.done = b.text[:size], false, 0, make(chan struct{})
			b.offset = offset
			kept := copy(b.text, rest)
			n, err := t.file.ReadAt(b.text[kept:], offset+int64(kept))
			b.text = b.text[:kept+n]
			if len(b.text) == 0 && err == io.EOF {
				return
			}
			end := len(b.text)
			if err == nil {
				end = bytes.LastIndexByte(b.text, '\n') + 1
			}
			if end == 0 || err != nil && err != io.EOF { // a long line, or one that cannot be read: not plain
				close(b.done)
				select {
				case order <- b:
				case <-quit:
				}
				return
			}
			rest = append(rest[:0], b.text[end:]...)
			b.text = b.text[:end]
			offset += int64(end)
			select {
			case order <- b:
			case <-quit:
				return
			}
			select {
			case work <- b:
			case <-quit:
				return
			}
		}
	})
	for range threads {
		wg.Go(func() {
			for b := range work {
				b.parsed, b.plain = parse(b.text)
				b.lines = bytes.Count(b.text, []byte("\n"))
				if !bytes.HasSuffix(b.text, []byte("\n")) {
					b.lines++
				}
				close(b.done)
			}
		})
	}
	end, lines := t.size, first
	for b := range order {
		<-b.done
		if !b.plain || !take(b.parsed) {
			end = b.offset
			break
		}
		lines += b.lines
		end = b.offset + int64(len(b.text))
		select {
		case free <- b:
		default:
		}
	}
	close(quit)
	wg.Wait()
	t.stand(end, lines)
}

// stand goes to a line's beginning; lines is how many there are before it.
func (t *table) stand(offset int64, lines int) {
	// What cannot be sought cannot be read either, which the next record's reading says.
	_, _ = t.file.Seek(offset, io.SeekStart)
	t.in.Reset(t.file)
	t.read, t.lines = offset, lines
}

// plainLines calls do with the fields of each line of a block, as many as there are columns, until it gives false. It says
// whether all is plain: text without quotes, with as many fields on each line.
func plainLines(text []byte, separator byte, columns int, do func(fields [][]byte) bool) bool {
	if bytes.IndexByte(text, '"') >= 0 || bytes.IndexByte(text, 0) >= 0 || !utf8.Valid(text) {
		return false
	}
	fields := make([][]byte, columns)
	for len(text) > 0 {
		line := text
		if i := bytes.IndexByte(text, '\n'); i >= 0 {
			line, text = text[:i], text[i+1:]
		} else {
			text = nil
		}
		if n := len(line); n > 0 && line[n-1] == '\r' {
			line = line[:n-1]
		}
		if len(line) == 0 {
			continue
		}
		for c := range fields[1:] {
			i := bytes.IndexByte(line, separator)
			if i < 0 {
				return false
			}
			fields[c], line = line[:i], line[i+1:]
		}
		if bytes.IndexByte(line, separator) >= 0 {
			return false
		}
		fields[columns-1] = line
		if !do(fields) {
			return false
		}
	}
	return true
}
