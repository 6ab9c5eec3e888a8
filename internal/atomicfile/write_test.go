package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "page.html")
	text := func(s string, err error) func(io.Writer) error {
		return func(w io.Writer) error {
			if _, failed := io.WriteString(w, s); failed != nil {
				return failed
			}
			return err
		}
	}
	broken := errors.New("no more")
	for _, c := range []struct {
		write string
		err   error
		want  string
	}{{"one", nil, "one"}, {"two", nil, "two"}, {"half", broken, "two"}, {strings.Repeat("long", 1<<16), broken, "two"}} {
		if err := Write(path, text(c.write, c.err)); !errors.Is(err, c.err) || err != nil && !strings.Contains(err.Error(), path) {
			t.Errorf("%v", err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != c.want {
			t.Errorf("the file holds %q (%v), want %q", got, err, c.want)
		}
		if left, _ := os.ReadDir(dir); len(left) != 1 {
			t.Errorf("left behind: %v", left)
		}
	}
	for _, c := range []struct {
		path string
		want error
	}{{filepath.Join(dir, "none", "x"), os.ErrNotExist}, {dir, nil}} {
		err := Write(c.path, text("", nil))
		if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.path+": ") || strings.Contains(err.Error(), ".part") {
			t.Errorf("%s cannot be written: %v", c.path, err)
		}
	}
}
