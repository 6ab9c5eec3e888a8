package checkpoints

import (
	"path/filepath"
	"testing"
)

// benchmarkFile is as large as VGG-16 with its momentum would be at an eighth: 128 MiB in tensors of 16 MiB and small ones.
func benchmarkFile() *File {
	f := &File{Metadata: map[string]string{}}
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		data := make([]float32, 4<<20)
		for i := range data {
			data[i] = float32(i)
		}
		f.Tensors = append(f.Tensors,
			Tensor{Name: name + ".weight", Shape: []int{1024, 4096}, Data: data},
			Tensor{Name: name + ".bias", Shape: []int{64}, Data: data[:64]})
	}
	return f
}

func BenchmarkWrite(b *testing.B) {
	f := benchmarkFile()
	path := filepath.Join(b.TempDir(), "a.safetensors")
	b.SetBytes(128 << 20)
	for b.Loop() {
		if err := Write(path, f); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRead reads from the cache of the operating system, checksum included.
func BenchmarkRead(b *testing.B) {
	path := filepath.Join(b.TempDir(), "a.safetensors")
	if err := Write(path, benchmarkFile()); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(128 << 20)
	b.ResetTimer()
	for b.Loop() {
		if _, err := Read(path); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkChecksum(b *testing.B) {
	f := benchmarkFile()
	b.SetBytes(128 << 20)
	for b.Loop() {
		sum(f.Tensors, true)
	}
}
