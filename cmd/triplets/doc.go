// Triplets prepares data for training.
//
//	triplets demo DIR
//	triplets stats --metadata FILE
//	triplets show --triplets FILE --out FILE
//	triplets sample --metadata FILE --count N
//
// run.go has the commands; each has a file of its own. Package cli has the
// signals, the exit codes and the last line on stdout.
package main
