// Package embed runs a trained tower over pictures: rows of a metadata table to embeddings, decoding ahead of the
// network, in constant memory. Training's validation and the programs that use a model share it.
package embed
