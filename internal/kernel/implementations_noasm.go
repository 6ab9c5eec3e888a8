//go:build !amd64 || !gc || purego

package kernel

// assembled lists the implementations in assembly: none here.
func assembled() []implementation { return nil }
