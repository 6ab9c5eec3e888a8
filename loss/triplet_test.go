package loss_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"deeprank/internal/kernel"
	"deeprank/internal/op"
	"deeprank/internal/reference"
	"deeprank/loss"
)

// bench is the loss of embeddings that are the graph's input.
type bench struct {
	capacity, dim int
	embeddings    []float32
	runtime       *op.Runtime
	loss          *loss.Triplet
	gradient      *gorgonia.Node
	machine       gorgonia.VM
}

func newBench(t *testing.T, capacity, dim int, gap float64) *bench {
	t.Helper()
	team := kernel.NewTeam(2)
	t.Cleanup(team.Close)
	b := &bench{capacity: capacity, dim: dim, embeddings: make([]float32, 3*capacity*dim), runtime: op.NewRuntime(team)}
	graph := gorgonia.NewGraph()
	e := gorgonia.NewTensor(graph, tensor.Float32, 2, gorgonia.WithShape(3*capacity, dim), gorgonia.WithName("embeddings"),
		gorgonia.WithValue(tensor.New(tensor.WithShape(3*capacity, dim), tensor.WithBacking(b.embeddings))))
	var err error
	if b.loss, err = loss.NewTriplet(b.runtime, op.Var{Node: e, Grad: true}, gap); err != nil {
		t.Fatal(err)
	}
	grads, err := gorgonia.Grad(b.loss.Loss, e)
	if err != nil {
		t.Fatal(err)
	}
	b.gradient = grads[0]
	b.machine = gorgonia.NewTapeMachine(graph)
	t.Cleanup(func() {
		if err := b.machine.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// run puts the embeddings of some triplets in place, queries first, and NaN behind them; total is what the mean divides by. The
// gradient is of all of them: 0 where the backward pass leaves an image out.
func (b *bench) run(t *testing.T, e []float32, total int) (value float64, gradient []float32) {
	t.Helper()
	n := copy(b.embeddings, e)
	for i := n; i < len(b.embeddings); i++ {
		b.embeddings[i] = float32(math.NaN())
	}
	b.runtime.Start(n / b.dim)
	b.runtime.Total = total
	b.machine.Reset()
	if err := b.machine.RunAll(); err != nil {
		t.Fatal(err)
	}
	left, triplets := 0, n/b.dim/3
	gradient, got := make([]float32, n), b.gradient.Value().Data().([]float32)
	for i := range 3 * triplets {
		if b.loss.Hinge[i%triplets] != 0 || b.loss.WholeBackward {
			copy(gradient[i*b.dim:(i+1)*b.dim], got[left*b.dim:])
			left++
		}
	}
	if b.runtime.Active != left {
		t.Errorf("%d images in the backward pass, want %d", b.runtime.Active, left)
	}
	return float64(b.loss.Loss.Value().Data().(float32)), gradient
}

// define is the loss in float64.
func define(dim, total int, gap float64, e []float64) (value float64, dp, dn, hinge []float64) {
	n := len(e) / dim / 3
	dp, dn, hinge = make([]float64, n), make([]float64, n), make([]float64, n)
	reference.TripletDistances(n, dim, e, dp, dn)
	for i := range hinge {
		hinge[i] = math.Max(0, gap+dp[i]-dn[i])
		value += hinge[i] / float64(total)
	}
	return value, dp, dn, hinge
}

func unitRows(r *rand.Rand, rows, dim int) []float32 {
	x := make([]float64, rows*dim)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	y := make([]float64, len(x))
	reference.NormalizeRows(rows, dim, x, y, make([]float64, rows))
	out := make([]float32, len(y))
	for i, v := range y {
		out[i] = float32(v)
	}
	return out
}

func float64s(x []float32) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}

func near(t *testing.T, what string, got []float32, want []float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i, v := range want {
		if d := math.Abs(float64(got[i]) - v); !(d <= tol) {
			t.Fatalf("%s: [%d] is %v, want %v", what, i, got[i], v)
		}
	}
}

// TestTriplet: distances, hinges, their mean and its gradient; also of fewer triplets than the graph has room for, as
// part of a larger batch, and again with other embeddings.
func TestTriplet(t *testing.T) {
	for _, c := range []struct {
		capacity, dim, triplets, total int
		gap                            float64
	}{
		{1, 2, 1, 1, 1}, {4, 13, 4, 4, 1}, {8, 32, 8, 8, 0.1}, {8, 32, 3, 3, 1}, {8, 32, 3, 8, 1}, {5, 102, 1, 64, 0.5},
		{6, 7, 6, 6, 0}, {6, 7, 6, 6, 5}, {2, 4096, 2, 2, 1},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			b := newBench(t, c.capacity, c.dim, c.gap)
			r := rand.New(rand.NewPCG(3, 4))
			for range 2 {
				e := unitRows(r, 3*c.triplets, c.dim)
				got, gradient := b.run(t, e, c.total)
				want, dp, dn, hinge := define(c.dim, c.total, c.gap, float64s(e))
				if !(math.Abs(got-want) <= 1e-6) {
					t.Errorf("loss %v, want %v", got, want)
				}
				near(t, "D(q,p)", b.loss.DPos, dp, 1e-6)
				near(t, "D(q,n)", b.loss.DNeg, dn, 1e-6)
				near(t, "hinge", b.loss.Hinge, hinge, 2e-6)
				if len(e) > 1000 { // thousands of differences of thousands of terms
					continue
				}
				near(t, "gradient", gradient, reference.Gradient(func(e []float64) float64 {
					v, _, _, _ := define(c.dim, c.total, c.gap, e)
					return v
				}, float64s(e), 1e-6), 2e-6)
			}
		})
	}
}

