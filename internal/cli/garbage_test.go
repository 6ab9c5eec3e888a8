package cli

import "testing"

func TestGCPercent(t *testing.T) {
	for alive, want := range map[int64]int{0: 100, 1 << 20: 100, 256 << 20: 100, 512 << 20: 50, 4 << 30: 6, 1 << 40: 2} {
		if got := gcPercent(alive); got != want {
			t.Errorf("%d bytes alive: %d %%, want %d", alive, got, want)
		}
	}
}
