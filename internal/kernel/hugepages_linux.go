package kernel

import (
	"syscall"
	"unsafe"
)

// adviseHugePages asks the kernel to back memory by pages of 2 MiB. It is a wish: where it fails, nothing is lost but time.
func adviseHugePages(s []float32) {
	_ = syscall.Madvise(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), 4*len(s)), syscall.MADV_HUGEPAGE)
}