// TestHingeAtZero: a triplet that keeps the gap exactly has no gradient, as in torch; its neighbour keeps its own.
func TestHingeAtZero(t *testing.T) {
	b := newBench(t, 2, 2, 1)
	// D(q,p) = 1, D(q,n) = 2: the hinge is 1+1-2 = 0. The second triplet has 1+4-1 = 4.
	value, gradient := b.run(t, []float32{0, 0, 0, 0, 1, 0, 2, 0, 1, 1, 0, 1}, 2)
	near(t, "hinge", b.loss.Hinge, []float64{0, 4}, 0)
	if value != 2 {
		t.Errorf("loss %v, want 2", value)
	}
	// Of (D(q,p) - D(q,n)) / 2: q gets (n-p), p gets (p-q), n gets (q-n).
	near(t, "gradient", gradient, []float64{0, 0, -2, 1, 0, 0, 2, 0, 0, 0, 0, -1}, 0)
}

// TestSameImage: triplets whose query is the positive, the negative or both have finite gradients.
func TestSameImage(t *testing.T) {
	b := newBench(t, 3, 2, 1)
	// q = p; q = n; all the same.
	e := []float32{1, 0, 1, 0, 0.6, 0.8 /* p */, 1, 0, 0, 1, 0.6, 0.8 /* n */, 0.8, 0.6, 1, 0, 0.6, 0.8}
	value, gradient := b.run(t, e, 3)
	want, _, _, hinge := define(2, 3, 1, float64s(e))
	near(t, "hinge", b.loss.Hinge, hinge, 1e-6)
	if !(math.Abs(value-want) <= 1e-6) {
		t.Errorf("loss %v, want %v", value, want)
	}
	near(t, "gradient", gradient, reference.Gradient(func(e []float64) float64 {
		v, _, _, _ := define(2, 3, 1, e)
		return v
	}, float64s(e), 1e-6), 1e-6)
	for _, i := range []int{4, 5, 10, 11, 16, 17} { // the third triplet
		if gradient[i] != 0 {
			t.Errorf("gradient[%d] of three equal embeddings is %v, want 0", i, gradient[i])
		}
	}
}

// TestNaN: what is not a number shows in the hinge of its triplet and in the loss, not as an inactive triplet.
func TestNaN(t *testing.T) {
	nan := float32(math.NaN())
	for i := range 3 {
		b := newBench(t, 2, 2, 1)
		e := []float32{1, 0, 1, 0, 0, 1, 0, 1, 0.6, 0.8, 0.6, 0.8}
		e[4*i] = nan // of the first triplet's query, positive, negative
		value, gradient := b.run(t, e, 2)
		if v := b.loss.Hinge[0]; v == v || value == value {
			t.Errorf("NaN in image %d: hinge %v, loss %v, want NaN", i, v, value)
		}
		if v := b.loss.Hinge[1]; v != v {
			t.Errorf("NaN in image %d: the other triplet's hinge is %v", i, v)
		}
		if v := gradient[4*i]; v == v {
			t.Errorf("NaN in image %d: its gradient is %v, want NaN", i, v)
		}
	}
}

// TestWholeBackward: leaving out images changes no bit of the gradient to the embeddings.
func TestWholeBackward(t *testing.T) {
	const triplets, dim = 8, 13
	inactive := 0
	for seed := range uint64(5) {
		e := unitRows(rand.New(rand.NewPCG(seed, 8)), 3*triplets, dim)
		b := newBench(t, triplets+1, dim, 0.3)
		value, gradient := b.run(t, e, triplets)
		for _, h := range b.loss.Hinge {
			if h == 0 {
				inactive++
			}
		}
		b.loss.WholeBackward = true
		whole, want := b.run(t, e, triplets)
		if value != whole {
			t.Errorf("loss %v, with the whole backward pass %v", value, whole)
		}
		near(t, "gradient", gradient, float64s(want), 0)
	}
	if inactive < 5 || inactive > 5*triplets-5 {
		t.Errorf("%d of %d triplets are inactive: the test compares too little", inactive, 5*triplets)
	}
}

