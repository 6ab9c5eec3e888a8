// Package restore gives a network its weights: drawn anew, from a file of pretrained ones, or from a run's checkpoint.
// The program that trains and those that use what was trained share it, so that all mean the same network.
//
//	run's folder ── OpenRun ──> config ── Spec ── model.NewWeights ──┬── Initial     weights before training
//	     └───────── Run.Checkpoint ──> file ─────────────────────────┴── Checkpoint  weights after it
//
// Graphs hold the weights without a copy, so one network can be run with the one and then with the other.
//
// Start with initial.go; run.go finds what a run has left.
package restore
