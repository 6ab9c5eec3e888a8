// Triplets prepares data for training.
//
//	triplets demo DIR
//
// main.go has the signals, run.go the commands and the exit codes; each command
// has a file of its own.
package main
