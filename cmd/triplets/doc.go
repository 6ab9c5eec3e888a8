// Triplets prepares data for training.
//
//	triplets stats --metadata FILE
//	triplets split --metadata FILE --val SHARE
//	triplets sample --metadata FILE --count N
//	triplets check --triplets FILE
//	triplets show --triplets FILE --out FILE
//	triplets import --from SET --root DIR --out DIR
//	triplets demo DIR
//
// run.go has the commands; each has a file of its own. Package cli has the
// signals, the exit codes and the last line on stdout.
package main
