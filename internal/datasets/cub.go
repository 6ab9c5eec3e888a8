package datasets

import (
	"errors"
	"fmt"
	"image"
	"io"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"deeprank/data"
)

// readCUB reads CUB-200-2011. Its lists give each picture a number, and say one thing of it each:
//
//	images.txt               1 001.Black_footed_Albatross/Black_Footed_Albatross_0046_18.jpg
//	image_class_labels.txt   1 1
//	train_test_split.txt     1 0                             1: to train on
//	bounding_boxes.txt       1 60.0 27.0 325.0 304.0         x y width height
//	classes.txt              1 001.Black_footed_Albatross    of classes
//
// The product is the class, since that is what counts as the same; the category is the kind of bird, the last word of the class's
// name, so that negatives of the same category are birds that are hard to tell apart.
func readCUB(o ReadOptions) (*Set, error) {
	images, err := locate(o.Root, "list of CUB-200-2011", "images.txt", "CUB_200_2011/images.txt")
	if err != nil {
		return nil, err
	}
	root := filepath.Dir(images)
	s := &Set{
		From: CUB, Root: root, Recall: []int{1, 2, 4, 8},
		Published: Counts{5864, 100, 5924, 100, 5924, 100},
	}
	var listed, labels, classes, split, boxes map[int]entry
	for _, f := range []struct {
		file   string
		table  *map[int]entry
		fields int
		wanted bool
	}{
		{"images.txt", &listed, 0, true},
		{"image_class_labels.txt", &labels, 1, true},
		{"classes.txt", &classes, 0, true},
		{"train_test_split.txt", &split, 1, o.Split == Official},
		{"bounding_boxes.txt", &boxes, 4, o.Boxes},
	} {
		if !f.wanted {
			continue
		}
		err := withList(filepath.Join(root, f.file), func(l *list) (err error) {
			*f.table, err = parseNumbered(l, f.fields)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	c := cubLists{root: root, labels: labels, classes: classes, split: split, boxes: boxes}
	if o.Split == Official {
		s.Published = Counts{5994, 200, 5794, 200, 5794, 200}
		s.Notes = append(s.Notes, "the official split has all classes on both sides: it is for classifiers; papers on retrieval use the zero-shot split")
	}
	var seen once
	for _, n := range slices.Sorted(maps.Keys(listed)) {
		p, err := c.picture(n, listed[n])
		if err != nil {
			return nil, err
		}
		l := &list{path: p.List, line: p.Line}
		if s.Pictures, err = seen.add(l, s.Pictures, p); err != nil {
			return nil, err
		}
	}
	s.Notes = append(s.Notes, seen.note()...)
	candidates := []string{filepath.Join(root, "images"), root}
	if o.Images != "" {
		candidates = []string{o.Images}
	}
	return s, locateImages(s, "", candidates...)
}

// entry is what a list says of a number, and where.
type entry struct {
	text string
	line int
}

// parseNumbered reads lines of a number and something: fields fields, or any text with fields = 0.
func parseNumbered(l *list, fields int) (map[int]entry, error) {
	table := map[int]entry{}
	for {
		line, err := l.next()
		if errors.Is(err, io.EOF) {
			if len(table) == 0 {
				return nil, l.empty()
			}
			return table, nil
		}
		if err != nil {
			return nil, err
		}
		key, rest, ok := front(line, 1)
		if !ok || rest == "" || fields > 0 && len(strings.Fields(rest)) != fields {
			return nil, l.refuse("mend the line", "the line is %s, not a number and %s", quote(line), [...]string{0: "a name", 1: "a number", 4: "x y width height"}[fields])
		}
		n, err := l.number("the line's first field", key[0])
		if err != nil {
			return nil, err
		}
		if other, known := table[n]; known {
			return nil, l.refuse("keep one of the two lines", "the number %d stands in line %d already", n, other.line)
		}
		table[n] = entry{rest, l.line}
	}
}

// cubLists are the lists that say something of a picture, by its number; classes is by the class's.
type cubLists struct {
	root                          string
	labels, classes, split, boxes map[int]entry // split and boxes may be nil
}

// picture puts together what the lists say of picture n.
func (c *cubLists) picture(n int, listed entry) (Picture, error) {
	l := &list{path: filepath.Join(c.root, "images.txt"), line: listed.line}
	p := Picture{Name: listed.text, Part: Test, List: l.path, Line: l.line}
	if err := l.picture(p.Name); err != nil {
		return p, err
	}
	label, ok := c.labels[n]
	if !ok {
		return p, l.refuse("unpack the set again", "picture %d has no class in image_class_labels.txt", n)
	}
	at := &list{path: filepath.Join(c.root, "image_class_labels.txt"), line: label.line}
	class, err := at.number("the class", label.text)
	if err != nil {
		return p, err
	}
	name, ok := c.classes[class]
	if !ok {
		return p, at.refuse("unpack the set again", "there is no class %d in classes.txt", class)
	}
	p.ID, p.Category = name.text, kindOfBird(name.text)
	if c.split == nil {
		if class <= len(c.classes)/2 {
			p.Part = Train
		}
	} else {
		part, ok := c.split[n]
		switch {
		case !ok:
			return p, l.refuse("unpack the set again", "picture %d is not in train_test_split.txt", n)
		case part.text == "1":
			p.Part = Train
		case part.text != "0":
			return p, &data.Refused{Path: filepath.Join(c.root, "train_test_split.txt"), Line: part.line, Reason: "the last field is " + quote(part.text) + ", neither 0 nor 1", Remedy: "mend the line"}
		}
	}
	if box, ok := c.boxes[n]; ok {
		if p.Box, err = parseCUBBox(box.text); err != nil {
			return p, &data.Refused{Path: filepath.Join(c.root, "bounding_boxes.txt"), Line: box.line, Reason: err.Error(), Remedy: "mend the line"}
		}
	}
	return p, nil
}

// kindOfBird is the last word of a class's name: Albatross of 001.Black_footed_Albatross.
func kindOfBird(class string) string {
	_, name, ok := strings.Cut(class, ".")
	if !ok {
		name = class
	}
	return name[strings.LastIndexByte(name, '_')+1:]
}

// parseCUBBox reads x, y, width and height, in pixels, as pixels of the nearest corners.
func parseCUBBox(text string) (image.Rectangle, error) {
	var v [4]float64
	for k, f := range strings.Fields(text) {
		var err error
		if v[k], err = strconv.ParseFloat(f, 64); err != nil || !(math.Abs(v[k]) < 1e6) {
			return image.Rectangle{}, fmt.Errorf("%s is %s, not a number of pixels", [...]string{"x", "y", "width", "height"}[k], quote(f))
		}
	}
	round := func(x float64) int { return int(math.Round(x)) }
	return image.Rectangle{image.Pt(round(v[0]), round(v[1])), image.Pt(round(v[0]+v[2]), round(v[1]+v[3]))}, nil
}
