package retrieval

// Source is embeddings that can be read piece by piece.
type Source interface {
	Rows() int
	Dim() int
	// Read gives rows [from, to) as [to-from][Dim], in buffer, which has room for them, or where they lie.
	Read(from, to int, buffer []float32) ([]float32, error)
}

// Matrix is embeddings in memory, [rows][Columns].
type Matrix struct {
	Values  []float32
	Columns int
}

// Rows is the number of embeddings.
func (m Matrix) Rows() int { return len(m.Values) / max(1, m.Columns) }

// Dim is the length of an embedding.
func (m Matrix) Dim() int { return m.Columns }

// Read gives the rows where they lie.
func (m Matrix) Read(from, to int, _ []float32) ([]float32, error) {
	return m.Values[from*m.Columns : to*m.Columns], nil
}

// Of gives the rows at these places, in their order; all of them in order are the matrix itself.
func (m Matrix) Of(places []int32) Source {
	if len(places) == m.Rows() {
		whole := true
		for i, p := range places {
			whole = whole && int(p) == i
		}
		if whole {
			return m
		}
	}
	return Subset{m, places}
}

// Subset is some rows of a matrix, in any order, as often as you like.
type Subset struct {
	Matrix
	Places []int32
}

// Rows is the number of places.
func (s Subset) Rows() int { return len(s.Places) }

// Read copies the rows.
func (s Subset) Read(from, to int, buffer []float32) ([]float32, error) {
	for i, p := range s.Places[from:to] {
		copy(buffer[i*s.Columns:(i+1)*s.Columns], s.Values[int(p)*s.Columns:])
	}
	return buffer[:(to-from)*s.Columns], nil
}
