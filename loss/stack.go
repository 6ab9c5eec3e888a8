package loss

import "deeprank/internal/op"

// stack lays the embeddings of triplets out as the distances want them, [queries, positives, negatives][E], from the rows of
// the embeddings [images][E], which may be fewer; and adds their gradients up the other way. All in a fixed order.
type stack struct {
	dim       int
	values    []float32 // [3B][E]
	gradient  []float32 // [3B][E], nil without one
	triplets  []int32   // the active ones
	rows      []int32   // of theirs, among the images that are left
	gp, gn    []float32
	images    []int32 // the images that are left
	place     []int32 // for each image its place among them; none where it is left out
	scattered []bool
}

const none = -1

func newStack(r *op.Runtime, rows, dim int, grad bool) stack {
	s := stack{dim: dim, values: r.Floats(rows * dim)}
	if grad {
		s.gradient = r.Floats(rows * dim)
		s.triplets, s.rows = make([]int32, 0, rows/3), make([]int32, rows)
		s.gp, s.gn = make([]float32, rows/3), make([]float32, rows/3)
		s.images, s.place = make([]int32, 0, rows), make([]int32, rows)
		s.scattered = make([]bool, rows)
	}
	return s
}

// gather returns the rows of e, one after the other.
func (s *stack) gather(e []float32, rows []int32) []float32 {
	for i, row := range rows {
		copy(s.values[i*s.dim:(i+1)*s.dim], e[int(row)*s.dim:])
	}
	return s.values[:len(rows)*s.dim]
}

// gradients is the place for the gradients to so many gathered rows.
func (s *stack) gradients(rows int) []float32 { return s.gradient[:rows*s.dim] }

// scatter sets each row of de to the sum of the gradients to its copies, in the order of rows; each row has one.
func (s *stack) scatter(rows []int32, de []float32) {
	clear(s.scattered)
	for i, row := range rows {
		from := s.gradient[i*s.dim : (i+1)*s.dim]
		to := de[int(row)*s.dim:][:len(from)]
		if !s.scattered[row] {
			s.scattered[row] = true
			copy(to, from)
			continue
		}
		for k, v := range from {
			to[k] += v
		}
	}
}

// narrow lists the images, of so many, that the active triplets have, in ascending order, and the rows of these triplets once
// only those images are left.
func (s *stack) narrow(all []int32, images int) (rows, left []int32) {
	n, active := len(all)/3, len(s.triplets)
	for i := range images {
		s.place[i] = none
	}
	for _, i := range s.triplets {
		for role := range 3 {
			s.place[all[role*n+int(i)]] = 0
		}
	}
	s.images = s.images[:0]
	for i, p := range s.place[:images] {
		if p != none {
			s.place[i] = int32(len(s.images))
			s.images = append(s.images, int32(i))
		}
	}
	for k, i := range s.triplets {
		for role := range 3 {
			s.rows[role*active+k] = s.place[all[role*n+int(i)]]
		}
	}
	return s.rows[:3*active], s.images
}
