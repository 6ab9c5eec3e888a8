// Package datasets turns public sets of pictures, as their archives unpack, into the usual folder: tables of pictures and an images folder.
//
//	lists of the set ── Read ──> Set ── Write ──> csv/sample_set.csv     the pictures to train on
//	(inshop.go, sop.go,           │               csv/query.csv          what is searched for
//	 cub.go, folder.go)           │               csv/gallery.csv        what is searched in
//	                              │               images                 a link to the set's pictures, or copies
//	pictures ─────────────────────┘               import.json            where all this came from
//
// # What counts as the same
//
// The literature measures recall@k: the share of the queries that have a picture of their own class among the k nearest of the
// gallery. What a set calls a class there is the column _id here, so that recall by product is the number that papers report, and so
// that a triplet's positive is what they call one. _category is what lies one step above it, so that negatives of the same category are
// the hard ones. What a set does not know stays empty, which means unknown.
//
//	            _id                       _category                       _gender       train / query / gallery
//	inshop      item                      folder (Dresses)                women, men    the list's own statuses
//	sop         class_id (a product)      super class (bicycle)           -             Ebay_train / Ebay_test, both
//	cub         class (a species)         last word of it (Albatross)     -             classes 1-100 / 101-200, both
//	folder      folder of the picture     the folder above, or itself     -             folders train, test, query, gallery, if there are
//
// No set has a usable colour: that of DeepFashion's descriptions is an item's, and an item has pictures in several colours.
//
// # Protocols
//
//   - DeepFashion In-shop (Liu et al. 2016): 25,882 pictures of 3,997 items to train on; 14,218 queries are searched among
//     12,612 pictures of the gallery, both of 3,985 other items; recall@1, 10, 20, 30.
//   - Stanford Online Products (Song et al. 2016): 59,551 pictures of 11,318 products to train on; each of the 60,502 pictures of
//     11,316 other products is searched among all the others of them; recall@1, 10, 100, 1000.
//   - CUB-200-2011 (Wah et al. 2011; split of Song et al. 2016): the first 100 classes (5,864 pictures) to train on, each of the 5,924 pictures
//     of the last 100 is searched among the others of them; whole pictures, not cut to their boxes; recall@1, 2, 4, 8. The set's own
//     train_test_split, in which both parts hold all classes, is for classifiers; Read gives it on request.
//
// Where the query's and the gallery's table are the same, a picture is never its own answer. Report says whether the counts are the
// published ones; if they are not, a number measured on them cannot be put beside published ones.
//
// Start reading at set.go, then inshop.go for a reader and write.go for what becomes of it.
package datasets
