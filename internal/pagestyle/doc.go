// Package pagestyle is what the program's HTML pages have in common: the first of their style, for light and dark screens, and the head of those
// that are one file.
package pagestyle
