package main

import (
	"math"
	"math/rand/v2"
)

// drawBatch makes the pictures of a batch, 3*triplets of size x size x 3 bytes: query, positive and negative of each triplet. With a gap of 0, that share of the triplets (rounded) is active; they come first.
func drawBatch(triplets, size int, active float64) (pixels []byte) {
	per := size * size * 3
	pixels = make([]byte, 3*triplets*per)
	whole := int(math.Round(active * float64(triplets)))
	for i := range triplets {
		query, positive, negative := pixels[3*i*per:][:per], pixels[(3*i+1)*per:][:per], pixels[(3*i+2)*per:][:per]
		near, far := positive, negative
		if i < whole {
			near, far = far, near
		}
		drawPicture(query, size, uint64(2*i))
		drawPicture(far, size, uint64(2*i+1))
		copy(near, query)
		for k := range 5 { // within 1 of the query's pixel
			near[(i+k*per/5)%per] ^= 1
		}
	}
	return pixels
}

// drawPicture fills a picture with coloured squares under noise.
func drawPicture(p []byte, size int, number uint64) {
	r := rand.New(rand.NewPCG(number, 0xbe7c4))
	squares := make([]int, 8*8*3)
	for i := range squares {
		squares[i] = r.IntN(224)
	}
	for y := range size {
		for x := range size {
			square := squares[(y*8/size*8+x*8/size)*3:]
			noise := r.Uint32()
			for c := range 3 {
				p[(y*size+x)*3+c] = byte(square[c] + int(noise>>(8*c)&31))
			}
		}
	}
}
