// Train trains a visual-similarity model on triplets of pictures: query, positive, negative.
//
//	train --triplets triplets.tsv --gap 1.0
//
// main.go has the signals and exit codes, run.go the order of things, loop.go the training itself, which reads like
// the algorithm on paper. setup.go opens the data and builds the network, folder.go decides where a run lives and
// what it goes on from, state.go writes and reads checkpoints; network.go fits the network into the memory.
package main
