// Package features keeps what frozen convolutions make of pictures on disk, so that training the heads above them runs at the
// heads' speed from the second epoch on. An image's features are the same bits in any batch, so it does not matter which are
// computed and which are read.
package features
