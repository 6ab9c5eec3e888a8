package main

import (
	"fmt"
	"strconv"
	"strings"

	"deeprank/internal/kernel"
	"deeprank/model"
)

// A layer is one of the network's layers that has parameters, at a number of images, with the passes that a step needs.
type layer struct {
	name          string
	conv          kernel.Conv // of a convolution
	in, out       int         // of a dense layer
	dense         bool
	pool          *kernel.Pool // that follows it
	data, weights bool         // whether the gradients to its input and to its parameters are wanted
}

// flops is the number of operations of one pass, for one image, as direct evaluation does them.
func (l *layer) flops() float64 {
	if l.dense {
		return 2 * float64(l.in) * float64(l.out)
	}
	c := l.conv
	return 2 * float64(c.OutHeight()*c.OutWidth()*c.Out) * float64(c.In*c.Kernel*c.Kernel)
}

// passes is the number of passes backward.
func (l *layer) passes() (n float64) {
	if l.data {
		n++
	}
	if l.weights {
		n++
	}
	return n
}

// shape is for reading: "224 x 224, 64 > 128".
func (l *layer) shape() string {
	if l.dense {
		return fmt.Sprintf("%d > %d", l.in, l.out)
	}
	c := l.conv
	return fmt.Sprintf("%dx%d %d>%d", c.Height, c.Width, c.In, c.Out)
}

// network is the list of a spec's layers: the deep path's in order, then the shallow ones', then embed.
type network struct {
	spec     model.Spec
	images   int
	features []layer // VGG-16's convolutions
	heads    []layer // fc6, fc7
	shallows []layer
	embed    layer
	side     int  // of the last feature map
	kept     bool // features are frozen and read from a disk
}

// newNetwork derives the layers from the parameters' names and shapes. A pooling takes a number in torchvision's names, so it
// shows as a gap in them.
func newNetwork(s model.Spec, images int, frozen func(string) bool) (*network, error) {
	n := &network{spec: s, images: images, side: s.Size, kept: s.FeaturesFrozen(frozen)}
	trained := func(name string) bool { return !frozen(name+".weight") || !frozen(name+".bias") }
	below := false // something below in the deep path is trained
	last := -1
	for _, p := range s.Parameters() {
		name, weight := strings.CutSuffix(p.Name, ".weight")
		if !weight {
			continue
		}
		l := layer{name: name, weights: trained(name)}
		switch {
		case strings.HasPrefix(name, "features."):
			index, err := strconv.Atoi(strings.TrimPrefix(name, "features."))
			if err != nil {
				return nil, fmt.Errorf("parameter %s: %w", p.Name, err)
			}
			if last >= 0 && index == last+3 {
				n.pool()
			}
			last = index
			l.conv = kernel.Conv{Images: images, Height: n.side, Width: n.side, In: p.Shape[1], Out: p.Shape[0], Kernel: 3, Stride: 1, Pad: 1}
			l.data, below = below, below || l.weights
			n.features = append(n.features, l)
		case strings.HasPrefix(name, "classifier."):
			if len(n.heads) == 0 {
				n.pool()
			}
			l.dense, l.out, l.in = true, p.Shape[0], p.Shape[1]
			l.data, below = below, below || l.weights
			n.heads = append(n.heads, l)
		case strings.HasPrefix(name, "shallow"):
			reduce, err := strconv.Atoi(strings.TrimPrefix(name, "shallow"))
			if err != nil {
				return nil, fmt.Errorf("parameter %s: %w", p.Name, err)
			}
			side := s.Size / reduce
			l.conv = kernel.Conv{Images: images, Height: side, Width: side, In: p.Shape[1], Out: p.Shape[0], Kernel: 8, Stride: 4, Pad: 4}
			l.pool = &kernel.Pool{Images: images, Height: l.conv.OutHeight(), Width: l.conv.OutWidth(), Channels: p.Shape[0], Kernel: 7, Stride: 4, Pad: 3}
			if reduce == 8 {
				l.pool.Kernel, l.pool.Stride, l.pool.Pad = 3, 2, 1
			}
			n.shallows = append(n.shallows, l)
		case name == "embed":
			l.dense, l.out, l.in = true, p.Shape[0], p.Shape[1]
			l.data = below
			for _, s := range n.shallows {
				l.data = l.data || s.weights
			}
			n.embed = l
		default:
			return nil, fmt.Errorf("bench does not know the layer %s", name)
		}
	}
	return n, nil
}

// pool puts a 2x2 max pooling behind the last convolution.
func (n *network) pool() {
	l := &n.features[len(n.features)-1]
	l.pool = &kernel.Pool{Images: n.images, Height: n.side, Width: n.side, Channels: l.conv.Out, Kernel: 2, Stride: 2}
	n.side /= 2
}

// layers lists all layers with parameters.
func (n *network) layers() []*layer {
	var list []*layer
	for _, part := range [][]layer{n.features, n.heads, n.shallows} {
		for i := range part {
			list = append(list, &part[i])
		}
	}
	return append(list, &n.embed)
}

// flops is the number of operations of a step for one image, active being the share of triplets with a backward pass; or of
// the forward pass alone.
func (n *network) flops(forward bool, active float64) (sum float64) {
	for i, l := range n.layers() {
		if n.kept && i < len(n.features) {
			continue
		}
		sum += l.flops()
		if !forward {
			sum += active * l.passes() * l.flops()
		}
	}
	return sum
}
