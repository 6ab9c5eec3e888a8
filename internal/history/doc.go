// Package history reads what a training run has written down: its config, the measures of its steps, how it ended. Nothing in it needs the network.
//
//	run's folder ── Read ──> Run ── Sum ──> Summary
//	                several Runs ── Differences ──> the settings in which they differ
//
// Start with run.go.
package history
