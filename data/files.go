package data

import (
	"crypto/sha256"
	"io"
	"os"
	"syscall"
)

// FileSize gives the length of a row's file in bytes without reading it. What is wrong with the file comes as a *Refused, of the reasons
// that Check gives; unlike Check it remembers nothing, so that a table of any length can be asked. Other errors are the machine's.
func (p *Pictures) FileSize(row int) (int64, error) {
	info, err := p.stat(p.meta.Name[row])
	if err != nil {
		return 0, p.refusal(row, err)
	}
	return info.Size(), nil
}

// Digest gives the SHA-256 of a row's file, as it lies on the disk, or of its last tail bytes where tail is above 0. Errors are as those of
// FileSize.
func (p *Pictures) Digest(row int, tail int64) (sum [sha256.Size]byte, err error) {
	name := p.meta.Name[row]
	if _, err := p.stat(name); err != nil {
		return sum, p.refusal(row, err)
	}
	f, err := p.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return sum, p.refusal(row, pathError(err))
	}
	defer f.Close()
	info, err := f.Stat() // the path may lead elsewhere by now
	if err == nil {
		err = checkFile(info)
	}
	if err == nil && tail > 0 && tail < info.Size() {
		_, err = f.Seek(-tail, io.SeekEnd)
	}
	h := sha256.New()
	if err == nil {
		_, err = io.Copy(h, f)
	}
	if err != nil {
		return sum, p.refusal(row, err)
	}
	h.Sum(sum[:0])
	return sum, nil
}

// refusal is explain as one error.
func (p *Pictures) refusal(row int, err error) error {
	r, err := p.explain(row, err)
	if r == nil {
		return err
	}
	return r
}
