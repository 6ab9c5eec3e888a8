package datasets

import (
	"errors"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deeprank/data"
)

// files makes a folder with these files.
func files(t testing.TB, contents map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range contents {
		put(t, filepath.Join(dir, name), content)
	}
	return dir
}

func put(t testing.TB, path, content string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(content), 0o666)); err != nil {
		t.Fatal(err)
	}
}

const partition = `4
image_name                                                  item_id        evaluation_status
img/WOMEN/Dresses/id_00000002/02_1_front.jpg                id_00000002    train
img/MEN/Denim/id_00000080/01_7_additional.jpg               id_00000080    train
img/WOMEN/Blouses_Shirts/id_00000001/02_1_front.jpg         id_00000001    query
img/WOMEN/Blouses_Shirts/id_00000001/02_2_side.jpg          id_00000001    gallery
`

const inShopBoxes = `4
image_name                                                  clothes_type   pose_type  x_1  y_1  x_2  y_2
img/WOMEN/Dresses/id_00000002/02_1_front.jpg                3  1  050  049  208  236
img/MEN/Denim/id_00000080/01_7_additional.jpg               2  1  090  010  090  240
img/WOMEN/Blouses_Shirts/id_00000001/02_1_front.jpg         1  1  065  045  233  252
`

// inShop is a set of four pictures, as its archives unpack.
func inShop() map[string]string {
	f := map[string]string{"Eval/list_eval_partition.txt": partition, "Anno/list_bbox_inshop.txt": inShopBoxes}
	for line := range strings.Lines(partition) {
		if name := strings.Fields(line)[0]; strings.HasPrefix(name, "img/") {
			f["Img/"+name] = "picture"
		}
	}
	return f
}

func TestInShop(t *testing.T) {
	at := func(p Picture, list string, line int) Picture {
		p.List, p.Line = list, line
		return p
	}
	pictures := func(list string) []Picture {
		return []Picture{
			at(Picture{Name: "img/WOMEN/Dresses/id_00000002/02_1_front.jpg", ID: "id_00000002", Category: "Dresses", Gender: "women", Part: Train}, list, 3),
			at(Picture{Name: "img/MEN/Denim/id_00000080/01_7_additional.jpg", ID: "id_00000080", Category: "Denim", Gender: "men", Part: Train}, list, 4),
			at(Picture{Name: "img/WOMEN/Blouses_Shirts/id_00000001/02_1_front.jpg", ID: "id_00000001", Category: "Blouses_Shirts", Gender: "women", Part: Query}, list, 5),
			at(Picture{Name: "img/WOMEN/Blouses_Shirts/id_00000001/02_2_side.jpg", ID: "id_00000001", Category: "Blouses_Shirts", Gender: "women", Part: Gallery}, list, 6),
		}
	}
	move := func(f map[string]string, from, to string) map[string]string {
		g := map[string]string{}
		for name, content := range f {
			if rest, ok := strings.CutPrefix(name, from); ok {
				name = to + rest
			}
			g[name] = content
		}
		return g
	}
	change := func(f map[string]string, change func(string) string) map[string]string {
		f["Eval/list_eval_partition.txt"] = change(f["Eval/list_eval_partition.txt"])
		return f
	}
	for _, c := range []struct {
		name         string
		files        map[string]string
		list, images string // below the root
	}{
		{"as unpacked", inShop(), "Eval/list_eval_partition.txt", "Img"},
		{"CRLF, BOM, spaces at the ends", change(inShop(), func(s string) string {
			return "\ufeff" + strings.ReplaceAll(s, "\n", "  \r\n")
		}), "Eval/list_eval_partition.txt", "Img"},
		{"tabs, no last line end", change(inShop(), func(s string) string {
			return strings.TrimSpace(strings.ReplaceAll(s, "    ", "\t"))
		}), "Eval/list_eval_partition.txt", "Img"},
		{"pictures beside Eval", move(inShop(), "Img/img/", "img/"), "Eval/list_eval_partition.txt", ""},
		{"doubled folder", move(inShop(), "Img/img/", "img/img/"), "Eval/list_eval_partition.txt", "img"},
		{"all in one folder", move(move(inShop(), "Eval/", ""), "Img/", ""), "list_eval_partition.txt", ""},
		{"in the archive's folder", move(inShop(), "", "In-shop Clothes Retrieval Benchmark/"), "In-shop Clothes Retrieval Benchmark/Eval/list_eval_partition.txt", "In-shop Clothes Retrieval Benchmark/Img"},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := files(t, c.files)
			s, err := Read(InShop, ReadOptions{Root: root})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(pictures(filepath.Join(root, c.list)), s.Pictures); d != "" {
				t.Error(d)
			}
			if want := filepath.Join(root, c.images); s.Images != want {
				t.Errorf("the pictures are in %s, want %s", s.Images, want)
			}
			if len(s.Notes) != 0 {
				t.Errorf("notes %q", s.Notes)
			}
		})
	}
	t.Run("pictures elsewhere, without img/", func(t *testing.T) {
		f := inShop()
		highres := files(t, move(f, "Img/img/", ""))
		s, err := Read(InShop, ReadOptions{Root: files(t, f), Images: highres})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := s.Pictures[0].Name, "WOMEN/Dresses/id_00000002/02_1_front.jpg"; got != want || s.Images != highres {
			t.Errorf("%s in %s, want %s in %s", got, s.Images, want, highres)
		}
	})
	t.Run("boxes", func(t *testing.T) {
		s, err := Read(InShop, ReadOptions{Root: files(t, inShop()), Boxes: true})
		if err != nil {
			t.Fatal(err)
		}
		var got []image.Rectangle
		for _, p := range s.Pictures {
			got = append(got, p.Box)
		}
		want := []image.Rectangle{{image.Pt(50, 49), image.Pt(208, 236)}, {image.Pt(90, 10), image.Pt(90, 240)}, {image.Pt(65, 45), image.Pt(233, 252)}, {}}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	})
}

