package main

import (
	"path/filepath"
	"slices"
	"strings"

	"deeprank/internal/cli"
)

// checkPicture finds out before the work whether the file that a flag names can be written, and whether its ending says what to write.
func checkPicture(flag, path string, endings ...string) error {
	if !slices.Contains(endings, strings.ToLower(filepath.Ext(path))) {
		return cli.Usagef("--%s is %q; name a file that ends in %s", flag, path, strings.Join(endings, " or "))
	}
	return cli.CheckTarget("--"+flag, path, "file")
}
