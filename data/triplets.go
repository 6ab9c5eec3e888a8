package data

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"slices"
)

// Triplet names three pictures by their rows in the metadata: Positive is to be nearer to Query than Negative.
type Triplet struct{ Query, Positive, Negative int32 }

// ReadTriplets reads a triplets table, whose columns q, p and n are rows of a metadata table with the given number of rows; the
// package's documentation has the format. What is wrong with the file's contents comes as a *Refused that names the line.
func ReadTriplets(path string, rows int) ([]Triplet, error) {
	return readTriplets(path, rows, blockBytes, blocksFrom)
}

func readTriplets(path string, rows, size int, from int64) ([]Triplet, error) {
	if rows < 0 || rows > math.MaxInt32 {
		return nil, fmt.Errorf("data: ReadTriplets: %d rows", rows)
	}
	t, err := openTable(path, "the triplets")
	if err != nil {
		return nil, err
	}
	defer t.Close()
	at, err := t.columns("q", "p", "n")
	if err != nil {
		return nil, err
	}
	var ts []Triplet
	if t.size-t.read >= from {
		inBlocks(t, size, func(text []byte) (part []Triplet, plain bool) {
			part = make([]Triplet, 0, bytes.Count(text, []byte("\n"))+1)
			plain = plainLines(text, t.separator, len(t.header), func(fields [][]byte) bool {
				q, ok1 := parseRow(fields[at[0]], rows)
				p, ok2 := parseRow(fields[at[1]], rows)
				n, ok3 := parseRow(fields[at[2]], rows)
				part = append(part, Triplet{q, p, n})
				return ok1 && ok2 && ok3
			})
			return part, plain
		}, func(part []Triplet) bool {
			if ts == nil {
				ts = make([]Triplet, 0, int(float64(t.size-t.read)/float64(size)*1.02*float64(len(part)))+len(part))
			}
			ts = append(ts, part...)
			return true
		})
	}
	for {
		fields, err := t.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		var v [3]int32
		for c, i := range at {
			row, ok := parseRow(fields[i], rows)
			if !ok {
				return nil, t.refuse(fmt.Sprintf("write a row of the metadata, a whole number from 0 to %d", rows-1),
					"%s is %s", t.header[i], quote(fields[i]))
			}
			v[c] = row
		}
		if len(ts) == reserveAfter {
			ts = slices.Grow(ts, t.remaining(len(ts)))
		}
		ts = append(ts, Triplet{v[0], v[1], v[2]})
	}
	if len(ts) == 0 {
		return nil, &Refused{Path: path, Reason: "the file has a header but no triplets", Remedy: "add lines of three rows of the metadata: q, p, n"}
	}
	return ts, nil
}

// parseRow reads decimal digits, and nothing else, as a number below rows.
func parseRow(s []byte, rows int) (int32, bool) {
	v := 0
	for _, d := range s {
		if d < '0' || d > '9' {
			return 0, false
		}
		if v = v*10 + int(d-'0'); v >= rows {
			return 0, false
		}
	}
	return int32(v), len(s) > 0
}
