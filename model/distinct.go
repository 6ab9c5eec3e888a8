package model

import (
	"bytes"
	"hash/crc32"

	"deeprank/internal/kernel"
)

// distinct finds the pictures of a batch that occur several times, so that the tower runs once on each. It compares pixels,
// and so needs to know nothing of rows and augmentation.
type distinct struct {
	castagnoli *crc32.Table // computed by the CPU where it can
	sums       []uint32     // checksum of each picture
	first      []int32      // the first picture of each kind
	rows       []int32      // for each picture its kind
}

func newDistinct(capacity int) distinct {
	return distinct{
		castagnoli: crc32.MakeTable(crc32.Castagnoli),
		sums:       make([]uint32, capacity), first: make([]int32, 0, capacity), rows: make([]int32, capacity),
	}
}

// all takes every picture for another.
func (d *distinct) all(images int) (first, rows []int32) {
	d.first = d.first[:0]
	for i := range int32(images) {
		d.first = append(d.first, i)
		d.rows[i] = i
	}
	return d.first, d.rows[:images]
}

// find numbers the pictures, each of as many bytes: equal ones have equal numbers, the order is that of their first
// occurrence. first[k] is the first picture with the number k, rows[i] the number of picture i.
func (d *distinct) find(t *kernel.Team, pixels []byte, images int) (first, rows []int32) {
	per := len(pixels) / images
	picture := func(i int32) []byte { return pixels[int(i)*per : (int(i)+1)*per] }
	t.Run(images, func(i, _ int) { d.sums[i] = crc32.Checksum(picture(int32(i)), d.castagnoli) })
	d.first = d.first[:0]
	for i := range int32(images) {
		kind := int32(len(d.first))
		for k, j := range d.first {
			if d.sums[j] == d.sums[i] && bytes.Equal(picture(i), picture(j)) {
				kind = int32(k)
				break
			}
		}
		if int(kind) == len(d.first) {
			d.first = append(d.first, i)
		}
		d.rows[i] = kind
	}
	return d.first, d.rows[:images]
}
