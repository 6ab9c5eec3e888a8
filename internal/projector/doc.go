// Package projector writes embeddings for TensorBoard's projector, which shows them as points, turned in space, with their pictures.
//
// The folder, as tensorboard/plugins/projector/projector_config.proto has it:
//
//	projector_config.pbtxt   names the others
//	tensors.tsv              an embedding a line, its numbers parted by tabs
//	metadata.tsv             a picture a line: name, product, category, colour, gender; a header first
//	sprite.png               all pictures in one, row by row, as many in a row as there are rows
package projector
