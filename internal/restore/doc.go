// Package restore gives a network its weights: drawn anew, from a file of pretrained ones, or from a run's checkpoint.
// The program that trains and those that use what was trained share it, so that all mean the same network.
//
//	config ── Spec ── model.NewWeights ──┬── Initial     weights before training
//	                                     └── Checkpoint  weights after it
//
// Graphs hold the weights without a copy, so one network can be run with the one and then with the other.
//
// Start with initial.go.
package restore
