package audit

import (
	"context"
	"errors"
	"slices"

	"deeprank/data"
)

// badPicture is a picture that cannot be used, in one file of triplets.
type badPicture struct {
	err          error
	first, lines int // the first record that uses it, and how many do
}

// probeSize is the side that pictures are decoded to: what is tested is the file, so the less to resize the better.
const probeSize = 32

// lookAtPictures flags the lines that use bad pictures.
func (r *Report) lookAtPictures(ctx context.Context, o Options) error {
	m := r.Metadata
	var list []int32
	first := make([][]int32, 0, 2) // of each file
	for _, f := range r.files() {
		first = append(first, f.firstUse(m.Rows()))
	}
	for row := range m.Rows() {
		if first[0][row] >= 0 || len(first) > 1 && first[1][row] >= 0 {
			list = append(list, int32(row))
		}
	}
	r.Pictures = len(list)
	pictures, err := data.OpenPictures(m, o.Images, data.PictureOptions{Size: probeSize})
	if err != nil {
		return err
	}
	defer pictures.Close()
	look := pictures.Check
	if o.Deep {
		look = pictures.CheckDeep
	}
	bad := look(ctx, list, o.Workers, func(done int) {
		if o.Progress != nil {
			o.Progress(done, len(list))
		}
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	r.Bad = len(bad)
	place := make([]int32, m.Rows()) // in bad, from 1; 0 for good ones
	for i, b := range bad {
		if isMachine(b.Err) { // no file descriptors or no memory: it says nothing of the picture
			return b.Err
		}
		place[b.Row] = int32(i + 1)
	}
	for k, f := range r.files() {
		f.bad = make([]badPicture, len(bad))
		for i, b := range bad {
			f.bad[i] = badPicture{err: b.Err, first: int(first[k][b.Row])}
		}
		for i, t := range f.Triplets {
			if !f.usable(i) || place[t.Query]|place[t.Positive]|place[t.Negative] == 0 {
				continue
			}
			f.flags[i] |= BadPicture.flag()
			for _, row := range rows(t) {
				if place[row] > 0 {
					f.bad[place[row]-1].lines++
				}
			}
		}
		f.bad = slices.DeleteFunc(f.bad, func(b badPicture) bool { return b.lines == 0 })
		slices.SortStableFunc(f.bad, func(a, b badPicture) int { return a.first - b.first })
	}
	return nil
}

// isMachine says whether an error about a picture is the machine's, not the picture's.
func isMachine(err error) bool {
	_, ok := errors.AsType[*data.Refused](err)
	return !ok
}
