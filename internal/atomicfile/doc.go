// Package atomicfile writes files that are there whole or not at all.
package atomicfile
