package datasets

import (
	"errors"
	"io"
	"path/filepath"
	"strings"
)

// readSOP reads Stanford Online Products: Ebay_train.txt and Ebay_test.txt. Pictures of the test are queries and gallery at once.
func readSOP(o ReadOptions) (*Set, error) {
	train, err := locate(o.Root, "list of Stanford Online Products", "Ebay_train.txt", "Stanford_Online_Products/Ebay_train.txt")
	if err != nil {
		return nil, err
	}
	root := filepath.Dir(train)
	s := &Set{
		From: SOP, Root: root, Recall: []int{1, 10, 100, 1000},
		Published: Counts{59551, 11318, 60502, 11316, 60502, 11316},
	}
	var listed once
	for _, half := range []struct {
		file string
		part Part
	}{{"Ebay_train.txt", Train}, {"Ebay_test.txt", Test}} {
		err := withList(filepath.Join(root, half.file), func(l *list) (err error) {
			s.Pictures, err = parseEbay(l, half.part, s.Pictures, &listed)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	s.Notes = listed.note()
	candidates := []string{root, filepath.Join(root, "images")}
	if o.Images != "" {
		candidates = []string{o.Images}
	}
	return s, locateImages(s, "", candidates...)
}

// parseEbay appends the pictures of one list:
//
//	image_id class_id super_class_id path
//	1 1 1 bicycle_final/111085122871_0.JPG
//
// The product is class_id; the category is the super class, by its folder's name without "_final", or by its number where there is no folder.
func parseEbay(l *list, part Part, pictures []Picture, listed *once) ([]Picture, error) {
	line, err := l.next()
	if errors.Is(err, io.EOF) {
		return nil, l.empty()
	}
	if err != nil {
		return nil, err
	}
	if err := l.header(line, "image_id", "class_id", "super_class_id", "path"); err != nil {
		return nil, err
	}
	for rows := 0; ; rows++ {
		line, err := l.next()
		if errors.Is(err, io.EOF) {
			if rows == 0 {
				return nil, l.empty()
			}
			return pictures, nil
		}
		if err != nil {
			return nil, err
		}
		fields, name, ok := front(line, 3)
		if !ok || name == "" {
			return nil, l.refuse("mend the line", "the line is %s, not image_id, class_id, super_class_id and path", quote(line))
		}
		for k, what := range [...]string{"image_id", "class_id", "super_class_id"} {
			if _, err := l.number(what, fields[k]); err != nil {
				return nil, err
			}
		}
		if err := l.picture(name); err != nil {
			return nil, err
		}
		p := Picture{Name: name, ID: fields[1], Category: fields[2], Part: part, List: l.path, Line: l.line}
		if folder, _, ok := strings.Cut(name, "/"); ok {
			p.Category = strings.TrimSuffix(folder, "_final")
		}
		if pictures, err = listed.add(l, pictures, p); err != nil {
			return nil, err
		}
	}
}
