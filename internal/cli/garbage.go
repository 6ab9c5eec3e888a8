package cli

import (
	"os"
	"runtime/debug"
)

// garbage is how much may lie about before it is collected, in bytes.
const garbage = 256 << 20

// LimitGarbage has memory collected when some hundred MiB of garbage lie about, in a program that keeps so many bytes alive. Go's own
// rule waits for as much garbage as is alive, which for a network of some GiB doubles the memory and has every decoded picture written
// to fresh pages. GOGC, where it is set, wins.
func LimitGarbage(alive int64) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent(alive))
	}
}

// gcPercent is garbage as a percentage of what is alive, at most Go's default.
func gcPercent(alive int64) int {
	const least, most = 2, 100
	return int(min(max(100*garbage/max(1, alive), least), most))
}
