package main

import (
	"context"
	"io"

	"deeprank/internal/cli"
)

// run is the program: it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	p := cli.Program{
		Name:  "triplets",
		About: "Prepares data for training: tables of pictures, and triplets of them.",
		Commands: []cli.Command{
			{Name: "stats", Short: "say what a table of pictures holds", Run: stats},
			{Name: "split", Short: "part the products in two, for training and for validation, with triplets of each", Run: split},
			{Name: "sample", Short: "draw triplets from a table of pictures", Run: sample},
			{Name: "check", Short: "find what is wrong with triplets, each defect with its line, and mend it", Run: check},
			{Name: "show", Short: "draw triplets as a sheet or as an HTML page", Run: show},
			{Name: "import", Short: "turn a public set, or a folder for each class, into the usual folder", Run: importCommand},
			{Name: "demo", Short: "draw a small shop to try everything on: pictures, metadata, triplets", Run: demo},
		},
	}
	return p.Run(ctx, args, stdout, stderr)
}
