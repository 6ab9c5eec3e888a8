package model_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"deeprank/model"
)

// course is three steps of SGD over batches in parts, with a gap near 0, so that about half the triplets are active.
type course struct {
	spec              model.Spec
	freeze            []string
	batch, micro      int
	repeated          bool // batches have pictures that occur several times
	threads           int
	leaveOut          [2]bool // what LeaveOut is told
	exact             bool
	losses            []float64
	final             map[string][]float32
	active, triplets  int
	forward, backward int // images
}

func (c *course) run(t *testing.T) {
	t.Helper()
	team := newTeam(t, c.threads)
	team.Exact(c.exact)
	w := newWeights(t, c.spec)
	frozen, err := c.spec.Frozen(c.freeze)
	if err != nil {
		t.Fatal(err)
	}
	s, err := model.NewSiamese(team, w, frozen, c.micro, 1e-4)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.LeaveOut(c.leaveOut[0], c.leaveOut[1])
	opt := newSGD(s)
	for i := range 3 {
		b, loss := newBatch(c.spec.Size, c.batch, uint64(i+5)), 0.0
		if c.repeated {
			repeat(b)
		}
		for start := 0; start < c.batch; start += c.micro {
			n := min(c.micro, c.batch-start)
			r := step(t, s, part(b, start, n), c.batch, start > 0)
			loss += r.Loss
			c.forward, c.backward, c.triplets = c.forward+r.Forward, c.backward+r.Backward, c.triplets+n
			for _, h := range r.Hinge {
				if h > 0 {
					c.active++
				}
			}
		}
		c.losses = append(c.losses, loss)
		opt.Step(team, s.Params(), 0.01, 1)
	}
	c.final = copyWeights(w)
}

// repeat makes pictures of the batch equal: the second triplet's positive is the first one's query, the third's query the
// second's negative, and so on around; the last triplet's positive is its own query.
func repeat(b model.Batch) {
	per, n := len(b.Pixels)/(3*b.Triplets), b.Triplets
	picture := func(role, i int) []byte { return b.Pixels[(3*i+role)*per : (3*i+role+1)*per] }
	for i := 1; i < n; i++ {
		copy(picture(i%3, i), picture((i+2)%3, i-1))
	}
	copy(picture(1, n-1), picture(0, n-1))
}

// near compares parameters relative to the largest of their tensor.
func (c *course) near(t *testing.T, want *course, tol float64) {
	t.Helper()
	worst := 0.0
	for name, v := range want.final {
		largest := 1e-30
		for _, x := range v {
			largest = max(largest, math.Abs(float64(x)))
		}
		for i, x := range v {
			d := math.Abs(float64(c.final[name][i])-float64(x)) / largest
			if !(d <= tol) {
				t.Fatalf("%s[%d] is %v, want %v", name, i, c.final[name][i], x)
			}
			worst = max(worst, d)
		}
	}
	t.Logf("%d of %d triplets active; images forward %d, backward %d of %d; largest difference %.1e", c.active, c.triplets, c.forward, c.backward, want.backward, worst)
}

var leaveOutCases = []struct {
	name         string
	head         string
	dropout      float64
	freeze       []string
	batch, micro int
}{
	{"fc", model.HeadFC, 0, nil, 8, 8},
	{"fc, dropout", model.HeadFC, 0.4, nil, 8, 8},
	{"fc, dropout, parts of 3", model.HeadFC, 0.4, nil, 8, 3},
	{"gap, parts of 1", model.HeadGAP, 0, nil, 8, 1}, // parts without an active triplet
	{"gap, dropout", model.HeadGAP, 0.4, nil, 8, 8},
	{"features frozen", model.HeadFC, 0.4, []string{"features"}, 8, 8},
	{"middle frozen", model.HeadGAP, 0, []string{"features.1?.*", "shallow4"}, 8, 3},
	{"embed alone", model.HeadFC, 0, []string{"features", "classifier", "shallow4", "shallow8"}, 8, 8},
}

// TestInactive: the backward pass of active triplets alone trains as the whole one does, but for rounding.
func TestInactive(t *testing.T) {
	for _, c := range leaveOutCases {
		t.Run(c.name, func(t *testing.T) {
			spec := small
			spec.Head, spec.Dropout = c.head, c.dropout
			whole := course{spec: spec, freeze: c.freeze, batch: c.batch, micro: c.micro, threads: 2}
			less := whole
			less.leaveOut[0] = true
			whole.run(t)
			less.run(t)
			if less.active == 0 || less.active == less.triplets {
				t.Fatalf("%d of %d triplets are active: nothing to compare", less.active, less.triplets)
			}
			if less.backward != 3*less.active || whole.backward != 3*whole.triplets || less.forward != whole.forward {
				t.Errorf("images forward and backward: %d and %d with %d active triplets, %d and %d without leaving out",
					less.forward, less.backward, less.active, whole.forward, whole.backward)
			}
			for i, v := range whole.losses {
				if !(math.Abs(less.losses[i]-v) <= 1e-6) || i == 0 && less.losses[i] != v {
					t.Errorf("losses %v, want %v", less.losses, whole.losses)
				}
			}
			less.near(t, &whole, 1e-6)
		})
	}
}

