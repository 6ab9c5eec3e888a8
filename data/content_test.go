package data

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDecodePicture: a file's content gives what the file gives as a row of a table.
func TestDecodePicture(t *testing.T) {
	paths, err := filepath.Glob("testdata/orientation/*.jpg")
	if err != nil {
		t.Fatal(err)
	}
	paths = append(paths, pillowCases(t)...)
	for _, fit := range []string{"stretch", "crop", "pad"} {
		for _, path := range paths {
			p, err := OpenPictures(&Metadata{Name: []string{filepath.Base(path)}}, filepath.Dir(path), PictureOptions{Size: 20, Fit: fit})
			if err != nil {
				t.Fatal(err)
			}
			want, err := p.Load(0)
			if err := errors.Join(err, p.Close()); err != nil {
				t.Fatal(err)
			}
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := DecodePicture(content, 20, fit, 1<<20); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s, %s: %v", path, fit, err)
			}
			_, config, err := sniff(content)
			if err != nil {
				t.Fatal(err)
			}
			pixels := config.Width * config.Height
			if _, err := DecodePicture(content, 20, fit, pixels); err != nil {
				t.Errorf("%s, as large as may be: %v", path, err)
			}
			_, err = DecodePicture(content, 20, fit, pixels-1)
			if r, ok := errors.AsType[*Refused](err); !ok || r.Path != "" || !strings.Contains(r.Reason, "pixels") {
				t.Errorf("%s, too large: %v", path, err)
			}
		}
	}
	for _, content := range []string{"", "no picture", "%PDF", "\x89PNG\r\n\x1a\n"} {
		_, err := DecodePicture([]byte(content), 20, "pad", 1<<20)
		if _, ok := errors.AsType[*Refused](err); !ok {
			t.Errorf("%q: %v", content, err)
		}
	}
}