// sop is a set of six pictures.
func sop() map[string]string {
	f := map[string]string{
		"Ebay_train.txt": "image_id class_id super_class_id path\n1 1 1 bicycle_final/111085122871_0.JPG\n2 1 1 bicycle_final/111085122871_1.JPG\n3 2 2 loose one.JPG\n",
		"Ebay_test.txt":  "image_id class_id super_class_id path\n4 11319 5 coffee_maker_final/a_0.JPG\n5 11319 5 coffee_maker_final/a_1.JPG\n6 11320 1 bicycle_final/b_0.JPG\n",
	}
	for _, name := range []string{"bicycle_final/111085122871_0.JPG", "bicycle_final/111085122871_1.JPG", "loose one.JPG", "coffee_maker_final/a_0.JPG", "coffee_maker_final/a_1.JPG", "bicycle_final/b_0.JPG"} {
		f[name] = "picture"
	}
	return f
}

func TestSOP(t *testing.T) {
	root := files(t, sop())
	train, test := filepath.Join(root, "Ebay_train.txt"), filepath.Join(root, "Ebay_test.txt")
	want := []Picture{
		{Name: "bicycle_final/111085122871_0.JPG", ID: "1", Category: "bicycle", Part: Train, List: train, Line: 2},
		{Name: "bicycle_final/111085122871_1.JPG", ID: "1", Category: "bicycle", Part: Train, List: train, Line: 3},
		{Name: "loose one.JPG", ID: "2", Category: "2", Part: Train, List: train, Line: 4},
		{Name: "coffee_maker_final/a_0.JPG", ID: "11319", Category: "coffee_maker", Part: Query | Gallery, List: test, Line: 2},
		{Name: "coffee_maker_final/a_1.JPG", ID: "11319", Category: "coffee_maker", Part: Query | Gallery, List: test, Line: 3},
		{Name: "bicycle_final/b_0.JPG", ID: "11320", Category: "bicycle", Part: Query | Gallery, List: test, Line: 4},
	}
	s, err := Read(SOP, ReadOptions{Root: root})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, s.Pictures); d != "" {
		t.Error(d)
	}
	if s.Images != root || len(s.Notes) != 0 {
		t.Errorf("images %s, notes %q", s.Images, s.Notes)
	}
}

