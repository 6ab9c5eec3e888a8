package kernel

// Convolution with 3x3 filters, stride 1 and padding 1 by Winograd's minimal filtering F(4x4,3x3): Lavin and Gray, "Fast
// Algorithms for Convolutional Neural Networks" (2015). A tile of 4x4 outputs is made from 6x6 inputs with 36
// multiplications a channel, where the definition takes 144:
//
//	y = A' [ (G w G') . (B' x B) ] A         . is the product element by element, ' transposes
//
// The sum over input channels can be taken before the transform of the outputs, so for each of the 36 positions p the
// element products are one product of matrices over all tiles:
//
//	x [pixels][In]   B'xB   V[p] [tiles][In]
//	 +---------+    ----->   +-------+      *  U[p] [In][Out]  =  M[p] [tiles][Out]   A'MA   y [pixels][Out]
//	 | 6x6, of |             | p = 35|                                               ----->  4x4 pixels a tile,
//	 | which 4 |             +-------+         U = G w G', made                              bias, ReLU, mask or
//	 | are new |               ...             once a call                                   pooling in the same store
//	 +---------+             +-------+
//	                         | p = 0 |
//
// The gradient to the data is the same with the filters turned by 180 degrees, input and output channels exchanged. That to
// the weights is F(3x3,4x4): dU[p] = V[p]' (A dy A')[p], summed over tiles, and dw = G' dU G.
//
// # Points
//
// The polynomials behind it are evaluated at 0, a, -a, b, -b and infinity with a = 0.625 and b = 1.5, after oneDNN 2.7: they
// lose two bits less than the usual 1 and 2. With a² = 0.390625 and b² = 2.25, all of which but G's are exact in float32:
//
//	     | a²b²    0    -a²-b²    0      1   0 |        | 1   0   0   0  |        | 1/(a²b²)  0    0   |
//	     |  0   -a b²    -b²      a      1   0 |        | 1   a   a²  a³ |        |   na     na a  na a²|
//	B' = |  0    a b²    -b²     -a      1   0 |    A = | 1  -a   a² -a³ |    G = |   na    -na a  na a²|   na = 1/(2a²(a²-b²))
//	     |  0   -a²b     -a²      b      1   0 |        | 1   b   b²  b³ |        |   nb     nb b  nb b²|   nb = 1/(2b²(b²-a²))
//	     |  0    a²b     -a²     -b      1   0 |        | 1  -b   b² -b³ |        |   nb    -nb b  nb b²|
//	     |  0   a²b²      0    -a²-b²    0   1 |        | 0   0   0   1  |        |    0      0    1   |
//
// # Where to read on
//
// winograd_geometry.go says which pixels a tile has, winograd_transform.go what the transforms read and write,
// winograd_transform_generic.go is their plain definition. winograd_forward.go has the schedule of the passes forward and to
// the data, winograd_weights.go that of the gradient to the weights.

// The points and what the transforms make of them.
const (
	pointA, pointB = 0.625, 1.5
	a1, a2, a3     = pointA, pointA * pointA, pointA * pointA * pointA
	b1, b2, b3     = pointB, pointB * pointB, pointB * pointB * pointB
	normA          = 1 / (2 * a2 * (a2 - b2))
	normB          = 1 / (2 * b2 * (b2 - a2))
	norm0          = 1 / (a2 * b2)
)

// tilePixels is the side of a tile of inputs, tileOutputs that of its outputs, positions the elements of a transformed tile.
const (
	tilePixels  = 6
	tileOutputs = 4
	positions   = tilePixels * tilePixels
)
