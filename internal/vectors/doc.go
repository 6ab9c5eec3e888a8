// Package vectors keeps embeddings on disk: a folder that rank embed writes and that rank evaluate and rank search read.
//
//	E/embeddings.npy   [pictures][dim] float32 or float16, as numpy.load reads it
//	E/metadata.tsv     the pictures' rows of the metadata, in the same order
//	E/skipped.tsv      rows, names and reasons of pictures that could not be read
//	E/embeddings.json  what they were made of: checkpoint, tables, options; it is written last, so a folder that has it is whole
//
// While the folder is being made, embeddings.npy.part and progress.json stand in their place; a Writer goes on from there.
//
//	Create ──> Writer ── Add, Skip, Save ... ── Finish ──> folder ── OpenFolder ──> Folder (a Source of package retrieval)
//
// A bare .npy file of another program opens too, by OpenNPY. Embeddings are mapped into memory, not read: a million of 4096 numbers need no memory of their own.
//
// Start with writer.go and folder.go; npy.go has the format.
package vectors
