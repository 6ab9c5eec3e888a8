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
	for i, c := range convs {
		add(fmt.Sprint("map ", i), plan[i].Out, c.outputs()*capacity)
		if i < first {
			drop(fmt.Sprint("map ", i-1))
		}
	}
	for i := len(convs) - 1; i >= first; i-- {
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
}

// TestPlanSize: the plan of the whole network takes no more than its largest layer wants at once: map 0 and two gradients of its size.
func TestPlanSize(t *testing.T) {
	convs, _, _ := Spec{Size: 224, Width: 1}.convs()
	all := func(string) bool { return true }
	_, low := planFrom(false, convs, 1, all)
	_, high := planFrom(true, convs, 1, all)
	if got, want := min(low, high), 3*224*224*64; got != want {
		t.Errorf("%d floats, want %d", got, want)
	}
}
