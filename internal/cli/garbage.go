package cli

import (
	"os"
	"runtime"
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

// LimitMemory has memory collected when the program takes so many bytes more than now, for one that lives long and now and then needs
// much at once, of which Go's own rule would keep twice as much. GOMEMLIMIT, where it is set, wins.
func LimitMemory(spare int64) {
	if os.Getenv("GOMEMLIMIT") == "" {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		debug.SetMemoryLimit(int64(m.Sys-m.HeapReleased) + spare)
	}
}

// gcPercent is garbage as a percentage of what is alive, at most Go's default.
func gcPercent(alive int64) int {
	const least, most = 2, 100
	return int(min(max(100*garbage/max(1, alive), least), most))
}
