// Package checkpoints keeps the state of a training run on disk, so that a
// run killed at any moment continues from a file that is whole.
//
// A checkpoint is one safetensors file (https://github.com/huggingface/safetensors):
//
//	offset 0        8 bytes   N, length of the header, little-endian
//	offset 8        N bytes   JSON, padded with spaces so that 8+N is a multiple of 8:
//	                            {"__metadata__": {"key": "value", ...},
//	                             "embed.bias":   {"dtype": "F32", "shape": [256], "data_offsets": [0, 1024]},
//	                             "embed.weight": {...}}
//	offset 8+N      the rest  the tensors' bytes, one after the other without holes,
//	                          little-endian, row-major; offsets count from 8+N
//
// Tensors lie in the order of their names and keys are sorted, so the same
// content always gives the same bytes. All keys of ours in the metadata begin
// with "deeprank.": the State of the run (step, position in the epoch, seed,
// configuration, ...), the score that decides which file is the best, and a
// checksum.
//
// The checksum covers the content, not its spelling: names, shapes, types, the
// other metadata (SHA-256), and the data through CRC-32C of pieces of 4 MiB, so
// that it is computed by all CPUs at the speed of memory. A file that another
// program has rewritten with the same content is still right; one in which a bit
// has flipped is not. Files without it (torchvision's weights, say) are read
// without it.
//
// A file appears under its name only when it is whole:
//
//	check free space -> write NAME.PID-RANDOM.tmp -> fsync -> close -> rename to NAME -> fsync the folder
//
// so a crash leaves either the old file or the new one, and perhaps a .tmp that
// the next OpenStore removes. Old checkpoints are deleted only after that.
//
// Where to start reading: store.go (what a run does), atomic.go (the write
// sequence), safetensors.go (reading), header.go (what is accepted), state.go
// (what a run needs to continue), lock.go (one program in one run folder).
package checkpoints
