package data

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const never = math.MaxInt64 // no table is long enough to be read in blocks

// sameByBlocks reads a table as metadata and as triplets record by record and in blocks of several sizes; nothing may differ, not even
// the message where it is refused.
func sameByBlocks(t *testing.T, path string) {
	t.Helper()
	said := func(err error) string { return fmt.Sprint(err) }
	want, wantErr := readMetadata(path, 1, never)
	triplets, tripletsErr := readTriplets(path, 9, 1, never)
	for _, size := range []int{1, 7, 40, 1000} {
		m, err := readMetadata(path, size, 0)
		if said(err) != said(wantErr) {
			t.Fatalf("metadata in blocks of %d: %v, want %v", size, err, wantErr)
		}
		if d := cmp.Diff(want, m); d != "" {
			t.Fatalf("metadata in blocks of %d: %s", size, d)
		}
		for _, from := range []int64{0, never} {
			l, err := readLabels(path, size, from)
			if said(err) != said(wantErr) {
				t.Fatalf("labels in blocks of %d: %v, want %v", size, err, wantErr)
			}
			if err != nil {
				continue
			}
			if d := cmp.Diff(want.Labels(), l); d != "" {
				t.Fatalf("labels in blocks of %d: %s", size, d)
			}
		}
		ts, err := readTriplets(path, 9, size, 0)
		if said(err) != said(tripletsErr) {
			t.Fatalf("triplets in blocks of %d: %v, want %v", size, err, tripletsErr)
		}
		if d := cmp.Diff(triplets, ts); d != "" {
			t.Fatalf("triplets in blocks of %d: %s", size, d)
		}
	}
}

func TestBlocks(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	odd := []string{"\n", "\r\n", "\"a\n\"\"\"\tb\t1\tf\t1.jpg\n", "a\tb\t1\tf\t./x..y.jpg\n", "帽子\tgrün\t \tf\tä/1.jpg\r\n", "\t\t\t\tx.\n"}
	wrong := []string{"a\tb\n", "a\tb\t1\tf\t../1.jpg\n", "a\tb\t1\tf\t1.jpg\t\n", "\xff\tb\t1\tf\t1.jpg\n", "a\tb\t1\tf\t\x00.jpg\n", "\"a\n", "a\tb\t1\tf\t\n"}
	for i := range 60 {
		var b strings.Builder
		b.WriteString([]string{"", "\ufeff"}[i%2] + header)
		for range r.IntN(50) {
			if r.IntN(12) == 0 {
				b.WriteString(odd[r.IntN(len(odd))])
			}
			fmt.Fprintf(&b, "c%d\t\t%d\tf\tp/%d.jpg\n", r.IntN(3), r.IntN(9), r.IntN(1000))
		}
		if i%3 == 0 {
			b.WriteString(wrong[i/3%len(wrong)])
		}
		sameByBlocks(t, write(t, strings.TrimSuffix(b.String(), []string{"", "\n"}[r.IntN(2)])))
	}
	for i := range 40 {
		var b strings.Builder
		b.WriteString("n\tx\tq\tp\n")
		for range r.IntN(50) {
			fmt.Fprintf(&b, "%d\t%s\t%d\t0%d\n", r.IntN(9), []string{"", "text", "\"a\nb\""}[r.IntN(20)/9%3], r.IntN(9), r.IntN(9))
		}
		if i%2 == 0 {
			b.WriteString([]string{"1\t\t9\t1\n", "1\t\t\t2\n", "1\t2\n", "-1\t\t1\t1\n"}[i/2%4])
		}
		sameByBlocks(t, write(t, b.String()))
	}
}

// A table of a usual form takes at most twice its length of memory.
func TestReadersMemory(t *testing.T) {
	var meta, triplets strings.Builder
	meta.WriteString("\t" + header)
	triplets.WriteString("q\tp\tn\n")
	for i := range 150_000 {
		fmt.Fprintf(&meta, "%d\tcategory%d\tcolour%d\t%d\tfemale\tfolder%d/%d_%d.jpg\n", i, i%25, i%47, 100_000+i/4, i%256, i, i%4)
		fmt.Fprintf(&triplets, "%d\t%d\t%d\n", i, i*7%150_000, i*13%150_000)
	}
	dir := t.TempDir()
	m, ts := filepath.Join(dir, "m.csv"), filepath.Join(dir, "t.csv")
	put(t, m, []byte(meta.String()))
	put(t, ts, []byte(triplets.String()+strings.TrimPrefix(triplets.String(), "q\tp\tn\n")))
	for _, c := range []struct {
		path string
		read func() (any, error)
	}{
		{m, func() (any, error) { return ReadMetadata(m) }},
		{m, func() (any, error) { return ReadLabels(m) }},
		{ts, func() (any, error) { return ReadTriplets(ts, 150_000) }},
	} {
		info, err := os.Stat(c.path)
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		got, err := c.read()
		if err != nil {
			t.Fatal(err)
		}
		runtime.GC()
		runtime.GC() // what a sync.Pool holds goes with the second
		runtime.ReadMemStats(&after)
		if held := int64(after.HeapAlloc) - int64(before.HeapAlloc); held > 2*info.Size() {
			t.Errorf("%T holds %d bytes of a table of %d", got, held, info.Size())
		}
		// All that was ever allocated on the way: blocks, and what was outgrown.
		if all := int64(after.TotalAlloc - before.TotalAlloc); all > 4*info.Size() && !underRace {
			t.Errorf("%T allocated %d bytes for a table of %d", got, all, info.Size())
		}
		runtime.KeepAlive(got)
	}
}

// allocated gives the bytes that do allocates.
func allocated(do func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}
