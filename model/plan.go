package model

import "deeprank/internal/op"

// The memory of the convolutions while they train. A map is kept until the gradient to the weights of the layer above it has
// been computed, and the layers' gradients come in the opposite order. So the maps lie one behind the other in one stretch of
// memory, and when the gradients of a layer are computed all behind its input is free; the gradient that comes in and the one that
// goes out lie at the two ends of that, in turn:
//
//	| map 0 | map 1 | map 2 | map 3 |        after the forward pass
//	| map 0 | map 1 | map 2 | g3 |   | g2 |  gradients of layer 3: g3 comes in, g2 goes out (there is room behind the maps)
//	| map 0 | map 1 | g1 |        | g2 |     gradients of layer 2
//	| map 0 | g1 | ... |  g0  |              gradients of layer 1
//
// The gradient of a map that was pooled takes one more turn, as large as the map before pooling. The gradient of all layers but the
// first is as large as the layer's input.
//
// The first two layers are one block (op.ConvConvPool) whose maps in between are those of a few images. They lie behind what is
// needed while the block runs: its output forward, the gradient to that backward.

// inBlock is the number of layers at the bottom that run as one block.
const inBlock = 2

// planMemory returns the slots of the convolutions' outputs and gradients for a capacity of images.
func planMemory(convs []conv, capacity int, trained func(name string) bool) []op.Slots {
	low, lowNeed := planFrom(false, convs, capacity, trained)
	high, highNeed := planFrom(true, convs, capacity, trained)
	if highNeed < lowNeed {
		return high
	}
	return low
}

// planFrom begins at the high or the low end. It returns the size of the memory too, in floats.
func planFrom(high bool, convs []conv, capacity int, trained func(name string) bool) ([]op.Slots, int) {
	const deep, frozen = "deep", "deep frozen"
	plan := make([]op.Slots, len(convs))
	trains := func(i int) bool { return trained(convs[i].name+".weight") || trained(convs[i].name+".bias") }

	// The maps within the block: map, gradient to the second layer's output, gradient to the map.
	few := op.Together(capacity)
	between, unpooled := few*convs[0].outputs(), few*convs[1].size*convs[1].size*convs[1].out

	// Maps: below the first layer that trains nothing reads them after the next layer has, so these share two places.
	ends := make([]int, len(convs)+1) // where the input of each layer ends
	graded := make([]bool, len(convs)+1)
	size := 0
	for i, c := range convs {
		graded[i+1] = graded[i] || trains(i)
		if i == 0 {
			continue // within the block
		}
		n := c.outputs() * capacity
		if graded[i+1] || i+1 < len(convs) && trains(i+1) {
			plan[i].Out = op.Slot{Name: deep, At: size}
			size += n
		} else {
			plan[i].Out = op.Slot{Name: [2]string{frozen + " 0", frozen + " 1"}[i%2]}
		}
		ends[i+1] = size
	}

	// Gradients, from the last layer to the first.
	type gradient struct {
		slot *op.Slot
		at   int
		size int
		high bool // at is counted from the end
	}
	var list []gradient
	present := gradient{} // the last one's comes from another path's memory
	place := func(slot *op.Slot, n, floor int) {
		g := gradient{slot: slot, at: floor, size: n, high: high}
		used := floor + n + present.size
		if high && present.size > 0 { // behind the present one
			used = present.at + present.size + n
		}
		size = max(size, used)
		list, present, high = append(list, g), g, !high
	}
	for i := len(convs) - 1; i >= inBlock && graded[i+1]; i-- {
		if convs[i].pooled {
			place(&plan[i].Unpool, convs[i].size*convs[i].size*convs[i].out*capacity, ends[i])
		}
		if graded[i] {
			place(&plan[i].Grad, convs[i].size*convs[i].size*convs[i].in*capacity, ends[i])
		}
	}
	if !graded[inBlock] { // the block is frozen
		plan[0].Out = op.Slot{Name: frozen + " 0"}
	} else {
		at := ends[inBlock]
		if len(list) > 0 && !present.high {
			at = max(at, present.at+present.size)
		}
		used := at + 2*between + unpooled
		if present.high {
			used += present.size
		}
		size = max(size, used)
		plan[0].Out = op.Slot{Name: deep, At: at}
		plan[1].Unpool = op.Slot{Name: deep, At: at + between}
		plan[1].Grad = op.Slot{Name: deep, At: at + between + unpooled}
	}
	for _, g := range list {
		if g.high {
			g.at = size - g.size
		}
		*g.slot = op.Slot{Name: deep, At: g.at}
	}
	return plan, size
}

// outputs is the number of floats of an image behind the layer and its pooling.
func (c conv) outputs() int {
	side := c.size
	if c.pooled {
		side /= 2
	}
	return side * side * c.out
}
