package data

import "fmt"

// QueryRule says how a triplet's query is drawn.
type QueryRule uint8

// The rules for queries.
const (
	QueryPairs QueryRule = iota // a category and a colour, each by its frequency, then a row of both
	QueryRows                   // all rows evenly
)

// InClassRule says what an in-class negative is to its query.
type InClassRule uint8

// The rules for in-class negatives; both are of the query's category and of another product.
const (
	OtherColour  InClassRule = iota // of another colour
	OtherProduct                    // of any colour
)

// Rule says which triplets a Sampler draws.
//
// Rows without id or category do not occur. n is the number of all others, n(c), n(k) and n(c,k) of those of a category, of a colour, and of
// both. What is unknown (empty) equals nothing and differs from nothing, but as a colour to draw queries by it is one like any other.
//
// Of each triplet, first the kinds are drawn, independently of each other: the positive is SameColour in the share of that name, else
// SameProduct; the negative InClass in the share of that name, else OutOfClass. Then the query, by
//
//	QueryPairs   P(q) = n(c)/n * n(k)/n * 1/n(c,k), where c and k are q's category and colour
//	QueryRows    P(q) = 1/n
//
// and drawn again until it has a positive and a negative of these kinds; that is, from the rows that have, in proportion to P. So the shares
// of the kinds hold up to chance whatever the data. Then the positive, evenly from
//
//	SameProduct  the other pictures of q's product
//	SameColour   the pictures of other products of q's category and colour
//
// and the negative, evenly from the pictures of other products but the positive that are
//
//	OutOfClass   of another category
//	InClass      of q's category and, by OtherColour, of another known colour where q's is known
type Rule struct {
	Query      QueryRule
	SameColour float64 // share of the positives that are of that kind
	InClass    float64 // share of the negatives that are of that kind
	Negatives  InClassRule
	Rows       []int32 // the rows that may occur; nil means all. Their order does not matter
}

func (u Rule) validate(rows int) error {
	for _, share := range []float64{u.SameColour, u.InClass} {
		if !(share >= 0 && share <= 1) {
			return fmt.Errorf("data: Rule: a share of %v; it must be from 0 to 1", share)
		}
	}
	for _, row := range u.Rows {
		if row < 0 || int(row) >= rows {
			return fmt.Errorf("data: Rule: row %d of %d", row, rows)
		}
	}
	return nil
}

// wants says whether triplets of these kinds are to be drawn.
func (u Rule) wants(k Kind) bool {
	return (k.Positive == SameColour && u.SameColour > 0 || k.Positive == SameProduct && u.SameColour < 1) &&
		(k.Negative == InClass && u.InClass > 0 || k.Negative == OutOfClass && u.InClass < 1)
}
