package architecture

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Check reads every Go file of the tree, whatever its build tags, and returns what breaks the rules: one line each, in the order of the
// files' paths, naming the file, the import and the reason. module is the module's path as in go.mod. Other modules in
// the tree (folders with a go.mod of their own), testdata and the folders that the go command leaves out are left out here too.
// The error is for a file that can't be read or parsed.
func Check(tree fs.FS, module string) ([]string, error) {
	var broken []string
	packages := map[string]*pack{}
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name != "." && leftOut(tree, name) {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		file, err := parse(tree, name)
		if err != nil {
			return err
		}
		folder := path.Dir(name)
		p := packages[folder]
		if p == nil {
			p = &pack{folder: folder}
			packages[folder] = p
			broken = append(broken, p.checkName()...)
		}
		broken = append(broken, p.add(name, file, module)...)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("architecture: %w", err)
	}
	for _, folder := range sortedKeys(packages) {
		broken = append(broken, packages[folder].checkDoc()...)
	}
	return broken, nil
}

// leftOut says whether the go command, too, would not look for this module's packages in a folder.
func leftOut(tree fs.FS, folder string) bool {
	base := path.Base(folder)
	if strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata" {
		return true
	}
	_, err := fs.Stat(tree, path.Join(folder, "go.mod"))
	return err == nil
}

func parse(tree fs.FS, name string) (*ast.File, error) {
	source, err := fs.ReadFile(tree, name)
	if err != nil {
		return nil, err
	}
	return parser.ParseFile(token.NewFileSet(), name, source, parser.ImportsOnly|parser.ParseComments)
}

// pack is what the walk learned of one package.
type pack struct {
	folder string
	doc    string // text of doc.go's package comment
	hasDoc bool   // there is a doc.go
	name   string // the package clause, without _test
}

// add notes one file and checks its imports.
func (p *pack) add(name string, file *ast.File, module string) []string {
	test := strings.HasSuffix(name, "_test.go")
	p.name = strings.TrimSuffix(file.Name.Name, "_test")
	if path.Base(name) == "doc.go" {
		p.hasDoc, p.doc = true, file.Doc.Text()
	}
	var broken []string
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return append(broken, fmt.Sprintf("%s: import %s: %v", name, spec.Path.Value, err))
		}
		for _, r := range rules() {
			if within(p.folder, r.folders) && !r.allows(p.folder, imported, module, test) {
				broken = append(broken, fmt.Sprintf("%s imports %s: %s", name, imported, r.reason))
			}
		}
	}
	return broken
}

// allows says whether a package in folder may import a path.
func (r rule) allows(folder, imported, module string, test bool) bool {
	ours, isOurs := strings.CutPrefix(imported, module+"/")
	if imported == module {
		ours, isOurs = ".", true
	}
	if test && (isOurs && within(ours, r.tests) || !isOurs && within(imported, r.tests)) {
		return true
	}
	for _, n := range r.never {
		if local, ok := strings.CutPrefix(n, "./"); ok {
			// A package that is itself below the forbidden folder may import its neighbours there, but one command never another.
			if isOurs && within(ours, []string{local}) && (local == "cmd" || !within(folder, []string{local})) {
				return false
			}
		} else if !isOurs && within(imported, []string{n}) {
			return false
		}
	}
	return !isOurs || r.only == nil || within(ours, r.only) || within(ours, r.folders)
}

func (p *pack) checkName() []string {
	for element := range strings.SplitSeq(p.folder, "/") {
		if slices.Contains(meaningless(), element) {
			return []string{fmt.Sprintf("%s: a folder called %q says nothing of what is in it; name the concept", p.folder, element)}
		}
	}
	return nil
}

func (p *pack) checkDoc() []string {
	want := "Package " + p.name
	if p.name == "main" { // by the program's name, as the go command's own are
		base := path.Base(p.folder)
		want = strings.ToUpper(base[:1]) + base[1:]
	}
	switch {
	case !p.hasDoc:
		return []string{fmt.Sprintf("%s: no doc.go (what the package is for, its layouts, where to start reading)", p.folder)}
	case !strings.HasPrefix(p.doc, want+" "):
		return []string{fmt.Sprintf("%s/doc.go: the package comment must start with %q", p.folder, want)}
	}
	return nil
}

// within says whether a slash-separated path is one of the folders or below one of them. "." holds everything.
func within(name string, folders []string) bool {
	for _, f := range folders {
		if f == "." || name == f || strings.HasPrefix(name, f+"/") {
			return true
		}
	}
	return false
}

func sortedKeys(packages map[string]*pack) []string {
	keys := make([]string, 0, len(packages))
	for k := range packages {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
