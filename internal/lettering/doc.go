// Package lettering writes text into pictures, in the Go fonts that are compiled in: Latin, Greek and Cyrillic letters. A letter that they
// lack comes out as an empty box.
package lettering
