package main

import (
	"fmt"
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
	if err := checkOutFile("--"+flag, path); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.part")
	if err != nil {
		return fmt.Errorf("--%s %s cannot be written: %w", flag, path, err)
	}
	defer os.Remove(f.Name())
	return f.Close()
}
