//go:build slow

package model_test

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"deeprank/model"
)

// TestFullSize trains VGG-16's full network on two triplets for two steps, and holds the program's largest memory under 8 GiB. The
// times are for reading only.
//
//	go test -tags slow -run FullSize -count=1 -v ./model
func TestFullSize(t *testing.T) {
	spec := model.Spec{Size: 224, Width: 1, FCDim: 4096, EmbedDim: 4096, Head: model.HeadFC, Dropout: 0.4}
	team := newTeam(t, 0)
	start := time.Now()
	w := newWeights(t, spec)
	s := newSiamese(t, team, w, nil, 2)
	opt := newSGD(s)
	t.Logf("%d parameters, ready in %.1f s; the network says %.2f GiB beside its weights", spec.Count(), time.Since(start).Seconds(), float64(s.Bytes())/(1<<30))
	b := newBatch(spec.Size, 2, 1)
	for i := range 2 {
		start = time.Now()
		r := step(t, s, b, 2, false)
		ran := time.Since(start)
		opt.Step(team, s.Params(), 0.001, 1)
		t.Logf("step %d on %d threads: loss %.4f, network %.1f s, optimiser %.1f s", i+1, team.Threads(), r.Loss, ran.Seconds(), (time.Since(start) - ran).Seconds())
		if !(r.Loss >= 0 && r.Loss <= 5) { // gap + D(q,p) - D(q,n), with distances of at most 4
			t.Errorf("loss %v", r.Loss)
		}
	}
	peak := peakMemory(t)
	t.Logf("largest resident memory %.2f GiB", peak)
	if !(peak <= 8) {
		t.Errorf("largest resident memory is %.2f GiB, want at most 8", peak)
	}
}

// peakMemory is the largest resident memory of this process so far, in GiB.
func peakMemory(t *testing.T) float64 {
	t.Helper()
	f, err := os.Open("/proc/self/status")
	if err != nil {
		t.Skipf("the system does not tell the largest memory: %v", err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if rest, ok := strings.CutPrefix(s.Text(), "VmHWM:"); ok {
			kib, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(rest, "kB")), 64)
			if err != nil {
				t.Fatal(err)
			}
			return kib / (1 << 20)
		}
	}
	t.Fatal("no VmHWM in /proc/self/status")
	return 0
}
