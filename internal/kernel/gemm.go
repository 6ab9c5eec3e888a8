package kernel

// A product is C = A*B with A [m][k] and B [k][n], plus what is to be done with C. It is cut into blocks as in Goto and
// van de Geijn, "Anatomy of High-Performance Matrix Multiplication" (2008): a block of A is packed for the second-level
// cache, a panel of B (nr columns) stays in the first level while the microkernel goes down the rows of that block.
//
// Each task owns a range of rows and columns of C and adds up all k for it in their order, so the sums depend neither on who does
// what nor on the cuts. Where C is small and k long, k is cut too, into chunks that are stored apart.
type product struct {
	m, n, k int
	a       leftOperand
	b       rightOperand

	// C(i, j) = c[i*ldc+j], finished by bias (n elements or nil) and ReLU; chunk number h goes to c[h*m*ldc:] instead. Or,
	// where c is nil, finished blocks are given to store: element (i, j) of the block that starts at (i0, j0) is
	// block[(i-i0)*ld+j-j0].
	c          []float32
	ldc        int
	accumulate bool // add to what c holds
	bias       []float32
	relu       bool
	store      func(i0, i1, j0, j1 int, block []float32, ld int)

	shareB       int  // B is packed once for all tasks, in pieces of that many k; 0: by each task for itself
	rowsFirst    bool // finish mr rows of a block before the next: for blocks of B that fit the second-level cache
	taskM, taskN int  // rows and columns of C a task owns: multiples of mr and nr
	mc, kc       int  // rows and depth of a packed block of A
	chunks       int  // pieces of k, 0 means 1
}

// leftOperand is a matrix A that can pack a block of itself.
type leftOperand interface {
	// packLeft writes rows [i0, i1), columns [k0, k1) to dst, which is large enough for any layout (see leftSize), and
	// returns it with the way they lie in it; or it returns a part of the matrix itself. What it leaves in the rows up to
	// the next multiple of mr does not matter.
	packLeft(p *implementation, dst []float32, i0, i1, k0, k1 int) ([]float32, layout)
}

// rightOperand is a matrix B that can pack a block of itself.
type rightOperand interface {
	// packRight writes rows [k0, k1), columns [j0, j1) to dst as panels of nr columns: element (k, j) goes to
	// dst[(j-j0)/nr*panel+(k-k0)*nr+(j-j0)%nr]. The last panel is filled with zeros.
	packRight(p *implementation, dst []float32, k0, k1, j0, j1, panel int)
}

// layout says where a packed block of A lies: element (i, k), counted within the block, is at
// i/group*stride + i%group*rs + k*cs. A group has a multiple of mr rows.
type layout struct{ group, stride, rs, cs int }

// groupRows is the rows of a group where A is packed column by column: short runs for the copy, few cache lines a column.
const groupRows = 48

// byRows is a layout of rows one after the other; the padding keeps the starts of rows apart in the caches.
func byRows(k int) layout {
	ld := k
	if ld%16 == 0 {
		ld += 16
	}
	return layout{group: 1 << 40, rs: ld, cs: 1}
}

// byColumns is a layout of groups, in which all rows of one k lie side by side.
func byColumns(k int) layout {
	return layout{group: groupRows, stride: groupRows * k, rs: 1, cs: groupRows}
}

// leftSize is enough room for a packed block of rows by k in both layouts.
func leftSize(rows, k int) int {
	return (rows + groupRows - 1) / groupRows * groupRows * (k + 16)
}

// Slots of the workspaces of Team. Nothing in a workspace outlives a call of a kernel.
const (
	slotLeft = iota
	slotRight
	slotBlock
	slotTile
	slotPartial
	slotTotal
	slotColumns
	slotUnpooled
	slotZeros // never written to
	slotEnd
)

func (p *product) run(t *Team) {
	g := &t.impl.gemm
	chunks := max(1, p.chunks)
	rows, columns := ceilDiv(p.m, p.taskM), ceilDiv(p.n, p.taskN)
	var shared []float32
	if p.shareB > 0 {
		shared = p.packB(t)
	}
	t.Run(chunks*rows*columns, func(task, worker int) {
		chunk, i0, j0 := task/(rows*columns), task/columns%rows*p.taskM, task%columns*p.taskN
		i1, j1 := min(i0+p.taskM, p.m), min(j0+p.taskN, p.n)
		size := ceilDiv(p.k, chunks)
		k0 := min(chunk*size, p.k)
		p.block(t, g, worker, shared, chunk, i0, i1, j0, j1, k0, min(k0+size, p.k))
	})
}

// packB packs all of B into panels for all tasks, in parallel.
func (p *product) packB(t *Team) []float32 {
	nr := t.impl.gemm.nr
	panels, pieces := ceilDiv(p.n, nr), ceilDiv(p.k, p.shareB)
	shared := t.Shared(slotRight, panels*p.k*nr)
	t.Run(panels*pieces, func(task, _ int) {
		j, k := task/pieces*nr, task%pieces*p.shareB
		p.b.packRight(&t.impl, shared[j*p.k+k*nr:], k, min(k+p.shareB, p.k), j, min(j+nr, p.n), p.k*nr)
	})
	return shared
}

