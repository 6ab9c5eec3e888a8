package data

// PositiveKind is what a triplet's positive is to its query.
type PositiveKind uint8

// The kinds of positives.
const (
	SameProduct PositiveKind = iota // of one id
	SameColour                      // another product of the same category and colour
	OtherPositive
)

func (k PositiveKind) String() string {
	return [...]string{"same product", "same category and colour", "other"}[k]
}

// NegativeKind is what a triplet's negative is to its query.
type NegativeKind uint8

// The kinds of negatives.
const (
	OutOfClass     NegativeKind = iota // of another category
	InClass                            // another product of the same category
	ProductInstead                     // of the query's own id: contradicts the triplet's purpose
)

func (k NegativeKind) String() string {
	return [...]string{"other category", "same category", "same product"}[k]
}

// Kind is what a triplet's positive and negative are to its query. Four of the nine are what Sample draws.
type Kind struct {
	Positive PositiveKind
	Negative NegativeKind
}

func (k Kind) String() string { return k.Positive.String() + " / " + k.Negative.String() }

// KindOf classifies a triplet of m's rows. An unknown (empty) id, category or colour equals no other.
func (m *Metadata) KindOf(t Triplet) Kind { return classify(t, m.ID, m.Category, m.Color, "") }

func classify[T comparable](t Triplet, id, category, color []T, unknown T) Kind {
	same := func(column []T, a, b int32) bool { return a == b || column[a] == column[b] && column[a] != unknown }
	k := Kind{OtherPositive, OutOfClass}
	switch q, p := t.Query, t.Positive; {
	case same(id, q, p):
		k.Positive = SameProduct
	case same(category, q, p) && same(color, q, p):
		k.Positive = SameColour
	}
	switch q, n := t.Query, t.Negative; {
	case same(id, q, n):
		k.Negative = ProductInstead
	case same(category, q, n):
		k.Negative = InClass
	}
	return k
}
