// Package evaluate says from embeddings how well a network ranks triplets: the share in the right order with its interval, by kind of triplet, the
// score at top K of Wang et al. (2014), distances and their histograms. Package retrieval has the numbers of searches.
//
//	embeddings ──┐
//	triplets ────┼── Triplets ──> Report ──> Write (text), JSON by its tags
//	metadata ────┘
//
// Start with triplets.go.
package evaluate
