package model

import (
	"fmt"
	"strings"
	"testing"

	"deeprank/internal/op"
)

// TestPlan goes through the passes of training in their order and wants no two things in one place that are needed at one time.
func TestPlan(t *testing.T) {
	for _, spec := range []Spec{{Size: 224, Width: 1}, {Size: 96, Width: 0.25}, {Size: 32, Width: 0.2}, {Size: 160, Width: 0.5}} {
		convs, _, _ := spec.convs()
		for frozen := range len(convs) + 1 {
			for _, alone := range []bool{false, true} { // the frozen one alone, or all before it
				trained := func(name string) bool {
					for i, c := range convs {
						if strings.HasPrefix(name, c.name+".") {
							return i >= frozen || alone && i != frozen-1
						}
					}
					return true
				}
				t.Run(fmt.Sprintf("%d pixels, %d frozen, alone %v", spec.Size, frozen, alone), func(t *testing.T) {
					walkPlan(t, convs, planMemory(convs, 2, trained), 2, trained)
				})
			}
		}
	}
}

type stretch struct {
	what string
	slot op.Slot
	size int
}

func walkPlan(t *testing.T, convs []conv, plan []op.Slots, capacity int, trained func(string) bool) {
	t.Helper()
	var live []stretch
	add := func(what string, s op.Slot, n int) {
		t.Helper()
		if s.Name == "" || s.At < 0 {
			t.Fatalf("%s has no place", what)
		}
		for _, l := range live {
			if l.slot.Name == s.Name && l.slot.At < s.At+n && s.At < l.slot.At+l.size {
				t.Fatalf("%s at %d, of %d, lies over %s at %d, of %d", what, s.At, n, l.what, l.slot.At, l.size)
			}
		}
		live = append(live, stretch{what, s, n})
	}
	drop := func(what string) {
		for i, l := range live {
			if l.what == what {
				live = append(live[:i], live[i+1:]...)
				return
			}
		}
	}
	trains := func(i int) bool { return trained(convs[i].name + ".weight") }
	first := 0 // the first layer that trains
	for first < len(convs) && !trains(first) {
		first++
	}
	few := op.Together(capacity) // images within the block
	for i, c := range convs {
		images := capacity
		if i == 0 {
			images = few
		}
		add(fmt.Sprint("map ", i), plan[i].Out, c.outputs()*images)
		if i < first || i == 1 {
			drop(fmt.Sprint("map ", i-1))
		}
	}
	for i := len(convs) - 1; i >= max(first, inBlock); i-- {
		c := convs[i]
		g := fmt.Sprint("gradient to map ", i)
		drop(fmt.Sprint("map ", i)) // the mask is on
		if c.pooled {
			add("unpooled "+g, plan[i].Unpool, c.size*c.size*c.out*capacity)
			drop(g)
			g = "unpooled " + g
		}
		if i > first {
			add(fmt.Sprint("gradient to map ", i-1), plan[i].Grad, c.size*c.size*c.in*capacity)
		}
		drop(g)
	}
	if first < inBlock {
		drop("map 1")
		add("map 0 again", plan[0].Out, convs[0].outputs()*few)
		add("unpooled gradient to map 1", plan[1].Unpool, convs[1].size*convs[1].size*convs[1].out*few)
		add("gradient to map 0", plan[1].Grad, convs[0].outputs()*few)
	}
}

// TestPlanSize: the plan of the whole network takes no more than it wants at once in features.21: the maps below it, and two gradients of
// the size of its input.
func TestPlanSize(t *testing.T) {
	convs, _, _ := Spec{Size: 224, Width: 1}.convs()
	all := func(string) bool { return true }
	const images = 24
	_, low := planFrom(false, convs, images, all)
	_, high := planFrom(true, convs, images, all)
	const below = 112*112*64 + 112*112*128 + 56*56*128 + 2*56*56*256 + 28*28*256 + 2*28*28*512
	if got, want := min(low, high), images*(below+2*28*28*512); got != want {
		t.Errorf("%d floats, want %d", got, want)
	}
}
