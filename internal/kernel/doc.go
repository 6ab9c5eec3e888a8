// Package kernel holds the numeric kernels of the network, on plain float32 slices.
package kernel
