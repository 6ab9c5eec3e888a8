package datasets

import (
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"deeprank/data"
	"deeprank/internal/fserror"
)

// readFolder reads a folder that has a folder for each class. The product is the path of the picture's folder; the category is the folder above
// that, or, where there is none, the same. Folders train and test, or train, query and gallery, at the top are parts and not classes; so is
// val, which then stands for test.
func readFolder(o ReadOptions) (*Set, error) {
	s := &Set{From: Folder, Root: o.Root, Images: o.Root}
	parts, err := folderParts(o.Root)
	if err != nil {
		return nil, err
	}
	w := folderWalk{set: s}
	for _, p := range parts {
		if err := w.walk(p.folder, "", p.part); err != nil {
			return nil, err
		}
	}
	if len(s.Pictures) == 0 {
		return nil, &data.Refused{Path: o.Root, Reason: "there are no pictures in folders below it (" + w.leftOut() + ")", Remedy: "put the pictures of each class into a folder of its own"}
	}
	if text := w.leftOut(); text != "" {
		s.Notes = append(s.Notes, text)
	}
	return s, nil
}

// folderPart is a folder below the root ("" is the root itself) and the part that its pictures are.
type folderPart struct {
	folder string
	part   Part
}

// folderParts finds out whether the folders at the top are parts.
func folderParts(root string) ([]folderPart, error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, &data.Refused{Path: root, Reason: "cannot read the folder", Remedy: "check --root", Err: fserror.Cause(err)}
	}
	known := map[string]Part{"train": Train, "test": Test, "val": Test, "query": Query, "gallery": Gallery}
	found := map[string]string{}
	others := 0
	for _, e := range entries {
		name := strings.ToLower(e.Name())
		switch {
		case !e.IsDir() || strings.HasPrefix(name, "."):
		case known[name] != 0:
			found[name] = e.Name()
		default:
			others++
		}
	}
	if others > 0 || len(found) == 0 {
		return []folderPart{{"", Train}}, nil
	}
	has := func(names ...string) int {
		n := 0
		for _, name := range names {
			if found[name] != "" {
				n++
			}
		}
		return n
	}
	if has("test", "val") > 1 || has("test", "val") > 0 && has("query", "gallery") > 0 || has("query", "gallery") == 1 {
		return nil, &data.Refused{Path: root, Reason: "its folders are " + strings.Join(slices.Sorted(maps.Values(found)), ", ") + ", and it is not clear what is to be the test",
			Remedy: "keep train and test, or train, query and gallery; or name one of them with --root"}
	}
	var parts []folderPart
	for _, name := range []string{"train", "test", "val", "query", "gallery"} {
		if found[name] != "" {
			parts = append(parts, folderPart{found[name], known[name]})
		}
	}
	return parts, nil
}

// folderWalk collects pictures, in the order of their names.
type folderWalk struct {
	set                  *Set
	loose, others, links int // pictures in no class's folder, other files, links to folders
	first                [3]string
}

// walk collects the pictures of a class, whose path is prefix/class, and of the classes below it. class "" is the part's own folder.
func (w *folderWalk) walk(prefix, class string, part Part) error {
	below := path.Join(prefix, class)
	dir := filepath.Join(w.set.Root, filepath.FromSlash(below))
	entries, err := os.ReadDir(dir)
	if err != nil {
		return &data.Refused{Path: dir, Reason: "cannot read the folder", Remedy: "check its permissions", Err: fserror.Cause(err)}
	}
	category := path.Dir(class)
	if category == "." {
		category = class
	}
	for _, e := range entries {
		name := path.Join(below, e.Name())
		full := filepath.Join(dir, e.Name())
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if e.IsDir() {
			if wrong := checkName(name); wrong != "" {
				return &data.Refused{Path: dir, Reason: fmt.Sprintf("the folder %s %s", quote(e.Name()), wrong), Remedy: "rename it"}
			}
			if err := w.walk(prefix, path.Join(class, e.Name()), part); err != nil {
				return err
			}
			continue
		}
		if info, err := os.Stat(full); err == nil && info.IsDir() {
			w.count(2, &w.links, full)
			continue
		}
		switch {
		case !isPicture(e.Name()):
			w.count(1, &w.others, full)
			continue
		case class == "":
			w.count(0, &w.loose, full)
			continue
		}
		if wrong := checkName(name); wrong != "" {
			return &data.Refused{Path: dir, Reason: fmt.Sprintf("the picture %s %s", quote(e.Name()), wrong), Remedy: "rename it"}
		}
		w.set.Pictures = append(w.set.Pictures, Picture{Name: name, ID: class, Category: category, Part: part, List: full})
	}
	return nil
}

func (w *folderWalk) count(kind int, n *int, path string) {
	if *n == 0 {
		w.first[kind] = path
	}
	*n++
}

// leftOut tells what was not taken, or "".
func (w *folderWalk) leftOut() string {
	var parts []string
	for kind, n := range []int{w.loose, w.others, w.links} {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s, such as %s", n, [...]string{"pictures in no class's folder", "files that are no pictures by their names", "links to folders"}[kind], w.first[kind]))
		}
	}
	if parts == nil {
		return ""
	}
	return "left out: " + strings.Join(parts, "; ")
}

// isPicture says whether a file is a picture by its name.
func isPicture(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".jpg", ".jpeg", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp":
		return true
	}
	return false
}
