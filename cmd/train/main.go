package main

import (
	"fmt"
	"os"

	"deeprank/internal/cli"
)

func main() {
	ctx, stop := cli.Context(func() {
		fmt.Fprintln(os.Stderr, "train: left at once; the last checkpoint stands")
		os.Exit(cli.Interrupted)
	})
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
