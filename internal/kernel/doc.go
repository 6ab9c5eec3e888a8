// Package kernel holds the numeric kernels of the network: convolutions, dense layers, pooling and what lies between them,
// forward and backward, on plain float32 slices. It knows nothing of graphs, files or flags.
//
// # Layouts
//
// Activations are NHWC: the channels of a pixel lie side by side, so that vectors run over channels and a window's pixels
// come in a few long runs. Parameters keep torch's layout, so that files need no conversion.
//
//	x  [images][height][width][channels]        w  [out][in][ky][kx]        dense w  [out][in]
//
// # Threads
//
// A [Team] is made once and passed to each kernel; it also keeps the workspaces. A kernel cuts its work by the shapes, never
// by the number of threads, and each output element is summed by one task in a fixed order: any Team gives the same bits.
// Results may differ in the last bits between instruction sets.
//
// # Parts of a batch
//
// An image's outputs and gradients have the same bits in any batch and at any place in it. Gradients to weights are summed in
// the order of the images, with accumulate on top of those of the images before, so that a batch in parts comes to the bits of
// the whole: cut anywhere for dense and direct layers, after any multiple of three images (a triplet) for Winograd's. So nothing
// here may choose an algorithm, or what is added to what, by the number of images.
//
// # Matrix products
//
// Convolutions and dense layers are products C = A*B, cut into blocks (gemm.go):
//
//	               nr columns
//	               +--+                 B is packed into panels of nr columns, [k][nr]; the kc by nr part in use stays
//	          B    |  |  kc             in the first-level cache
//	               +--+
//	  kc
//	+----+         +--+
//	|    |  mr     |  |  a tile of C: mr x nr sums in registers, for kc steps of k
//	+----+         +--+
//	| A  |         | C|                 A is packed mc rows by kc for the second-level cache, as rows or as columns,
//	|    |         |  |                 whichever needs no transposition
//	+----+         +--+
//
// Operands are packed from where they lie: matrices and transposed ones (view.go), image patches of a convolution that are
// never written out as a whole (patches.go). So all passes use one product:
//
//	convolution  y = patches(x)*W     dx = patches(dy)*flipped W     dW = patches(x)ᵀ*dy
//	dense        yᵀ = W*xᵀ            dx = dy*W                      dW = dyᵀ*x
//
// # Names and choice of the microkernels
//
// A microkernel computes a tile and nothing else; packing, edges, threads and every check of a length are Go. Its name says
// operation, tile and instruction set: gemm12x32AVX512, gemm6x16AVX2, gemm6x16Generic. implementations.go lists them in one
// table, from which NewTeam takes the fastest that the machine can run; DEEPRANK_KERNEL=avx512, avx2 or generic forces one.
// The assembly is generated in _asm (go generate); the build tag purego leaves it out.
//
// Wrong lengths and shapes are programming errors and panic, with the kernel's name. Package reference defines every
// operation as plain loops in float64, and the tests compare with it.
//
// Start with team.go, then conv.go and conv_direct.go, then gemm.go.
package kernel
