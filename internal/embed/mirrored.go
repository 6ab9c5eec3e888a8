package embed

import "math"

// Mirrored gives the mean of a picture's embedding and of that of the picture mirrored left to right, brought back to length 1.
type Mirrored struct {
	Network
	size   int
	pixels []byte
	out    []float32
}

// NewMirrored wraps a network whose pictures have that side in pixels.
func NewMirrored(n Network, size int) *Mirrored {
	return &Mirrored{n, size, make([]byte, n.Capacity()*size*size*3), make([]float32, n.Capacity()*n.Dim())}
}

// Embed computes the embeddings [images][Dim] of pixels (images x size x size x 3 bytes) into out.
func (m *Mirrored) Embed(pixels []byte, images int, out []float32) error {
	if err := m.Network.Embed(pixels, images, out); err != nil {
		return err
	}
	row := 3 * m.size
	for at := 0; at < images*m.size*row; at += row {
		from, to := pixels[at:at+row], m.pixels[at:at+row]
		for x := 0; x < row; x += 3 {
			copy(to[x:x+3], from[row-3-x:])
		}
	}
	if err := m.Network.Embed(m.pixels, images, m.out); err != nil {
		return err
	}
	dim := m.Dim()
	for i := range images {
		v, w := out[i*dim:(i+1)*dim], m.out[i*dim:(i+1)*dim]
		norm := 0.0
		for j := range v {
			v[j] += w[j]
			norm += float64(v[j]) * float64(v[j])
		}
		if norm > 0 { // two opposite ones have no mean direction
			scale := float32(1 / math.Sqrt(norm))
			for j := range v {
				v[j] *= scale
			}
		}
	}
	return nil
}
