// Package searchpage is a local page for a search with one's eyes: it takes a picture, or one of the gallery, and shows the nearest ones.
//
//	GET  /                                        the page; page.css and page.js beside it. Nothing comes from elsewhere
//	GET  /api/info                                how many pictures, their categories and colours, the limits
//	GET  /api/pictures?top=&category=&color=      some of the gallery, spread evenly over it
//	GET  /api/search?row=&top=&category=&color=   the nearest to a picture of the gallery
//	POST /api/search?top=&category=&color=        the nearest to the picture in the body
//	GET  /picture/ROW                             a thumbnail, by the row's number: no request names a path
//
// A filter comes before the ranking: the answer is the nearest among the pictures that match. An empty one, category= or color=, matches those whose
// category or colour is unknown. Every refusal is a status and {"error": "..."}.
//
// Pages of other sites get nothing: a request must name this machine in its Host header (against DNS rebinding), and one that a browser
// sends for another site is refused. Bodies, pixels, requests in work and times are bounded, and a panic ends its request alone.
//
// Start with server.go; search.go answers, recent.go remembers the embeddings of pictures that were sent, guard.go protects.
package searchpage