// cub is a set of four classes and six pictures; the lists are not in one order.
func cub() map[string]string {
	f := map[string]string{
		"images.txt": "1 001.Black_footed_Albatross/A_1.jpg\n2 001.Black_footed_Albatross/A_2.jpg\n3 002.Laysan_Albatross/B_3.jpg\n" +
			"4 003.Crow/C_4.jpg\n5 004.Chuck_will_Widow/D_5.jpg\n6 004.Chuck_will_Widow/D_6.jpg\n",
		"image_class_labels.txt": "6 4\n5 4\n4 3\n3 2\n2 1\n1 1\n",
		"train_test_split.txt":   "1 0\n2 1\n3 1\n4 1\n5 0\n6 0\n",
		"bounding_boxes.txt":     "1 60.0 27.0 325.0 304.0\n2 0.5 1.4 10.2 10.0\n3 1 1 1 1\n4 5 5 0 0\n6 1 2 3 4\n",
		"classes.txt":            "1 001.Black_footed_Albatross\n2 002.Laysan_Albatross\n3 003.Crow\n4 004.Chuck_will_Widow\n",
		"README":                 "x",
	}
	for line := range strings.Lines(f["images.txt"]) {
		f["images/"+strings.Fields(line)[1]] = "picture"
	}
	return f
}

func TestCUB(t *testing.T) {
	wrap := map[string]string{}
	for name, content := range cub() {
		wrap["CUB_200_2011/"+name] = content
	}
	outer := files(t, wrap)
	root := filepath.Join(outer, "CUB_200_2011")
	list := filepath.Join(root, "images.txt")
	a, b, c, d := "001.Black_footed_Albatross", "002.Laysan_Albatross", "003.Crow", "004.Chuck_will_Widow"
	want := []Picture{
		{Name: a + "/A_1.jpg", ID: a, Category: "Albatross", Part: Train, List: list, Line: 1},
		{Name: a + "/A_2.jpg", ID: a, Category: "Albatross", Part: Train, List: list, Line: 2},
		{Name: b + "/B_3.jpg", ID: b, Category: "Albatross", Part: Train, List: list, Line: 3},
		{Name: c + "/C_4.jpg", ID: c, Category: "Crow", Part: Test, List: list, Line: 4},
		{Name: d + "/D_5.jpg", ID: d, Category: "Widow", Part: Test, List: list, Line: 5},
		{Name: d + "/D_6.jpg", ID: d, Category: "Widow", Part: Test, List: list, Line: 6},
	}
	s, err := Read(CUB, ReadOptions{Root: outer})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, s.Pictures); d != "" {
		t.Error(d)
	}
	if s.Images != filepath.Join(root, "images") {
		t.Errorf("images %s", s.Images)
	}
	s, err = Read(CUB, ReadOptions{Root: root, Split: Official, Boxes: true})
	if err != nil {
		t.Fatal(err)
	}
	for i, part := range []Part{Test, Train, Train, Train, Test, Test} {
		want[i].Part = part
	}
	for i, box := range []image.Rectangle{
		{image.Pt(60, 27), image.Pt(385, 331)}, {image.Pt(1, 1), image.Pt(11, 11)}, {image.Pt(1, 1), image.Pt(2, 2)}, {image.Pt(5, 5), image.Pt(5, 5)}, {}, {image.Pt(1, 2), image.Pt(4, 6)},
	} {
		want[i].Box = box
	}
	if d := cmp.Diff(want, s.Pictures); d != "" {
		t.Error(d)
	}
	if len(s.Notes) != 1 || !strings.Contains(s.Notes[0], "for classifiers") {
		t.Errorf("notes %q", s.Notes)
	}
}

