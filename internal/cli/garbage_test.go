package cli

import (
	"runtime/debug"
	"testing"
)

func TestGCPercent(t *testing.T) {
	for alive, want := range map[int64]int{0: 100, 1 << 20: 100, 256 << 20: 100, 512 << 20: 50, 4 << 30: 6, 1 << 40: 2} {
		if got := gcPercent(alive); got != want {
			t.Errorf("%d bytes alive: %d %%, want %d", alive, got, want)
		}
	}
}

func TestLimitMemory(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	t.Setenv("GOMEMLIMIT", "1TiB")
	LimitMemory(1 << 30)
	if got := debug.SetMemoryLimit(-1); got != before {
		t.Errorf("GOMEMLIMIT is set, and the limit became %d", got)
	}
	t.Setenv("GOMEMLIMIT", "")
	LimitMemory(1 << 30)
	if got := debug.SetMemoryLimit(-1); got <= 1<<30 || got > 3<<30 {
		t.Errorf("the limit became %d", got)
	}
}
