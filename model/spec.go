package model

import (
	"errors"
	"fmt"
	"math"
	"strconv"
)

// Heads of the deep path: all positions of the last feature map side by side, or their mean.
const (
	HeadFC  = "fc"
	HeadGAP = "gap"
)

// Spec is the shape of the network.
type Spec struct {
	Size     int     // pictures are Size x Size pixels; a multiple of 32
	Width    float64 // scales the channels of all convolutions; 1 is VGG-16
	FCDim    int     // outputs of fc6 and fc7
	EmbedDim int     // length of the embedding
	Head     string  // HeadFC or HeadGAP
	Dropout  float64 // after fc6 and fc7, while training
}

// Check returns what is wrong with the spec, or nil.
func (s Spec) Check() error {
	switch {
	case s.Size < 32 || s.Size%32 != 0:
		return fmt.Errorf("model: size %d is not a multiple of 32", s.Size)
	case !(s.Width > 0) || s.Width > 16:
		return fmt.Errorf("model: width %v is not in (0, 16]", s.Width)
	case s.FCDim < 1 || s.EmbedDim < 1:
		return errors.New("model: fc_dim and embed_dim must be at least 1")
	case s.Head != HeadFC && s.Head != HeadGAP:
		return fmt.Errorf("model: head %q is neither %q nor %q", s.Head, HeadFC, HeadGAP)
	case !(s.Dropout >= 0 && s.Dropout < 1):
		return fmt.Errorf("model: dropout %v is not in [0, 1)", s.Dropout)
	}
	return nil
}

// pool stands for a 2x2 max pooling in vgg16.
const pool = 0

// vgg16 lists VGG-16's output channels of its thirteen 3x3 convolutions, with the poolings between them.
// Source: torchvision.models.vgg16, configuration D.
var vgg16 = [...]int{64, 64, pool, 128, 128, pool, 256, 256, 256, pool, 512, 512, 512, pool, 512, 512, 512, pool}

const shallowChannels = 96

// scaled is the number of channels at the spec's width, rounded half to even as Python's round does.
func (s Spec) scaled(channels int) int {
	return max(1, int(math.RoundToEven(float64(channels)*s.Width)))
}

// conv is a convolution of the deep path.
type conv struct {
	name    string // features.N
	in, out int
	size    int  // height and width of its input and output
	pooled  bool // a 2x2 max pooling follows
}

// convs lists the convolutions of the deep path in order, and the channels and size of the last pooled map.
func (s Spec) convs() (list []conv, channels, size int) {
	channels, size = 3, s.Size
	index := 0 // torchvision's: a convolution and its ReLU take two places, a pooling one
	for _, c := range vgg16 {
		if c == pool {
			list[len(list)-1].pooled = true
			size /= 2
			index++
			continue
		}
		list = append(list, conv{name: "features." + strconv.Itoa(index), in: channels, out: s.scaled(c), size: size})
		channels = s.scaled(c)
		index += 2
	}
	return list, channels, size
}

// shallowPath is one of the two shallow paths.
type shallowPath struct {
	name                  string
	reduce                int // the average pooling's kernel
	kernel, stride, pad   int // of the max pooling
	size, convSize, width int // the averaged image's, the convolution's output's and the pooled map's height and width
}

func (s Spec) shallows() []shallowPath {
	paths := []shallowPath{
		{name: "shallow4", reduce: 4, kernel: 7, stride: 4, pad: 3},
		{name: "shallow8", reduce: 8, kernel: 3, stride: 2, pad: 1},
	}
	for i := range paths {
		p := &paths[i]
		p.size = s.Size / p.reduce
		p.convSize = (p.size+2*4-8)/4 + 1
		p.width = (p.convSize+2*p.pad-p.kernel)/p.stride + 1
	}
	return paths
}

// Flat is the number of inputs of fc6.
func (s Spec) Flat() int {
	_, c, size := s.convs()
	if s.Head == HeadGAP {
		return c
	}
	return c * size * size
}

// shallowDim is the length of the two shallow paths together.
func (s Spec) shallowDim() int {
	n := 0
	for _, p := range s.shallows() {
		n += p.width * p.width * s.scaled(shallowChannels)
	}
	return n
}

// Parameter is the name and shape of one parameter, in torch's layout.
type Parameter struct {
	Name  string
	Shape []int
	// FanIn is the number of inputs of one output, for the initialisation; 0 for a bias.
	FanIn int
}

// Len is the number of values.
func (p Parameter) Len() int {
	n := 1
	for _, d := range p.Shape {
		n *= d
	}
	return n
}

// Parameters lists the network's parameters in their fixed order, which is that of the files too.
func (s Spec) Parameters() []Parameter {
	var list []Parameter
	add := func(name string, shape ...int) {
		fan := 1
		for _, d := range shape[1:] {
			fan *= d
		}
		list = append(list,
			Parameter{Name: name + ".weight", Shape: shape, FanIn: fan},
			Parameter{Name: name + ".bias", Shape: shape[:1:1]})
	}
	convs, _, _ := s.convs()
	for _, c := range convs {
		add(c.name, c.out, c.in, 3, 3)
	}
	add("classifier.0", s.FCDim, s.Flat())
	add("classifier.3", s.FCDim, s.FCDim)
	k := s.scaled(shallowChannels)
	for _, p := range s.shallows() {
		add(p.name, k, 3, 8, 8)
	}
	add("embed", s.EmbedDim, s.FCDim+s.shallowDim())
	return list
}

// Count is the number of all parameters' values.
func (s Spec) Count() int {
	n := 0
	for _, p := range s.Parameters() {
		n += p.Len()
	}
	return n
}
