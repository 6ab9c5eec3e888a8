package data

import (
	"bytes"
	"io"
	"math"
	"slices"
	"sync"
	"unicode/utf8"
)

// Metadata is the table of the pictures. A picture's row is its position in the file, from 0; triplets name pictures by it.
type Metadata struct {
	Path string // the file it came from, if it is that file's table
	// The columns _category, _color, _id (the product), _gender and _name (the picture's path below the images folder), all of
	// one length. All but Name may hold empty strings, which mean unknown.
	Category, Color, ID, Gender, Name []string
}

// Rows gives the number of rows, which is the number of pictures.
func (m *Metadata) Rows() int { return len(m.Name) }

// ReadMetadata reads a metadata table; the package's documentation has the format. What is wrong with the file's contents comes as
// a *Refused that names the line.
func ReadMetadata(path string) (*Metadata, error) {
	return readMetadata(path, blockBytes, blocksFrom)
}

// readMetadata reads a table in blocks where at least so many bytes of it are left after the header.
func readMetadata(path string, size int, from int64) (*Metadata, error) {
	t, at, err := openMetadata(path)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	m := &Metadata{Path: path}
	columns := [...]*[]string{&m.Category, &m.Color, &m.ID, &m.Gender, &m.Name}
	const name = len(columns) - 1
	var packed [len(columns)]packer
	grow := func(rows int) {
		for c := range packed {
			packed[c].out = slices.Grow(packed[c].out, rows)
		}
	}
	if t.size-t.read >= from {
		free := sync.Pool{New: func() any { return new([len(columns)]packer) }}
		inBlocks(t, size, func(text []byte) (*[len(columns)]packer, bool) {
			part := free.Get().(*[len(columns)]packer)
			plain := plainLines(text, t.separator, len(t.header), func(fields [][]byte) bool {
				for c, i := range at {
					part[c].add(fields[i], c != name)
				}
				return plainName(fields[at[name]])
			})
			for c := range part {
				part[c].flush()
			}
			return part, plain
		}, func(part *[len(columns)]packer) bool {
			if packed[name].n+part[name].n >= math.MaxInt32 {
				return false
			}
			if n := part[name].n; packed[name].n == 0 && n > 0 {
				grow(int(float64(t.size-t.read) / float64(size) * 1.02 * float64(n)))
			}
			for c := range packed {
				packed[c].n += part[c].n
				packed[c].out = append(packed[c].out, part[c].out...)
				part[c].reset()
			}
			free.Put(part)
			return true
		})
	}
	err = t.eachPicture(at, packed[name].n, func(fields [5][]byte, reserve int) {
		if reserve > 0 {
			grow(reserve)
		}
		for c := range packed {
			packed[c].add(fields[c], c != name)
		}
	})
	if err != nil {
		return nil, err
	}
	for c := range columns {
		*columns[c] = packed[c].strings()
	}
	return m, nil
}

// openMetadata opens a metadata table and finds _category, _color, _id, _gender and _name in it.
func openMetadata(path string) (*table, []int, error) {
	t, err := openTable(path, "the metadata")
	if err != nil {
		return nil, nil, err
	}
	at, err := t.columns("_category", "_color", "_id", "_gender", "_name")
	if err != nil {
		t.Close()
		return nil, nil, err
	}
	return t, at, nil
}

// eachPicture reads the rows from where the table stands, after the given number of them, and calls do with the five columns of each; they
// are overwritten by the next row. reserve, where it is not 0, is about how many rows are still to come.
func (t *table) eachPicture(at []int, rows int, do func(fields [5][]byte, reserve int)) error {
	const name = 4
	for {
		fields, err := t.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		var row [5][]byte
		for c, i := range at {
			f := fields[i]
			if !utf8.Valid(f) || bytes.IndexByte(f, 0) >= 0 {
				return t.refuse("save the file as UTF-8 text", "%s is not text: %s", t.header[i], quote(f))
			}
			row[c] = f
		}
		if wrong := checkName(row[name]); wrong != "" {
			return t.refuse("write the picture's path below the images folder, such as shoes/1.jpg", "_name %s %s", quote(row[name]), wrong)
		}
		reserve := 0
		if rows == reserveAfter {
			reserve = t.remaining(rows)
		}
		do(row, reserve)
		if rows++; rows == math.MaxInt32 {
			return t.refuse("split the data", "more than %d rows", math.MaxInt32-1)
		}
	}
	if rows == 0 {
		return &Refused{Path: t.path, Reason: "the metadata has a header but no rows", Remedy: "add a line for each picture"}
	}
	return nil
}

// plainName says whether a picture's path is well-formed beyond doubt; others are for checkName.
func plainName(name []byte) bool {
	n := len(name)
	return n > 0 && name[0] != '/' && name[n-1] != '/' && name[n-1] != '.' && !bytes.Contains(name, []byte(".."))
}

// checkName says what is wrong with a picture's path, or "". A backslash is a character like any other. That a link does not lead
// out of the images folder is for the opening to check.
func checkName(name []byte) string {
	switch {
	case len(name) == 0:
		return "is empty"
	case name[0] == '/':
		return "is an absolute path"
	case bytes.Equal(name, []byte(".")) || bytes.HasSuffix(name, []byte("/")):
		return "is a folder"
	}
	for rest, more := name, true; more; {
		var part []byte
		part, rest, more = bytes.Cut(rest, []byte("/"))
		if string(part) == ".." {
			return "leads out of the images folder by .."
		}
	}
	return ""
}

// packer collects the strings of a column with few allocations: their text lies together in large blocks, and texts that
// repeat are kept once.
type packer struct {
	n     int
	out   []string
	block []byte // text of the strings that are not in out yet
	ends  []int  // where each of them ends in block
	known map[string]string
	last  string
}

const (
	packBlock = 1 << 18 // bytes
	packKnown = 1 << 14 // distinct texts of a column that are remembered
)

// add appends a copy of s. repeats says that the column's texts are likely to repeat.
func (p *packer) add(s []byte, repeats bool) {
	p.n++
	if !repeats {
		p.block = append(p.block, s...)
		if p.ends = append(p.ends, len(p.block)); len(p.block) >= packBlock {
			p.flush()
		}
		return
	}
	if p.last == string(s) { // the pictures of a product often follow one another
		p.out = append(p.out, p.last)
		return
	}
	if p.known == nil {
		p.known = make(map[string]string)
	}
	v, ok := p.known[string(s)]
	if !ok {
		v = string(s)
		if len(p.known) < packKnown {
			p.known[v] = v
		}
	}
	p.last = v
	p.out = append(p.out, v)
}

func (p *packer) flush() {
	text, from := string(p.block), 0
	for _, to := range p.ends {
		p.out = append(p.out, text[from:to])
		from = to
	}
	p.block, p.ends = p.block[:0], p.ends[:0]
}

// reset forgets the strings that were added; texts that repeat are still known.
func (p *packer) reset() {
	clear(p.out)
	p.n, p.out = 0, p.out[:0]
	if len(p.known) == packKnown {
		clear(p.known)
	}
}

func (p *packer) strings() []string {
	p.flush()
	return slices.Clip(p.out)
}
