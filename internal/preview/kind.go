package preview

import (
	"fmt"
	"strings"

	"deeprank/data"
)

// The kinds as a flag and an address name them. No word stands for a positive and a negative, so that one alone is clear.
func positives() []string { return []string{"same-product", "same-colour", "other-positive"} }
func negatives() []string { return []string{"out-of-class", "in-class", "own-product"} }

// KindName is a kind in two words, such as same-product/in-class.
func KindName(k data.Kind) string {
	return positives()[k.Positive] + "/" + negatives()[k.Negative]
}

// KindNames lists the words, for a flag's help.
func KindNames() string {
	return strings.Join(positives(), ", ") + "; " + strings.Join(negatives(), ", ")
}

// Kinds is a choice of kinds; the empty one is of all.
type Kinds map[data.Kind]bool

// ParseKinds reads words separated by commas: the name of a positive, of a negative, or both with a stroke between. A kind is chosen when one
// of them names it.
func ParseKinds(text string) (Kinds, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	chosen := Kinds{}
	for word := range strings.SplitSeq(text, ",") {
		word, found := strings.TrimSpace(word), false
		for p, positive := range positives() {
			for n, negative := range negatives() {
				if word == positive || word == negative || word == positive+"/"+negative {
					chosen[data.Kind{Positive: data.PositiveKind(p), Negative: data.NegativeKind(n)}] = true
					found = true
				}
			}
		}
		if !found {
			return nil, fmt.Errorf("%q is no kind of triplets; there are %s, and both with a stroke between: same-product/in-class", word, KindNames())
		}
	}
	return chosen, nil
}

// Has says whether a kind is chosen.
func (k Kinds) Has(kind data.Kind) bool { return len(k) == 0 || k[kind] }
