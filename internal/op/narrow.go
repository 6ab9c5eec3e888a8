package op

import (
	"fmt"
	"slices"
	"unsafe"

	"gorgonia.org/gorgonia"
)

// The gradient of an image whose triplets all have a hinge of zero is zero, so the backward pass leaves it out. What the
// forward pass kept for the backward pass lies image by image in many buffers; Narrow moves the images that are left to
// the front of each, in the order they were in:
//
//	map      | 0 | 1 | 2 | 3 | 4 | 5 |      Narrow(1, 2, 5)      | 1 | 2 | 5 | - | - | - |
//	index    | 0 | 1 | 2 | 3 | 4 | 5 |     ---------------->     | 1 | 2 | 5 | - | - | - |
//	norms    | 0 | 1 | 2 | 3 | 4 | 5 |                           | 1 | 2 | 5 | - | - | - |
//
// so that the kernels of the backward pass work on the first Active images and know nothing of it. An image never moves
// behind its place, so ascending order lets memory move in place.

// kept is a buffer of the forward pass that the backward pass reads.
type kept interface {
	// memory stands for the buffer: equal where two share theirs.
	memory() any
	// perImage is the number of elements of an image.
	perImage() int
	// move brings elements [from, to) of images[first], images[first+1] and so on to those of first, first+1 and so on.
	move(images []int32, first, from, to int)
}

// rows is a buffer of so many elements an image; data is asked for when it is needed.
type rows[T any] struct {
	of    any
	width int
	data  func() []T
}

// rowsOf is data as a kept buffer.
func rowsOf[T any](data []T, width int) kept {
	return rows[T]{unsafe.SliceData(data), width, func() []T { return data }}
}

func (r rows[T]) memory() any   { return r.of }
func (r rows[T]) perImage() int { return r.width }

func (r rows[T]) move(images []int32, first, from, to int) {
	data := r.data()
	for i := first; i < len(images); i++ {
		old := int(images[i]) * r.width
		copy(data[i*r.width+from:i*r.width+to], data[old+from:old+to])
	}
}

// Keep declares that the backward pass reads a node's value, so that Narrow moves it: an op's output with an image in each
// row, or the graph's input. Several ops may declare the same.
func (r *Runtime) Keep(n *gorgonia.Node) {
	size := n.Shape().TotalSize()
	width := size / n.Shape()[0]
	o, ok := n.Op().(*op)
	switch {
	case !ok:
		r.keep(rows[float32]{n, width, func() []float32 { return n.Value().Data().([]float32) }})
	case o.def.Alias >= 0:
		panic(fmt.Sprintf("op: %s is kept, but changes its input in place", o.def.Name))
	default:
		r.keep(rows[float32]{o.place, width, func() []float32 { return o.place.floats(size) }})
	}
}

// keep adds a buffer unless it is there.
func (r *Runtime) keep(k kept) {
	if !slices.ContainsFunc(r.kept, func(other kept) bool { return other.memory() == k.memory() }) {
		r.kept = append(r.kept, k)
	}
}

// part is a share of the work of Narrow: some columns of a buffer.
type part struct {
	kept
	from, to int
}

// partElements bounds the elements of an image in a part, to divide the work among threads.
const partElements = 1 << 16

// Narrow leaves only the listed images, in ascending order, to the backward pass. It is called once, when the last forward
// op that reads a kept buffer has run and the first backward op has not.
func (r *Runtime) Narrow(images []int32) {
	for i, image := range images {
		if int(image) >= r.Images || i > 0 && image <= images[i-1] {
			panic(fmt.Sprintf("op: Narrow to images %v of %d, want ascending order", images, r.Images))
		}
	}
	r.Active = len(images)
	first := 0 // the first image that moves
	for first < len(images) && int(images[first]) == first {
		first++
	}
	if first == len(images) {
		return
	}
	r.parts = r.parts[:0]
	for _, k := range r.kept {
		n := k.perImage()
		for from := 0; from < n; from += partElements {
			r.parts = append(r.parts, part{k, from, min(from+partElements, n)})
		}
	}
	r.Team.Run(len(r.parts), func(task, _ int) {
		p := r.parts[task]
		p.move(images, first, p.from, p.to)
	})
}
