// Bench measures how fast the network trains on this machine, and where the time goes.
//
//	bench                                       # the full network, 8 triplets
//	bench --json --layers=false --forward       # for scripts: embedding only, no layer by itself
//
// # What is measured
//
//	limit    multiply-adds in registers on all threads: what no direct convolution can exceed
//	step     forward, backward and update of a whole batch, on pictures made here or read from --triplets
//	layers   each kernel of the step by itself, at the step's shapes
//
// The step runs first, in a process that has done nothing else, so that its largest memory is its own; the layers follow on
// memory of their own. Of each the fastest round counts, because whatever else the machine does can only slow one down; the
// step's median stands beside it.
//
// # Effective throughput
//
// A layer's operations are those of direct evaluation (a multiply-add counts as two), whatever algorithm computes it. So
// effective GFLOP/s can exceed the limit where Winograd's algorithm leaves multiplications out. Work that need not be done at
// all is not counted: the backward pass of frozen layers, and of triplets whose hinge is 0. Where all of features are frozen they are
// read from a disk, as in train's later epochs, and listed neither.
//
// # Active triplets
//
// --active sets the share of triplets whose hinge is above 0. With a gap of 0 a triplet is active if and only if
// D(q,p) > D(q,n). Pictures are drawn in pairs that differ in a few pixels by 1: an active triplet has the pair as query and
// negative, an inactive one as query and positive, and the third picture is another one. All pictures of a batch differ, so
// none is spared as a copy. The share that the network really had is what is told.
//
// run.go is the order of things, options.go the flags; limit, step.go, layers.go (on the shapes of network.go) measure, and
// report.go writes. The comparison with other programs is in bench/peers.
package main
