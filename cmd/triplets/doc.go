// Triplets prepares data for training.
//
//	triplets demo DIR
//
// run.go has the commands; each has a file of its own. Package cli has the
// signals, the exit codes and the last line on stdout.
package main
