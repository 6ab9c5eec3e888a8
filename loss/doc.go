// Package loss is the hinge on triplets as graph operations: squared distances, hinge, mean.
//
//	D(a, b) = sum_k (a_k - b_k)²                     squared Euclidean distance of two embeddings
//	h_i     = max(0, gap + D(q_i, p_i) - D(q_i, n_i))
//	loss    = (1/B) sum_i h_i                        the hinge of each triplet first, then the mean
//
// Source: Wang et al., "Learning Fine-grained Image Similarity with Deep Ranking", 2014, equation 4, with the mean
// over the batch instead of the sum. The embeddings come stacked: B queries, B positives, B negatives in one
// matrix [3B][E], so that one tower serves all three.
//
// Start with triplet.go; health.go has the numbers that show how training goes.
package loss
