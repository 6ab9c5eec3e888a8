package embed

import (
	"context"

	"golang.org/x/sync/errgroup"

	"deeprank/data"
)

// Network embeds pictures: a *model.Embedder, or a Mirrored.
type Network interface {
	Embed(pixels []byte, images int, out []float32) error
	Capacity() int
	Dim() int
}

// chunk is a batch of decoded pictures on its way to the network.
type chunk struct {
	index  []int // places in rows of the pictures that could be read
	pixels []byte
	bad    []badRow
}

type badRow struct {
	index int
	err   error
}

// Rows embeds the pictures of rows, calling each for every picture in order with its place in rows and its
// embedding (valid during the call), and bad for those that cannot be read. workers pictures are decoded at once.
// It ends early with the first error of each, of the network, or of the context.
func Rows(ctx context.Context, e Network, p *data.Pictures, size int, rows []int32, workers int,
	each func(i int, embedding []float32) error, bad func(i int, err error)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ready := make(chan chunk, 1)
	group, gctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(ready)
		for start := 0; start < len(rows); start += e.Capacity() {
			c, err := load(gctx, p, size, rows, start, min(start+e.Capacity(), len(rows)), workers)
			if err != nil {
				return err
			}
			select {
			case ready <- c:
			case <-gctx.Done():
				return gctx.Err()
			}
		}
		return nil
	})
	group.Go(func() error {
		out := make([]float32, e.Capacity()*e.Dim())
		for c := range ready {
			for _, b := range c.bad {
				bad(b.index, b.err)
			}
			if len(c.index) == 0 {
				continue
			}
			if err := e.Embed(c.pixels, len(c.index), out); err != nil {
				return err
			}
			for k, i := range c.index {
				if err := each(i, out[k*e.Dim():(k+1)*e.Dim()]); err != nil {
					return err
				}
			}
		}
		return gctx.Err()
	})
	return group.Wait()
}

// load decodes rows[start:end]; the pictures that can be read lie in pixels without gaps.
func load(ctx context.Context, p *data.Pictures, size int, rows []int32, start, end, workers int) (chunk, error) {
	n, per := end-start, size*size*3
	loaded, errs := make([][]byte, n), make([]error, n)
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(max(1, workers))
	for k := range n {
		group.Go(func() error {
			if err := gctx.Err(); err != nil {
				return err
			}
			loaded[k], errs[k] = p.Load(int(rows[start+k]))
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return chunk{}, err
	}
	c := chunk{pixels: make([]byte, 0, n*per)}
	for k := range n {
		if errs[k] != nil {
			c.bad = append(c.bad, badRow{start + k, errs[k]})
			continue
		}
		c.index = append(c.index, start+k)
		c.pixels = append(c.pixels, loaded[k]...)
	}
	return c, nil
}