// TestNoneActive: without an active triplet no image is left.
func TestNoneActive(t *testing.T) {
	b := newBench(t, 2, 2, 0.5)
	value, gradient := b.run(t, []float32{1, 0, 1, 0, 1, 0, 1, 0, 0, 1, 0, 1}, 2)
	near(t, "gradient", gradient, make([]float64, 12), 0)
	if value != 0 || b.runtime.Active != 0 {
		t.Errorf("loss %v, %d images", value, b.runtime.Active)
	}
}

// TestRows: triplets that share rows of the embeddings have the distances and the loss of those with rows of their own, in
// every bit, and a row's gradient is the sum of its copies'.
func TestRows(t *testing.T) {
	const images, dim = 5, 13
	e := unitRows(rand.New(rand.NewPCG(11, 12)), images, dim)
	for _, c := range []struct {
		name string
		rows []int32
		gap  float64
	}{
		{"all active", []int32{0, 1, 2, 1, 2, 3, 3, 4, 0}, 5},
		{"some active", []int32{0, 1, 2, 4, 1, 2, 3, 0, 3, 4, 0, 1}, 0.1},
		{"q = p, n = q, p = n, all one", []int32{0, 1, 2, 3, 0, 4, 1, 3, 4, 1, 1, 3}, 1},
		{"one image", []int32{0, 0, 0}, 1},
		{"none active", []int32{0, 1, 0, 1, 1, 0}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := len(c.rows) / 3
			used := 0
			for _, row := range c.rows {
				used = max(used, int(row)+1)
			}
			var copies []float32
			for _, row := range c.rows {
				copies = append(copies, e[int(row)*dim:int(row+1)*dim]...)
			}
			whole := newBench(t, n, dim, c.gap)
			want, g := whole.run(t, copies, n)
			sums := make([]float64, used*dim)
			needed := map[int32]bool{}
			for i, row := range c.rows {
				for k := range dim {
					sums[int(row)*dim+k] += float64(g[i*dim+k])
				}
				if whole.loss.Hinge[i%n] != 0 {
					needed[row] = true
				}
			}

			b := newBench(t, max(n, (used+2)/3), dim, c.gap)
			for _, all := range []bool{false, true} {
				b.loss.Rows, b.loss.WholeBackward = c.rows, all
				copy(b.embeddings, e[:used*dim])
				b.runtime.Start(used)
				b.runtime.Total = n
				b.machine.Reset()
				if err := b.machine.RunAll(); err != nil {
					t.Fatal(err)
				}
				if got := float64(b.loss.Loss.Value().Data().(float32)); got != want {
					t.Errorf("loss %v, want %v", got, want)
				}
				near(t, "D(q,p)", b.loss.DPos, float64s(whole.loss.DPos), 0)
				near(t, "D(q,n)", b.loss.DNeg, float64s(whole.loss.DNeg), 0)
				near(t, "hinge", b.loss.Hinge, float64s(whole.loss.Hinge), 0)
				left, got := 0, b.gradient.Value().Data().([]float32)
				for row := range int32(used) {
					if needed[row] || all {
						near(t, fmt.Sprint("gradient to row ", row), got[left*dim:(left+1)*dim], sums[int(row)*dim:int(row+1)*dim], 1e-6)
						left++
					}
				}
				if b.runtime.Active != left {
					t.Errorf("%d images in the backward pass, want %d", b.runtime.Active, left)
				}
			}
		})
	}
}

// TestParts: the losses and gradients of a batch's parts are the whole batch's.
func TestParts(t *testing.T) {
	const dim, triplets = 13, 8
	b := newBench(t, triplets, dim, 1)
	e := unitRows(rand.New(rand.NewPCG(5, 6)), 3*triplets, dim)
	whole, g := b.run(t, e, triplets)
	gradient := append([]float32(nil), g...)
	for _, size := range []int{1, 3} {
		sum := 0.0
		for start := 0; start < triplets; start += size {
			n := min(size, triplets-start)
			var part []float32
			for third := range 3 {
				part = append(part, e[(third*triplets+start)*dim:(third*triplets+start+n)*dim]...)
			}
			value, g := b.run(t, part, triplets)
			sum += value
			for third := range 3 {
				near(t, "gradient", g[third*n*dim:(third+1)*n*dim],
					float64s(gradient[(third*triplets+start)*dim:(third*triplets+start+n)*dim]), 0)
			}
		}
		if !(math.Abs(sum-whole) <= 1e-6) {
			t.Errorf("in parts of %d the loss is %v, whole %v", size, sum, whole)
		}
	}
}
