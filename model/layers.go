package model

// DeepConv is a convolution of the deep path as other programs' formats describe it: 3x3, stride 1, padding 1, then ReLU.
type DeepConv struct {
	Name   string // of its parameters: Name.weight, Name.bias
	Pooled bool   // a 2x2 max pooling with stride 2 follows
}

// DeepConvs lists the convolutions of the deep path in order.
func (s Spec) DeepConvs() []DeepConv {
	convs, _, _ := s.convs()
	list := make([]DeepConv, len(convs))
	for i, c := range convs {
		list[i] = DeepConv{Name: c.name, Pooled: c.pooled}
	}
	return list
}

// ShallowPath is one of the two shallow paths: an average pooling with windows of Reduce x Reduce side by side, an 8x8
// convolution with stride 4 and padding 4, ReLU, a max pooling.
type ShallowPath struct {
	Name                string // of the convolution's parameters
	Reduce              int
	Kernel, Stride, Pad int // of the max pooling
}

// ShallowPaths lists the two shallow paths in the order in which they are joined.
func (s Spec) ShallowPaths() []ShallowPath {
	var list []ShallowPath
	for _, p := range s.shallows() {
		list = append(list, ShallowPath{Name: p.name, Reduce: p.reduce, Kernel: p.kernel, Stride: p.stride, Pad: p.pad})
	}
	return list
}
