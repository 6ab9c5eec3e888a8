package loss

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"deeprank/internal/kernel"
	"deeprank/internal/op"
)

// Triplet is the loss in a graph: its scalar node, what it is to be told before a run, and what the last run left for reading.
type Triplet struct {
	// Loss is the node of (1/Total) sum of the hinges.
	Loss *gorgonia.Node
	// Rows says which rows of the embeddings this run's triplets have: their queries, then their positives, then their
	// negatives. A row may occur several times. nil is one row for each, in that order: 0, 1, 2 ...
	Rows []int32
	// WholeBackward runs the backward pass also of images whose triplets all have a hinge of zero, for comparison.
	WholeBackward bool
	// DPos, DNeg and Hinge hold D(q,p), D(q,n) and the hinge of each triplet of the last run.
	DPos, DNeg, Hinge []float32

	stack   stack
	inOrder []int32 // 0, 1, 2 ...
}

// NewTriplet adds the loss to the graph of the embeddings e [3B][E]; B is the capacity in triplets.
func NewTriplet(r *op.Runtime, e op.Var, gap float64) (*Triplet, error) {
	b, dim := e.Node.Shape()[0]/3, e.Node.Shape()[1]
	t := &Triplet{stack: newStack(r, 3*b, dim, e.Grad), inOrder: make([]int32, 3*b)}
	for i := range t.inOrder {
		t.inOrder[i] = int32(i)
	}
	distances, err := t.distances(r, e, b, dim)
	if err != nil {
		return nil, err
	}
	hinge, err := t.hinge(r, distances, b, float32(gap))
	if err != nil {
		return nil, err
	}
	t.Loss, err = t.mean(r, hinge, b)
	return t, err
}

// rows are Rows, or those of the run's images in order.
func (t *Triplet) rows(r *op.Runtime) []int32 {
	if t.Rows != nil {
		return t.Rows
	}
	return t.inOrder[:r.Images]
}

// triplets is the number of triplets of the run.
func (t *Triplet) triplets(r *op.Runtime) int { return len(t.rows(r)) / 3 }

// distances is e [3B][E] -> [2][B]: D(q,p), then D(q,n). Its gradient is the first backward op that depends on all of the
// forward pass, and so the place where images without a gradient are left out.
func (t *Triplet) distances(r *op.Runtime, e op.Var, b, dim int) (op.Var, error) {
	n, err := r.Apply(op.Definition{
		Name: "distances", Out: tensor.Shape{2, b}, Alias: -1, WRT: []bool{e.Grad},
		Run: func(in [][]float32, out []float32) {
			rows := t.rows(r)
			n := len(rows) / 3
			t.DPos, t.DNeg = out[:n], out[b:b+n]
			kernel.TripletDistances(r.Team, n, dim, t.stack.gather(in[0], rows), t.DPos, t.DNeg)
		},
		Grad: func(in gorgonia.Nodes, _, g *gorgonia.Node) (gorgonia.Nodes, error) {
			r.Keep(in[0])
			de, err := r.Apply(op.Definition{
				Name: "distances de", Out: tensor.Shape{3 * b, dim}, Alias: -1,
				Run: func(in [][]float32, out []float32) {
					rows, gp, gn := t.activeOnly(r, in[1][:b], in[1][b:])
					if r.Active > 0 {
						kernel.TripletDistancesBackward(r.Team, len(gp), dim, t.stack.gather(in[0], rows), gp, gn, t.stack.gradients(len(rows)))
						t.stack.scatter(rows, out[:r.Active*dim])
					}
				},
			}, in[0], g)
			return gorgonia.Nodes{de}, err
		},
	}, e.Node)
	return op.Var{Node: n, Grad: e.Grad}, err
}

// activeOnly leaves the images of triplets whose hinge is not zero to the backward pass, and those triplets' rows and
// gradients to D(q,p) and D(q,n) to the caller. NaN is not zero.
func (t *Triplet) activeOnly(r *op.Runtime, gp, gn []float32) (rows []int32, activeP, activeN []float32) {
	all := t.rows(r)
	n := len(all) / 3
	if t.WholeBackward {
		return all, gp[:n], gn[:n]
	}
	s := &t.stack
	s.triplets = s.triplets[:0]
	for i, h := range t.Hinge[:n] {
		if h != 0 {
			s.triplets = append(s.triplets, int32(i))
		}
	}
	rows, images := s.narrow(all, r.Images)
	r.Narrow(images)
	for k, i := range s.triplets {
		s.gp[k], s.gn[k] = gp[i], gn[i]
	}
	return rows, s.gp[:len(s.triplets)], s.gn[:len(s.triplets)]
}

// hinge is [2][B] -> [B]: max(0, gap + D(q,p) - D(q,n)). NaN stays NaN.
func (t *Triplet) hinge(r *op.Runtime, d op.Var, b int, gap float32) (op.Var, error) {
	n, err := r.Apply(op.Definition{
		Name: "hinge", Out: tensor.Shape{b}, Alias: -1, WRT: []bool{d.Grad},
		Run: func(in [][]float32, out []float32) {
			n := t.triplets(r)
			for i := range n {
				h := gap + in[0][i] - in[0][b+i]
				if h <= 0 {
					h = 0
				}
				out[i] = h
			}
			t.Hinge = out[:n]
		},
		Grad: func(_ gorgonia.Nodes, h, g *gorgonia.Node) (gorgonia.Nodes, error) {
			dd, err := r.Apply(op.Definition{
				Name: "hinge dd", Out: tensor.Shape{2, b}, Alias: -1,
				Run: func(in [][]float32, out []float32) {
					for i := range t.triplets(r) {
						out[i], out[b+i] = 0, 0
						if in[0][i] > 0 {
							out[i], out[b+i] = in[1][i], -in[1][i]
						}
					}
				},
			}, h, g)
			return gorgonia.Nodes{dd}, err
		},
	}, d.Node)
	return op.Var{Node: n, Grad: d.Grad}, err
}

// mean is [B] -> scalar: the sum over this run's triplets, in order, over Runtime.Total.
func (t *Triplet) mean(r *op.Runtime, h op.Var, b int) (*gorgonia.Node, error) {
	return r.Apply(op.Definition{
		Name: "mean", Alias: -1, WRT: []bool{h.Grad},
		Run: func(in [][]float32, out []float32) {
			var sum float64
			for _, v := range in[0][:t.triplets(r)] {
				sum += float64(v)
			}
			out[0] = float32(sum / float64(r.Total))
		},
		Grad: func(_ gorgonia.Nodes, _, g *gorgonia.Node) (gorgonia.Nodes, error) {
			dh, err := r.Apply(op.Definition{
				Name: "mean dh", Out: tensor.Shape{b}, Alias: -1,
				Run: func(in [][]float32, out []float32) {
					v := in[0][0] / float32(r.Total)
					for i := range t.triplets(r) {
						out[i] = v
					}
				},
			}, g)
			return gorgonia.Nodes{dh}, err
		},
	}, h.Node)
}