func TestFolder(t *testing.T) {
	type row struct {
		Name, ID, Category string
		Part               Part
	}
	for _, c := range []struct {
		name  string
		files []string
		want  []row
		note  string
	}{
		{"classes", []string{"b/2.PNG", "a/1.jpg", "a/2.webp"}, []row{{"a/1.jpg", "a", "a", Train}, {"a/2.webp", "a", "a", Train}, {"b/2.PNG", "b", "b", Train}}, ""},
		{"categories", []string{"shoe/x/1.jpg", "shoe/y/1.jpg", "hat/x/1.jpg", "bag/1.jpg"},
			[]row{{"bag/1.jpg", "bag", "bag", Train}, {"hat/x/1.jpg", "hat/x", "hat", Train}, {"shoe/x/1.jpg", "shoe/x", "shoe", Train}, {"shoe/y/1.jpg", "shoe/y", "shoe", Train}}, ""},
		{"train and test", []string{"train/a/1.jpg", "Test/b/2.jpg", ".git/x/1.jpg"}, []row{{"train/a/1.jpg", "a", "a", Train}, {"Test/b/2.jpg", "b", "b", Test}}, ""},
		{"train, query, gallery", []string{"train/a/1.jpg", "query/b/2.jpg", "gallery/b/3.jpg"},
			[]row{{"train/a/1.jpg", "a", "a", Train}, {"query/b/2.jpg", "b", "b", Query}, {"gallery/b/3.jpg", "b", "b", Gallery}}, ""},
		{"train and val, one class on both sides", []string{"train/a/1.jpg", "val/a/2.jpg"}, []row{{"train/a/1.jpg", "a", "a", Train}, {"val/a/2.jpg", "a", "a", Test}}, "1 products have pictures on both sides"},
		{"a class that is called test", []string{"test/1.jpg", "b/2.jpg"}, []row{{"b/2.jpg", "b", "b", Train}, {"test/1.jpg", "test", "test", Train}}, ""},
		{"what is no picture", []string{"a/1.jpg", "a/notes.txt", "a/.DS_Store", "top.jpg", "README"}, []row{{"a/1.jpg", "a", "a", Train}}, "left out: 1 pictures in no class's folder, such as "},
	} {
		t.Run(c.name, func(t *testing.T) {
			contents := map[string]string{}
			for _, f := range c.files {
				contents[f] = "picture"
			}
			s, err := Read(Folder, ReadOptions{Root: files(t, contents)})
			if err != nil {
				t.Fatal(err)
			}
			var got []row
			for _, p := range s.Pictures {
				got = append(got, row{p.Name, p.ID, p.Category, p.Part})
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
			if notes := strings.Join(s.Notes, "\n"); !strings.Contains(notes, c.note) || c.note == "" && notes != "" {
				t.Errorf("notes %q, want %q", notes, c.note)
			}
		})
	}
}

// TestFolderLinks: a link to a folder is not followed, since it may lead round in a circle.
func TestFolderLinks(t *testing.T) {
	root := files(t, map[string]string{"a/1.jpg": "picture"})
	if err := os.Symlink("..", filepath.Join(root, "a", "up")); err != nil {
		t.Skip(err)
	}
	s, err := Read(Folder, ReadOptions{Root: root})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Pictures) != 1 || len(s.Notes) != 1 || !strings.Contains(s.Notes[0], "1 links to folders") {
		t.Errorf("%d pictures, notes %q", len(s.Pictures), s.Notes)
	}
}

// TestNotes: what is odd and does no harm is told.
func TestNotes(t *testing.T) {
	const list = "Eval/list_eval_partition.txt"
	for _, c := range []struct{ name, old, new, want string }{
		{"count off", "4\nimage_name", "5\nimage_name", list + ":1: the first line counts 5 pictures, but 4 follow"},
		{"repeated line", "img/MEN", "img/WOMEN/Dresses/id_00000002/02_1_front.jpg id_00000002 train\nimg/MEN", list + ":4: the line repeats an earlier one"},
		{"item on both sides", "id_00000080    train", "id_00000001    train", "1 products have pictures on both sides"},
		{"no count", "4\nimage_name", "image_name", ""},
		{"empty lines", "\nimg/MEN", "\n\n  \r\nimg/MEN", ""},
		{"status in capitals", "    query", "    QUERY", ""},
	} {
		f := inShop()
		if f[list] = strings.Replace(partition, c.old, c.new, 1); f[list] == partition {
			t.Fatalf("%s: nothing was changed", c.name)
		}
		s, err := Read(InShop, ReadOptions{Root: files(t, f)})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if notes := strings.Join(s.Notes, "\n"); !strings.Contains(notes, c.want) || c.want == "" && notes != "" {
			t.Errorf("%s: notes %q, want %q", c.name, notes, c.want)
		}
		if len(s.Pictures) != 4 {
			t.Errorf("%s: %d pictures", c.name, len(s.Pictures))
		}
	}
}

