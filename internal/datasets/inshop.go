package datasets

import (
	"errors"
	"fmt"
	"image"
	"io"
	"path/filepath"
	"strconv"
	"strings"
)

// readInShop reads DeepFashion's In-shop Clothes Retrieval Benchmark.
func readInShop(o ReadOptions) (*Set, error) {
	const archive = "In-shop Clothes Retrieval Benchmark"
	partition, err := locate(o.Root, "list of DeepFashion In-shop",
		"Eval/list_eval_partition.txt", "list_eval_partition.txt", archive+"/Eval/list_eval_partition.txt")
	if err != nil {
		return nil, err
	}
	root := filepath.Dir(partition)
	if filepath.Base(root) == "Eval" {
		root = filepath.Dir(root)
	}
	s := &Set{
		From: InShop, Root: root, Recall: []int{1, 10, 20, 30}, BoxSide: 256,
		Published: Counts{25882, 3997, 14218, 3985, 12612, 3985},
	}
	err = withList(partition, func(l *list) (err error) {
		s.Pictures, s.Notes, err = parsePartition(l)
		return err
	})
	if err != nil {
		return nil, err
	}
	if o.Boxes {
		path, err := locate(root, "boxes of DeepFashion In-shop", "Anno/list_bbox_inshop.txt", "list_bbox_inshop.txt")
		if err != nil {
			return nil, err
		}
		var boxes map[string]image.Rectangle
		err = withList(path, func(l *list) (err error) {
			boxes, err = parseInShopBoxes(l)
			return err
		})
		if err != nil {
			return nil, err
		}
		for i := range s.Pictures {
			s.Pictures[i].Box = boxes[s.Pictures[i].Name]
		}
	}
	candidates := []string{root, filepath.Join(root, "Img"), filepath.Join(root, "img")}
	if o.Images != "" {
		candidates = []string{o.Images}
	}
	return s, locateImages(s, "img/", candidates...)
}

// parsePartition reads Eval/list_eval_partition.txt:
//
//	52712
//	image_name                                         item_id        evaluation_status
//	img/WOMEN/Dresses/id_00000002/02_1_front.jpg       id_00000002    train
//
// The first line counts the pictures; it may be missing, and a number that does not hold is a note.
func parsePartition(l *list) (pictures []Picture, notes []string, err error) {
	counted, err := l.counted("image_name", "item_id", "evaluation_status")
	if err != nil {
		return nil, nil, err
	}
	var listed once
	lines := 0
	for {
		line, err := l.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		lines++
		name, fields, ok := back(line, 2)
		if !ok || name == "" {
			return nil, nil, l.refuse("mend the line", "the line is %s, not image_name, item_id and evaluation_status", quote(line))
		}
		if err := l.picture(name); err != nil {
			return nil, nil, err
		}
		p := Picture{Name: name, ID: fields[0], List: l.path, Line: l.line}
		switch strings.ToLower(fields[1]) {
		case "train":
			p.Part = Train
		case "query":
			p.Part = Query
		case "gallery":
			p.Part = Gallery
		default:
			return nil, nil, l.refuse("mend the line", "evaluation_status is %s, none of train, query and gallery", quote(fields[1]))
		}
		p.Gender, p.Category = inShopFolders(name)
		if pictures, err = listed.add(l, pictures, p); err != nil {
			return nil, nil, err
		}
	}
	if len(pictures) == 0 {
		return nil, nil, l.empty()
	}
	return pictures, append(l.miscounted(counted, lines), listed.note()...), nil
}

// inShopFolders reads gender and category from a path such as img/WOMEN/Dresses/id_00000002/02_1_front.jpg; "" where it is another one.
func inShopFolders(name string) (gender, category string) {
	parts := strings.Split(strings.TrimPrefix(name, "img/"), "/")
	if len(parts) < 3 {
		return "", ""
	}
	switch g := strings.ToLower(parts[0]); g {
	case "women", "men":
		return g, parts[1]
	}
	return "", ""
}

// parseInShopBoxes reads Anno/list_bbox_inshop.txt: clothes_type is 1 to 3, pose_type 1 to 6, the corners are pixels of the 256 x 256 pictures.
//
//	52712
//	image_name                                    clothes_type  pose_type  x_1 y_1 x_2 y_2
//	img/WOMEN/Dresses/id_00000002/02_1_front.jpg  3             1          050 049 208 236
func parseInShopBoxes(l *list) (map[string]image.Rectangle, error) {
	if _, err := l.counted("image_name", "clothes_type", "pose_type", "x_1", "y_1", "x_2", "y_2"); err != nil {
		return nil, err
	}
	boxes := map[string]image.Rectangle{}
	for {
		line, err := l.next()
		if errors.Is(err, io.EOF) {
			return boxes, nil
		}
		if err != nil {
			return nil, err
		}
		name, fields, ok := back(line, 6)
		if !ok || name == "" {
			return nil, l.refuse("mend the line", "the line is %s, not image_name, clothes_type, pose_type and four corners", quote(line))
		}
		var corner [4]int
		for k, f := range fields[2:] {
			if corner[k], err = l.number([...]string{"x_1", "y_1", "x_2", "y_2"}[k], f); err != nil {
				return nil, err
			}
		}
		box := image.Rectangle{image.Pt(corner[0], corner[1]), image.Pt(corner[2], corner[3])} // may be empty: not turned round
		if other, known := boxes[name]; known && other != box {
			return nil, l.refuse("keep one of the two lines", "%s has another box in an earlier line", quote(name))
		}
		boxes[name] = box
	}
}

// counted reads what DeepFashion's lists begin with: a line with the number of rows, which may be missing (-1), and the header.
func (l *list) counted(columns ...string) (count int, err error) {
	line, err := l.next()
	if err == nil {
		if count, err = strconv.Atoi(line); err != nil {
			return -1, l.header(line, columns...)
		}
		line, err = l.next()
	}
	if errors.Is(err, io.EOF) {
		return 0, l.empty()
	}
	if err != nil {
		return 0, err
	}
	return count, l.header(line, columns...)
}

// miscounted tells of a first line that does not count the rows.
func (l *list) miscounted(counted, lines int) []string {
	if counted < 0 || counted == lines {
		return nil
	}
	return []string{fmt.Sprintf("%s:1: the first line counts %d pictures, but %d follow; is the file whole?", l.path, counted, lines)}
}
