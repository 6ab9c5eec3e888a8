package vectors

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"

	"deeprank/checkpoints"
	"deeprank/data"
	"deeprank/internal/atomicfile"
)

// Skipped is a picture that could not be read.
type Skipped struct {
	Row    int    `json:"row"` // of the table
	Reason string `json:"reason"`
}

// progress is how far the part file is safe on the disk.
type progress struct {
	Info    Info      `json:"info"`
	Done    int       `json:"done"`    // rows of the table, with those that were skipped
	Skipped []Skipped `json:"skipped"` // of those
}

// Writer makes a folder of embeddings, row after row of a table.
type Writer struct {
	dir     string
	info    Info
	lock    *checkpoints.Lock
	file    *os.File
	out     *bufio.Writer
	next    int // the row that comes next
	skipped []Skipped
	buffer  []byte
}

// ErrComplete says that the folder holds just these embeddings already.
var ErrComplete = errors.New("the embeddings are there already")

// Create begins a folder or goes on with one that is not complete, and locks it. info says what the embeddings are made of; Rows and Skipped are set by Finish.
//
// Errors: ErrComplete; a *data.Refused where the folder is used for something else or for other embeddings; a *checkpoints.LockedError.
func Create(dir string, info Info) (_ *Writer, err error) {
	info.Format, info.Rows, info.Skipped = formatVersion, 0, 0
	other := func(what string) error {
		return &data.Refused{Path: dir, Reason: "holds other embeddings: " + what, Remedy: "name another folder with --out, or delete this one"}
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("making the folder of embeddings: %w", err)
	}
	w := &Writer{dir: dir, info: info}
	if w.lock, err = checkpoints.AcquireLock(dir); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.Close())
		}
	}()
	switch have, err := readInfo(w.path(infoName)); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	default:
		if what := have.same(&info); what != "" {
			return nil, other(what)
		}
		return nil, ErrComplete
	}
	var p progress
	text, err := os.ReadFile(w.path(progressName))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := w.onlyOurs(); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	default:
		if err := json.Unmarshal(text, &p); err != nil {
			return nil, &data.Refused{Path: w.path(progressName), Reason: "cannot be read", Remedy: "delete the folder and begin again", Err: err}
		}
		if p.Done == len(p.Skipped) { // no embedding: there is nothing to lose, and what was wrong may be mended, such as a wrong folder of pictures
			break
		}
		if what := p.Info.same(&info); what != "" {
			return nil, other(what)
		}
		w.next, w.skipped = p.Done, p.Skipped
	}
	if w.file, err = os.OpenFile(w.path(partName), os.O_RDWR|os.O_CREATE, 0o666); err != nil {
		return nil, err
	}
	size := npyHeader + int64(w.rows())*int64(info.Dim)*int64(elementBytes(info.DType))
	stat, err := w.file.Stat()
	if err != nil {
		return nil, err
	}
	if w.next > 0 && stat.Size() < size { // lost: begin again
		w.next, w.skipped, size = 0, nil, npyHeader
	}
	if err := w.file.Truncate(size); err != nil {
		return nil, err
	}
	if _, err := w.file.Seek(size, 0); err != nil {
		return nil, err
	}
	w.out = bufio.NewWriterSize(w.file, 1<<20)
	return w, w.Save()
}

// onlyOurs refuses a folder that holds something else.
func (w *Writer) onlyOurs() error {
	entries, err := os.ReadDir(w.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		switch name := e.Name(); {
		case name == "lock", strings.HasPrefix(name, progressName), name == partName:
		default:
			return &data.Refused{Path: w.dir, Reason: "is not empty: it holds " + name, Remedy: "name a new folder with --out"}
		}
	}
	return nil
}

func (w *Writer) path(name string) string { return filepath.Join(w.dir, name) }

// rows is how many embeddings are written.
func (w *Writer) rows() int { return w.next - len(w.skipped) }

