package data

import (
	"bytes"
	"hash/maphash"
)

// coder numbers distinct texts from 0 in the order in which they first come; the empty text is Unknown. It keeps one copy of each text
// and some 12 bytes beside it. The numbers do not depend on the seed of its hash.
type coder struct {
	seed   maphash.Seed
	slots  []uint32 // open addressing: a code + 1, or 0
	hashes []uint32 // of each code: the hash's upper half
	ends   []int    // of each code: where its text ends in text
	text   []byte
	last   int32 // the code that was found last: the pictures of a product often follow one another
}

func newCoder() *coder {
	return &coder{seed: maphash.MakeSeed(), slots: make([]uint32, 64), last: Unknown}
}

// len gives the number of distinct texts.
func (c *coder) len() int { return len(c.ends) }

// of gives a code's text.
func (c *coder) of(code int32) []byte {
	from := 0
	if code > 0 {
		from = c.ends[code-1]
	}
	return c.text[from:c.ends[code]]
}

// code gives the number of a text.
func (c *coder) code(s []byte) int32 {
	if len(s) == 0 {
		return Unknown
	}
	if c.last >= 0 && bytes.Equal(c.of(c.last), s) {
		return c.last
	}
	h := maphash.Bytes(c.seed, s)
	mark := uint32(h >> 32)
	for i := int(h) & (len(c.slots) - 1); ; i = (i + 1) & (len(c.slots) - 1) {
		n := c.slots[i]
		if n == 0 {
			c.slots[i] = uint32(len(c.ends) + 1)
			c.hashes = append(c.hashes, mark)
			c.text = append(c.text, s...)
			c.ends = append(c.ends, len(c.text))
			c.last = int32(len(c.ends) - 1)
			if 4*len(c.ends) > 3*len(c.slots) {
				c.grow()
			}
			return c.last
		}
		if code := int32(n - 1); c.hashes[code] == mark && bytes.Equal(c.of(code), s) {
			c.last = code
			return code
		}
	}
}

// grow doubles the slots.
func (c *coder) grow() {
	c.slots = make([]uint32, 2*len(c.slots))
	for code := range c.ends {
		i := int(maphash.Bytes(c.seed, c.of(int32(code)))) & (len(c.slots) - 1)
		for c.slots[i] != 0 {
			i = (i + 1) & (len(c.slots) - 1)
		}
		c.slots[i] = uint32(code + 1)
	}
}

// reset forgets all texts and keeps the memory.
func (c *coder) reset() {
	clear(c.slots)
	c.hashes, c.ends, c.text, c.last = c.hashes[:0], c.ends[:0], c.text[:0], Unknown
}
