package datasets

import (
	"fmt"
	"image"
	"os"
	"path"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"deeprank/data"
	"deeprank/internal/fserror"
)

// The sets that Read knows.
const (
	InShop = "inshop"
	SOP    = "sop"
	CUB    = "cub"
	Folder = "folder"
)

// Names lists the sets that Read knows.
func Names() []string { return []string{InShop, SOP, CUB, Folder} }

// The splits of CUB.
const (
	ZeroShot = "zero-shot" // the first half of the classes to train on, the second to test on
	Official = "official"  // train_test_split.txt: all classes on both sides
)

// Part says what a picture is for; a picture of the test half is Query and Gallery at once.
type Part uint8

// The parts.
const (
	Train Part = 1 << iota
	Query
	Gallery
	Test = Query | Gallery
)

// Picture is a picture as a set lists it.
type Picture struct {
	Name                 string // its path below Set.Images, with slashes
	ID, Category, Gender string // "" is unknown
	Part                 Part
	Box                  image.Rectangle // what of it shows the thing, in stored pixels; empty: not known. Read with ReadOptions.Boxes alone
	List                 string          // the file that lists it; for Folder the picture itself
	Line                 int             // the line there; 0 for Folder
}

// Counts are the numbers of pictures and products in each part.
type Counts struct {
	TrainPictures   int `json:"train_pictures"`
	TrainProducts   int `json:"train_products"`
	QueryPictures   int `json:"query_pictures"`
	QueryProducts   int `json:"query_products"`
	GalleryPictures int `json:"gallery_pictures"`
	GalleryProducts int `json:"gallery_products"`
}

// Set is what a set's lists say.
type Set struct {
	From      string // one of Names
	Root      string // the folder with the lists
	Images    string // the folder that the pictures' names are below
	Pictures  []Picture
	Published Counts   // of the whole set; zero where nothing is published
	Recall    []int    // the k of recall@k that papers report
	BoxSide   int      // the largest side of the pictures that the boxes are of; 0 where they are of the pictures as they are
	Notes     []string // what the user should know
}

// ReadOptions say how to read a set.
type ReadOptions struct {
	Root   string // the folder that its archive was unpacked into
	Images string // the folder that its pictures are below; "" means that it is looked for
	Split  string // of CUB: ZeroShot (also "") or Official
	Boxes  bool   // read the boxes; InShop and CUB have them
}

// HasBoxes says whether a set comes with boxes.
func HasBoxes(from string) bool { return from == InShop || from == CUB }

// Read reads the lists of a set. What is wrong with them comes as a *data.Refused that names file and line. It opens no picture.
func Read(from string, o ReadOptions) (*Set, error) {
	info, err := os.Stat(o.Root)
	switch {
	case err != nil:
		return nil, &data.Refused{Path: o.Root, Reason: "cannot open the set's folder", Remedy: "check --root", Err: fserror.Cause(err)}
	case !info.IsDir():
		return nil, &data.Refused{Path: o.Root, Reason: "is not a folder", Remedy: "name the folder that the set's archive was unpacked into; unpack it first"}
	}
	read, ok := map[string]func(ReadOptions) (*Set, error){InShop: readInShop, SOP: readSOP, CUB: readCUB, Folder: readFolder}[from]
	if !ok {
		return nil, fmt.Errorf("datasets: unknown set %q", from)
	}
	s, err := read(o)
	if err != nil {
		return nil, err
	}
	if n := SharedProducts(s.Pictures); n > 0 && o.Split != Official {
		s.Notes = append(s.Notes, fmt.Sprintf("%d products have pictures on both sides, to train on and to test on: the test does not show how the network does on new products", n))
	}
	return s, nil
}

// Count counts the pictures and products of each part.
func Count(pictures []Picture) Counts {
	products := [3]map[string]struct{}{{}, {}, {}}
	var n [3]int
	for i := range pictures {
		for k := range n {
			if pictures[i].Part&(1<<k) != 0 {
				n[k]++
				products[k][pictures[i].ID] = struct{}{}
			}
		}
	}
	return Counts{n[0], len(products[0]), n[1], len(products[1]), n[2], len(products[2])}
}

// locate finds a set's folder: root, or the folder in it that the archive makes, or the one with the lists in a folder of their own. It returns
// the first of the paths, below root, at which there is a file.
func locate(root, what string, paths ...string) (string, error) {
	for _, p := range paths {
		full := filepath.Join(root, filepath.FromSlash(p))
		if info, err := os.Stat(full); err == nil && !info.IsDir() {
			return full, nil
		}
	}
	return "", &data.Refused{Path: root, Reason: fmt.Sprintf("holds no %s (looked for %s)", what, strings.Join(paths, ", ")),
		Remedy: "--root names the folder that the set's archive was unpacked into"}
}

// probes is how many of the listed pictures are looked for where a set's pictures may lie.
const probes = 100

// locateImages finds the folder that the pictures' names are below: the one of the candidates that holds the most of the first pictures.
// With strip, a candidate is also tried for the names without that prefix; the names are changed where that is where they lie.
func locateImages(s *Set, strip string, candidates ...string) error {
	best, bestHits, bestPrefix := "", 0, ""
	for _, dir := range candidates {
		for _, prefix := range []string{"", strip} {
			hits := 0
			for i := range min(probes, len(s.Pictures)) {
				name, ok := strings.CutPrefix(s.Pictures[i].Name, prefix)
				if info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name))); ok && err == nil && !info.IsDir() {
					hits++
				}
			}
			if hits > bestHits {
				best, bestHits, bestPrefix = dir, hits, prefix
			}
		}
	}
	if bestHits == 0 {
		return &data.Refused{
			Path: s.Pictures[0].List, Line: s.Pictures[0].Line,
			Reason: fmt.Sprintf("none of the first %d listed pictures is in %s; the first is %s", min(probes, len(s.Pictures)), strings.Join(candidates, ", "), s.Pictures[0].Name),
			Remedy: "unpack the archive of the pictures too, or name their folder with --images",
		}
	}
	s.Images = best
	for i := range s.Pictures {
		s.Pictures[i].Name = strings.TrimPrefix(s.Pictures[i].Name, bestPrefix)
	}
	return nil
}

// checkName says what is wrong with a picture's name in a list, or "".
func checkName(name string) string {
	switch {
	case name == "":
		return "is empty"
	case !utf8.ValidString(name) || strings.ContainsAny(name, "\r\x00"):
		return "is not text that a table can hold"
	case path.IsAbs(name):
		return "is an absolute path"
	case path.Clean(name) != name || name == "." || name == ".." || strings.HasPrefix(name, "../"):
		return "is not a plain path below a folder"
	}
	return ""
}
