// Package retrieval searches embeddings exactly and says how good the results are: recall, precision, R-precision and mAP at R.
//
// The rank of a gallery's picture g for a query q follows from the squared distance |q-g|^2 = |q|^2 + |g|^2 - 2 q.g. For one query |q|^2 is
// the same everywhere, so the nearest have the largest
//
//	score(q, g) = q.g - |g|^2/2
//
// which is a matrix product with a bias. It is made block by block, and of each row the best so far are kept:
//
//	            gallery, chunk columns at a time
//	           +--------+--------+---
//	queries,   | scores | scores |       a block of scores lives until its rows have been looked through:
//	strip rows |        |        |       what is above a row's threshold joins its candidates (best.go)
//	           +--------+--------+---
//
// So memory is bounded, whatever the numbers of queries and pictures. Equal scores rank by their place in the gallery.
//
// Where every picture of a gallery is a query too, q.g serves both: a block of products is looked through by rows and by columns, and half the product
// is enough (same.go).
//
// Scores are float32: distances that differ by less than some 1e-7 of |q|^2+|g|^2 may change places. Equal embeddings have equal scores, wherever they
// lie in the gallery. Search computes the distances that it returns in float64.
//
// Start with measure.go for the metrics, search.go for a search; blocks.go is the loop that both share.
package retrieval
