package kernel_test

import (
	"math"
	"math/bits"
	"slices"
	"testing"

	"deeprank/internal/kernel"
	"deeprank/internal/reference"
)

// masks returns which of [len(keys)][cols] elements Dropout keeps.
func masks(t *testing.T, keys []uint64, cols int, p float64) []bool {
	t.Helper()
	x := make([]float32, len(keys)*cols)
	for i := range x {
		x[i] = 1
	}
	y := exercise(t, [][]float32{x}, []int{len(x)}, func(team *kernel.Team, in, out [][]float32) {
		kernel.Dropout(team, len(keys), cols, in[0], out[0], keys, p)
	})[0]
	kept := make([]bool, len(y))
	for i, v := range y {
		kept[i] = v != 0
	}
	return kept
}

func sequence(n int) []uint64 {
	keys := make([]uint64, n)
	for i := range keys {
		keys[i] = uint64(i)
	}
	return keys
}

func TestDropout(t *testing.T) {
	for i, c := range []struct {
		rows, cols int
		p          float64
	}{
		{1, 1, 0.5}, {3, 13, 0.4}, {2, 26, 0.4}, {5, 51, 0.1}, {4, 102, 0.9}, {2, 20000, 0.4}, {3, 7, 0}, {3, 7, 1}, {0, 5, 0.4},
	} {
		keys := sequence(c.rows)
		x := random(uint64(i), c.rows*c.cols)
		kept := masks(t, keys, c.cols, c.p)
		want := make([]float64, len(x))
		reference.Dropout(c.rows, c.cols, float64s(x), want, kept, c.p)
		run := func(x []float32) []float32 {
			return exercise(t, [][]float32{x}, []int{len(x)}, func(team *kernel.Team, in, out [][]float32) {
				kernel.Dropout(team, c.rows, c.cols, in[0], out[0], keys, c.p)
			})[0]
		}
		y := run(x)
		near(t, "y", y, want, 1e-7)
		if c.p == 0 && !sameBits(y, x) {
			t.Errorf("%+v: not a copy", c)
		}
		if c.p == 1 {
			near(t, "y", y, make([]float64, len(x)), 0)
		}
		// The gradient is the same product, and in place gives the same.
		dy := random(uint64(i+100), len(x))
		nearGradient(t, "dx", run(dy)[:min(200, len(x))], x[:min(200, len(x))], dy, func(x []float64) []float64 {
			y := make([]float64, len(x))
			reference.Dropout(1, len(x), x, y, kept, c.p)
			return y
		}, 1e-2, 1e-6)
		team := kernel.NewTeam(2)
		kernel.Dropout(team, c.rows, c.cols, x, x, keys, c.p)
		team.Close()
		if !sameBits(x, y) {
			t.Errorf("%+v: other bits in place", c)
		}
	}
}

// TestDropoutRowsStandAlone: a row's mask follows from its key, not from where in a batch it is.
func TestDropoutRowsStandAlone(t *testing.T) {
	const cols = 1000
	together := masks(t, []uint64{5, 7, 5, 1 << 63}, cols, 0.4)
	for r, key := range []uint64{5, 7, 5, 1 << 63} {
		for i, k := range masks(t, []uint64{key}, cols, 0.4) {
			if together[r*cols+i] != k {
				t.Fatalf("row %d, column %d: not the mask of its key", r, i)
			}
		}
	}
}

// TestDropoutKeepsNaN: a broken activation must not be hidden by the mask.
func TestDropoutKeepsNaN(t *testing.T) {
	team := kernel.NewTeam(1)
	defer team.Close()
	x := []float32{float32(math.NaN()), float32(math.NaN()), float32(math.NaN()), float32(math.NaN())}
	kernel.Dropout(team, 1, 4, x, x, []uint64{1}, 0.5)
	for _, v := range x {
		if v == v {
			t.Errorf("NaN became %v", v)
		}
	}
}

