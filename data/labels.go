package data

import (
	"math"
	"slices"
	"sync"
)

// Unknown is the code of an empty text.
const Unknown = -1

// Labels are the metadata's labels as numbers, without the pictures' names: all that drawing triplets needs, in 16 bytes a row.
// Equal texts of a column have equal codes, from 0 in the order in which they first come; Unknown stands for the empty text.
type Labels struct {
	Path                        string // the file they came from
	Category, Color, ID, Gender []int32

	Categories, Colors, Products, Genders int // distinct known values
}

// Rows gives the number of rows, which is the number of pictures.
func (l *Labels) Rows() int { return len(l.ID) }

// Labels gives the metadata's labels as numbers.
func (m *Metadata) Labels() *Labels {
	l := &Labels{Path: m.Path}
	number := func(texts []string) ([]int32, int) {
		known := map[string]int32{"": Unknown}
		codes := make([]int32, len(texts))
		for i, v := range texts {
			if i > 0 && v == texts[i-1] {
				codes[i] = codes[i-1]
				continue
			}
			code, ok := known[v]
			if !ok {
				code = int32(len(known) - 1)
				known[v] = code
			}
			codes[i] = code
		}
		return codes, len(known) - 1
	}
	l.Category, l.Categories = number(m.Category)
	l.Color, l.Colors = number(m.Color)
	l.ID, l.Products = number(m.ID)
	l.Gender, l.Genders = number(m.Gender)
	return l
}

// KindOf classifies a triplet as Metadata.KindOf does.
func (l *Labels) KindOf(t Triplet) Kind { return classify(t, l.ID, l.Category, l.Color, Unknown) }

// ReadLabels reads a metadata table as ReadMetadata does, and refuses the same, but keeps the labels alone.
func ReadLabels(path string) (*Labels, error) { return readLabels(path, blockBytes, blocksFrom) }

func readLabels(path string, size int, from int64) (*Labels, error) {
	t, at, err := openMetadata(path)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	l := &Labels{Path: path}
	columns := [...]*[]int32{&l.Category, &l.Color, &l.ID, &l.Gender}
	var coders [len(columns)]*coder
	for c := range coders {
		coders[c] = newCoder()
	}
	grow := func(rows int) {
		for _, column := range columns {
			*column = slices.Grow(*column, rows)
		}
	}
	if t.size-t.read >= from {
		// Each block has codes of its own, of which the first texts in the file's order make the table's.
		type part struct {
			coders [len(columns)]*coder
			codes  [len(columns)][]int32
		}
		free := sync.Pool{New: func() any {
			p := &part{}
			for c := range p.coders {
				p.coders[c] = newCoder()
			}
			return p
		}}
		var fresh []int32
		inBlocks(t, size, func(text []byte) (*part, bool) {
			p := free.Get().(*part)
			for c := range columns {
				p.coders[c].reset()
				p.codes[c] = p.codes[c][:0]
			}
			plain := plainLines(text, t.separator, len(t.header), func(fields [][]byte) bool {
				for c := range columns {
					p.codes[c] = append(p.codes[c], p.coders[c].code(fields[at[c]]))
				}
				return plainName(fields[at[len(columns)]])
			})
			return p, plain
		}, func(p *part) bool {
			rows := l.Rows()
			if rows+len(p.codes[0]) >= math.MaxInt32 {
				return false
			}
			if rows == 0 {
				grow(int(float64(t.size-t.read) / float64(size) * 1.02 * float64(len(p.codes[0]))))
			}
			for c, column := range columns {
				fresh = fresh[:0]
				for code := range p.coders[c].len() {
					fresh = append(fresh, coders[c].code(p.coders[c].of(int32(code))))
				}
				for _, code := range p.codes[c] {
					if code != Unknown {
						code = fresh[code]
					}
					*column = append(*column, code)
				}
			}
			free.Put(p)
			return true
		})
	}
	err = t.eachPicture(at, l.Rows(), func(fields [5][]byte, reserve int) {
		if reserve > 0 {
			grow(reserve)
		}
		for c, column := range columns {
			*column = append(*column, coders[c].code(fields[c]))
		}
	})
	if err != nil {
		return nil, err
	}
	l.Categories, l.Colors, l.Products, l.Genders = coders[0].len(), coders[1].len(), coders[2].len(), coders[3].len()
	return l, nil
}
