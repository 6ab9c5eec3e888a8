package vectors

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deeprank/checkpoints"
	"deeprank/data"
)

func table(rows int) *data.Metadata {
	m := &data.Metadata{}
	for i := range rows {
		m.Name, m.ID = append(m.Name, "p"+strconv.Itoa(i)+".png"), append(m.ID, strconv.Itoa(i/2))
		m.Category, m.Color, m.Gender = append(m.Category, "hat"), append(m.Color, "red"), append(m.Gender, "")
	}
	return m
}

// write makes rows from, to of the table; every fifth cannot be read.
func write(t *testing.T, w *Writer, to int) {
	t.Helper()
	for i := w.Next(); i < to; i++ {
		if i%5 == 3 {
			w.Skip("it is\tno picture")
			continue
		}
		if err := w.Add([]float32{float32(i), 0.5, -1}); err != nil {
			t.Fatal(err)
		}
	}
}

func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(text)
	}
	return all
}

func info(dtype string) Info {
	return Info{Dim: 3, DType: dtype, Checkpoint: "c", CheckpointSum: "1", Metadata: "m", MetadataSum: "2", Pictures: 12, Images: "i"}
}

func TestStoppedAndResumedIsTheSame(t *testing.T) {
	for _, dtype := range []string{Float32, Float16} {
		whole, parts := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "parts")
		w, err := Create(whole, info(dtype))
		if err != nil {
			t.Fatal(err)
		}
		write(t, w, 12)
		if _, err := w.Finish(table(12)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		for _, stop := range []struct{ saved, lost int }{{0, 2}, {4, 4}, {5, 9}, {9, 12}} {
			w, err := Create(parts, info(dtype))
			if err != nil {
				t.Fatal(err)
			}
			write(t, w, stop.saved)
			if err := w.Save(); err != nil {
				t.Fatal(err)
			}
			write(t, w, stop.lost)
			if err := w.out.Flush(); err != nil { // it reaches the disk, but nobody knows
				t.Fatal(err)
			}
			if _, err := OpenFolder(parts); err == nil || !strings.Contains(err.Error(), "not complete") {
				t.Errorf("a part opens: %v", err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if w, err = Create(parts, info(dtype)); err != nil {
			t.Fatal(err)
		}
		if w.Next() != 9 {
			t.Errorf("goes on at %d, want 9", w.Next())
		}
		write(t, w, 12)
		if _, err := w.Finish(table(12)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(files(t, whole), files(t, parts)); d != "" {
			t.Errorf("%s: %s", dtype, d)
		}
		e, err := OpenFolder(parts)
		if err != nil {
			t.Fatal(err)
		}
		got, err := e.Read(0, e.Rows(), make([]float32, 3*e.Rows()))
		if err != nil {
			t.Fatal(err)
		}
		var want []float32
		var names []string
		for _, i := range []int{0, 1, 2, 4, 5, 6, 7, 9, 10, 11} {
			want, names = append(want, float32(i), 0.5, -1), append(names, "p"+strconv.Itoa(i)+".png")
		}
		if d := cmp.Diff(want, got) + cmp.Diff(names, e.Meta.Name); d != "" {
			t.Errorf("%s: %s", dtype, d)
		}
		if skipped := files(t, parts)[skippedName]; skipped != "row\tname\treason\n3\tp3.png\tit is no picture\n8\tp8.png\tit is no picture\n" {
			t.Errorf("skipped: %q", skipped)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestOtherEmbeddingsAreRefused(t *testing.T) {
	for _, complete := range []bool{false, true} {
		dir := filepath.Join(t.TempDir(), "e")
		w, err := Create(dir, info(Float32))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Create(dir, info(Float32)); !errors.Is(err, checkpoints.ErrLocked) {
			t.Errorf("two at once: %v", err)
		}
		if complete {
			write(t, w, 12)
			if _, err := w.Finish(table(12)); err != nil {
				t.Fatal(err)
			}
		} else {
			write(t, w, 4)
			if err := w.Save(); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		for want, change := range map[string]func(i *Info){
			"checkpoint": func(i *Info) { i.CheckpointSum = "9" }, "table": func(i *Info) { i.MetadataSum = "9" }, "folder": func(i *Info) { i.Images = "j" },
			"--flip": func(i *Info) { i.Flip = true }, "float32": func(i *Info) { i.DType = Float16 }, "numbers": func(i *Info) { i.Dim = 4 },
		} {
			other := info(Float32)
			change(&other)
			_, err := Create(dir, other)
			if _, ok := errors.AsType[*data.Refused](err); !ok || !strings.Contains(err.Error(), want) {
				t.Errorf("complete %v, another %s: %v", complete, want, err)
			}
		}
		w, err = Create(dir, info(Float32))
		if complete != errors.Is(err, ErrComplete) {
			t.Errorf("complete %v: %v", complete, err)
		}
		if err == nil {
			if err := w.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "photo.jpg"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(dir, info(Float32)); err == nil || !strings.Contains(err.Error(), "photo.jpg") {
		t.Errorf("a folder in use: %v", err)
	}
	if _, err := OpenFolder(dir); err == nil || !strings.Contains(err.Error(), "holds no embeddings") {
		t.Errorf("a folder of something else opens: %v", err)
	}
}

// TestNothingToLose: a folder that was begun but has no embedding takes other ones, as after a wrong folder of pictures, and looks at each picture again.
func TestNothingToLose(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "e")
	wrong := info(Float32)
	wrong.Images, wrong.Dim = "elsewhere", 5
	w, err := Create(dir, wrong)
	if err != nil {
		t.Fatal(err)
	}
	for range 12 {
		w.Skip("there is no such picture")
	}
	if err := errors.Join(w.Save(), w.Close()); err != nil {
		t.Fatal(err)
	}
	if w, err = Create(dir, info(Float32)); err != nil {
		t.Fatal(err)
	}
	if w.Next() != 0 || len(w.Skipped()) != 0 {
		t.Errorf("goes on at %d, %d skipped", w.Next(), len(w.Skipped()))
	}
	write(t, w, 12)
	made, err := w.Finish(table(12))
	if err := errors.Join(err, w.Close()); err != nil || made.Rows != 10 || made.Skipped != 2 || made.Images != "i" {
		t.Errorf("%+v, %v", made, err)
	}
	e, err := OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}
