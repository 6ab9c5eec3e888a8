package loss

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"deeprank/internal/kernel"
	"deeprank/internal/op"
)

// Triplet is the loss in a graph: its scalar node, and what the last run left for reading.
type Triplet struct {
	// Loss is the node of (1/Total) sum of the hinges.
	Loss *gorgonia.Node
	// DPos, DNeg and Hinge hold D(q,p), D(q,n) and the hinge of each triplet of the last run.
	DPos, DNeg, Hinge []float32
}

// NewTriplet adds the loss to the graph of the embeddings e [3B][E]; B is the capacity in triplets.
func NewTriplet(r *op.Runtime, e op.Var, gap float64) (*Triplet, error) {
	b, dim := e.Node.Shape()[0]/3, e.Node.Shape()[1]
	t := &Triplet{}
	distances, err := t.distances(r, e, b, dim)
	if err != nil {
		return nil, err
	}
	hinge, err := t.hinge(r, distances, b, float32(gap))
	if err != nil {
		return nil, err
	}
	t.Loss, err = mean(r, hinge, b)
	return t, err
}

// distances is e [3B][E] -> [2][B]: D(q,p), then D(q,n).
func (t *Triplet) distances(r *op.Runtime, e op.Var, b, dim int) (op.Var, error) {
	n, err := r.Apply(op.Definition{
		Name: "distances", Out: tensor.Shape{2, b}, Alias: -1, WRT: []bool{e.Grad},
		Run: func(in [][]float32, out []float32) {
			n := r.Images / 3
			t.DPos, t.DNeg = out[:n], out[b:b+n]
			kernel.TripletDistances(r.Team, n, dim, in[0][:3*n*dim], t.DPos, t.DNeg)
		},
		Grad: func(in gorgonia.Nodes, _, g *gorgonia.Node) (gorgonia.Nodes, error) {
			de, err := r.Apply(op.Definition{
				Name: "distances de", Out: tensor.Shape{3 * b, dim}, Alias: -1,
				Run: func(in [][]float32, out []float32) {
					n := r.Images / 3
					kernel.TripletDistancesBackward(r.Team, n, dim, in[0][:3*n*dim], in[1][:n], in[1][b:b+n], out[:3*n*dim])
				},
			}, in[0], g)
			return gorgonia.Nodes{de}, err
		},
	}, e.Node)
	return op.Var{Node: n, Grad: e.Grad}, err
}

// hinge is [2][B] -> [B]: max(0, gap + D(q,p) - D(q,n)). NaN stays NaN.
func (t *Triplet) hinge(r *op.Runtime, d op.Var, b int, gap float32) (op.Var, error) {
	n, err := r.Apply(op.Definition{
		Name: "hinge", Out: tensor.Shape{b}, Alias: -1, WRT: []bool{d.Grad},
		Run: func(in [][]float32, out []float32) {
			n := r.Images / 3
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
					for i := range r.Images / 3 {
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
func mean(r *op.Runtime, h op.Var, b int) (*gorgonia.Node, error) {
	return r.Apply(op.Definition{
		Name: "mean", Alias: -1, WRT: []bool{h.Grad},
		Run: func(in [][]float32, out []float32) {
			var sum float64
			for _, v := range in[0][:r.Images/3] {
				sum += float64(v)
			}
			out[0] = float32(sum / float64(r.Total))
		},
		Grad: func(_ gorgonia.Nodes, _, g *gorgonia.Node) (gorgonia.Nodes, error) {
			dh, err := r.Apply(op.Definition{
				Name: "mean dh", Out: tensor.Shape{b}, Alias: -1,
				Run: func(in [][]float32, out []float32) {
					v := in[0][0] / float32(r.Total)
					for i := range r.Images / 3 {
						out[i] = v
					}
				},
			}, g)
			return gorgonia.Nodes{dh}, err
		},
	}, h.Node)
}
