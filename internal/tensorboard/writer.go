package tensorboard

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"deeprank/internal/wire"
)

// Writer writes one start's file. It is for one goroutine.
type Writer struct {
	file *os.File
	size int64 // of whole records
}

// Names of event files: TensorBoard wants "tfevents" in them and reads them in the order of their names.
const prefix, owner = "events.out.tfevents.", ".deeprank."

// Open starts a file in a run's folder for a run that has done lastStep steps (0: a new run), and cuts later steps off
// the files of its earlier starts. Event files of other programs are left alone.
func Open(dir string, lastStep int, now time.Time) (*Writer, error) {
	w, err := open(dir, lastStep, now)
	if err != nil {
		return nil, fmt.Errorf("event files: %w", err)
	}
	return w, nil
}

func open(dir string, lastStep int, now time.Time) (*Writer, error) {
	files, err := eventFiles(dir)
	if err != nil {
		return nil, err
	}
	seconds, number := now.Unix(), 1
	for _, f := range files { // the new file's name comes after all others', whatever the clock says
		seconds, number = max(seconds, f.seconds), max(number, f.number+1)
		if err := cut(filepath.Join(dir, f.name), lastStep); err != nil {
			return nil, err
		}
	}
	if len(files) > 0 && seconds == files[len(files)-1].seconds {
		seconds++
	}
	name := fmt.Sprintf("%s%010d%s%d", prefix, seconds, owner, number)
	file, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, err
	}
	w := &Writer{file: file}
	if err := w.write(versionEvent(now), startEvent(now, lastStep+1)); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return w, nil
}

// eventFile is the name of a file that this package wrote, and its parts.
type eventFile struct {
	name    string
	seconds int64
	number  int
}

// eventFiles lists the folder's, in the order of their names.
func eventFiles(dir string) ([]eventFile, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []eventFile
	for _, e := range entries {
		rest, ok := strings.CutPrefix(e.Name(), prefix)
		seconds, number, both := strings.Cut(rest, owner)
		if !ok || !both || !e.Type().IsRegular() {
			continue
		}
		s, errS := strconv.ParseInt(seconds, 10, 63)
		n, errN := strconv.Atoi(number)
		if errS == nil && errN == nil {
			files = append(files, eventFile{e.Name(), s, n})
		}
	}
	slices.SortFunc(files, func(a, b eventFile) int { return strings.Compare(a.name, b.name) })
	return files, nil
}

// cut takes away a file's records from the first one of a later step on, and a torn end; a file that then tells of no
// step is removed.
func cut(path string, lastStep int) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	kept, told, whole := int64(0), false, true
	for r := bufio.NewReader(f); ; {
		data, err := readRecord(r)
		if err != nil {
			whole = !errors.Is(err, errRecord)
			break // also a disk's error: what cannot be read is of no use to a reader
		}
		step, summary, ok := parse(data)
		if !ok || summary && step > int64(lastStep) {
			whole = false
			break
		}
		told = told || summary
		kept += int64(len(data)) + framing
	}
	if !told {
		return errors.Join(f.Close(), os.Remove(path))
	}
	if !whole {
		err = errors.Join(f.Truncate(kept), f.Sync())
	}
	return errors.Join(err, f.Close())
}

// Add tells of a step. When it fails, the part that was written is taken away again.
func (w *Writer) Add(at time.Time, step int, values ...Value) error {
	return w.write(summaryEvent(at, step, values))
}

// write appends events in one write, so that a reader sees them at once.
func (w *Writer) write(events ...wire.Message) error {
	var b []byte
	for _, e := range events {
		b = appendRecord(b, e)
	}
	if _, err := w.file.WriteAt(b, w.size); err != nil {
		return errors.Join(fmt.Errorf("event file: %w", err), w.file.Truncate(w.size))
	}
	w.size += int64(len(b))
	return nil
}

// Sync makes sure that the events are on the disk.
func (w *Writer) Sync() error {
	if err := w.file.Sync(); err != nil {
		return fmt.Errorf("event file: %w", err)
	}
	return nil
}

// Close syncs and closes the file.
func (w *Writer) Close() error { return errors.Join(w.Sync(), w.file.Close()) }