// TestRefused: what is wrong with a list is refused with its file and line.
func TestRefused(t *testing.T) {
	sets := map[string]func() map[string]string{InShop: inShop, SOP: sop, CUB: cub}
	const eval, bbox = "Eval/list_eval_partition.txt", "Anno/list_bbox_inshop.txt"
	for _, c := range []struct {
		from, file, old, new string
		line                 int
		want                 string
	}{
		{InShop, eval, "    train", "    val", 3, `evaluation_status is "val"`},
		{InShop, eval, "id_00000080    train", "train", 4, "not image_name, item_id and evaluation_status"},
		{InShop, eval, "item_id ", "id ", 2, "the header is"},
		{InShop, eval, "4\nimage_name", "four\nimage_name", 1, `the header is "four"`},
		{InShop, eval, "img/MEN", "../MEN", 4, "is not a plain path"},
		{InShop, eval, "img/MEN", "/img/MEN", 4, "is an absolute path"},
		{InShop, eval, "img/MEN/Denim", "img/MEN//Denim", 4, "is not a plain path"},
		{InShop, eval, "Denim", "Den\xffim", 4, "is not text"},
		{InShop, eval, "Denim", "Den\x00im", 4, "is not text"},
		{InShop, eval, "id_00000080    train", "id_\x0080    train", 4, "is not text"},
		{InShop, eval, "Denim", strings.Repeat("x", maxLine), 4, "is longer than"},
		{InShop, eval, "img/MEN", "img/WOMEN/Dresses/id_00000002/02_1_front.jpg id_00000002 query\nimg/MEN", 4, "in line 3 of"},
		{InShop, bbox, "049", "4o", 3, `y_1 is "4o"`},
		{InShop, bbox, "3  1  050", "050", 3, "not image_name, clothes_type, pose_type and four corners"},
		{InShop, bbox, "049", "-4", 3, `y_1 is "-4"`},
		{InShop, bbox, "049", "99999999999", 3, "not a whole number"},
		{InShop, bbox, "clothes_type", "type", 2, "the header is"},
		{InShop, bbox, "img/MEN", "img/WOMEN/Dresses/id_00000002/02_1_front.jpg 3 1 1 2 3 4\nimg/MEN", 4, "another box"},
		{SOP, "Ebay_train.txt", "image_id", "id", 1, "the header is"},
		{SOP, "Ebay_train.txt", "2 1 1 bicycle_final/111085122871_1.JPG", "2 1 1", 3, "not image_id, class_id"},
		{SOP, "Ebay_train.txt", "2 1 1 b", "2 one 1 b", 3, `class_id is "one"`},
		{SOP, "Ebay_test.txt", "6 11320 1 bicycle_final/b_0", "6 11320 1 bicycle_final/111085122871_0", 4, "in line 2 of"},
		{CUB, "images.txt", "\n3 ", "\n2 ", 3, "stands in line 2 already"},
		{CUB, "images.txt", "3 002", "x 002", 3, `is "x", not a whole number`},
		{CUB, "images.txt", "3 002.Laysan_Albatross/B_3.jpg", "3", 3, "not a number and a name"},
		{CUB, "images.txt", "\n6 ", "\n7 ", 6, "picture 7 has no class in image_class_labels.txt"},
		{CUB, "images.txt", "004.Chuck_will_Widow/D_6", "004.Chuck_will_Widow/D_5", 0, ""}, // twice the same picture, of one class
		{CUB, "images.txt", "002.Laysan_Albatross/B_3", "001.Black_footed_Albatross/A_2", 3, "in line 2 of"},
		{CUB, "image_class_labels.txt", "4 3", "4 5", 3, "no class 5 in classes.txt"},
		{CUB, "image_class_labels.txt", "4 3", "4 x", 3, `the class is "x"`},
		{CUB, "train_test_split.txt", "3 1", "3 2", 3, "neither 0 nor 1"},
		{CUB, "bounding_boxes.txt", "27.0", "NaN", 1, `y is "NaN"`},
		{CUB, "bounding_boxes.txt", "27.0", "1e9", 1, `y is "1e9"`},
		{CUB, "bounding_boxes.txt", "325.0 304.0", "325.0", 1, "x y width height"},
	} {
		f := sets[c.from]()
		before := f[c.file]
		if f[c.file] = strings.Replace(before, c.old, c.new, 1); f[c.file] == before {
			t.Fatalf("%s %s: nothing was changed", c.file, c.want)
		}
		root := files(t, f)
		_, err := Read(c.from, ReadOptions{Root: root, Boxes: HasBoxes(c.from), Split: map[string]string{CUB: Official}[c.from]})
		if c.want == "" {
			if err != nil {
				t.Errorf("%s, %q: %v", c.file, c.new, err)
			}
			continue
		}
		var r *data.Refused
		if !errors.As(err, &r) {
			t.Errorf("%s, want %q: %v", c.file, c.want, err)
			continue
		}
		if r.Path != filepath.Join(root, c.file) || r.Line != c.line || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, want %s:%d: %s", err, c.file, c.line, c.want)
		}
	}
}

