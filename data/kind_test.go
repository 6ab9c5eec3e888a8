package data

import "testing"

func TestKindOf(t *testing.T) {
	m := &Metadata{
		Category: []string{"shoe", "shoe", "shoe", "shoe", "dress", "", ""},
		Color:    []string{"Red", "Blue", "Red", "Green", "Red", "", ""},
		ID:       []string{"1", "1", "2", "3", "4", "", ""},
	}
	for _, c := range []struct {
		t    Triplet
		want Kind
	}{
		{Triplet{0, 1, 4}, Kind{SameProduct, OutOfClass}},
		{Triplet{0, 2, 3}, Kind{SameColour, InClass}},
		{Triplet{0, 3, 1}, Kind{OtherPositive, ProductInstead}},
		{Triplet{5, 6, 6}, Kind{OtherPositive, OutOfClass}}, // unknown equals nothing
		{Triplet{5, 5, 5}, Kind{SameProduct, ProductInstead}},
	} {
		if got := m.KindOf(c.t); got != c.want {
			t.Errorf("%v is %v, want %v", c.t, got, c.want)
		}
	}
}
