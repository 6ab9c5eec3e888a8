package architecture

// A rule bounds what the packages of some folders may import.
type rule struct {
	folders []string // folders below the module's root; each stands for itself and all that is below it
	only    []string // if not nil: of this module's packages, only those below these folders (or below its own)
	never   []string // import paths, or folders of this module written "./model", that must not be imported, nor what is below them
	tests   []string // folders of this module that the test files of these packages may import all the same
	reason  string
}

// rules is the map of the tree. A folder may stand in several rules; all of them hold.
func rules() []rule {
	return []rule{
		{
			folders: []string{"."},
			never:   []string{"./cmd"},
			reason:  "a command is the end of the line: what two of them need belongs in a package of its own",
		},
		{
			folders: []string{"data", "checkpoints", "configs"},
			never:   []string{"./model", "./loss", "./internal/op", "gorgonia.org"},
			reason:  "files and settings know nothing of the network",
		},
		{
			folders: []string{"model", "loss"},
			never:   []string{"./data", "./configs"},
			tests:   []string{"data", "configs"},
			reason:  "the network takes numbers and shapes: where they come from is the commands' business",
		},
		{
			folders: []string{"internal/op"},
			only:    []string{"internal/kernel"},
			tests:   []string{"internal/reference"},
			reason:  "an op joins gorgonia to a kernel and does nothing else",
		},
		{
			folders: []string{"internal/kernel"},
			only:    []string{},
			never:   []string{"gorgonia.org", "flag", "github.com/spf13/pflag", "io", "path"}, // (os is there for the environment alone)
			tests:   []string{"internal/reference", "io", "path"},
			reason:  "a kernel works on plain slices: it knows nothing of gorgonia, files or flags",
		},
		{
			folders: []string{"internal/reference"},
			only:    []string{},
			never:   []string{"gorgonia.org"},
			reason:  "the definition of an operation depends on nothing that it defines",
		},
		{
			folders: []string{"."},
			never:   []string{"./internal/reference"},
			tests:   []string{"internal/reference"},
			reason:  "the reference is slow on purpose and is for tests",
		},
		{
			folders: []string{"."},
			never:   []string{"./internal/architecture"},
			reason:  "this package is a test of the tree",
		},
	}
}

// meaningless are names of folders that say nothing of what is in them.
func meaningless() []string {
	return []string{"util", "utils", "common", "helper", "helpers", "misc", "shared", "base", "lib"}
}