// Next is the row of the table that comes next: more than 0 where an earlier program began.
func (w *Writer) Next() int { return w.next }

// Skipped are the pictures that could not be read, so far.
func (w *Writer) Skipped() []Skipped { return w.skipped }

// Add writes the embedding of the next row.
func (w *Writer) Add(v []float32) error {
	if len(v) != w.info.Dim {
		return fmt.Errorf("vectors: an embedding of %d numbers among those of %d", len(v), w.info.Dim)
	}
	w.buffer = w.buffer[:0]
	for _, x := range v {
		if w.info.DType == Float16 {
			w.buffer = binary.LittleEndian.AppendUint16(w.buffer, toHalf(x))
		} else {
			w.buffer = binary.LittleEndian.AppendUint32(w.buffer, math.Float32bits(x))
		}
	}
	w.next++
	_, err := w.out.Write(w.buffer)
	return err
}

// Skip leaves the next row out.
func (w *Writer) Skip(reason string) {
	w.skipped = append(w.skipped, Skipped{w.next, reason})
	w.next++
}

// Save makes what is written safe: a later Create goes on from here.
func (w *Writer) Save() error {
	if err := errors.Join(w.out.Flush(), w.file.Sync()); err != nil {
		return fmt.Errorf("writing embeddings: %w", err)
	}
	return writeJSON(w.path(progressName), progress{w.info, w.next, w.skipped})
}

// Finish completes the folder for the table m, all of whose rows were added or skipped.
func (w *Writer) Finish(m *data.Metadata) (*Info, error) {
	if w.next != m.Rows() {
		return nil, fmt.Errorf("vectors: %d of %d rows at the end", w.next, m.Rows())
	}
	w.info.Rows, w.info.Skipped = w.rows(), len(w.skipped)
	kept, lost := m, &strings.Builder{}
	lost.WriteString("row\tname\treason\n")
	if len(w.skipped) > 0 {
		kept = &data.Metadata{}
		skipped := w.skipped
		for i := range m.Rows() {
			if len(skipped) > 0 && skipped[0].Row == i {
				one := strings.NewReplacer("\t", " ", "\n", " ", "\r", " ")
				fmt.Fprintf(lost, "%d\t%s\t%s\n", i, one.Replace(m.Name[i]), one.Replace(skipped[0].Reason))
				skipped = skipped[1:]
				continue
			}
			kept.Category, kept.Color, kept.ID = append(kept.Category, m.Category[i]), append(kept.Color, m.Color[i]), append(kept.ID, m.ID[i])
			kept.Gender, kept.Name = append(kept.Gender, m.Gender[i]), append(kept.Name, m.Name[i])
		}
	}
	if err := data.WriteMetadata(w.path(metadataName), kept); err != nil {
		return nil, err
	}
	if err := writeWhole(w.path(skippedName), []byte(lost.String())); err != nil {
		return nil, err
	}
	if err := w.out.Flush(); err != nil {
		return nil, err
	}
	if _, err := w.file.WriteAt(encodeHeader(w.info.Rows, w.info.Dim, w.info.DType), 0); err != nil {
		return nil, err
	}
	if err := w.file.Sync(); err != nil {
		return nil, err
	}
	if err := os.Rename(w.path(partName), w.path(embeddingsName)); err != nil {
		return nil, err
	}
	if err := writeJSON(w.path(infoName), w.info); err != nil {
		return nil, err
	}
	return &w.info, os.Remove(w.path(progressName))
}

// Close gives the folder back. What was added after the last Save is lost.
func (w *Writer) Close() error {
	var err error
	if w.file != nil {
		err = w.file.Close()
		w.file = nil
	}
	return errors.Join(err, w.lock.Release())
}

func writeJSON(path string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return writeWhole(path, append(text, '\n'))
}

// writeWhole writes a file so that it is there whole or as it was before.
func writeWhole(path string, text []byte) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}
