package datasets

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sync/errgroup"

	"deeprank/data"
	"deeprank/internal/fserror"
)

// quality is that of the JPEG files that Crop writes. They are decoded again by training, and at this quality differ from
// the picture they were cut from by less than its own compression did.
const quality = 95

// placer brings a set's pictures to where training finds them.
type placer struct {
	set     *Set
	options WriteOptions
	bad     []string // of each picture: why it cannot be used, or ""
	uncut   []bool   // of each picture: its box is of no use, and it stays whole
	names   []string // of each picture: its name in the images folder
}

func newPlacer(s *Set, o WriteOptions) *placer {
	p := &placer{set: s, options: o, bad: make([]string, len(s.Pictures)), uncut: make([]bool, len(s.Pictures)), names: make([]string, len(s.Pictures))}
	for i := range s.Pictures {
		p.names[i] = s.Pictures[i].Name
		if o.Crop && !s.Pictures[i].Box.Empty() {
			p.names[i] = cutName(p.names[i])
		}
	}
	return p
}

// look finds out whether the pictures are there.
func (p *placer) look(ctx context.Context) error {
	root, err := os.OpenRoot(p.set.Images)
	if err != nil {
		return &data.Refused{Path: p.set.Images, Reason: "cannot open the images folder", Remedy: "check --root and --images", Err: fserror.Cause(err)}
	}
	defer root.Close()
	return p.each(ctx, "looking for", false, func(i int) error {
		name := filepath.FromSlash(p.set.Pictures[i].Name)
		info, err := root.Stat(name)
		if err != nil && (p.options.Copy || p.options.Crop) { // these may lie behind a link that leads elsewhere
			info, err = os.Stat(filepath.Join(p.set.Images, name))
		}
		switch {
		case errors.Is(err, fs.ErrNotExist):
			p.bad[i] = "is missing"
		case isMachine(err):
			return fmt.Errorf("look for %s: %w", p.set.Pictures[i].Name, fserror.Cause(err))
		case err != nil && strings.Contains(err.Error(), "path escapes from parent"): // os has no exported error for it
			p.bad[i] = "is a link that leads out of the images folder, where training does not follow it (--pictures copy does)"
		case err != nil:
			p.bad[i] = "cannot be read (" + fserror.Cause(err).Error() + ")"
		case !info.Mode().IsRegular():
			p.bad[i] = "is not a file"
		case info.Size() == 0:
			p.bad[i] = "is an empty file"
		}
		return nil
	})
}

// place makes the images folder.
func (p *placer) place(ctx context.Context, images string) error {
	switch {
	case p.options.Crop:
		return p.write(ctx, images, "cutting", p.cut)
	case p.options.Copy:
		return p.write(ctx, images, "copying", p.copy)
	}
	target, err := filepath.Abs(p.set.Images)
	if err != nil {
		return err
	}
	if err := os.Symlink(target, images); err != nil {
		return fmt.Errorf("make %s a link to the set's pictures: %w; --pictures copy does without", filepath.Join(p.options.Out, imagesFolder), fserror.Cause(err))
	}
	return nil
}

// write makes a file of each picture by do, which gets the picture's index and the file's path.
func (p *placer) write(ctx context.Context, images, what string, do func(i int, file string) error) error {
	taken := map[string]bool{}
	made := map[string]bool{}
	for i, name := range p.names {
		if p.bad[i] != "" {
			continue
		}
		if taken[name] {
			return &data.Refused{Path: p.set.Pictures[i].List, Line: p.set.Pictures[i].Line, Reason: "two pictures would both be written as " + name, Remedy: "rename one of them"}
		}
		taken[name] = true
		if dir := path.Dir(name); !made[dir] {
			made[dir] = true
			if err := os.MkdirAll(filepath.Join(images, filepath.FromSlash(dir)), 0o777); err != nil {
				return fmt.Errorf("write %s: %w", p.options.Out, fserror.Cause(err))
			}
		}
	}
	return p.each(ctx, what, true, func(i int) error {
		if err := do(i, filepath.Join(images, filepath.FromSlash(p.names[i]))); err != nil {
			return fmt.Errorf("%s: %s %s: %w", p.options.Out, what, p.names[i], fserror.Cause(err))
		}
		return nil
	})
}

