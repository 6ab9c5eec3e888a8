// Package pagestyle is what the program's HTML pages have in common: their head and the first of their style, for light and dark screens. Style
// is for the page's own <style>, so that a page is one file.
package pagestyle
