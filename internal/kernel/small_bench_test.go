package kernel_test

import (
	"testing"

	"deeprank/internal/kernel"
)

// BenchmarkSmall times the operations around the convolutions as a training step on four images of 224 x 224 has them; MB/s
// counts each input and output once.
func BenchmarkSmall(b *testing.B) {
	const images = 4
	pool := kernel.Pool{Images: images, Height: 224, Width: 224, Channels: 64, Kernel: 2, Stride: 2}
	wide := kernel.Pool{Images: images, Height: 57, Width: 57, Channels: 96, Kernel: 3, Stride: 2, Pad: 1}
	mean := kernel.AveragePool{Images: images, Height: 224, Width: 224, Channels: 3, Kernel: 4}
	x := random(1, images*224*224*64)
	y, dx := make([]float32, len(x)), make([]float32, len(x))
	index, pixels := make([]uint8, len(x)), make([]byte, images*224*224*3)
	keys, norms := sequence(images), make([]float32, images)
	const flat, map5, rgb = images * 4096, images * 7 * 7 * 512, images * 224 * 224 * 3
	nWide := images * 57 * 57 * 96
	nWideOut := images * wide.OutHeight() * wide.OutWidth() * 96
	for _, c := range []struct {
		name  string
		bytes int
		run   func(team *kernel.Team)
	}{
		{"maxpool2x2", 5 * len(x), func(t *kernel.Team) { pool.Forward(t, x, y[:len(x)/4], index[:len(x)/4]) }},
		{"maxpool2x2backward", 5 * len(x), func(t *kernel.Team) { pool.Backward(t, y[:len(x)/4], index[:len(x)/4], dx) }},
		{"maxpool3x3", 5 * nWide, func(t *kernel.Team) { wide.Forward(t, x[:nWide], y[:nWideOut], index[:nWideOut]) }},
		{"maxpool3x3backward", 5 * nWide, func(t *kernel.Team) { wide.Backward(t, y[:nWideOut], index[:nWideOut], dx[:nWide]) }},
		{"average4", 4 * rgb, func(t *kernel.Team) { mean.Forward(t, x[:rgb], y[:rgb/16]) }},
		{"pixels", 5 * rgb, func(t *kernel.Team) { kernel.PixelsToInput(t, images, 224, pixels, x[:rgb]) }},
		{"flatten", 8 * map5, func(t *kernel.Team) { kernel.FlattenForward(t, images, 7, 7, 512, x[:map5], y[:map5]) }},
		{"normalize", 8 * flat, func(t *kernel.Team) { kernel.NormalizeRows(t, images, 4096, x[:flat], y[:flat], norms) }},
		{"dropout", 8 * flat, func(t *kernel.Team) { kernel.Dropout(t, images, 4096, x[:flat], y[:flat], keys, 0.4) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			team := kernel.NewTeam(0)
			defer team.Close()
			c.run(team)
			b.SetBytes(int64(c.bytes))
			for b.Loop() {
				c.run(team)
			}
		})
	}
}
