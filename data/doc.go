// Package data goes from files to batches: the metadata and triplets tables, the pictures, their cache, and the loader that decodes
// ahead of the training step.
//
//	sample_set.csv ── ReadMetadata ─┐
//	triplets.tsv ──── ReadTriplets ─┼─ Summarize
//	                                │
//	images/ ── OpenPictures ── Load ┼─ NewLoader ── Next ──> Batch
//	                 │
//	               cache
//
// # Tables
//
// Both tables are text with a header line: UTF-8 with or without BOM, LF or CRLF, separated by tabs, or by commas where the header has
// commas and no tab. Columns are found by name, in any order; others, such as the unnamed index that pandas writes first, are
// ignored. Fields may be quoted as pandas and RFC 4180 do it. Empty lines are skipped and do not count as rows.
//
//   - Metadata: _category _color _id _gender _name. A row's index is its position, from 0. _name is the picture's path below the images
//     folder; it is neither absolute nor has it a part "..".
//   - Triplets: q p n, each a row of the metadata, in decimal digits.
//
// The readers refuse a table at its first defect. ReadTripletLines goes on and gives them all; Records copies a table without some of its
// records, byte for byte. SplitProducts parts the rows for training and for validation.
//
// What is wrong with data comes as a *Refused, which names file, line and remedy.
//
// Large tables are read in blocks by all CPUs (blocks.go). Labels are the metadata as numbers, without the names: what drawing triplets needs.
//
// # Drawing triplets
//
//	ReadLabels ── NewSampler (Rule) ───────────┐
//	           └─ NewRelevance (RelevanceRule) ┴─ WriteGenerated ──> triplets.tsv
//
// Rule and RelevanceRule say the exact distributions. Generate draws in chunks whose random streams are made from the seed and the chunk's
// number, on all CPUs, and writes them in order; it holds no triplets but the chunks under way.
//
// # Pictures
//
// A picture becomes Size x Size pixels of 8-bit RGB, interleaved, row after row from the top: byte (y*Size+x)*3+c. On the way there:
// the format by content (JPEG, PNG, GIF's first frame, BMP, TIFF, WebP), limits by the header, decoding, transparency over white, EXIF
// orientation, resizing by Pillow's bicubic filter; a JPEG more than four times as large as that is reduced by a whole factor first
// (shrink.go), in any other subsampled colour is smoothed (chroma.go). The numbers are Pillow's to within rounding. Paths and links cannot
// leave the images folder. A picture that cannot be used is bad, and stays so
// for as long as its Pictures is open.
//
// The cache keeps these pixels on disk, before augmentation, for all runs that use the same picture at the same size; see cache.go. FeatureCache
// keeps what frozen layers make of pictures in the same way; package features fills it.
//
// # Batches
//
// A Batch of B triplets holds 3B pictures: query, positive and negative of each triplet. Which triplets and which pixels it
// holds is a function of the triplets, the files, the seed and the position alone: not of the number of workers, of the cache, or of
// where the loader was started. (A loader that starts later meets bad pictures later, so only the moment at which there are too many of them
// may differ.)
//
// Start reading at loader.go for the way of a batch, at pictures.go for the way of a picture, at table.go for the tables, at rule.go and generate.go for drawing triplets.
package data
