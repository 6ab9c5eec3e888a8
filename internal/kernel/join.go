package kernel

// Join puts the columns of x1 and x2 side by side, torch.cat([x1, x2], 1).
//
//	x1  [rows][a]
//	x2  [rows][b]
//	y   [rows][a+b]
func Join(t *Team, rows, a, b int, x1, x2, y []float32) {
	checkJoin("Join", rows, a, b, x1, x2, y)
	tasks, size := cut(rows, a+b)
	t.Run(tasks, func(task, _ int) {
		for r := task * size; r < min(rows, (task+1)*size); r++ {
			row := y[r*(a+b) : (r+1)*(a+b)]
			copy(row[:a], x1[r*a:(r+1)*a])
			copy(row[a:], x2[r*b:(r+1)*b])
		}
	})
}

// Split is Join's inverse, and so its gradient: the columns of y go to x1 and x2. Shapes as Join's.
func Split(t *Team, rows, a, b int, y, x1, x2 []float32) {
	checkJoin("Split", rows, a, b, x1, x2, y)
	tasks, size := cut(rows, a+b)
	t.Run(tasks, func(task, _ int) {
		for r := task * size; r < min(rows, (task+1)*size); r++ {
			row := y[r*(a+b) : (r+1)*(a+b)]
			copy(x1[r*a:(r+1)*a], row[:a])
			copy(x2[r*b:(r+1)*b], row[a:])
		}
	})
}

func checkJoin(op string, rows, a, b int, x1, x2, y []float32) {
	wantShape(op, "rows", rows, 0)
	wantShape(op, "a", a, 0)
	wantShape(op, "b", b, 0)
	wantLength(op, "x1", len(x1), rows*a)
	wantLength(op, "x2", len(x2), rows*b)
	wantLength(op, "y", len(y), rows*(a+b))
}
