// Rank uses a trained network: it embeds pictures and looks for the nearest ones.
//
//	rank evaluate --run DIR
//	rank embed --checkpoint FILE --metadata FILE --out DIR
//	rank search --embeddings DIR --query PICTURE
//	rank serve --embeddings DIR
//	rank sheet --run DIR
//	rank report --run DIR
//	rank compare RUN...
//	rank export --run DIR --onnx FILE --safetensors FILE
//
// run.go has the commands; each has a file of its own. The command sheet begins in
// sheet.go; gallery.go goes from a run's triplets to pictures and their embeddings, nearest.go searches and counts,
// queries.go chooses the queries that are shown, draw.go puts them on the sheet; training.go holds
// what is before and after, for sheet.go and report.go, whose page is package runpage. compare.go compares what package history reads. The command export is in export.go; query.go
// opens the network of some embeddings, for search.go and serve.go, whose page is package searchpage; target.go finds out
// whether a file can be written. Package cli has the signals and exit codes.
package main
