package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"deeprank/data"
	"deeprank/internal/embed"
	"deeprank/internal/metrics"
	"deeprank/internal/progress"
)

// Where events cannot be written, one warning says so and all else goes on.
func TestEventsFail(t *testing.T) {
	var said bytes.Buffer
	report := progress.New(&said, nil, progress.Options{})
	e := openEvents(filepath.Join(t.TempDir(), "none"), 0, time.Now(), report)
	e.step(metrics.Record{Step: 1})
	e.sync()
	e.close()
	if err := report.Close(); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(said.String(), "TensorBoard gets nothing more"); n != 1 {
		t.Errorf("%d warnings: %q", n, said.String())
	}
}

// A run writes its events, and a file that fails in the middle ends them with a warning.
func TestEventsFailLater(t *testing.T) {
	var said bytes.Buffer
	report := progress.New(&said, nil, progress.Options{})
	dir := t.TempDir()
	e := openEvents(dir, 0, time.Now(), report)
	e.step(metrics.Record{Step: 1})
	if err := e.writer.Close(); err != nil { // as a disk that goes away
		t.Fatal(err)
	}
	e.step(metrics.Record{Step: 2})
	e.step(metrics.Record{Step: 3})
	e.evaluation(nil, embed.Accuracy{})
	if err := report.Close(); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(said.String(), "TensorBoard gets nothing more"); n != 1 {
		t.Errorf("%d warnings: %q", n, said.String())
	}
}

// The queries are the first pictures of products that have two, each product once, spread over all of them.
func TestSampleQueries(t *testing.T) {
	m := &data.Metadata{ID: []string{"a", "b", "", "c", "b", "", "c", "a", "d", "a"}}
	var sample []embed.Embedded
	for row := range m.ID {
		sample = append(sample, embed.Embedded{Row: int32(row)})
	}
	for n, want := range map[int][]int{0: nil, 1: {1}, 2: {1, 3}, 3: {1, 3, 0}, 9: {1, 3, 0}} {
		got := sampleQueries(m, sample, n)
		if len(got) != len(want) {
			t.Errorf("%d: %v, want %v", n, got, want)
			continue
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("%d: %v, want %v", n, got, want)
			}
		}
	}
}
