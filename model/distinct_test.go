package model

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
	"testing"

	"deeprank/internal/kernel"
)

// TestDistinct: equal pictures have one number, and others their own even where their checksums are equal.
func TestDistinct(t *testing.T) {
	team := kernel.NewTeam(2)
	defer team.Close()
	a, b := sameChecksum(t)
	c := []byte("pictures")
	for _, test := range []struct {
		name        string
		pictures    [][]byte
		first, rows []int32
	}{
		{"all different", [][]byte{a, b, c}, []int32{0, 1, 2}, []int32{0, 1, 2}},
		{"all equal", [][]byte{c, c, c}, []int32{0}, []int32{0, 0, 0}},
		{"some equal", [][]byte{c, a, c, b, a, b}, []int32{0, 1, 3}, []int32{0, 1, 0, 2, 1, 2}},
	} {
		d := newDistinct(6)
		for range 2 { // again: nothing is left of the batch before
			first, rows := d.find(team, slices.Concat(test.pictures...), len(test.pictures))
			if !slices.Equal(first, test.first) || !slices.Equal(rows, test.rows) {
				t.Errorf("%s: first %v, rows %v, want %v, %v", test.name, first, rows, test.first, test.rows)
			}
		}
		if first, rows := d.all(3); !slices.Equal(first, []int32{0, 1, 2}) || !slices.Equal(rows, first) {
			t.Errorf("all: first %v, rows %v", first, rows)
		}
	}
}

// sameChecksum searches for two pictures of eight bytes with one checksum: some tens of thousands hold a pair.
func sameChecksum(t *testing.T) (a, b []byte) {
	t.Helper()
	table := crc32.MakeTable(crc32.Castagnoli)
	seen := map[uint32]uint64{}
	for i := range uint64(1 << 20) {
		v := i * 0x9e3779b97f4a7c15
		p := binary.LittleEndian.AppendUint64(nil, v)
		sum := crc32.Checksum(p, table)
		if other, ok := seen[sum]; ok {
			return binary.LittleEndian.AppendUint64(nil, other), p
		}
		seen[sum] = v
	}
	t.Fatal("no two equal checksums")
	return nil, nil
}
