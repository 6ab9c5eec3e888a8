package kernel

import "fmt"

// taskElements is about how many elements a task of the small operations handles: some microseconds of work, much more
// than it costs to hand a task out.
const taskElements = 1 << 14

// cut divides rows of width elements into tasks of size rows each (the last one may have fewer). It looks at the shape
// only, never at the number of threads, and each row belongs to one task: that is what makes results repeatable.
func cut(rows, width int) (tasks, size int) {
	size = max(1, taskElements/max(1, width))
	return (rows + size - 1) / size, size
}

// addTo adds the first elements of v to sum.
func addTo(sum, v []float32) {
	for i, x := range v[:len(sum)] {
		sum[i] += x
	}
}

// wantLength panics unless a slice has the length that the shape asks for.
func wantLength(op, name string, have, want int) {
	if have != want {
		panic(fmt.Sprintf("kernel: %s: %s has %d elements, want %d", op, name, have, want))
	}
}

// wantShape panics unless a dimension is at least lowest.
func wantShape(op, name string, have, lowest int) {
	if have < lowest {
		panic(fmt.Sprintf("kernel: %s: %s is %d, want at least %d", op, name, have, lowest))
	}
}
