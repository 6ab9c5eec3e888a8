// Package model is the deep-ranking network as a gorgonia graph: the tower, the three-way Siamese network that
// trains it, and the embedder that uses it.
//
// # The tower
//
// An image of S x S pixels goes two ways, which join in an embedding of unit length:
//
//	image [S][S][3] ──┬─ VGG-16 features ─ flatten or mean ─ fc6 ─ fc7 ────────────── L2 ─┬─ join ─ embed ─ L2
//	                  ├─ average 4:1 ─ 8x8/4 convolution ─ max pool 7/4 ─ flatten ─┬─ L2 ─┘
//	                  └─ average 8:1 ─ 8x8/4 convolution ─ max pool 3/2 ─ flatten ─┘
//
// The deep path sees what a picture shows, the shallow ones colours and coarse patterns. Source: Wang et al.,
// "Learning Fine-grained Image Similarity with Deep Ranking", 2014, with VGG-16 (Simonyan and Zisserman, 2015) as
// the deep path. bench/reference/deeprank.py defines every detail in PyTorch; tests compare with its numbers.
//
// # Weights
//
// Parameters have torchvision's names and layouts (features.N.weight [out][in][3][3], classifier.0, classifier.3),
// and shallow4, shallow8, embed. A torchvision VGG-16 file therefore loads as it is.
//
// # Siamese
//
// The B triplets of a batch are one stack of 3B images, query, positive and negative of each, that goes through one tower:
// the weights are shared by construction, and each gradient comes out summed over the three. An image's numbers do not depend
// on its place, and gradients to the parameters are summed in the order of the stack, so that a batch computed in parts
// (--micro-batch) comes to the same bits.
//
// # Work left out
//
// A step leaves out what would not change its result but for rounding (Siamese.LeaveOut), and Result says on how many images
// its passes ran:
//
//   - The backward pass of images whose triplets all keep the gap: their gradient is zero. Package loss finds them, package op
//     brings the others together.
//   - All but one of equal pictures in a batch, where there is no dropout: the tower runs on the different ones, and the loss
//     reads an embedding as often as it occurs (distinct.go). Equal pictures in two parts of a batch run twice, so here the parts
//     come to the same but for rounding.
//
// Start with spec.go, then tower.go and siamese.go.
package model
