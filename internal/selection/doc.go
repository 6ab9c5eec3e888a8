// Package selection finds the smallest of many numbers without sorting them.
package selection
