// Package progress is what a run shows on stderr and writes to its log file.
//
//	                  on a terminal                    elsewhere            log file
//	Printf            line above the bar               line                 line with time
//	Warnf             the same, "warning: " before it  the same             the same
//	Step              bar, redrawn at most 10 times    line each LogEvery   line each LogEvery, with time
//	                  a second                         steps                steps
//	Status            in the bar's place               -                    -
//
// With Quiet, stderr gets warnings only; the log file gets everything. What is said before there is a log
// file is kept, and written to it first.
//
// The bar is one line at the bottom: it is cleared before a line is printed and drawn again below it.
//
//	8% |███                 | step 120/1500, epoch 2, loss 0.9312, active 62 %, 45 images/s, 12m30s left
//
// Start reading at Reporter in reporter.go; the text of a step is in text.go.
package progress