// chiSquare4 is the statistic of a 2x2 table, with one degree of freedom: that two events are independent, where the first
// has the chance a and the second b.
func chiSquare4(counts [2][2]int, a, b float64) float64 {
	n := float64(counts[0][0] + counts[0][1] + counts[1][0] + counts[1][1])
	sum := 0.0
	for i, pa := range []float64{1 - a, a} {
		for j, pb := range []float64{1 - b, b} {
			want := n * pa * pb
			sum += (float64(counts[i][j]) - want) * (float64(counts[i][j]) - want) / want
		}
	}
	return sum
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TestDropoutStatistics looks at the masks of keys that follow one another, the worst that a caller could do: the share of
// kept elements, and whether neighbours in a row, in a column and across both are independent.
func TestDropoutStatistics(t *testing.T) {
	const rows, cols = 300, 701
	// With the counts' expectation known a table has three degrees of freedom: 21.1 is passed once in 10,000 times. There
	// are 60 of them, and the keys are fixed: this passes or fails for good.
	const limit = 21.1
	for _, p := range []float64{0.1, 0.4, 0.5, 0.9} {
		kept := masks(t, sequence(rows), cols, p)
		total := 0
		for _, k := range kept {
			total += bit(k)
		}
		n, q := float64(rows*cols), 1-p
		if z := (float64(total) - n*q) / math.Sqrt(n*p*q); !(math.Abs(z) <= 4) {
			t.Errorf("p %v: %d of %d kept, %.1f standard deviations from the mean", p, total, rows*cols, z)
		}
		for _, lag := range [][2]int{{0, 1}, {0, 2}, {0, 64}, {1, 0}, {2, 0}, {128, 0}, {1, 1}, {1, -1}, {2, 1}, {3, -2}, {16, 16}, {5, 0}, {0, 5}, {0, 350}, {150, 3}} {
			var counts [2][2]int
			for r := 0; r+lag[0] < rows; r++ {
				for c := range cols {
					if d := c + lag[1]; d >= 0 && d < cols {
						counts[bit(kept[r*cols+c])][bit(kept[(r+lag[0])*cols+d])]++
					}
				}
			}
			if x := chiSquare4(counts, q, q); !(x <= limit) {
				t.Errorf("p %v: lag %v: chi-square %.1f, want at most %v: %v", p, lag, x, limit, counts)
			}
		}
		// Kept elements by row and by column: variances as of independent draws.
		for name, c := range map[string]struct{ groups, size, step, next int }{"rows": {rows, cols, 1, cols}, "columns": {cols, rows, cols, 1}} {
			sum := 0.0
			for g := range c.groups {
				k := 0
				for i := range c.size {
					k += bit(kept[g*c.next+i*c.step])
				}
				d := float64(k) - float64(c.size)*q
				sum += d * d / (float64(c.size) * p * q)
			}
			// About chi-square with as many degrees of freedom as groups: mean groups, variance 2*groups.
			if z := (sum - float64(c.groups)) / math.Sqrt(2*float64(c.groups)); !(math.Abs(z) <= 4) {
				t.Errorf("p %v: counts by %s vary by %.1f standard deviations from what they should", p, name, z)
			}
		}
	}
}

// TestStreams holds keys and masks to values computed in Python from their definitions: resumed runs depend on them.
func TestStreams(t *testing.T) {
	for _, c := range []struct {
		key, want uint64
	}{
		{kernel.StreamKey(), 0},
		{kernel.StreamKey(0), 0xcd73fe3de975ac26},
		{kernel.StreamKey(1), 0x921b5c2e35c60d0},
		{kernel.StreamKey(1, 2), 0x5352a2abc0f8261a},
		{kernel.StreamKey(2, 1), 0x88670c8567e42689},
		{kernel.StreamKey(1, 2, 3, 4), 0xea549da9e1a5c1b},
	} {
		if c.key != c.want {
			t.Errorf("key %#x, want %#x", c.key, c.want)
		}
	}
	mask := uint64(0)
	for i, k := range masks(t, []uint64{7}, 64, 0.4) {
		mask |= uint64(bit(k)) << i
	}
	if mask != 0x64dc9f48fbe1bd67 {
		t.Errorf("mask %#x", mask)
	}
}

// TestStreamKey: each part matters, by its value and by its place.
func TestStreamKey(t *testing.T) {
	seen := map[uint64][]uint64{}
	for a := range uint64(12) {
		for b := range uint64(12) {
			for _, parts := range [][]uint64{{a, b}, {a, b, 0}, {0, a, b}, {a << 40, b, 1}, {1, 2, a, b}} {
				key := kernel.StreamKey(parts...)
				if key != kernel.StreamKey(parts...) {
					t.Fatal("not a function of its parts")
				}
				if old, ok := seen[key]; ok && !slices.Equal(old, parts) {
					t.Fatalf("%v and %v have one key", old, parts)
				}
				seen[key] = parts
			}
		}
	}
	// Each bit of each part changes about half the bits of the key.
	for place := range 4 {
		for i := range 64 {
			parts := []uint64{1, 2, 3, 4}
			a := kernel.StreamKey(parts...)
			parts[place] ^= 1 << i
			if n := bits.OnesCount64(a ^ kernel.StreamKey(parts...)); n < 12 || n > 52 {
				t.Errorf("part %d, bit %d: %d bits of the key change", place, i, n)
			}
		}
	}
}
