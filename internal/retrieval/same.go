package retrieval

import (
	"context"
	"reflect"

	"deeprank/internal/kernel"
)

// sameSource says whether two sources are the same rows in the same order.
func sameSource(a, b Source) bool {
	m, ok := a.(Matrix)
	if !ok {
		return reflect.TypeOf(a) == reflect.TypeOf(b) && reflect.TypeOf(a).Comparable() && a == b
	}
	o, ok := b.(Matrix)
	return ok && m.Columns == o.Columns && len(m.Values) == len(o.Values) && len(m.Values) > 0 && &m.Values[0] == &o.Values[0]
}

// runSame searches a gallery for each of its own pictures. A strip of pictures meets itself and all that come after it:
//
//	          strip   later
//	         +------+---------+
//	strip    | rows | rows,   |      a row's products go to the candidates of the row's picture,
//	         |      | columns |      a column's to those of the column's
//	         +------+---------+
//
// So each picture meets the others in the order of their places, as in runApart, and the scores have the same bits. It holds the candidates of all
// pictures at once.
func (b *blocks) runSame(ctx context.Context, total int, each func(query int, nearest []uint64), strip func(from, to int), progress func(done int)) error {
	n, dim := b.gallery.Rows(), b.gallery.Dim()
	found := make([]best, n)
	rest := make([]uint64, total)
	for q := range found {
		k := min(b.keep(q), n)
		found[q].reset(rest[:0:room(k)], k)
		rest = rest[room(k):]
	}
	skip := func(q int) func(place int) bool {
		if b.skip == nil {
			return nil
		}
		return func(place int) bool { return b.skip(q, place) }
	}
	chunk, widest := min(chunkFor(dim), n), min(stripRows, n)
	var (
		qBuffer  = make([]float32, widest*dim)
		gBuffer  = make([]float32, chunk*dim)
		products = make([]float32, widest*chunk)
		zeros    = make([]float32, chunk)
	)
	for from := 0; from < n; from += widest {
		to := min(from+widest, n)
		q, err := b.gallery.Read(from, to, qBuffer)
		if err != nil {
			return err
		}
		for c := from; c < n; c += chunk {
			if err := ctx.Err(); err != nil {
				return err
			}
			width := min(chunk, n-c)
			g, err := b.gallery.Read(c, c+width, gBuffer)
			if err != nil {
				return err
			}
			block := products[:(to-from)*width]
			kernel.DenseForward(b.team, to-from, dim, width, q, g, zeros[:width], block, false)
			b.team.Run(to-from, func(i, _ int) {
				found[from+i].addProducts(block[i*width:(i+1)*width], b.bias[c:c+width], c, skip(from+i))
			})
			const part = 64
			first := max(0, to-c) // those before are in the strip, which has met itself by its rows
			b.team.Run((width-first+part-1)/part, func(task, _ int) {
				j0 := first + task*part
				j1 := min(j0+part, width)
				var thresholds [part]float32
				for j := range j1 - j0 {
					thresholds[j] = found[c+j0+j].threshold
				}
				for i := range to - from {
					half := b.bias[from+i]
					row := block[i*width+j0 : i*width+j1]
					for j, p := range row[:min(part, len(row))] {
						if s := p + half; s > thresholds[j] {
							f := &found[c+j0+j]
							f.offer(s, from+i, skip(c+j0+j))
							thresholds[j] = f.threshold
						}
					}
				}
			})
		}
		if progress != nil { // the share of the pairs
			left := float64(n-to) / float64(n)
			progress(int(float64(n) * (1 - left*left)))
		}
	}
	for from := 0; from < n; from += widest {
		to := min(from+widest, n)
		b.team.Run(to-from, func(i, _ int) { each(from+i, found[from+i].sorted()) })
		if strip != nil {
			strip(from, to)
		}
	}
	return nil
}

// addProducts is add for products, to which the bias is still to be added.
func (b *best) addProducts(products, bias []float32, first int, skip func(place int) bool) {
	threshold := b.threshold
	bias = bias[:len(products)]
	for i, p := range products {
		if s := p + bias[i]; s > threshold {
			b.offer(s, first+i, skip)
			threshold = b.threshold
		}
	}
}
