package checkpoints

import (
	"fmt"
	"os"

	"deeprank/internal/atomicfile"
)

// disk is the real file system.
type disk struct{}

func (disk) Free(dir string) (int64, error) { return FreeSpace(dir) }
func (disk) Rename(from, to string) error   { return os.Rename(from, to) }
func (disk) Remove(path string) error       { return os.Remove(path) }

// claimed is a file together with the claim that shows that its writer lives.
type claimed struct {
	*os.File
	release func()
}

func (c claimed) Release() { c.release() }

// Create makes a temporary file for path and claims it. Between the two another program may take it for a leftover: that program
// will remove it, and the next has another name, so that the removal cannot hit it.
func (disk) Create(path string) (output, error) {
	for range 100 {
		temp := fmt.Sprintf("%s.%d-%s.tmp", path, os.Getpid(), randomHex())
		file, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return nil, err
		}
		release, held := claim(temp)
		if held && same(file, temp) {
			return claimed{file, release}, nil
		}
		if held {
			release()
		}
		file.Close()
		_ = os.Remove(temp) // perhaps the other program was faster
	}
	return nil, fmt.Errorf("%s: another program keeps removing its temporary files", path)
}

// same tells whether path still leads to the open file.
func same(file *os.File, path string) bool {
	a, errA := file.Stat()
	b, errB := os.Stat(path)
	return errA == nil && errB == nil && os.SameFile(a, b)
}

func (disk) SyncDir(dir string) error { return atomicfile.SyncDir(dir) }