// source opens a picture.
func (p *placer) source(i int) (*os.File, error) {
	return os.OpenFile(filepath.Join(p.set.Images, filepath.FromSlash(p.set.Pictures[i].Name)), os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// copy copies a picture; where the file system can, the copy shares the original's blocks.
func (p *placer) copy(i int, file string) error {
	in, err := p.source(i)
	if err != nil {
		return p.unreadable(i, err)
	}
	defer in.Close()
	out, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// cut writes what the picture's box holds, or, where that is nothing, the picture as it is.
func (p *placer) cut(i int, file string) error {
	box := p.set.Pictures[i].Box
	if box.Empty() {
		p.uncut[i] = true
		return p.copy(i, file)
	}
	in, err := p.source(i)
	if err != nil {
		return p.unreadable(i, err)
	}
	content, err := io.ReadAll(in)
	in.Close()
	if err != nil {
		return p.unreadable(i, err)
	}
	if side := p.set.BoxSide; side > 0 {
		c, _, err := image.DecodeConfig(bytes.NewReader(content))
		if err == nil && max(c.Width, c.Height) > side {
			p.bad[i] = fmt.Sprintf("has %d x %d pixels, but its box is of the set's pictures of %d x %d (img, not img_highres)", c.Width, c.Height, side, side)
			return nil
		}
	}
	m, err := data.CutPicture(content, box)
	if errors.Is(err, data.ErrNoCut) {
		p.uncut[i] = true
		return os.WriteFile(file, content, 0o666)
	}
	if err != nil {
		p.bad[i] = "cannot be cut (" + err.Error() + ")"
		return nil
	}
	var b bytes.Buffer
	if err := encode(&b, m, file); err != nil {
		return err
	}
	return os.WriteFile(file, b.Bytes(), 0o666)
}

// cutName is the name of a cut: the picture's, where it says JPEG or PNG, else with .png after it.
func cutName(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".jpg", ".jpeg", ".png":
		return name
	}
	return name + ".png"
}

func encode(w io.Writer, m image.Image, file string) error {
	if strings.EqualFold(filepath.Ext(file), ".png") {
		return png.Encode(w, m)
	}
	return jpeg.Encode(w, m, &jpeg.Options{Quality: quality})
}

// unreadable marks a picture as bad, unless it is the machine that fails.
func (p *placer) unreadable(i int, err error) error {
	if isMachine(err) {
		return err
	}
	p.bad[i] = "cannot be read (" + fserror.Cause(err).Error() + ")"
	return nil
}

// isMachine tells failures of the machine from those of a picture.
func isMachine(err error) bool {
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// chunk is how many pictures are done before the bad ones among them are looked at.
const chunk = 1024

// each calls do for the pictures that are not bad, by several threads, and refuses the set by the first bad one in the lists' order unless
// such are to be left out: early, after each chunk, or when all are done and counted.
func (p *placer) each(ctx context.Context, what string, early bool, do func(i int) error) error {
	total := len(p.set.Pictures)
	var mu sync.Mutex
	done := 0
	for from := 0; from < total; from += chunk {
		to := min(from+chunk, total)
		group, gctx := errgroup.WithContext(ctx)
		group.SetLimit(max(1, p.options.Threads))
		const step = 64
		for start := from; start < to; start += step {
			group.Go(func() error {
				end := min(start+step, to)
				for i := start; i < end; i++ {
					if err := gctx.Err(); err != nil {
						return err
					}
					if p.bad[i] != "" {
						continue
					}
					if err := do(i); err != nil {
						return err
					}
				}
				mu.Lock()
				defer mu.Unlock()
				if done += end - start; p.options.Progress != nil {
					p.options.Progress(what, done, total)
				}
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			return err
		}
		if early {
			if err := p.settle(to); err != nil {
				return err
			}
		}
	}
	return p.settle(total)
}

// settle refuses the set if one of the first n pictures is bad and such are not to be left out.
func (p *placer) settle(n int) error {
	first, count := -1, 0
	for i := range n {
		if p.bad[i] != "" {
			if count++; first < 0 {
				first = i
			}
		}
	}
	if first < 0 || p.options.SkipBad {
		return nil
	}
	q := &p.set.Pictures[first]
	reason, remedy := fmt.Sprintf("the picture %s %s", filepath.Join(p.set.Images, filepath.FromSlash(q.Name)), p.bad[first]), "unpack the set again"
	if q.Line == 0 { // the path before the message is the picture's
		reason, remedy = "the picture "+p.bad[first], "mend it"
	}
	if count > 1 {
		reason += fmt.Sprintf(", and %d more", count-1)
	}
	return &data.Refused{Path: q.List, Line: q.Line, Reason: reason, Remedy: remedy + ", or leave such pictures out with --skip-bad"}
}

// kept gives the pictures that are there, under their names in the images folder.
func (p *placer) kept() []Picture {
	var kept []Picture
	for i, q := range p.set.Pictures {
		if p.bad[i] == "" {
			q.Name = p.names[i]
			kept = append(kept, q)
		}
	}
	return kept
}

// report counts what was left out or stays whole.
func (p *placer) report() (r Report) {
	at := func(i int) string {
		q := &p.set.Pictures[i]
		if q.Line == 0 {
			return q.List
		}
		return fmt.Sprintf("%s:%d: %s", q.List, q.Line, q.Name)
	}
	for i := range p.set.Pictures {
		if p.bad[i] != "" {
			if r.Skipped++; r.Skipped == 1 {
				r.FirstSkipped = at(i) + " " + p.bad[i]
			}
		} else if p.uncut[i] {
			if r.Uncut++; r.Uncut == 1 {
				r.FirstUncut = at(i)
			}
		}
	}
	return r
}
