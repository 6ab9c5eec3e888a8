package data

import "slices"

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
func (l *Labels) KindOf(t Triplet) Kind {
	same := func(column []int32, a, b int32) bool { return a == b || column[a] == column[b] && column[a] != Unknown }
	k := Kind{OtherPositive, OutOfClass}
	switch q, p := t.Query, t.Positive; {
	case same(l.ID, q, p):
		k.Positive = SameProduct
	case same(l.Category, q, p) && same(l.Color, q, p):
		k.Positive = SameColour
	}
	switch q, n := t.Query, t.Negative; {
	case same(l.ID, q, n):
		k.Negative = ProductInstead
	case same(l.Category, q, n):
		k.Negative = InClass
	}
	return k
}

// ReadLabels reads a metadata table as ReadMetadata does, and refuses the same, but keeps the labels alone.
func ReadLabels(path string) (*Labels, error) {
	l := &Labels{Path: path}
	var coders [4]*coder
	for c := range coders {
		coders[c] = newCoder()
	}
	columns := [...]*[]int32{&l.Category, &l.Color, &l.ID, &l.Gender}
	err := eachPicture(path, func(fields [5][]byte, reserve int) {
		for c := range columns {
			if reserve > 0 {
				*columns[c] = slices.Grow(*columns[c], reserve)
			}
			*columns[c] = append(*columns[c], coders[c].code(fields[c]))
		}
	})
	if err != nil {
		return nil, err
	}
	l.Categories, l.Colors, l.Products, l.Genders = coders[0].len(), coders[1].len(), coders[2].len(), coders[3].len()
	return l, nil
}
