package metrics

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Writer appends records to a metrics.jsonl. It is for one goroutine.
type Writer struct {
	file *os.File
	last int   // step of the last record
	size int64 // bytes of whole lines
}

// Missing says that a run goes on after step Last, but the file lacks Count of the steps up to there, the
// first of them First. It is worth a warning: the file was moved, changed or damaged.
type Missing struct {
	Path        string
	Count       int
	First, Last int
}

func (m *Missing) String() string {
	return fmt.Sprintf("%s lacks %d of the records up to step %d, the first of them of step %d; the run goes on without them",
		m.Path, m.Count, m.Last, m.First)
}

// Open opens or creates the file for a run that has done lastStep steps (0: a new run). Records after
// lastStep, lines that are no records, and a torn last line are dropped. Missing is nil when the steps 1
// to lastStep are all there.
func Open(path string, lastStep int) (*Writer, *Missing, error) {
	kept, found, clean, err := scan(path, lastStep)
	if err != nil {
		return nil, nil, fmt.Errorf("metrics: %w", err)
	}
	if !clean {
		if err := rewrite(path, lastStep); err != nil {
			return nil, nil, fmt.Errorf("metrics: %w", err)
		}
		if kept, found, _, err = scan(path, lastStep); err != nil {
			return nil, nil, fmt.Errorf("metrics: %w", err)
		}
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, nil, fmt.Errorf("metrics: %w", err)
	}
	w := &Writer{file: f, last: lastStep, size: kept}
	if err := w.cut(); err != nil {
		f.Close()
		return nil, nil, fmt.Errorf("metrics: %w", err)
	}
	if found.count < lastStep {
		return w, &Missing{path, lastStep - found.count, found.firstMissing, lastStep}, nil
	}
	return w, nil, nil
}

// cut shortens the file to its whole lines.
func (w *Writer) cut() error {
	if err := w.file.Truncate(w.size); err != nil {
		return err
	}
	_, err := w.file.Seek(w.size, io.SeekStart)
	return err
}

// Write appends one record in one write. Its step must follow the last one. When the disk is full the
// part that was written is taken away again.
func (w *Writer) Write(r Record) error {
	if r.Step != w.last+1 {
		return fmt.Errorf("metrics: step %d after step %d", r.Step, w.last)
	}
	b, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("metrics: step %d: %w", r.Step, err)
	}
	if _, err := w.file.Write(append(b, '\n')); err != nil {
		return errors.Join(fmt.Errorf("metrics: step %d: %w", r.Step, err), w.cut())
	}
	w.last, w.size = r.Step, w.size+int64(len(b))+1
	return nil
}

// Sync makes sure that the records are on the disk. Call it before a checkpoint is written, so that no
// checkpoint is ahead of its metrics.
func (w *Writer) Sync() error {
	if err := w.file.Sync(); err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	return nil
}

// Close syncs and closes the file.
func (w *Writer) Close() error {
	return errors.Join(w.Sync(), w.file.Close())
}

// Read returns the records of a file. A torn last line, as a killed program leaves it, is left out; any
// other line that is no record is an error with its number.
func Read(path string) ([]Record, error) {
	var records []Record
	err := lines(path, func(number int, text []byte, whole bool) error {
		var r Record
		if err := json.Unmarshal(text, &r); err != nil {
			if !whole {
				return nil
			}
			return fmt.Errorf("%s:%d: %w", path, number, err)
		}
		records = append(records, r)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	return records, nil
}

// found is what a scan met up to the last step: how many steps, and the first that is not there.
type found struct{ count, firstMissing int }

// scan returns the size of the front of the file that is to be kept. clean is false when something has to
// go from within that front, which cutting the end off cannot do.
func scan(path string, lastStep int) (kept int64, f found, clean bool, err error) {
	f.firstMissing, clean = 1, true
	last, offset, dropped := 0, int64(0), false
	err = lines(path, func(_ int, text []byte, whole bool) error {
		offset += int64(len(text))
		if whole {
			offset++
		}
		var r Record
		if !whole || json.Unmarshal(text, &r) != nil || r.Step <= last || r.Step > lastStep {
			dropped = true
			return nil
		}
		if dropped {
			clean = false
		}
		if r.Step == f.firstMissing {
			f.firstMissing++
		}
		last, kept = r.Step, offset
		f.count++
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return kept, f, clean, err
}

// rewrite replaces a damaged file by its good records up to lastStep.
func rewrite(path string, lastStep int) (err error) {
	t, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			t.Close()
			os.Remove(t.Name())
		}
	}()
	out, last := bufio.NewWriter(t), 0
	err = lines(path, func(_ int, text []byte, whole bool) error {
		var r Record
		if !whole || json.Unmarshal(text, &r) != nil || r.Step <= last || r.Step > lastStep {
			return nil
		}
		last = r.Step
		out.Write(text)
		return out.WriteByte('\n')
	})
	if err != nil {
		return err
	}
	if err = errors.Join(out.Flush(), t.Chmod(0o644), t.Sync()); err != nil {
		return err
	}
	if err = t.Close(); err != nil {
		return err
	}
	return os.Rename(t.Name(), path)
}

// lines calls f with each line, without its \n; whole is false for a last one that has none. Empty lines
// are given too.
func lines(path string, f func(number int, text []byte, whole bool) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	r := bufio.NewReader(file)
	for number := 1; ; number++ {
		text, err := r.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return err
		}
		text, whole := bytes.CutSuffix(text, []byte("\n"))
		if !whole && len(text) == 0 {
			return nil
		}
		if err := f(number, text, whole); err != nil {
			return err
		}
		if !whole {
			return nil
		}
	}
}
