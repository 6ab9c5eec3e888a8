package audit

import "fmt"

// Severity says what a defect means.
type Severity uint8

// The severities.
const (
	Error   Severity = iota // must be mended
	Warning                 // may be meant, and is left out of a mended file all the same
	Note                    // is meant by some
)

func (s Severity) String() string { return [...]string{"error", "warning", "note"}[s] }

// Defect is a kind of defect.
type Defect uint8

// The defects, in the order of a report.
const (
	Broken Defect = iota
	NotARow
	QueryIsPositive
	QueryIsNegative
	PositiveIsNegative
	SameProduct
	Leak
	BadPicture
	Duplicate
	Unrelated
	defects // their number
)

// kinds describes the defects.
var kinds = [defects]struct {
	key      string // in JSON
	severity Severity
	title    string
	why      string // what is wrong with it
}{
	Broken:             {"broken", Error, "no line of the table", "train refuses the file"},
	NotARow:            {"not_a_row", Error, "no row of the metadata", "train refuses the file"},
	QueryIsPositive:    {"q_is_p", Error, "q = p", "a picture beside itself teaches nothing"},
	QueryIsNegative:    {"q_is_n", Error, "q = n", "no picture can be far from itself"},
	PositiveIsNegative: {"p_is_n", Error, "p = n", "one picture cannot be both near and far"},
	SameProduct:        {"same_id", Error, "negative of the query's own product", "it teaches the opposite of the other triplets"},
	Leak:               {"leak", Error, "products that are also validated on", "validation would flatter the model"},
	BadPicture:         {"picture", Error, "pictures that cannot be used", "train skips their triplets, and stops when there are many"},
	Duplicate:          {"duplicate", Warning, "repeats of an earlier triplet", "they count twice"},
	Unrelated:          {"unrelated", Note, "positive of another product and of another category or colour", "may be meant"},
}

func (d Defect) String() string { return kinds[d].key }

// Severity gives what the defect means.
func (d Defect) Severity() Severity { return kinds[d].severity }

// flags is a set of defects.
type flags uint16

func (d Defect) flag() flags { return 1 << d }

func (f flags) has(d Defect) bool { return f&d.flag() != 0 }

// of gives the flags of all defects of a severity.
func of(s Severity) flags {
	var f flags
	for d := range defects {
		if kinds[d].severity == s {
			f |= d.flag()
		}
	}
	return f
}

// MarshalText writes a defect's key.
func (d Defect) MarshalText() ([]byte, error) {
	if d >= defects {
		return nil, fmt.Errorf("audit: defect %d", d)
	}
	return []byte(kinds[d].key), nil
}
