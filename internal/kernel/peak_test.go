package kernel

import (
	"math"
	"testing"
	"time"
)

// TestPeakGFLOPS holds what does not depend on how fast the machine is: there is a limit, it is a number, and it counts the
// operations that were done and no others.
func TestPeakGFLOPS(t *testing.T) {
	eachImplementation(t, func(t *testing.T, teams []*Team) {
		for _, team := range teams {
			if got := team.PeakGFLOPS(time.Millisecond, 2); !(got > 0) || math.IsInf(got, 0) {
				t.Errorf("%d threads: limit %v", team.Threads(), got)
			}
		}
	})

	team := NewTeam(1)
	defer team.Close()
	calls := 0
	team.impl.peak = func(int) int { // a million operations in a millisecond or more
		calls++
		time.Sleep(time.Millisecond)
		return 1e6
	}
	if got := team.PeakGFLOPS(20*time.Millisecond, 1); !(got > 0 && got <= 1) || calls < 2 {
		t.Errorf("limit %v with %d calls, want at most 1", got, calls)
	}
}
