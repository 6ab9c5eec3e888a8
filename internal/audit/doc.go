// Package audit finds what is wrong with triplets, each defect with its line in the file, and mends a file by leaving such lines out.
//
//	triplets ──── ReadTripletLines ── duplicates ─┐
//	validation ── ReadTripletLines ── duplicates ─┼─ rows ── leaks ── pictures ──> Report ── Fix
//	metadata ──── ReadMetadata ───────────────────┘
//
// Errors must be mended: the training program would refuse the file, or learn the wrong thing, or measure nothing. Warnings and notes may be meant. The table
// in kinds.go says which is which. A line can have several defects; each is counted by its own plain definition:
//
//	broken     the line has not the header's columns, or its quotes are wrong
//	not_a_row  q, p or n is no whole number, or no row of the metadata
//	q_is_p ... two of q, p and n are one row
//	same_id    n is another picture of the product of q
//	leak       one of the pictures' products (or the picture, where its product is unknown) is in the other file too
//	picture    one of the pictures cannot be used
//	duplicate  an earlier line names the same q, p and n
//	unrelated  p is of another product, and of another category or colour, than q
//
// Start reading at Run in audit.go.
package audit