// TestMissing: a file that is not there, or nothing in it.
func TestMissing(t *testing.T) {
	without := func(f map[string]string, file string) map[string]string {
		for name := range f {
			if strings.HasPrefix(name, file) {
				delete(f, name)
			}
		}
		return f
	}
	with := func(f map[string]string, file, content string) map[string]string {
		f[file] = content
		return f
	}
	for _, c := range []struct {
		from  string
		files map[string]string
		want  string
	}{
		{InShop, without(inShop(), "Eval"), "holds no list of DeepFashion In-shop"},
		{InShop, without(inShop(), "Anno"), "holds no boxes"},
		{InShop, without(inShop(), "Img"), "list_eval_partition.txt:3: none of the first 4 listed pictures is in"},
		{InShop, with(inShop(), "Eval/list_eval_partition.txt", ""), "holds no pictures"},
		{InShop, with(inShop(), "Eval/list_eval_partition.txt", "0\n"), "holds no pictures"},
		{InShop, with(inShop(), "Eval/list_eval_partition.txt", "0\nimage_name item_id evaluation_status\n"), "holds no pictures"},
		{SOP, without(sop(), "Ebay_train"), "holds no list of Stanford"},
		{SOP, without(sop(), "Ebay_test"), "Ebay_test.txt: cannot open the list"},
		{SOP, with(sop(), "Ebay_test.txt", "image_id class_id super_class_id path\n"), "Ebay_test.txt: the list holds no pictures"},
		{SOP, with(sop(), "Ebay_test.txt", ""), "Ebay_test.txt: the list holds no pictures"},
		{CUB, without(cub(), "images.txt"), "holds no list of CUB"},
		{CUB, without(cub(), "classes.txt"), "classes.txt: cannot open"},
		{CUB, with(without(cub(), "classes.txt"), "classes.txt/x", ""), "classes.txt: is not a file"},
		{CUB, without(cub(), "bounding_boxes.txt"), "bounding_boxes.txt: cannot open"},
		{CUB, without(cub(), "train_test_split.txt"), "train_test_split.txt: cannot open"},
		{CUB, with(cub(), "train_test_split.txt", "1 1\n"), "images.txt:2: picture 2 is not in train_test_split.txt"},
		{CUB, with(cub(), "classes.txt", "\n"), "classes.txt: the list holds no pictures"},
		{Folder, map[string]string{"x.jpg": ""}, "there are no pictures in folders below it (left out: 1 pictures in no class's folder"},
		{Folder, map[string]string{"train/a/1.jpg": "", "test/a/1.jpg": "", "val/a/1.jpg": ""}, "its folders are test, train, val"},
		{Folder, map[string]string{"train/a/1.jpg": "", "query/a/1.jpg": ""}, "its folders are query, train"},
		{"cars", nil, "unknown set"},
	} {
		_, err := Read(c.from, ReadOptions{Root: files(t, c.files), Boxes: HasBoxes(c.from), Split: map[string]string{CUB: Official}[c.from]})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.from, err, c.want)
		}
	}
	if _, err := Read(SOP, ReadOptions{Root: filepath.Join(t.TempDir(), "no")}); err == nil || !strings.Contains(err.Error(), "cannot open the set's folder") {
		t.Error(err)
	}
}
