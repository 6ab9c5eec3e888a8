package data

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// BadPicture is a picture that cannot be used: its row in the metadata, its path, and why.
type BadPicture struct {
	Row  int
	Name string
	Err  error
}

// Check looks at the files of the rows without reading them: whether they exist, lie within the images folder, and are of a usable type
// and length. It gives the bad ones in the order of rows. workers at most 0 means one for each CPU. progress, unless nil, is called with the
// number of pictures done, now and then and at the end, from one goroutine at a time. When ctx ends, it returns early with what it has.
func (p *Pictures) Check(ctx context.Context, rows []int32, workers int, progress func(done int)) []BadPicture {
	return p.check(ctx, rows, workers, progress, func(row int) error {
		_, err := p.stat(p.meta.Name[row])
		return p.remember(row, err)
	})
}

// CheckDeep is Check, but reads and decodes each picture. With a cache, the pictures lie in it afterwards.
func (p *Pictures) CheckDeep(ctx context.Context, rows []int32, workers int, progress func(done int)) []BadPicture {
	return p.check(ctx, rows, workers, progress, func(row int) error {
		return p.LoadInto(row, make([]byte, 3*p.size*p.size))
	})
}

func (p *Pictures) check(ctx context.Context, rows []int32, workers int, progress func(done int), look func(row int) error) []BadPicture {
	if workers <= 0 {
		workers = runtime.NumCPU()
	}
	const step = 256 // rows between two calls of progress
	errs := make([]error, len(rows))
	var next atomic.Int64
	var mu sync.Mutex
	done := 0
	tell := func(n int) {
		mu.Lock()
		defer mu.Unlock()
		if done += n; progress != nil && (done%step == 0 || done == len(rows)) {
			progress(done)
		}
	}
	var wg sync.WaitGroup
	for range min(workers, len(rows)) {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(rows) {
					return
				}
				errs[i] = look(int(rows[i]))
				tell(1)
			}
		})
	}
	wg.Wait()
	var bad []BadPicture
	for i, err := range errs {
		if err != nil {
			row := int(rows[i])
			bad = append(bad, BadPicture{Row: row, Name: p.meta.Name[row], Err: err})
		}
	}
	return bad
}
