package main

import (
	"time"

	"deeprank/internal/progress"
)

// counter shows how far a long work is: on a terminal as it goes, elsewhere a line every ten seconds, with the time that is left.
func counter(report *progress.Reporter, what string) func(done, total int) {
	return counterFrom(report, what, 0, time.Now)
}

// counterFrom is counter where the first ones were done before.
func counterFrom(report *progress.Reporter, what string, first int, clock func() time.Time) func(done, total int) {
	start := clock()
	last := start
	return func(done, total int) {
		now := clock()
		left := ""
		if spent := now.Sub(start); done > first && spent >= 2*time.Second {
			pace := spent / time.Duration(done-first)
			left = ", " + (pace * time.Duration(total-done)).Round(time.Second).String() + " left"
		}
		report.Status("%s: %d of %d%s", what, done, total, left)
		if now.Sub(last) >= 10*time.Second {
			last = now
			report.Printf("%s: %d of %d%s", what, done, total, left)
		}
	}
}
