package main

import (
	"context"
	"io"

	"deeprank/internal/cli"
)

// run is the program: it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	p := cli.Program{
		Name:  "rank",
		About: "Uses a trained network: embeds pictures and looks for the nearest ones.",
		Commands: []cli.Command{
			{Name: "evaluate", Short: "how good a network is: on triplets, or by retrieval", Run: evaluateCommand},
			{Name: "embed", Short: "the embeddings of a table's pictures, into a folder", Run: embedCommand},
			{Name: "search", Short: "the pictures nearest to a query", Run: searchCommand},
			{Name: "serve", Short: "a local page to search with pictures", Run: serveCommand},
			{Name: "sheet", Short: "a picture of queries and their nearest pictures, before and after training", Run: sheetCommand},
			{Name: "report", Short: "a page about a run: curves, hardest triplets, queries before and after training", Run: reportCommand},
			{Name: "compare", Short: "several runs in a table, the best one first, and their curves in one picture", Run: compareCommand},
			{Name: "export", Short: "the trained network for other programs: safetensors, ONNX", Run: exportCommand},
		},
	}
	return p.Run(ctx, args, stdout, stderr)
}
