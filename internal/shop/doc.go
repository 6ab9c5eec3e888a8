// Package shop draws a small invented clothes shop: product pictures, their
// metadata and triplets, so that the whole way from files to a trained network
// can be seen without a download.
//
// A shop is fixed by its Options. Product k is of category k mod 10; within a
// category the colours go round in a shuffled order, so that 300 products give
// each of the 100 pairs of category and colour three times. A product's cut,
// pattern, second colour and details are drawn from (seed, "product", k); its
// picture number v adds position, scale, rotation, background and light from
// (seed, "view", k, v). No picture depends on another one, hence the same
// files for any number of threads.
//
// The way of a picture:
//
//	garment (garments_*.go)   layers of polygons on the square [-1, 1] x [-1, 1], y down
//	   | view: scale, rotate, move
//	   v
//	coverage masks            golang.org/x/image/vector, 8 bits a pixel
//	   | fabric (pattern.go), trim, seams, over a background (scene.go) with a soft shadow
//	   v
//	red, green, blue          float64 in [0, 255]
//	   | light: gain, slope, tint, noise (scene.go)
//	   v
//	*image.RGBA               rounded, opaque
//
// The same bits on every machine: a Go compiler may fuse x*y + z into one
// rounding where the processor can (arm64, amd64 at GOAMD64=v3), and math.Sin
// is not the same to the last bit everywhere. So each product that is added to
// something goes through an explicit float64 conversion (mad, mix, dot in
// number.go), angles go through our own sine, and pictures stay within the
// 512 pixels up to which the rasteriser counts in integers. No test can see a
// lost conversion (it moves the last of 53 bits, and pictures keep 8); this
// lists fused operations, and there should be none outside the tests:
//
//	GOARCH=arm64 go test -c -o shop.test ./internal/shop
//	go tool objdump -s internal/shop shop.test | grep -E 'FN?M(ADD|SUB)'
//
// Without pictures (FolderOptions.NoImages) a shop is a table of any length for
// tests of load, with frequencies as real shops have them: see catalogue.go.
//
// Start with shop.go (what a shop consists of), then draw.go (one picture) and
// folder.go (the files).
package shop