// TestRepeated: a picture that occurs several times in a batch runs once where there is no dropout. With direct convolutions,
// which do not depend on an image's place in the batch, the loss has the same bits.
func TestRepeated(t *testing.T) {
	for _, c := range leaveOutCases {
		t.Run(c.name, func(t *testing.T) {
			spec := small
			spec.Head, spec.Dropout = c.head, c.dropout
			whole := course{spec: spec, freeze: c.freeze, batch: c.batch, micro: c.micro, repeated: true, threads: 2, exact: true}
			once := whole
			once.leaveOut = [2]bool{true, true}
			whole.run(t)
			once.run(t)
			if fewer := once.forward < whole.forward; fewer != (c.dropout == 0) {
				t.Errorf("ran on %d images of %d, with dropout %v", once.forward, whole.forward, c.dropout)
			}
			if once.losses[0] != whole.losses[0] || !(math.Abs(once.losses[2]-whole.losses[2]) <= 1e-6) {
				t.Errorf("losses %v, want %v", once.losses, whole.losses)
			}
			once.near(t, &whole, 1e-6)
		})
	}
}

// TestRepeatedBits: distances and hinges are those of running each picture, in every bit.
func TestRepeatedBits(t *testing.T) {
	const n = 7
	for _, size := range []int{32, 64} {
		for _, head := range []string{model.HeadFC, model.HeadGAP} {
			team := newTeam(t, 2)
			team.Exact(true)
			spec := small
			spec.Size, spec.Head, spec.Dropout = size, head, 0
			s, b := newSiamese(t, team, newWeights(t, spec), nil, n), newBatch(size, n, 1)
			repeat(b)
			once := step(t, s, b, n, false)
			distances := slices.Concat(once.DPos, once.DNeg, once.Hinge)
			s.LeaveOut(true, false)
			whole := step(t, s, b, n, false)
			if !sameBits(distances, slices.Concat(whole.DPos, whole.DNeg, whole.Hinge)) || once.Loss != whole.Loss {
				t.Errorf("size %d, head %s: once %+v, each %+v", size, head, once, whole)
			}
			if want := 3*n - (n - 1) - 1; once.Forward != want || whole.Forward != 3*n {
				t.Errorf("ran on %d images, want %d; each on %d", once.Forward, want, whole.Forward)
			}
		}
	}
}

// TestLeaveOutThreads: what is left out does not make results depend on the number of threads.
func TestLeaveOutThreads(t *testing.T) {
	spec := small
	spec.Dropout = 0
	first := course{spec: spec, batch: 8, micro: 5, repeated: true, leaveOut: [2]bool{true, true}, threads: 1}
	others := []course{first, first}
	first.run(t)
	for i := range others {
		c := &others[i]
		c.threads = 2 + i
		c.run(t)
		if !slices.Equal(c.losses, first.losses) {
			t.Errorf("%d threads: losses %v, with one %v", c.threads, c.losses, first.losses)
		}
		wantSame(t, fmt.Sprintf("%d threads", c.threads), c.final, first.final)
	}
}

// TestNoneActive: a batch without an active triplet has gradients of 0, and added to others changes nothing.
func TestNoneActive(t *testing.T) {
	const n = 3
	team, b := newTeam(t, 2), newBatch(small.Size, n, 1)
	for i := range n { // D(q,p) is 0 and D(q,n) is not
		per := len(b.Pixels) / (3 * n)
		copy(b.Pixels[(3*i+1)*per:(3*i+2)*per], b.Pixels[3*i*per:])
		b.Keys[3*i+1] = b.Keys[3*i]
	}
	for _, dropout := range []float64{0, 0.4} {
		spec := small
		spec.Dropout = dropout
		s, err := model.NewSiamese(team, newWeights(t, spec), nil, n, 1e-9)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		r := step(t, s, b, n, false)
		if r.Loss != 0 || r.Backward != 0 {
			t.Fatalf("dropout %v: loss %v, %d images backward", dropout, r.Loss, r.Backward)
		}
		for name, g := range snapshot(s) {
			if !sameBits(g, make([]float32, len(g))) {
				t.Errorf("dropout %v: the gradient of %s is not 0", dropout, name)
			}
		}
		swapped := model.Batch{Triplets: n} // positives and negatives exchanged: all are active
		per := len(b.Pixels) / (3 * n)
		for i := range n {
			for _, at := range []int{3 * i, 3*i + 2, 3*i + 1} {
				swapped.Pixels, swapped.Keys = append(swapped.Pixels, b.Pixels[at*per:(at+1)*per]...), append(swapped.Keys, b.Keys[at])
			}
		}
		if r := step(t, s, swapped, n, false); r.Backward == 0 {
			t.Fatalf("dropout %v: nothing to add to", dropout)
		}
		before := snapshot(s)
		step(t, s, b, n, true)
		wantSame(t, fmt.Sprintf("dropout %v: gradients after adding none", dropout), snapshot(s), before)
	}
}