// block computes rows [i0, i1), columns [j0, j1) of C over k in [from, to).
func (p *product) block(t *Team, g *gemmKernel, worker int, shared []float32, chunk, i0, i1, j0, j1, from, to int) {
	c, ldc := []float32(nil), p.ldc
	if p.c == nil {
		ldc = ceilDiv(j1-j0, g.nr) * g.nr
		c = t.Scratch(worker, slotBlock, (i1-i0)*ldc)
	} else {
		c = p.c[(chunk*p.m+i0)*ldc+j0:]
	}
	tile := t.Scratch(worker, slotTile, g.mr*g.nr)
	parts := max(1, ceilDiv(to-from, p.kc))
	kc := ceilDiv(to-from, parts)
	mc := min(p.mc, i1-i0)
	left := t.Scratch(worker, slotLeft, leftSize(mc, kc))
	for part := range parts {
		k0 := min(from+part*kc, to)
		k1 := min(k0+kc, to)
		flags, bias := 0, []float32(nil)
		if part > 0 || p.accumulate {
			flags |= addFlag
		}
		if part == parts-1 {
			if p.bias != nil {
				bias = p.bias[j0:j1]
			}
			if p.relu {
				flags |= reluFlag
			}
		}
		var b []float32
		panel := p.k * g.nr
		if p.shareB > 0 {
			b = shared[j0*p.k+k0*g.nr:]
		} else {
			panel = (k1-k0)*g.nr + 16 // not a power of two, for the caches
			b = t.Scratch(worker, slotRight, ceilDiv(j1-j0, g.nr)*panel)
			p.b.packRight(&t.impl, b, k0, k1, j0, j1, panel)
		}
		for i := i0; i < i1; i += mc {
			rows := min(mc, i1-i)
			w := tiles{
				g: g, k: k1 - k0, rows: rows, columns: j1 - j0, b: b, panel: panel,
				c: c[(i-i0)*ldc:], ldc: ldc, bias: bias, flags: flags, edge: tile, rowsFirst: p.rowsFirst,
			}
			w.a, w.layout = p.a.packLeft(&t.impl, left, i, i+rows, k0, k1)
			w.run()
		}
	}
	if p.c == nil {
		p.store(i0, i1, j0, j1, c, ldc)
	}
}

// tiles is a packed block of A times packed panels of B.
type tiles struct {
	g                *gemmKernel
	k, rows, columns int
	a                []float32
	layout           layout
	b                []float32
	panel            int // floats from one panel of B to the next
	c                []float32
	ldc              int
	bias             []float32
	flags            int
	edge             []float32 // room for one tile
	rowsFirst        bool
}

func (w *tiles) run() {
	if w.rowsFirst {
		for i := 0; i < w.rows; i += w.g.mr {
			for j := 0; j < w.columns; j += w.g.nr {
				w.tile(i, j)
			}
		}
		return
	}
	for j := 0; j < w.columns; j += w.g.nr {
		for i := 0; i < w.rows; i += w.g.mr {
			w.tile(i, j)
		}
	}
}

// tile computes the tile of C that starts at row i, column j of the block. One that sticks out is computed aside.
func (w *tiles) tile(i, j int) {
	g, l := w.g, &w.layout
	a := w.a[i/l.group*l.stride+i%l.group*l.rs:]
	b := w.b[j/g.nr*w.panel:]
	ahead, step := g.mr*l.rs, 16 // the next tile's rows, a cache line for each k
	if l.rs == 1 {
		ahead, step = 8*l.cs, l.cs // this tile's rows, some steps of k from here
	}
	// The next panel of B comes from far away: each tile of this one fetches a part of it.
	far := w.panel + i/g.mr*(w.k/4)*16
	rows, columns := min(g.mr, w.rows-i), min(g.nr, w.columns-j)
	run := g.run
	if g.narrow != nil && columns <= g.nr/2 {
		run = g.narrow
	}
	if rows == g.mr && columns == g.nr {
		var bias []float32
		if w.bias != nil {
			bias = w.bias[j : j+g.nr]
		}
		run(w.k, a, l.rs, l.cs, b, w.c[i*w.ldc+j:], w.ldc, bias, w.flags, ahead, step, far)
		return
	}
	if w.flags&addFlag != 0 {
		for r := range rows {
			copy(w.edge[r*g.nr:], w.c[(i+r)*w.ldc+j:][:columns])
		}
	}
	run(w.k, a, l.rs, l.cs, b, w.edge, g.nr, nil, w.flags&addFlag, ahead, step, far)
	for r := range rows {
		var bias []float32
		if w.bias != nil {
			bias = w.bias[j : j+columns]
		}
		finish(w.c[(i+r)*w.ldc+j:][:columns], w.edge[r*g.nr:][:columns], bias, w.flags)
	}
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// share cuts n into about parts pieces whose size is a multiple of unit between lowest and highest, and returns that size.
func share(n, parts, unit, lowest, highest int) int {
	return min(max(ceilDiv(ceilDiv(n, parts), unit)*unit, lowest), highest)
}
