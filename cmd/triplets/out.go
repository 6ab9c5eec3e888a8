package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
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
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return cli.Usagef("--%s %s is there already and is not a file", flag, path)
	}
	dir := filepath.Dir(path)
	if info, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return cli.Usagef("--%s %s: there is no folder %s", flag, path, dir)
	}
	f, err := os.CreateTemp(dir, filepath.Base(path)+".*.part")
	if err != nil {
		return fmt.Errorf("--%s %s cannot be written: %w", flag, path, err)
	}
	defer os.Remove(f.Name())
	return f.Close()
}
