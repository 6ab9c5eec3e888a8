package datasets

import (
	"errors"
	"image"
	"strings"
	"testing"

	"deeprank/data"
)

// checkParsed checks what every parser of a list keeps to: an error is a *data.Refused of a line that is there, a picture's name stays below its
// folder, and its line is one of the list's.
func checkParsed(t *testing.T, content string, pictures []Picture, err error) {
	t.Helper()
	lines := strings.Count(content, "\n") + 1
	if err != nil {
		var r *data.Refused
		if !errors.As(err, &r) || r.Path != "list" || r.Line < 0 || r.Line > lines || strings.Contains(err.Error(), "\n") {
			t.Fatalf("%q: error %v", content, err)
		}
		return
	}
	seen := map[string]bool{}
	for _, p := range pictures {
		if p.Name == "" || p.Name[0] == '/' || strings.Contains("/"+p.Name+"/", "/../") || seen[p.Name] || p.ID == "" || p.Part == 0 || p.Line < 1 || p.Line > lines {
			t.Fatalf("%q: picture %+v", content, p)
		}
		seen[p.Name] = true
		if line := strings.Split(content, "\n")[p.Line-1]; !strings.Contains(line, p.Name) || !strings.Contains(line, p.ID) {
			t.Fatalf("%q: picture %+v is not in line %q", content, p, line)
		}
	}
}

func FuzzPartition(f *testing.F) {
	f.Add(partition)
	f.Add("\ufeff1\r\nimage_name item_id evaluation_status\r\n a b.jpg \t id train \r\n\r\n")
	f.Add("image_name item_id evaluation_status\nx/../y 1 query\n")
	f.Fuzz(func(t *testing.T, content string) {
		pictures, _, err := parsePartition(newList("list", strings.NewReader(content)))
		checkParsed(t, content, pictures, err)
	})
}

func FuzzInShopBoxes(f *testing.F) {
	f.Add(inShopBoxes)
	f.Add("1\nimage_name clothes_type pose_type x_1 y_1 x_2 y_2\na b.jpg 1 1 2147483647 0 0 2147483648\n")
	f.Fuzz(func(t *testing.T, content string) {
		boxes, err := parseInShopBoxes(newList("list", strings.NewReader(content)))
		checkParsed(t, content, nil, err)
		for name, box := range boxes {
			if name == "" || box.Intersect(image.Rect(0, 0, 256, 256)).Dx() > 256 {
				t.Fatalf("%q: %q has the box %v", content, name, box)
			}
		}
	})
}

func FuzzEbay(f *testing.F) {
	f.Add(sop()["Ebay_train.txt"])
	f.Add("image_id class_id super_class_id path\r\n1 1 1 a b /c.JPG\r\n1 1 1 a b /c.JPG")
	f.Fuzz(func(t *testing.T, content string) {
		var listed once
		pictures, err := parseEbay(newList("list", strings.NewReader(content)), Test, nil, &listed)
		checkParsed(t, content, pictures, err)
	})
}

func FuzzNumbered(f *testing.F) {
	for name, content := range cub() {
		if strings.HasSuffix(name, ".txt") {
			f.Add(content, len(content)%3)
		}
	}
	f.Fuzz(func(t *testing.T, content string, which int) {
		fields := [...]int{0, 1, 4}[uint(which)%3]
		table, err := parseNumbered(newList("list", strings.NewReader(content)), fields)
		checkParsed(t, content, nil, err)
		for n, e := range table {
			if n < 0 || e.text == "" || fields > 0 && len(strings.Fields(e.text)) != fields {
				t.Fatalf("%q: %d is %+v", content, n, e)
			}
			if fields == 4 {
				box, err := parseCUBBox(e.text)
				if err == nil && (box.Min.X < -1e7 || box.Max.Y > 1e7) {
					t.Fatalf("%q: the box %v", e.text, box)
				}
			}
		}
	})
}

// FuzzFields: the two ways of cutting a line agree with strings.Fields where the rest holds no spaces.
func FuzzFields(f *testing.F) {
	f.Add("a b c")
	f.Add("a \u00a0 b\tc\u2003d  e")
	f.Fuzz(func(t *testing.T, line string) {
		line = strings.TrimSpace(strings.ToValidUTF8(line, "?"))
		fields := strings.Fields(line)
		for n := range 5 {
			first, rest, ok := front(line, n)
			before, last, okBack := back(line, n)
			if enough := len(fields) >= n; ok != enough || okBack != enough {
				t.Fatalf("%q, %d of %d fields: %v, %v", line, n, len(fields), ok, okBack)
			}
			if !ok {
				continue
			}
			if strings.Join(first, "|") != strings.Join(fields[:n], "|") || strings.Join(strings.Fields(rest), "|") != strings.Join(fields[n:], "|") {
				t.Fatalf("%q: front %q, %q", line, first, rest)
			}
			if strings.Join(last, "|") != strings.Join(fields[len(fields)-n:], "|") || strings.Join(strings.Fields(before), "|") != strings.Join(fields[:len(fields)-n], "|") {
				t.Fatalf("%q: back %q, %q", line, before, last)
			}
		}
	})
}
