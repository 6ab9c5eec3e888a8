// Package loss is the hinge on triplets as graph operations: squared distances, hinge, mean.
//
//	D(a, b) = sum_k (a_k - b_k)²                     squared Euclidean distance of two embeddings
//	h_i     = max(0, gap + D(q_i, p_i) - D(q_i, n_i))
//	loss    = (1/B) sum_i h_i                        the hinge of each triplet first, then the mean
//
// Source: Wang et al., "Learning Fine-grained Image Similarity with Deep Ranking", 2014, equation 4, with the mean
// over the batch instead of the sum. The embeddings come in one matrix [3B][E], so that one tower serves all three; Rows says
// which of its rows are the queries, positives and negatives, and an embedding may be in several triplets:
//
//	embeddings   e0  e1  e2  e3            Rows   q: 0 2   p: 1 3   n: 3 1        triplets (e0 e1 e3), (e2 e3 e1)
//
// # What is left out
//
// The gradient of max(0, x) is zero where the hinge is, so a triplet that keeps its gap changes nothing, and most do late in
// training. The gradient of the distances, where the backward pass begins, leaves the images of the other triplets to all
// that come after it (op.Runtime.Narrow); a NaN counts as active, so that it shows. The mean stays over all triplets.
//
// Start with triplet.go; stack.go has the way between embeddings and triplets.
package loss
